"""The ways a server ends: drained, at once, without its master, without its terminal."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, eventually, launched, running
from tests.support.supervised import supervised

APP = """
import asyncio, pathlib, time
from japy import Application
app = Application()

@app.route("/")
def hello(request):
    return request.Response(text="hello")

@app.route("/wait/{name}")
async def wait(request):
    print("waiting", flush=True)
    try:
        while not pathlib.Path(request.match_dict["name"]).exists():
            await asyncio.sleep(0.01)
        return request.Response(text="waited")
    finally:
        print("cleaned up", flush=True)

@app.route("/block")
def block(request):
    print("blocking", flush=True)
    time.sleep(60)
"""
TERMINATED = "Termination request received\n"


@contextmanager
def connected(server: Server, count: int, request: bytes = b"") -> Iterator[list[socket.socket]]:
    """Open connections and send the same on each."""
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = socket.create_connection((server.host, server.port), timeout=DEADLINE_S)
            clients.append(stack.enter_context(client))
            client.sendall(request)
        yield clients


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes."""
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGTERM, "1"), (signal.SIGINT, "1"), (signal.SIGTERM, "3")]
)
def test_without_connections_it_ends_at_once(number: signal.Signals, workers: str) -> None:
    with running(APP, "--workers", workers) as server:
        assert server.stop(number) == 0
        assert server.output("stdout").endswith(TERMINATED)
        assert server.output("stderr") == ""


@pytest.mark.parametrize(
    ("count", "request_"), [(1, b""), (4, get("/")), (2, b"GET / HTTP/1.1\r\nHo")]
)
def test_idle_connections_are_closed(count: int, request_: bytes) -> None:
    with running(APP) as server, connected(server, count, request_) as clients:
        if request_ == get("/"):
            for client in clients:
                assert client.recv(1 << 16).endswith(b"hello")
        else:  # an answer to a later connection tells that these have been accepted
            assert server.get() == (200, "hello")
        assert server.stop() == 0
        assert server.output("stdout").endswith(
            f"{TERMINATED}Draining connections...\n{count} idle connections closed immediately\n"
        )
        assert [client.recv(1) for client in clients] == [b""] * count


def test_requests_under_way_are_finished(tmp_path: Path) -> None:
    with (
        running(APP, "--timeout-graceful-shutdown", "5", cwd=tmp_path) as server,
        connected(server, 2, get("/wait/go")) as clients,
    ):
        server.wait_for("waiting", count=2)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("2 connections busy, read-end closed")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port))
        server.wait_for("5 seconds remaining, 2 connections still busy")
        (tmp_path / "go").touch()
        for client in clients:
            answer = read_all(client)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"connection: close" in answer.lower()
            assert answer.endswith(b"waited")
        assert server.wait() == 0
        assert "Forcefully" not in server.output()


def test_requests_that_take_too_long_are_cancelled() -> None:
    with (
        running(APP, "--timeout-graceful-shutdown", "0.2") as server,
        connected(server, 2, get("/wait/forever")) as clients,
    ):
        server.wait_for("waiting", count=2)
        assert server.stop() == 0
        for client in clients:
            assert read_all(client).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        text = server.output("stdout")
        assert "Forcefully killing 2 connections\n" in text
        assert text.count("cleaned up") == 2
        assert server.output("stderr") == ""


def test_no_time_to_drain() -> None:
    with (
        running(APP, "--timeout-graceful-shutdown", "0") as server,
        connected(server, 2, get("/wait/forever")),
        connected(server, 3, get("/")) as idle,
    ):
        server.wait_for("waiting", count=2)
        for client in idle:
            assert client.recv(1 << 16).endswith(b"hello")
        assert server.stop() == 0
        text = server.output("stdout")
        assert "3 idle connections closed immediately\n2 connections busy" in text
        assert "Forcefully killing 2 connections\n" in text


def test_a_half_read_body_does_not_keep_the_server() -> None:
    upload = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"
    with (
        running(APP, "--timeout-graceful-shutdown", "0.1") as server,
        connected(server, 1, upload) as clients,
    ):
        assert server.get() == (200, "hello")
        assert server.stop() == 0
        assert "1 connections busy" in server.output()
        assert read_all(clients[0]) == b""


def test_a_client_that_does_not_read_does_not_keep_the_server() -> None:
    source = APP + "app.router.add_route('/big', lambda r: r.Response(body=bytes(50_000_000)))\n"
    with (
        running(source, "--timeout-graceful-shutdown", "0.1") as server,
        connected(server, 1, get("/big")),
    ):
        assert server.get() == (200, "hello")
        assert server.stop() == 0


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGQUIT])
def test_a_second_interrupt_ends_it_at_once(second: signal.Signals) -> None:
    with running(APP, "--workers", "2") as server, connected(server, 1, get("/wait/forever")):
        server.wait_for("waiting")
        server.process.send_signal(signal.SIGINT)
        server.wait_for("1 connections busy")
        server.process.send_signal(second)
        assert server.wait(4) == 130
        assert server.output("stderr") == ""


