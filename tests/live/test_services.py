"""Services of any protocol under the master: as safe as applications are, asked by real clients."""

import asyncio
import contextlib
import http.client
import os
import re
import signal
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.support.identity import HOST, Identities
from tests.support.server import DEADLINE_S, eventually, launched
from tests.support.serving import Services, command, serving, shown, write

KEY = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "host_key"]
ALL = """
import both, lines, mail, site_
services = {**both.services, "smtp": mail.service, "lines": lines.handle, "web": site_.Site()}
"""
PID = """
import asyncio, os, time
from japy import Service

class Pid(Service):
    async def pre_start(self): print("pre_start", flush=True)
    def start(self): print("start", flush=True)
    async def stop(self): print("stop", flush=True)
    def cleanup(self): print("cleanup", flush=True)

    async def handle(self, reader, writer):
        try:
            while line := await reader.readline():
                if line == b"block\\n":
                    time.sleep(60)
                writer.write(line.strip() + b" %d\\n" % os.getpid())
                await writer.drain()
        except asyncio.CancelledError:
            print("cancelled", flush=True)
            writer.write(b"cancelled\\n")
            raise
"""
ECHO = """
import asyncio, os

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data.strip() + b" %d\\n" % os.getpid())

class Made:
    async def make_servers(self, sockets):
        loop = asyncio.get_running_loop()
        return [await loop.create_server(Echo, sock=sock) for sock in sockets]
"""
KINDS = [("pid:Pid", PID), ("pid:Echo", ECHO), ("pid:Made", ECHO)]


