"""The pytest plugin: servers on real ports that a test can look into, and that end with it."""

import asyncio
import http.client
import logging
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from japy import Application, Request, Response, pytest_plugin
from japy.pytest_plugin import LiveServer, ServerFactory
from tests.support.server import eventually


@pytest.fixture
def app() -> Application:
    """Return an application that keeps what it is asked for."""
    app = Application()
    app.state.asked = []

    @app.get("/{name}")
    def hello(request: Request) -> Response:
        app.state.asked.append(request.match_dict["name"])
        return request.Response("hello")

    return app


def get(server: LiveServer, target: str) -> bytes:
    """Return the body of an answer."""
    with urllib.request.urlopen(server.url + target, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def is_refused(server: LiveServer) -> bool:
    """Tell whether no connection is accepted any more."""
    with socket.socket() as client:
        return client.connect_ex((server.host, server.port)) != 0


def threads() -> int:
    """Return how many servers there are."""
    return sum(thread.name == "japy-server" for thread in threading.enumerate())


def test_an_application_is_served(app: Application, japy_server: ServerFactory) -> None:
    server = japy_server(app)
    assert get(server, "/x") == b"hello"
    assert app.state.asked == ["x"]
    assert server.app is app
    assert server.url == f"http://{server.host}:{server.port}"
    assert repr(server) == f"<LiveServer {server.url}>"


def test_several_applications_are_served(app: Application, japy_server: ServerFactory) -> None:
    other = Application()
    other.add_error_handler(None, lambda request, error: request.Response("other"))
    servers = [japy_server(app), japy_server(other)]
    assert [get(server, "/x") for server in servers] == [b"hello", b"other"]
    assert threads() == 2


def test_a_server_ends_with_its_test() -> None:
    assert threads() == 0


def test_its_life_is_that_of_a_worker(app: Application) -> None:
    notes: list[object] = []
    app.on_startup(lambda: notes.append(app.loop.is_running()))
    app.on_shutdown(lambda: notes.append("shutdown"))
    server = LiveServer(app, {})
    assert get(server, "/x") == b"hello"
    assert notes == [True]
    server.stop()
    assert notes == [True, "shutdown"]
    assert is_refused(server)
    server.stop()
    assert notes == [True, "shutdown"]


def test_an_application_can_be_served_again(app: Application, japy_server: ServerFactory) -> None:
    for _ in range(2):
        server = japy_server(app)
        assert get(server, "/x") == b"hello"
        server.stop()
    with app.test_client() as client:
        assert client.get("/x").text == "hello"


def test_settings_are_those_of_the_command_and_last_as_long(
    app: Application, japy_server: ServerFactory
) -> None:
    before = app.limits
    server = japy_server(app, debug=True, limit_request_body=1)
    assert app.debug
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    client.request("POST", "/x", b"12")
    assert client.getresponse().status == 413
    client.close()
    server.stop()
    assert (app.debug, app.limits) == (False, before)


def test_no_handlers_for_logs_are_left_behind(
    app: Application, japy_server: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    before = logging.getLogger("japy.error").handlers.copy()
    japy_server(app)
    assert logging.getLogger("japy.error").handlers == before


def test_what_is_under_way_is_answered(app: Application) -> None:
    begun, may_end = threading.Event(), asyncio.Event()

    @app.get("/slow/answer")
    async def slow(request: Request) -> Response:
        begun.set()
        await may_end.wait()
        return request.Response("at last")

    server = LiveServer(app, {})
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(b"GET /slow/answer HTTP/1.1\r\nHost: x\r\n\r\n")
        begun.wait(10)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        eventually(lambda: is_refused(server))
        app.loop.call_soon_threadsafe(may_end.set)
        data = bytearray()
        while chunk := client.recv(1000):
            data += chunk
        stopping.join(10)
    assert data.endswith(b"at last")


def test_what_does_not_end_is_cancelled(app: Application) -> None:
    begun = threading.Event()

    @app.get("/slow/answer")
    async def slow(request: Request) -> Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("not reached")

    server = LiveServer(app, {"timeout_graceful_shutdown": 0})
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    client.request("GET", "/slow/answer")
    begun.wait(10)
    server.stop()
    assert client.getresponse().status == 503
    client.close()


def test_what_cannot_be_served_fails_the_test(app: Application, japy_server: ServerFactory) -> None:
    app.router.add_route("/{name}", lambda request: request.Response(), method="GET")
    limits = app.limits
    with pytest.raises(ValueError, match="name"):
        japy_server(app, limit_request_body=1)
    assert app.limits is limits
    assert threads() == 0


def test_a_startup_that_fails_fails_the_test(app: Application, japy_server: ServerFactory) -> None:
    app.on_startup(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        japy_server(app)
    assert threads() == 0


def test_a_startup_that_takes_too_long_fails_the_test(
    app: Application, japy_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_plugin, "START_S", 0.01)

    @app.on_startup
    async def start() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match=r"the startup hooks took more than 0\.01 s"):
        japy_server(app)
    assert threads() == 0


def test_a_shutdown_that_fails_fails_the_test(app: Application) -> None:
    app.on_shutdown(lambda: 1 / 0)
    server = LiveServer(app, {})
    with pytest.raises(ExceptionGroup) as caught:
        server.stop()
    assert caught.group_contains(ZeroDivisionError)
    server.stop()


def test_a_server_that_is_blocked_is_left_behind(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_plugin, "STOP_S", 0.0)
    begun, may_end = threading.Event(), threading.Event()

    @app.get("/slow/answer")
    def block(request: Request) -> Response:
        begun.set()
        may_end.wait(10)
        return request.Response()

    server = LiveServer(app, {"timeout_graceful_shutdown": 0.01})
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(b"GET /slow/answer HTTP/1.1\r\nHost: x\r\n\r\n")
        begun.wait(10)
        with pytest.raises(TimeoutError, match="something in it blocks the event loop"):
            server.stop()
        may_end.set()
        client.recv(1000)
    server._thread.join(10)
    assert threads() == 0


# In a pytest of its own, as its user sees it.

SOURCE = """
import sys, urllib.request

def test_nothing_was_imported(pytestconfig):
    assert "japy.serving.worker" not in sys.modules
    assert "uvloop" not in sys.modules

def test_hello(japy_server):
    from japy import Application
    app = Application()
    app.router.add_route("/", lambda request: request.Response("hello"))
    app.on_shutdown(lambda: 1 / 0)
    assert urllib.request.urlopen(japy_server(app).url, timeout=10).read() == b"hello"
"""


def test_pytest_finds_the_plugin_and_needs_no_other(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SOURCE)
    command = [sys.executable, "-m", "pytest", "-p", "no:anyio", "-p", "no:cacheprovider"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "ERROR at teardown of test_hello" in done.stdout
    assert "ZeroDivisionError" in done.stdout


def test_a_served_application_is_left_alone(app: Application, japy_server: ServerFactory) -> None:
    server = japy_server(app)
    with pytest.raises(RuntimeError, match="has started already"), app.test_client():
        pass
    with pytest.raises(RuntimeError, match="has started already"):
        japy_server(app)
    assert get(server, "/x") == b"hello"