def test_quit_ends_it_at_once() -> None:
    with running(APP) as server, connected(server, 1, get("/block")):
        server.wait_for("blocking")
        assert server.stop(signal.SIGQUIT) == 130


def test_a_blocked_worker_is_killed_in_the_end() -> None:
    with (
        running(APP, "--timeout-graceful-shutdown", "0") as server,
        connected(server, 1, get("/block")),
    ):
        server.wait_for("blocking")
        assert server.stop() == 1  # its shutdown has not run
        assert "did not stop in time: it is killed" in server.output("stderr")


@contextmanager
def importing(*args: str) -> Iterator[Server]:
    """Start a server whose application takes for ever to import."""
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0", *args]
    with tempfile.TemporaryDirectory() as folder:
        source = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"
        Path(folder, "app.py").write_text(source)
        with launched(command, folder) as server:
            server.wait_for("importing")
            yield server


def test_a_signal_during_the_start_ends_it() -> None:
    with importing() as server:
        assert server.stop() == 0
        assert server.output("stderr") == ""


# What signals and settings change.


def test_connections_are_accepted_for_a_while_if_asked_to() -> None:
    with supervised(APP, shutdown_delay=1.0) as server:
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Connections are accepted for 1 more seconds")
        assert server.get() == (200, "hello")
        began = time.monotonic()
        assert server.wait() == 0
        assert time.monotonic() - began < 5
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port))


def test_meanwhile_connections_end_behind_an_answer() -> None:
    with supervised(APP, shutdown_delay=60) as server, connected(server, 2) as clients:
        for client in clients:
            client.sendall(get("/"))
            assert b"Connection: close" not in client.recv(1 << 16)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Connections are accepted for 60 more seconds")
        for client in clients:
            answer = b""
            while b"Connection: close" not in answer:  # until the worker has noticed
                client.sendall(get("/"))
                answer = client.recv(1 << 16)
                assert answer.endswith(b"hello")
            assert read_all(client) == b""
        assert server.get() == (200, "hello")
        assert server.stop(signal.SIGINT) == 130


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_meanwhile_is_replaced(workers: int) -> None:
    with supervised(APP, workers=workers, shutdown_delay=60) as server:
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Connections are accepted for 60 more seconds")
        old = server.children()
        os.kill(old[0], signal.SIGKILL)
        server.wait_for("another one starts in 0.1 s")
        for _ in range(8):  # with two workers, some come to the socket of the one that is gone
            assert server.get() == (200, "hello")
        eventually(lambda: len(server.children()) == workers and old[0] not in server.children())
        assert server.stop(signal.SIGINT) == 130


def test_a_worker_that_cannot_be_replaced_meanwhile_says_why() -> None:
    source = f"import os\nif os.path.exists('broken'):\n    1 / 0\n{APP}"
    with supervised(source, shutdown_delay=60) as server:
        Path(f"/proc/{server.process.pid}/cwd/broken").touch()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Connections are accepted for 60 more seconds")
        os.kill(server.children()[0], signal.SIGKILL)
        server.wait_for("ZeroDivisionError")
        assert server.stop(signal.SIGINT) == 130


def test_a_delayed_stop_is_cut_short_by_a_second_signal() -> None:
    with supervised(APP, shutdown_delay=60) as server:
        server.process.send_signal(signal.SIGINT)
        server.wait_for("Connections are accepted for 60 more seconds")
        assert server.stop(signal.SIGINT) == 130


def test_who_waits_to_be_accepted_is_answered() -> None:
    with supervised(APP) as server:
        (worker,) = server.children()
        os.kill(worker, signal.SIGSTOP)
        with connected(server, 30, get("/")) as clients:
            server.process.send_signal(signal.SIGTERM)
            server.wait_for(TERMINATED)
            os.kill(worker, signal.SIGCONT)
            for client in clients:
                assert read_all(client).endswith(b"hello")
        assert server.wait() == 0


def test_a_socket_that_nobody_accepts_on_any_more_listens_no_more() -> None:
    with supervised(APP, workers=2) as server:
        _, second = server.children()
        assert listening(server.port) == 2
        os.kill(second, signal.SIGSTOP)  # it has the socket of the first open, too
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: server.children() == [second])
        assert listening(server.port) == 1  # or who comes now waits at the other, to be reset
        os.kill(second, signal.SIGCONT)
        assert server.wait() == 0


def listening(port: int) -> int:
    """Return how many sockets of this system listen on a port (Linux only)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(
        line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in lines
    )


def test_a_shutdown_that_fails_shows_in_the_exit_status() -> None:
    source = APP + "app.on_shutdown(lambda: 1 / 0)\n"
    with supervised(source, workers=2) as server:
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections on ", count=2)
        server.wait_for("ERROR Worker exited with code 1 .* when it was told to stop", count=2)
        assert server.get() == (200, "hello")
        assert server.stop() == 1


def test_shutdown_runs_after_a_drain_that_was_too_long() -> None:
    source = APP + "app.on_shutdown(lambda: print('shut down', flush=True))\n"
    with (
        supervised(source, timeout_graceful_shutdown=0.2) as server,
        connected(server, 1, get("/wait/forever")),
    ):
        server.wait_for("waiting")
        assert server.stop() == 0
        assert server.output("stdout").endswith("shut down\n")


STUBBORN = """
@app.on_startup
def begin():
    async def poll():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
    app.poll = asyncio.get_running_loop().create_task(poll(), name="poller")