class Peer:
    """A client of a line protocol."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=DEADLINE_S)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=HOST)
        self._file = self.socket.makefile("rwb")

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self.socket.close()

    def ask(self, text: str) -> str:
        """Send a line and return the one that answers it."""
        self._file.write(f"{text}\n".encode())
        self._file.flush()
        return self.read()

    def read(self) -> str:
        """Return the next line; empty at the end."""
        return self._file.readline().decode().strip()


def ask(port: int) -> int:
    """Return who serves a new connection."""
    with Peer(port) as peer:
        return int(peer.ask("who").removeprefix("who "))


@contextlib.contextmanager
def asked(port: int) -> Iterator[list[str]]:
    """Have clients ask on new connections all the while; yield what was lost."""
    lost: list[str] = []
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.is_set():
            try:
                ask(port)
            except (OSError, ValueError) as error:
                lost.append(repr(error))

    clients = [threading.Thread(target=go_on) for _ in range(3)]
    for client in clients:
        client.start()
    yield lost
    is_over.set()
    for client in clients:
        client.join()


def test_four_protocols_and_http_in_one_process(tmp_path: Path) -> None:
    with launched(KEY, tmp_path) as keygen:
        keygen.wait()
    site = {"site_.py": shown()["site.py"], "everything.py": ALL}
    names = ("http", "ssh", "smtp", "lines", "web")
    options = names, "--workers", "2"
    with serving("everything:services", *options, sources=site, folder=tmp_path) as services:
        ports = services.ports
        assert get(ports["http"], "/anna") == "Hello anna\n"
        assert get(ports["web"], "/") == "Hello from aiohttp\n"
        for _ in range(4):  # whoever is asked has the same key
            assert "visits" in asyncio.run(run_ssh(ports["ssh"], "visits"))
        with smtplib.SMTP(HOST, ports["smtp"], timeout=DEADLINE_S) as mail:
            mail.sendmail("anna@example.org", ["ben@example.org"], "Subject: tea\n\nAt five.\n")
        services.server.wait_for("anna@example.org writes to ben@example.org")
        with Peer(ports["lines"]) as peer:
            assert peer.ask("hello") == "HELLO"
        assert services.server.stop() == 0


def get(port: int, path: str) -> str:
    """Return the body of an answer over HTTP."""
    client = http.client.HTTPConnection(HOST, port, timeout=DEADLINE_S)
    with contextlib.closing(client):
        client.request("GET", path)
        return client.getresponse().read().decode()


async def run_ssh(port: int, text: str) -> str:
    """Return what a command prints that is run over SSH."""
    async with asyncssh.connect(HOST, port, known_hosts=None, username="guest") as client:
        return str((await client.run(text, check=True)).stdout)


@pytest.mark.parametrize(("target", "source"), KINDS)
def test_connections_are_spread(target: str, source: str) -> None:
    options = ("",), "--workers", "2"
    with serving(target, *options, sources={"pid.py": source}) as services:
        (port,) = services.ports.values()
        counts = [0, 0]
        pids = sorted(services.server.children())
        for _ in range(200):
            counts[pids.index(ask(port))] += 1
        assert max(counts) < 2 * min(counts)


@pytest.mark.parametrize(("target", "source"), KINDS)
def test_reloads_lose_no_connection_and_end_none(target: str, source: str) -> None:
    options = ("",), "--workers", "2"
    with serving(target, *options, sources={"pid.py": source}) as services:
        (port,) = services.ports.values()
        with asked(port) as lost, Peer(port) as peer:
            before = peer.ask("first")
            for count in range(4):
                services.server.process.send_signal(signal.SIGHUP)
                services.wait_reloaded(count + 1)
            assert peer.ask("second").split()[1] == before.split()[1]
            assert str(ask(port)) != before.split()[1]
        assert lost == []
        old = int(before.split()[1])
        eventually(lambda: old not in services.server.children())  # its last client has left
        assert services.server.stop() == 0


def test_workers_are_replaced_after_so_many_connections() -> None:
    options = ("",), "--workers", "2", "--limit-max-requests", "100"
    with serving("pid:Pid", *options, sources={"pid.py": PID}) as services:
        (port,) = services.ports.values()
        with asked(port) as lost:
            services.server.wait_for("is to be replaced: --limit-max-requests", count=4)
        assert lost == []


@pytest.mark.parametrize(("target", "source"), KINDS)
def test_a_kill_loses_what_that_worker_had_in_hand(target: str, source: str) -> None:
    options = ("",), "--workers", "2"
    with serving(target, *options, sources={"pid.py": source}) as services:
        (port,) = services.ports.values()
        with asked(port) as lost:
            for count in range(3):
                eventually(lambda: len(services.server.children()) == 2)
                victim = ask(port)
                os.kill(victim, signal.SIGKILL)
                services.server.wait_for("crashed on signal SIGKILL", count=count + 1)
                assert all(ask(port) != victim for _ in range(20))
        assert len(lost) <= 3 * 3
        assert not [failure for failure in lost if "Refused" in failure]


def test_a_worker_that_hangs_is_replaced() -> None:
    options = ("",), "--timeout-worker-healthcheck", "2s"
    with serving("pid:Pid", *options, sources={"pid.py": PID}) as services:
        (port,) = services.ports.values()
        with Peer(port) as peer:
            assert peer.ask("block") == ""
        text = services.server.wait_for("crashed on signal|it was killed because")
        assert "has blocked its event loop" in text
        assert "time.sleep(60)" in text or "in handle" in text
        ask(port)


def test_a_stop_waits_for_connections_and_goes_through_the_hooks() -> None:
    with serving("pid:Pid", sources={"pid.py": PID}) as services:
        (port,) = services.ports.values()
        with Peer(port) as peer:
            peer.ask("first")
            services.server.process.send_signal(signal.SIGTERM)
            services.server.wait_for("Draining connections")
            services.server.wait_for("1 connections busy")
            assert peer.ask("second").startswith("second ")
            with pytest.raises(ConnectionError):
                Peer(port)
        assert services.server.wait() == 0
        order = r"pre_start\nstart\n(?s:.*)stop\n(?s:.*)cleanup\n"
        assert re.search(order, services.server.output("stdout"))
        assert "cancelled" not in services.server.output()


@pytest.mark.parametrize(("target", "source"), KINDS)
def test_a_stop_ends_what_does_not_end(target: str, source: str) -> None:
    options = ("",), "--timeout-graceful-shutdown", "1s"
    with serving(target, *options, sources={"pid.py": source}) as services:
        (port,) = services.ports.values()
        with Peer(port) as peer:
            peer.ask("first")
            begin = time.monotonic()
            services.server.process.send_signal(signal.SIGTERM)
            assert peer.read() == ("cancelled" if source == PID else "")
            assert peer.read() == ""
            assert time.monotonic() - begin > 0.9
        assert services.server.wait() == 0
        text = services.server.output()
        assert "Forcefully killing 1 connections" in text
        assert ("cleanup" in text) == (source == PID)
        assert "Traceback" not in text


def test_a_session_over_ssh_is_told_and_ended(tmp_path: Path) -> None:
    with launched(KEY, tmp_path) as keygen:
        keygen.wait()
    options = ("http", "ssh"), "--timeout-graceful-shutdown", "2s"
    with serving("both:services", *options, folder=tmp_path) as services:
        asyncio.run(stay(services))
        assert services.server.wait() == 0
        assert "Traceback" not in services.server.output()


async def stay(services: Services) -> None:
    """Have a session open while the server is told to stop."""
    port = services.ports["ssh"]
    async with (
        asyncssh.connect(HOST, port, known_hosts=None, username="guest") as client,
        client.create_process(None) as session,
    ):
        session.stdin.write("spoon\n")
        assert await session.stdout.readline() == "There is no spoon\n"
        services.server.process.send_signal(signal.SIGTERM)
        assert await session.stderr.readline() == "This server is about to stop.\n"
        session.stdin.write("fork\n")
        assert await session.stdout.readline() == "There is no fork\n"
        with pytest.raises(asyncssh.ConnectionLost):
            await session.stdout.read()


def test_aiohttp_finishes_what_is_under_way() -> None:
    slow = shown()["site.py"].replace(
        "    return web",
        '    print("asked", flush=True)\n    await asyncio.sleep(1)\n    return web',
    )
    with serving("slow:Site", sources={"slow.py": slow}) as services:
        (port,) = services.ports.values()
        answers: list[str] = []
        client = threading.Thread(target=lambda: answers.append(get(port, "/")))
        client.start()
        services.server.wait_for("asked")
        assert services.server.stop() == 0
        client.join()
        assert answers == ["Hello from aiohttp\n"]


def test_a_save_is_seen(tmp_path: Path) -> None:
    options = ("",), "--reload"
    with serving("lines:handle", *options, folder=tmp_path) as services:
        (port,) = services.ports.values()
        with Peer(port) as peer:
            assert peer.ask("Hello") == "HELLO"
        file = tmp_path / "lines.py"
        file.write_text(file.read_text().replace("upper", "lower"))
        services.wait_reloaded(1)
        with Peer(port) as peer:
            assert peer.ask("Hello") == "hello"


FAILS = """
from japy import Service

