"""Clients that go: their handlers are cancelled or finish as they may, and nothing is left over."""

import logging
from collections.abc import Callable

import pytest

from japy import Application, Request, Response
from tests.support.handlers import Held, get
from tests.support.wire import Server

Serve = Callable[[Application], Server]


class Guest:
    """An application with one handler that waits, and what became of it."""

    def __init__(self, app: Application, choice: bool | None) -> None:
        self.held = Held(app)
        self.events: list[str] = []

        async def wait(request: Request) -> Response:
            request.add_done_callback(lambda _: self.events.append("done"))
            try:
                answer = await self.held.wait(request)
                self.events.append("finished")
                return answer
            finally:
                self.events.append("clean")

        app.get("/stay/{name}", handler_cancellation=choice)(wait)


CHOICES = [
    *[(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
    *[(True, True, True), (False, False, False)],
]


@pytest.mark.parametrize(("default", "choice", "cancels"), CHOICES)
@pytest.mark.parametrize("error", [None, ConnectionResetError()])
def test_a_handler_is_cancelled_or_finishes_as_it_was_told(
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    default: bool,
    choice: bool | None,
    cancels: bool,
    error: Exception | None,
) -> None:
    guest = Guest(Application(handler_cancellation=default), choice)
    server = serve(guest.held.app)
    wire = server.connect()
    with caplog.at_level(logging.INFO):
        wire.send(get("/stay/a"))
        wire.disconnect(error)
        if not cancels:
            assert guest.events == []
            (connection,) = server.service.connections
            assert not connection.is_idle(), "a drain has to wait for it"
            server.call(guest.held.release("a"))
    assert guest.events == (["clean", "done"] if cancels else ["finished", "clean", "done"])
    assert not server.service.connections
    assert caplog.records == []


def test_all_handlers_of_a_pipeline_end_once(serve: Serve) -> None:
    guest = Guest(Application(), None)
    server = serve(guest.held.app)
    wire = server.connect()
    wire.send(b"".join(get(f"/stay/{n}") for n in range(5)) + get("/sync") + get("/quick"))
    wire.disconnect()
    assert sorted(guest.held.cancelled) == list("01234")
    assert guest.events.count("clean") == guest.events.count("done") == 5
    assert not server.service.connections


def test_a_worker_that_stops_cancels_those_that_stayed(serve: Serve) -> None:
    guest = Guest(Application(handler_cancellation=False), None)
    server = serve(guest.held.app)
    wire = server.connect()
    wire.send(get("/stay/a"))
    wire.disconnect()
    server.call(wire.connection.abandon)
    assert guest.events == ["clean", "done"]
    assert not server.service.connections


def test_what_a_cancelled_handler_raises_is_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    held = Held(app)

    @app.get("/careless/{name}")
    async def careless(request: Request) -> Response:
        try:
            return await held.wait(request)
        finally:
            raise LookupError("in the clean-up")

    server = serve(app)
    wire = server.connect()
    wire.send(get("/careless/a"))
    wire.disconnect()
    assert [record.getMessage() for record in caplog.records] == ["GET /careless/a failed"]
    assert not server.service.connections


def test_a_handler_that_goes_on_although_cancelled_is_waited_for(serve: Serve) -> None:
    app = Application()
    held = Held(app)
    ended: list[str] = []

    @app.get("/stubborn/{name}")
    async def stubborn(request: Request) -> Response:
        try:
            return await held.wait(request)
        except BaseException:
            request.match_dict["name"] = "again"
            answer = await held.wait(request)
            ended.append("again")
            return answer

    server = serve(app)
    wire = server.connect()
    wire.send(get("/stubborn/a"))
    wire.disconnect()
    assert len(server.service.connections) == 1
    server.call(held.release("again"))
    assert ended == ["again"]
    assert not server.service.connections
