"""TLS for real: curl, openssl and Python as clients, certificates of both sides, and new ones."""

import http.client
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.identity import PASSWORD, Identities, Identity, common_name
from tests.support.server import DEADLINE_S, Server, eventually, launched, running

APP = """
import asyncio
from japy import Application

app = Application()

@app.get("/")
def hello(request):
    return f"{request.scheme} {request.version}"

@app.get("/who")
def who(request):
    certificate = request.transport.get_extra_info("peercert")
    return dict(pair[0] for pair in certificate["subject"])["commonName"] if certificate else "-"

@app.get("/slow")
async def slow(request):
    await asyncio.sleep(0.3)
    return "slow"

@app.get("/big")
def big(request):
    return "x" * 30_000_000

@app.post("/small", body_limit=1000)
def small(request):
    return "small"
"""
CURL = shutil.which("curl")


@pytest.fixture
def identities(tmp_path: Path) -> Identities:
    """Return an authority."""
    return Identities(tmp_path)


@contextmanager
def secure(identity: Identity, *args: str) -> Iterator[Server]:
    """Serve with TLS."""
    with running(APP, *identity.options, *args) as server:
        assert server.url.startswith("https://")
        yield server


def connect(server: Server, context: ssl.SSLContext, size: int = 0) -> ssl.SSLSocket:
    """Return a client's connection; a size is that of its receive buffer."""
    plain = socket.socket()
    plain.settimeout(DEADLINE_S)
    if size:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    plain.connect((server.host, server.port))
    return context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)


