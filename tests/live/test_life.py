"""The life of an application in real workers: start, failure, background work, end."""

import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, launched, running

HEAD = """
import asyncio, contextvars, os, sys, time
from japy import Application
app = Application()
name = contextvars.ContextVar("name", default="nobody")

def tell(text):
    print(text, flush=True)

@app.route("/")
def hello(request):
    return request.Response(text="hello")

@app.route("/wait")
async def wait(request):
    tell("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        tell("cancelled")

@app.route("/work")
async def work(request):
    tell("working")
    await asyncio.sleep(0.3)
    tell("worked")
    return request.Response(text="worked")
"""
LIFE = """
@app.lifespan
async def life(app):
    tell("enter")
    yield
    await asyncio.sleep(0)
    tell("leave")

@app.on_startup
async def up():
    tell("up")

@app.on_shutdown
def down():
    tell("down")
"""
CAREFUL = LIFE.replace(
    "    yield\n", "    try:\n        yield\n    finally:\n        tell('left')\n"
)
TERMINATED = "Termination request received\n"


@contextmanager
def starting(source: str, folder: Path, *args: str) -> Iterator[Server]:
    """Start a server and do not wait until it is ready."""
    (folder / "app.py").write_text(source)
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0", *args]
    with launched(command, folder) as server:
        yield server


def ask(server: Server, path: str) -> socket.socket:
    """Send a request on a connection of its own."""
    client = socket.create_connection((server.host, server.port), timeout=DEADLINE_S)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return client


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes, and close."""
    with client:
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


# From start to end.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_startup_comes_before_the_announcement_and_shutdown_at_the_end(
    number: signal.Signals,
) -> None:
    with running(HEAD + LIFE) as server:
        assert server.get() == (200, "hello")
        assert server.stop(number) == 0
        announced = f"Accepting connections on {server.url}\n"
        assert server.output("stdout") == f"enter\nup\n{announced}{TERMINATED}down\nleave\n"
        assert server.output("stderr") == ""


def test_each_worker_has_a_life_of_its_own() -> None:
    source = HEAD + "app.on_startup(lambda: tell(f'up {os.getpid()}'))\n"
    with running(source, "--workers", "3") as server:
        pids = re.findall(r"up (\d+)", server.output())
        assert sorted(map(int, pids)) == sorted(server.children())


def test_a_script_has_a_life_as_well(tmp_path: Path) -> None:
    source = HEAD + LIFE + "app.run('127.0.0.1', 0)\ntell('returned')\n"
    (tmp_path / "app.py").write_text(source)
    with launched([sys.executable, "app.py"], tmp_path) as server:
        server.wait_ready()
        assert server.stop() == 0
        assert server.output("stdout").endswith(f"{TERMINATED}down\nleave\nreturned\n")
        assert server.output("stdout").count("up") == 1


def test_a_reload_ends_one_life_and_begins_another() -> None:
    with running(HEAD + LIFE) as server:
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections", count=2)
        server.wait_for("leave")
        assert server.output("stdout").count("up\n") == 2


def test_shutdown_comes_after_the_last_answer() -> None:
    with running(HEAD + LIFE) as server:
        client = ask(server, "/work")
        server.wait_for("working")
        server.process.send_signal(signal.SIGTERM)
        assert read_all(client).endswith(b"worked")
        assert server.wait() == 0
        assert server.output("stdout").endswith("worked\ndown\nleave\n")


def test_shutdown_comes_also_when_handlers_had_to_be_cancelled() -> None:
    with running(HEAD + LIFE, "--timeout-graceful-shutdown", "0.1") as server:
        client = ask(server, "/wait")
        server.wait_for("waiting")
        assert server.stop() == 0
        assert read_all(client).startswith(b"HTTP/1.1 503 ")
        assert server.output("stdout").endswith("cancelled\ndown\nleave\n")
        assert server.output("stderr") == ""


def test_a_shutdown_hook_that_fails_is_logged() -> None:
    source = HEAD + LIFE + "app.on_shutdown(lambda: 1 / 0)\n"
    with running(source) as server:
        assert server.stop() == 1
        assert server.output("stdout").endswith("down\nleave\n")
        errors = server.output("stderr")
        assert "ERROR shutdown hook <lambda> (" in errors
        assert errors.count("ZeroDivisionError") == 1


def test_shutdown_comes_when_the_master_is_gone() -> None:
    with running(HEAD + LIFE) as server:
        server.process.kill()
        server.wait()  # until nobody holds its output open any more
        assert server.output("stdout").endswith("down\nleave\n")


def test_the_loop_is_the_applications() -> None:
    source = HEAD + "app.loop.run_until_complete(asyncio.sleep(0))\n"
    source += "loop = app.loop\n"
    source += "app.on_startup(lambda: tell(asyncio.get_running_loop() is loop is app.loop))\n"
    with running(source) as server:
        assert server.get() == (200, "hello")
        assert server.output("stdout").startswith("True\n")


# Context variables.


def test_handlers_of_both_kinds_see_what_startup_has_set() -> None:
    source = (
        HEAD
        + """
