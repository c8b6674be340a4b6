"""A worker in this process: what it takes over from the settings, how it starts, ticks and ends."""

import asyncio
import socket
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import uvloop

from japy import Application, Limits, Request, Response
from japy.serving import worker
from japy.serving.ensemble import alone
from japy.serving.importer import LoadError
from japy.serving.worker import Seat, Worker, configure_logging, ignore, make_worker
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import listen
from japy.supervisor.place import Listener
from japy.supervisor.process import READY


@pytest.fixture
def app() -> Application:
    """Return an application with one route."""
    app = Application()

    @app.route("/")
    def hello(request: Request) -> Response:
        return request.Response(text="hello")

    return app


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a listening socket."""
    with listen("127.0.0.1", 0, 8) as listener:
        yield listener


def seat(listener: socket.socket) -> Seat:
    """Return the seat of a worker that nobody watches."""
    return Seat(number=1, listeners=[Listener(Bind("tcp", "127.0.0.1"), listener)])


def test_settings_reach_the_application(app: Application, listener: socket.socket) -> None:
    config = Config(debug=True, limit_request_line=100)
    made = make_worker(app, config, seat(listener))
    assert app.debug
    assert app.limits.line == made.house.sites[0].service.limits.line == 100
    assert made.house.sites[0].service.answered is not None


def test_an_application_that_wants_to_debug_does(listener: socket.socket) -> None:
    app = Application(debug=True)
    assert make_worker(app, Config(), seat(listener)).house.sites[0].service.answered is not None


def test_what_cannot_be_served_is_a_load_error(
    app: Application, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ValueError("routes clash")

    monkeypatch.setattr(app, "service", fail)
    with pytest.raises(LoadError, match="ValueError: routes clash"):
        make_worker(app, Config(), seat(listener))


def test_limits_that_do_not_go_together_are_a_load_error(listener: socket.socket) -> None:
    app = Application(limits=Limits(line=100, head=1000))
    with pytest.raises(LoadError, match="limits do not go with limit_request_line"):
        make_worker(app, Config(limit_request_line=2000), seat(listener))


def test_a_logging_file_that_is_gone_is_a_load_error() -> None:
    with pytest.raises(LoadError, match=r"gone\.toml cannot be read \(.*No such file"):
        configure_logging(Config(log_config=Path("gone.toml")))


def test_it_serves_until_its_master_is_gone(app: Application, listener: socket.socket) -> None:
    ours, theirs = socket.socketpair()
    made = Worker(alone(app), Config(), seat(listener))

    async def use() -> bytes:
        serving = asyncio.create_task(made.serve(theirs))
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        assert await loop.sock_recv(ours, 10) == READY
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(5) == b"hello"
        ours.close()
        assert await reader.read() == b""
        writer.close()
        await serving
        return head

    with theirs, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        head = runner.run(use())
    date = next(line for line in head.decode().split("\r\n") if line.startswith("Date: "))
    assert parsedate_to_datetime(date.removeprefix("Date: ")).tzinfo is not None


def test_run_does_nothing_while_a_worker_imports(app: Application) -> None:
    ignore(app)
    assert worker.on_run is None