def get(path: str, *fields: str) -> bytes:
    """Return a request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *fields, "", ""]).encode()


def read_all(client: ssl.SSLSocket) -> bytes:
    """Return what comes until the peer says goodbye: an end without that is an error."""
    pieces = []
    while data := client.recv(1 << 16):
        pieces.append(data)
    return b"".join(pieces)


def curl(server: Server, *args: str) -> "subprocess.CompletedProcess[str]":
    """Ask with curl."""
    assert CURL is not None
    command = [CURL, "-sS", "--max-time", "10", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl_asks_over_tls(identities: Identities) -> None:
    with secure(identities.new("one")) as server:
        trust = ("--cacert", str(identities.ca_certs))
        assert curl(server, *trust, server.url).stdout == "https 1.1"
        assert curl(server, *trust, "--http2", server.url).stdout == "https 1.1"
        assert curl(server, *trust, "--tls-max", "1.2", server.url).stdout == "https 1.1"
        assert curl(server, *trust, server.url, server.url).stdout == "https 1.1" * 2
        assert curl(server, *trust, "-o", "/dev/null", f"{server.url}/big").returncode == 0
        assert curl(server, server.url).returncode == 60, "nobody has to trust it"
        refused = curl(
            server, *trust, "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0", server.url
        )
        assert refused.returncode == 35, "no TLS"


def test_python_asks_over_tls(identities: Identities) -> None:
    with secure(identities.new("one")) as server:
        client = http.client.HTTPSConnection(
            server.host, server.port, timeout=DEADLINE_S, context=identities.client()
        )
        for _ in range(3):
            client.request("GET", "/")
            assert client.getresponse().read() == b"https 1.1"
        client.request("GET", "/slow", headers={"Connection": "close"})
        assert client.getresponse().read() == b"slow"
        client.close()


def test_plain_http_gets_nothing_of_worth(identities: Identities) -> None:
    with secure(identities.new("one")) as server:
        with socket.create_connection((server.host, server.port), DEADLINE_S) as client:
            client.sendall(get("/"))
            with suppress(ConnectionError):
                assert b"HTTP" not in client.recv(1000)
        assert "Traceback" not in server.output()


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
@pytest.mark.parametrize("requirement", ["optional", "required"])
def test_clients_say_who_they_are(identities: Identities, requirement: str) -> None:
    ann = identities.new("ann")
    shown = ("--cert", str(ann.certfile), "--key", str(ann.keyfile))
    folder = identities.folder / "strangers"
    folder.mkdir()
    stranger = Identities(folder).new("stranger")
    strange = ("--cert", str(stranger.certfile), "--key", str(stranger.keyfile))
    options = ("--ssl-ca-certs", str(identities.ca_certs), "--ssl-cert-reqs", requirement)
    with secure(identities.new("one"), *options) as server:
        ask = ("--cacert", str(identities.ca_certs), f"{server.url}/who")
        assert curl(server, *shown, *ask).stdout == "ann"
        assert curl(server, *strange, *ask).returncode != 0
        nobody = curl(server, *ask)
        assert (nobody.stdout == "-") is (requirement == "optional")
        assert (nobody.returncode == 0) is (requirement == "optional")
        assert "Traceback" not in server.output()


def refusal(identity: Identity, *args: str) -> tuple[int, str]:
    """Return the exit status and what is printed by a server that cannot start."""
    Path(identity.certfile.parent, "app.py").write_text(APP, encoding="utf-8")
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0", *args]
    with launched(command, identity.certfile.parent) as server:
        status = server.wait()
        assert server.output("stdout") == ""
        return status, server.output("stderr")


@pytest.mark.parametrize("workers", ["1", "3"])
def test_what_cannot_be_used_stops_the_start(identities: Identities, workers: str) -> None:
    one, two = identities.new("one"), identities.new("two")
    missing = str(identities.folder / "missing")
    locked = ["--ssl-certfile", str(one.certfile), "--ssl-keyfile", str(one.encrypted())]
    for options, text in (
        (["--ssl-certfile", str(one.certfile), *two.options[2:]], "is not the key of the first"),
        (locked, "is encrypted: give its password"),
        ([*locked, "--ssl-keyfile-password", "no"], "this is not the password of"),
    ):
        status, said = refusal(one, "--workers", workers, *options)
        assert status == 3
        assert text in said
        assert len(said.splitlines()) == 1
    status, said = refusal(one, "--workers", workers, "--ssl-certfile", missing)
    assert status in {2, 3}
    assert missing in said
    assert len(said.splitlines()) == 1
    right = [*locked, "--ssl-keyfile-password", PASSWORD]
    with (
        running(APP, *right, "--workers", workers) as server,
        connect(server, identities.client()) as client,
    ):
        assert client.version() == "TLSv1.3"


def test_choices_that_need_another_one_are_a_mistake(identities: Identities) -> None:
    one = identities.new("one")
    status, said = refusal(one, "--ssl-keyfile", str(one.keyfile))
    assert (status, said.partition(":")[0]) == (2, "--ssl-keyfile")
    status, said = refusal(one, *one.options, "--ssl-cert-reqs", "required")
    assert (status, said.partition(":")[0]) == (2, "--ssl-cert-reqs")


# How connections end.


def test_the_end_is_said(identities: Identities) -> None:
    with secure(identities.new("one")) as server:
        for fields in (["Connection: close"], []):
            with connect(server, identities.client()) as client:
                client.sendall(get("/slow", *fields))
                if fields:
                    assert read_all(client).endswith(b"\r\n\r\nslow")
                else:
                    assert client.recv(1000).endswith(b"slow")
        with connect(server, identities.client()) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 400 ")


def test_an_upload_that_is_refused_gets_its_answer(identities: Identities) -> None:
    size = 20_000_000
    with (
        secure(identities.new("one")) as server,
        connect(server, identities.client()) as client,
    ):
        head = f"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
        client.sendall(head.encode())
        for _ in range(size // 100_000):
            client.sendall(bytes(100_000))
        assert read_all(client).startswith(b"HTTP/1.1 413 ")


def test_who_reads_slowly_gets_all_of_it(identities: Identities) -> None:
    with (
        secure(identities.new("one")) as server,
        connect(server, identities.client()) as client,
    ):
        client.sendall(get("/big", "Connection: close"))
        found = client.recv(1000)
        time.sleep(1.5)  # more than a tick, without reading
        found += read_all(client)
        assert len(found.partition(b"\r\n\r\n")[2]) == 30_000_000


def test_who_reads_nothing_is_cut(identities: Identities) -> None:
    with (
        secure(identities.new("one"), "--timeout-write", "1") as server,
        connect(server, identities.client(), 4096) as client,
    ):
        client.sendall(get("/big"))
        assert client.recv(1000)
        eventually(lambda: connections(server) == 0)
        with pytest.raises((ssl.SSLError, OSError)):
            read_all(client)


def connections(server: Server) -> int:
    """Return how many connections the server has (Linux)."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f"{server.port:04X}"
    return sum(row.split()[1].endswith(f":{port}") and row.split()[3] == "01" for row in rows)