@app.lifespan
async def life(app):
    name.set("lifespan")
    yield

@app.route("/sync")
def sync(request):
    seen = name.get()
    name.set("leaked")
    return request.Response(text=seen)

@app.route("/async")
async def async_(request):
    seen = name.get()
    name.set("leaked")
    await asyncio.sleep(0)
    return request.Response(text=seen)
"""
    )
    with running(source) as server:
        client = ask(server, "/sync")
        for path in ("/async", "/sync", "/async", "/sync"):
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        answers = read_all(client)
        assert answers.count(b"\r\n\r\nlifespan") == 5
        assert b"leaked" not in answers


# Starts that fail.


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_startup_that_fails_is_explained_once(workers: str, tmp_path: Path) -> None:
    source = HEAD + LIFE + "\n@app.on_startup\nasync def connect(app):\n    open('nowhere')\n"
    with starting(source, tmp_path, "--workers", workers) as server:
        assert server.wait() == 3
        errors = server.output("stderr")
        assert errors.startswith("Traceback (most recent call last):\n")
        assert errors.count("FileNotFoundError: [Errno 2]") == 1
        assert re.search(
            r"\nThe startup hook connect \(.*app\.py:\d+\) raised FileNotFoundError before the "
            r"application served: see above\.\n$",
            errors,
        )
        assert "japy/application/life.py" not in errors
        assert "leave" not in server.output("stdout")
        assert "Accepting" not in server.output("stdout")


def test_a_startup_that_fails_leaves_what_it_has_entered(tmp_path: Path) -> None:
    source = HEAD + CAREFUL + "app.on_startup(lambda: 1 / 0)\n"
    with starting(source, tmp_path) as server:
        assert server.wait() == 3
        assert server.output("stdout") == "enter\nup\nleft\n"


def test_a_startup_that_exits_is_named(tmp_path: Path) -> None:
    with starting(HEAD + "app.on_startup(sys.exit)\n", tmp_path) as server:
        assert server.wait() == 3
        expected = "The startup hook exit ended the process: remove the call, or guard it.\n"
        assert server.output("stderr").endswith(expected)


def test_a_lifespan_that_is_none_is_explained(tmp_path: Path) -> None:
    with starting(HEAD + "app.lifespan(lambda app: None)\n", tmp_path) as server:
        assert server.wait() == 3
        assert "write `async def`, and `yield` where the application serves" in server.output()


def test_a_script_whose_startup_fails(tmp_path: Path) -> None:
    source = HEAD + "app.on_startup(lambda: 1 / 0)\napp.run('127.0.0.1', 0)\n"
    (tmp_path / "app.py").write_text(source)
    with launched([sys.executable, "app.py"], tmp_path) as server:
        assert server.wait() == 3
        assert server.output("stderr").count("ZeroDivisionError: division by zero") == 1


def test_a_script_that_catches_everything_is_still_understood(tmp_path: Path) -> None:
    source = HEAD + "app.on_startup(lambda: 1 / 0)\n"
    source += "try:\n    app.run('127.0.0.1', 0)\nexcept Exception:\n    pass\n"
    (tmp_path / "app.py").write_text(source)
    command = [sys.executable, "-m", "japy", "script", "--host", "127.0.0.1", "--port", "0"]
    with launched([*command, "app.py"], tmp_path) as server:
        assert server.wait() == 3
        assert "raised ZeroDivisionError before the application served" in server.output("stderr")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_startup_that_hangs(number: signal.Signals, tmp_path: Path) -> None:
    source = HEAD + CAREFUL
    source += "\n@app.on_startup\nasync def hang():\n    tell('hanging')\n"
    source += "    await asyncio.Event().wait()\n"
    with starting(source, tmp_path, "--workers", "2") as server:
        server.wait_for("hanging", count=2)
        began = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - began < 4
        assert server.output("stderr") == ""
        assert server.output("stdout").count("left\n") == 2
        assert "down" not in server.output("stdout")


def test_a_signal_at_the_last_moment_of_the_startup_skips_no_shutdown(tmp_path: Path) -> None:
    source = HEAD + (
        "\n@app.on_startup\nasync def end():\n    os.kill(os.getpid(), 15)\n"
        "    await asyncio.sleep(0)\n"
        "\n@app.on_shutdown\ndef down():\n    tell('down')\n"
    )
    with starting(source, tmp_path) as server:
        assert server.wait() == 3  # nobody has told the master
        assert server.output("stdout") == "down\n"
        assert "Traceback" not in server.output("stderr")


def test_a_startup_that_hangs_does_not_outlive_its_master(tmp_path: Path) -> None:
    source = HEAD + "\n@app.on_startup\nasync def hang():\n    tell('hanging')\n"
    source += "    await asyncio.Event().wait()\n"
    with starting(source, tmp_path) as server:
        server.wait_for("hanging")
        server.process.kill()
        server.wait()


# A life that ends by itself.


def test_a_lifespan_that_fails_while_serving_ends_its_worker_and_another_one_starts(
    tmp_path: Path,
) -> None:
    source = (
        HEAD
        + """