class Fails(Service):
    def pre_start(self): print("pre_start", flush=True)
    def cleanup(self): print("cleanup", flush=True)
    async def handle(self, reader, writer): pass
    async def HOOK(self, *args): raise LookupError("on purpose")
"""


@pytest.mark.parametrize("hook", ["pre_start", "start", "make_servers"])
def test_a_service_that_cannot_start_ends_the_server(tmp_path: Path, hook: str) -> None:
    write(tmp_path, {"fails.py": FAILS.replace("HOOK", hook)})
    with launched(command("fails:Fails", ("",), "--workers", "3"), tmp_path) as server:
        assert server.wait() == 3
        text = server.output("stderr")
        assert text.count("Traceback") == 1
        assert "LookupError: on purpose" in text
        assert f"{hook} of service Fails raised LookupError" in text
        assert "daemon.py" not in text
        assert "cleanup" in server.output("stdout")


@pytest.mark.parametrize("hook", ["pre_start", "start", "make_servers"])
def test_a_service_that_ends_the_process_is_told_of_once(tmp_path: Path, hook: str) -> None:
    source = FAILS.replace(
        'HOOK(self, *args): raise LookupError("on purpose")',
        f"{hook}(self, *args): raise SystemExit(7)",
    )
    write(tmp_path, {"fails.py": source})
    with launched(command("fails:Fails", ("",), "--workers", "3"), tmp_path) as server:
        assert server.wait() == 3
        text = server.output("stderr")
        assert text.count(f"The {hook} of service Fails ended the process: remove the call") == 1
        assert "daemon.py" not in text


def test_new_code_that_cannot_start_leaves_the_old_serving(tmp_path: Path) -> None:
    sources = {"pid.py": PID}
    with serving("pid:Pid", sources=sources, folder=tmp_path) as services:
        (port,) = services.ports.values()
        old = ask(port)
        write(tmp_path, {"pid.py": PID.replace("print", "int", 1)})
        services.server.process.send_signal(signal.SIGHUP)
        services.server.wait_for("The workers that there are serve on")
        assert ask(port) == old


@pytest.mark.parametrize("hook", ["stop", "cleanup"])
def test_a_hook_that_fails_at_the_end_is_told(tmp_path: Path, hook: str) -> None:
    with serving("fails:Fails", sources={"fails.py": FAILS.replace("HOOK", hook)}) as services:
        assert services.server.stop() == 1
        assert f"{hook} of service Fails failed" in services.server.output("stderr")


@pytest.mark.parametrize("error", ["SystemExit(0)", "KeyboardInterrupt"])
def test_a_stop_that_would_end_the_process_ends_nobody_elses_requests(error: str) -> None:
    source = f"""