def test_who_only_says_hello_is_closed(identities: Identities) -> None:
    with secure(identities.new("one"), "--timeout-request-head", "1") as server:
        with socket.create_connection((server.host, server.port), DEADLINE_S) as client:
            assert client.recv(100) == b""
        assert "Traceback" not in server.output()
        assert "PROXY" not in server.output()


def test_who_has_not_shaken_hands_holds_nobody_up(identities: Identities) -> None:
    options = ("--timeout-request-head", "60", "--timeout-graceful-shutdown", "60")
    with (
        secure(identities.new("one"), *options) as server,
        socket.create_connection((server.host, server.port), DEADLINE_S) as silent,
        socket.create_connection((server.host, server.port), DEADLINE_S) as begun,
    ):
        begun.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        with connect(server, identities.client()) as client:  # so the others were accepted
            client.sendall(get("/", "Connection: close"))
            assert read_all(client).endswith(b"https 1.1")
        assert server.stop() == 0
        assert silent.recv(1) == b""
        with suppress(ConnectionError):
            assert begun.recv(1) == b""


def test_an_idle_client_that_does_not_answer_holds_nobody_up(identities: Identities) -> None:
    with (
        secure(identities.new("one"), "--timeout-graceful-shutdown", "15") as server,
        connect(server, identities.client()) as idle,
        connect(server, identities.client()) as busy,
    ):
        idle.sendall(get("/"))
        assert idle.recv(1000)
        busy.sendall(get("/slow"))
        time.sleep(0.1)  # so that the request has arrived
        start = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - start < 5
        assert read_all(busy).endswith(b"slow")
        assert read_all(idle) == b""


# New certificates.


def shown(server: Server, identities: Identities) -> str:
    """Return whose certificate a new connection is shown."""
    with connect(server, identities.client()) as client:
        return common_name(client.getpeercert())


class Load:
    """Clients that ask without a pause, on connections that they keep and on new ones."""

    def __init__(self, server: Server, identities: Identities) -> None:
        self.failures: list[str] = []
        self.names: set[str] = set()
        self.count = 0
        self._server = server
        self._identities = identities
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in (1, 1, 20)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, most: int) -> None:
        while not self._is_over.is_set():
            try:
                with connect(self._server, self._identities.client()) as client:
                    self.names.add(common_name(client.getpeercert()))
                    self._ask(client, most)
            except OSError as error:
                self.failures.append(repr(error))

    def _ask(self, client: ssl.SSLSocket, most: int) -> None:
        for number in range(most):
            try:
                client.sendall(get("/", *["Connection: close"] * (number == most - 1)))
                answer = client.recv(1000)
            except OSError:
                if not number:
                    raise
                answer = b""
            if not answer and number:
                return  # it was closed while it was idle: a client may ask again
            if not answer.endswith(b"https 1.1"):
                self.failures.append(repr(answer))
                return
            self.count += 1
            if b"Connection: close" in answer:
                return


def test_new_files_are_shown_to_new_connections_by_themselves(identities: Identities) -> None:
    one, two = identities.new("one"), identities.new("two")
    with secure(one, "--workers", "2", "--debug") as server, Load(server, identities) as load:
        old = connect(server, identities.client())
        one.certfile.write_bytes(two.chain)
        server.wait_for("is not the key of the first certificate", 2)
        assert shown(server, identities) == "one"
        one.keyfile.write_bytes(two.key)
        server.wait_for("The certificate was changed", 2)
        assert shown(server, identities) == "two"
        old.sendall(get("/"))
        assert old.recv(1000).endswith(b"https 1.1")
        old.close()
    assert load.failures == []
    assert load.names == {"one", "two"}
    assert load.count > 50


def test_a_reload_reads_the_files(identities: Identities) -> None:
    one, two = identities.new("one"), identities.new("two")
    with secure(one, "--workers", "2") as server:
        for number, identity in enumerate((two, one, two), 2):
            chain, key = identity.chain, identity.key
            one.certfile.write_bytes(chain)
            one.keyfile.write_bytes(key)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for("Accepting connections", number)
            assert shown(server, identities) == identity.name
        assert not re.search("Traceback|ERROR", server.output())