async def fail():
    while not os.path.exists("fail"):
        await asyncio.sleep(0.01)
    os.unlink("fail")
    raise LookupError("on purpose")

@app.lifespan
async def life(app):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())
        tell("up")
        yield
"""
    )
    with running(source, "--timeout-graceful-shutdown", "0", cwd=tmp_path) as server:
        assert server.get() == (200, "hello")
        (tmp_path / "fail").touch()
        server.wait_for(r"Worker exited with code 1 .*; another one starts")
        server.wait_for("up", count=2)
        assert server.get() == (200, "hello")
        errors = server.output("stderr")
        assert "ERROR lifespan life (" in errors
        assert errors.count("LookupError: on purpose") == 1


# Background tasks.

SPAWN = """
async def mail(seconds):
    tell("mailing")
    try:
        await asyncio.sleep(seconds)
        tell("mailed")
    except asyncio.CancelledError:
        tell("not mailed")
        raise

@app.route("/spawn/{seconds}")
def spawn(request):
    app.spawn(mail(float(request.match_dict["seconds"])), name="mail")
    return request.Response(text="spawned")

@app.route("/fail")
def fail(request):
    async def fail():
        raise LookupError("on purpose")
    app.spawn(fail(), name="failing")
    return request.Response(text="spawned")
"""


def test_background_tasks_are_awaited_at_the_end() -> None:
    with running(HEAD + LIFE + SPAWN) as server:
        assert server.get("/spawn/0.5") == (200, "spawned")
        server.wait_for("mailing")
        assert server.stop() == 0
        end = "Waiting for 1 background tasks: mail\nmailed\ndown\nleave\n"
        assert server.output("stdout").endswith(end)


def test_background_tasks_that_take_too_long_are_cancelled() -> None:
    with running(HEAD + LIFE + SPAWN, "--timeout-graceful-shutdown", "0.2") as server:
        assert server.get("/spawn/60") == (200, "spawned")
        server.wait_for("mailing")
        assert server.stop() == 0
        assert server.output("stdout").endswith("mail\nnot mailed\ndown\nleave\n")
        assert server.output("stderr") == ""


def test_a_background_task_that_fails_is_logged_and_ends_nothing() -> None:
    with running(HEAD + SPAWN) as server:
        assert server.get("/fail") == (200, "spawned")
        server.wait_for("LookupError: on purpose")
        assert server.get() == (200, "hello")
        assert server.stop() == 0
        assert server.output("stderr").count("ERROR background task failing failed\n") == 1
        assert server.output("stderr").count("LookupError: on purpose") == 1


# Other settings of the application.


def test_a_protocol_of_the_applications_own() -> None:
    source = """
import asyncio
from japy import Application

class Echo(asyncio.Protocol):
    def __init__(self, app):
        self.app = app

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(self.app.state.name + data)

app = Application(protocol_factory=Echo)

@app.on_startup
def up():
    app.state.name = b"echo "
"""
    with running(source) as server:
        with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"echo hello"
            server.process.send_signal(signal.SIGTERM)
            server.wait_for("1 connections busy, read-end closed")
            client.sendall(b"again")
            assert client.recv(100) == b"echo again"
        assert server.wait() == 0


def test_the_reaper_closes_what_is_idle_and_nothing_else() -> None:
    settings = "reaper_settings={'check_interval': 0.05, 'idle_timeout': 0.1}"
    source = HEAD.replace("Application()", f"Application({settings})")
    with running(source) as server:
        began = time.monotonic()
        silent = socket.create_connection((server.host, server.port), timeout=DEADLINE_S)
        answered = ask(server, "/")
        busy = ask(server, "/work")
        assert read_all(silent) == b""
        assert time.monotonic() - began >= 0.1
        assert read_all(answered).endswith(b"hello")
        assert read_all(busy).endswith(b"worked")
        assert time.monotonic() - began >= 0.4
        assert server.stop() == 0
        assert server.output("stderr") == ""