import asyncio
from japy import Application, Service
app = Application()

@app.get("/")
async def slow(request):
    print("asked", flush=True)
    await asyncio.sleep(1)
    return "slow"

class Ends(Service):
    async def handle(self, reader, writer): pass
    async def stop(self): raise {error}

services = {{"http": app, "ends": Ends()}}
"""
    with serving("ends:services", ("http", "ends"), sources={"ends.py": source}) as services:
        answers: list[str] = []
        port = services.ports["http"]
        client = threading.Thread(target=lambda: answers.append(get(port, "/")))
        client.start()
        services.server.wait_for("asked")
        assert services.server.stop() == 1
        client.join()
        assert answers == ["slow"]
        text = services.server.output("stderr")
        assert text.count("stop of service 'ends' failed") == 1
        assert error.removesuffix("(0)") in text


def test_a_start_that_is_interrupted_is_told_of_once(tmp_path: Path) -> None:
    source = FAILS.replace('LookupError("on purpose")', "KeyboardInterrupt")
    write(tmp_path, {"fails.py": source.replace("HOOK", "start")})
    with launched(command("fails:Fails", ("",), "--workers", "3"), tmp_path) as server:
        assert server.wait() == 3
        text = server.output("stderr")
        assert text.count("start of service Fails raised KeyboardInterrupt") == 1


def test_a_hook_that_does_not_end_is_told(tmp_path: Path) -> None:
    source = FAILS.replace("HOOK(self, *args): raise", "stop(self): await asyncio.sleep(99); raise")
    sources = {"fails.py": f"import asyncio\n{source}"}
    options = ("",), "--timeout-graceful-shutdown", "0.5s"
    with serving("fails:Fails", *options, sources=sources) as services:
        assert services.server.stop() == 1
        assert "stop of service Fails took too long" in services.server.output("stderr")


# A service that gives its socket up while it serves, in two ways, and an application beside it.
GIVES_UP = """
import asyncio, os, socket
from japy import Application

app = Application()

@app.get("/")
async def slow(request):
    print("asked", flush=True)
    await asyncio.sleep(0.5)
    return "slow"

class Closes:
    async def make_servers(self, sockets):
        server = await asyncio.start_server(lambda *ends: server.close(), sock=sockets[0])
        return [server]

class Takes:
    async def make_servers(self, sockets):
        own = socket.socket(fileno=sockets[0].detach())
        return [await asyncio.start_server(lambda reader, writer: writer.close(), sock=own)]

