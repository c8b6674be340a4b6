"""curl against a real server; and the bytes that curl sends, pipelined over a plain socket."""

import hashlib
import json
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server

CURL = shutil.which("curl")
OPTIONS = ["-q", "-sS", "--max-time", f"{DEADLINE_S:.0f}", "--expect100-timeout", "20"]
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed: apt-get install curl")

MEGABYTES = 100
DEPTH = 24  # how many requests are pipelined


def curl(*args: str, status: int = 0, sent: str = "") -> "subprocess.CompletedProcess[str]":
    """Run curl and check its exit status; stderr holds what -v prints."""
    command = [CURL or "curl", *OPTIONS, "--noproxy", "*", *args]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done


@dataclass(frozen=True)
class Upload:
    """A file on disk and its digest."""

    path: Path
    size: int
    digest: str


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upload]:
    """Write a file of 100 MB in which no block is like another."""
    path = tmp_path_factory.mktemp("curl") / "upload"
    source, digest = random.Random(0), hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(MEGABYTES):
            block = source.randbytes(1_000_000)
            digest.update(block)
            file.write(block)
    yield Upload(path, MEGABYTES * 1_000_000, digest.hexdigest())
    path.unlink()  # pytest would keep it for three runs


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_upload_of_100_mb(server: Server, upload: Upload, framing: str) -> None:
    field = ["-H", "Transfer-Encoding: chunked"] if framing == "chunked" else []
    done = curl("-v", "-T", str(upload.path), *field, f"{server.url}/digest")
    told = json.loads(done.stdout)
    assert told == {"digest": upload.digest, "framing": framing, "size": upload.size}
    assert done.stderr.index("< HTTP/1.1 100 Continue") < done.stderr.index("< HTTP/1.1 200 OK")


def test_upload_over_the_limit_is_refused_before_it_is_sent(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # sparse
    done = curl("-v", "-T", str(path), "-w", " %{size_upload}", f"{server.url}/digest")
    assert "< HTTP/1.1 413 Content Too Large" in done.stderr
    assert "100 Continue" not in done.stderr
    assert done.stdout.split()[-1] == "0"


def test_large_post_waits_for_continue(server: Server) -> None:
    body = "x" * 2_000_000
    done = curl("-v", "--data-binary", "@-", f"{server.url}/digest", sent=body)
    assert "> Expect: 100-continue" in done.stderr
    assert "< HTTP/1.1 100 Continue" in done.stderr
    assert json.loads(done.stdout)["digest"] == hashlib.sha256(body.encode()).hexdigest()


def test_small_post(server: Server) -> None:
    assert curl("-d", "name=Ada", f"{server.url}/posted").stdout == "name=Ada"


def test_http_1_0(server: Server) -> None:
    done = curl("-v", "--http1.0", f"{server.url}/waiting", f"{server.url}/")
    assert done.stdout == "Hello world!" * 2
    assert "> GET / HTTP/1.0" in done.stderr
    assert done.stderr.count("< HTTP/1.1 200 OK") == 2
    assert done.stderr.count("< Connection: close") == 2


def test_http_1_0_keep_alive(server: Server) -> None:
    urls = [f"{server.url}/waiting", f"{server.url}/"]
    done = curl("-v", "--http1.0", "-H", "Connection: keep-alive", "-w", " %{num_connects} ", *urls)
    assert done.stdout == "Hello world! 1 Hello world! 0 "
    assert done.stderr.count("< Connection: keep-alive") == 2


def test_head(server: Server) -> None:
    done = curl("-I", f"{server.url}/large", f"{server.url}/waiting", "-w", "%{num_connects}\n")
    heads = done.stdout.splitlines()
    assert heads.count("HTTP/1.1 200 OK") == 2
    assert f"Content-Length: {1 << 20}" in heads
    assert "Content-Length: 12" in heads
    assert [line for line in heads if line.isdigit()] == ["1", "0"]


def test_one_connection_for_many_urls(server: Server) -> None:
    paths = ["/", "/waiting", "/missing", "/fail", "/fail/async", "/large", "/status/204", "/async"]
    urls = [part for path in paths * 3 for part in ("-o", "/dev/null", server.url + path)]
    done = curl("-w", "%{http_code} %{num_connects}\n", *urls)
    codes = [line.split()[0] for line in done.stdout.splitlines()]
    assert codes == ["200", "200", "404", "500", "500", "200", "204", "200"] * 3
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["1"] + ["0"] * 23


def test_path_as_is(server: Server) -> None:
    authority = server.url.removeprefix("http://")
    done = curl("--path-as-is", f"{server.url}/up/../target")
    assert done.stdout == f"/up/../target of {authority}"
    assert curl(f"{server.url}/up/../target").stdout == f"/target of {authority}"


def test_absolute_form(server: Server) -> None:
    """To a proxy curl names the whole URL."""
    done = curl("-v", "--proxy", server.url, "--noproxy", "", "http://ada.example/target/x?y=1")
    assert "> GET http://ada.example/target/x?y=1 HTTP/1.1" in done.stderr
    assert done.stdout == "/target/x of ada.example"


def test_options_of_the_server(server: Server) -> None:
    done = curl("-i", "-X", "OPTIONS", "--request-target", "*", server.url)
    assert done.stdout.startswith("HTTP/1.1 200 OK\n")
    assert "\nAllow: GET, HEAD, POST" in done.stdout


@pytest.mark.parametrize(
    ("path", "args", "code"),
    [
        ("/missing", [], "404"),
        ("/posted", [], "405"),
        ("/fail", [], "500"),
        ("/fail/async", [], "500"),
        ("/status/599", [], "599"),
        ("/" + "x" * 9000, [], "414"),
        ("/", ["-H", "X-Long: " + "x" * 40_000], "431"),
        ("/", ["-H", "Expect: tea"], "417"),
        ("/", ["-H", "Host:"], "400"),
        ("/", ["-X", "POST", "-H", "Transfer-Encoding: gzip"], "501"),
        ("/", ["-X", "POST", "-H", "Content-Length: 1e3"], "400"),
    ],
)
def test_error_status(server: Server, path: str, args: list[str], code: str) -> None:
    done = curl("-o", "/dev/null", "-w", "%{http_code}", *args, server.url + path)
    assert done.stdout == code
    curl("--fail", *args, server.url + path, status=22)


def sent_by_curl(*args: str) -> bytes:
    """Return what curl puts on the wire for a request, by being its server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_S)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/digest"
        command = [CURL or "curl", *OPTIONS, "--noproxy", "*", *args, url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as it:
            connection, _ = listener.accept()
            with connection:
                data = connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            assert it.wait(DEADLINE_S) == 0
    return data


@pytest.mark.parametrize(
    ("args", "body"),
    [([], None), (["-d", "name=Ada"], b"name=Ada"), (["-H", "Cookie: a=b; c=d"], None)],
)
def test_requests_of_curl_pipelined(server: Server, args: list[str], body: bytes | None) -> None:
    digest = None if body is None else hashlib.sha256(body).hexdigest()
    with socket.create_connection((server.host, server.port), DEADLINE_S) as client:
        client.sendall(sent_by_curl(*args) * DEPTH)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            answers = stream.read()
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == DEPTH
    expected = json.dumps({"digest": digest, "framing": "length", "size": len(body or b"")})
    assert answers.count(expected.encode()) == DEPTH