@app.route("/thread")
async def thread(request):
    app.work = asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    return request.Response(text="begun")
"""


def test_what_does_not_end_is_named_until_it_is_killed() -> None:
    with supervised(APP + STUBBORN, timeout_graceful_shutdown=0) as server:
        assert server.get("/thread") == (200, "begun")
        assert server.stop() == 1
        errors = server.output("stderr")
    task = r"Does not end: task poller in app\.py, line \d+, in begin.*poll"
    assert re.search(task + "; thread .* in a function that is not Python's\n", errors)
    assert "did not stop in time: it is killed" in errors


def test_logs_are_opened_again(tmp_path: Path) -> None:
    source = APP + "import logging\nlogging.basicConfig(filename='log', level=20)\n"
    source += "@app.route('/log')\ndef log(request):\n    logging.info('a line')\n"
    source += "    return hello(request)\n"
    log = tmp_path / "log"
    with supervised(source, cwd=tmp_path, workers=2) as server:
        for _ in range(8):
            server.get("/log")
        assert log.read_text().count("a line") == 8
        log.rename(tmp_path / "log.1")
        server.process.send_signal(signal.SIGUSR1)
        eventually(lambda: server.get("/log") and log.exists())
        assert server.stop() == 0
        assert server.output("stderr") == ""


# Without a master.


def test_workers_stop_when_their_master_is_killed(tmp_path: Path) -> None:
    with (
        running(APP, "--workers", "2", "--reload", cwd=tmp_path) as server,
        connected(server, 1, get("/wait/go")) as clients,
    ):
        server.wait_for("waiting")
        assert len(server.children()) == 3
        server.process.kill()
        server.wait_for("1 connections busy")
        (tmp_path / "go").touch()
        assert read_all(clients[0]).endswith(b"waited")
        server.wait()  # until nobody holds its output open any more


def test_even_blocked_workers_do_not_outlive_their_master() -> None:
    with (
        running(APP, "--timeout-graceful-shutdown", "0") as server,
        importing("--timeout-graceful-shutdown", "0") as starting,
        connected(server, 1, get("/block")),
    ):
        server.wait_for("blocking")
        server.process.kill()
        starting.process.kill()
        server.wait()
        starting.wait()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_blocked_worker_without_master_is_not_in_the_way_of_another_server(workers: str) -> None:
    with (
        running(APP, "--workers", workers) as server,
        connected(server, 1, get("/block")),
    ):
        server.wait_for("blocking")
        server.process.kill()
        eventually(lambda: not accepted(server))
        with running(APP, "--port", str(server.port)) as second:
            assert second.get("/")[0] in (200, 404)


def accepted(server: Server) -> bool:
    """Tell whether anybody listens where a server has done so."""
    try:
        socket.create_connection((server.host, server.port), timeout=DEADLINE_S).close()
    except OSError:
        return False
    return True


# In a terminal.


@contextmanager
def in_terminal(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Serve APP as the foreground program of a terminal of its own; yield it and the terminal."""
    (folder / "app.py").write_text(APP)
    terminal, other_end = os.openpty()
    name = os.ttyname(other_end)
    # The first process of a session gets the first terminal that it opens.
    command = ["sh", "-c", f'exec <{name} >{name} 2>&1 "$@"', "sh", sys.executable]
    command += ["-m", "japy", "run", "app:app", "--port", "0", "--workers", "2", "--reload"]
    process = subprocess.Popen(command, cwd=folder, start_new_session=True)
    try:
        read_until(terminal, "Accepting connections on .*\n")
        os.close(other_end)
        yield process, terminal
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def read_until(terminal: int, pattern: str) -> str:
    """Read from a terminal until a pattern, or its end, has come."""
    text = ""
    while not re.search(pattern, text):
        ready, _, _ = select.select([terminal], [], [], DEADLINE_S)
        assert ready, text
        try:
            text += os.read(terminal, 1 << 16).decode()
        except OSError:  # how Linux tells of the end of a terminal
            break
    return text


def test_ctrl_c_in_a_terminal_makes_no_noise(tmp_path: Path) -> None:
    with in_terminal(tmp_path) as (process, terminal):
        os.write(terminal, b"\x03")  # goes to the master, the workers and the watcher
        assert process.wait(DEADLINE_S) == 0
        assert read_until(terminal, "(?!)") == f"^C{TERMINATED}".replace("\n", "\r\n")
        os.close(terminal)


@pytest.fixture
def hangup() -> Iterator[None]:
    """Let SIGHUP have its usual effect on children, though the tests may run under nohup."""
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, inherited)


@pytest.mark.usefixtures("hangup")
def test_a_closed_terminal_ends_the_server(tmp_path: Path) -> None:
    with in_terminal(tmp_path) as (process, terminal):
        os.close(terminal)
        assert process.wait(DEADLINE_S) == 0