closes = {"http": app, "own": Closes()}
takes = {"http": app, "own": Takes()}
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("name", ["closes", "takes"])
def test_a_service_that_gives_its_socket_up_harms_nobody(name: str, loop: str) -> None:
    names, sources = ("http", "own"), {"gives.py": GIVES_UP}
    with serving(f"gives:{name}", names, "--loop", loop, sources=sources) as services:
        with socket.create_connection((HOST, services.ports["own"])):
            pass
        with Peer(services.ports["http"]) as peer:
            peer.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            services.server.wait_for("asked")
            services.server.process.send_signal(signal.SIGTERM)
            assert peer.read() == "HTTP/1.1 200 OK"
        assert services.server.wait() == 0
        assert "Traceback" not in services.server.output()


def test_binds_that_do_not_fit_end_the_server(tmp_path: Path) -> None:
    write(tmp_path, {})
    with launched(command("both:services", ("http",), "--workers", "2"), tmp_path) as server:
        assert server.wait() == 3
        assert server.output("stderr") == (
            "The service 'ssh' has no bind: add --bind ssh=HOST:PORT.\n"
        )


ACTIVATE = """
import os, socket, sys
listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
copies = [os.dup2(one.fileno(), 20 + i) for i, one in enumerate(listeners)]
for i, copy in enumerate(copies):
    os.dup2(copy, 3 + i, inheritable=True)
names = "lines:http"
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES=names)
os.execv(sys.executable, [sys.executable, "-m", "japy", "run", "some:services"])
"""
SOME = """
import both, lines
services = {"http": both.app, "lines": lines.handle}
"""


def test_sockets_that_systemd_has_opened_have_names(tmp_path: Path) -> None:
    write(tmp_path, {"some.py": SOME})
    with launched([sys.executable, "-c", ACTIVATE], tmp_path) as server:
        ports = Services(server, 2).ports
        with Peer(ports["lines"]) as peer:
            assert peer.ask("hello") == "HELLO"
        assert get(ports["http"], "/anna") == "Hello anna\n"
        assert server.stop() == 0


SECURED = """
import lines
from japy import Application, StreamService
app = Application()
plain = StreamService(lines.handle, bind="plain")
services = [app, plain, StreamService(lines.handle, bind="lines", tls=True)]
"""


def test_a_service_may_speak_tls(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    names, options = ("http", "plain", "lines"), identities.new("one").options
    sources = {"secured.py": SECURED}
    with serving("secured:services", names, *options, sources=sources) as services:
        assert "on https://127" in services.server.output()
        with Peer(services.ports["lines"], identities.client()) as peer:
            assert peer.ask("hello") == "HELLO"
        with Peer(services.ports["plain"]) as peer:
            assert peer.ask("hello") == "HELLO"
        assert services.server.stop() == 0


BOTH_KINDS = """
from japy import Application, ProtocolService, StreamService
import asyncio, lines

class Name(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(f"{transport.get_extra_info('peername')[0]}\\n".encode())

services = {
    "one": ProtocolService(Name, proxy_protocol=True),
    "other": ProtocolService(Name),
}
"""


def test_a_service_may_believe_a_proxy() -> None:
    options = ("one", "other"), "--proxy-protocol"
    with serving("kinds:services", *options, sources={"kinds.py": BOTH_KINDS}) as services:
        with Peer(services.ports["one"]) as peer:
            assert peer.ask("PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r") == "203.0.113.7"
        with Peer(services.ports["other"]) as peer:
            assert peer.read() == "127.0.0.1"


def test_connections_beyond_the_limit_are_closed() -> None:
    options = ("",), "--limit-concurrency", "2"
    with serving("lines:handle", *options) as services:
        (port,) = services.ports.values()
        with Peer(port) as one, Peer(port) as two, Peer(port) as three:
            assert one.ask("a") == two.ask("b").replace("B", "A") == "A"
            with contextlib.suppress(ConnectionError):
                assert three.ask("c") == ""
        services.server.wait_for("service handle: 1 connections beyond 2 were closed")
