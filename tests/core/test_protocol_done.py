"""Done callbacks run exactly once, whatever becomes of the request."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from japy import Application, Limits, Request, Response
from tests.support.handlers import Held, get
from tests.support.wire import Server

Serve = Callable[[Application], Server]


class Watched:
    """An application whose every handler asks to be told of the end of its request."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.app = Application(limits=limits)
        self.ended: list[str] = []  # paths, in order
        self.app.router.add_route("/sync", self._sync)
        self.app.router.add_route("/fail", self._fail)
        self.app.router.add_route("/wait/{name}", self._wait)
        self.ends: dict[str, asyncio.Future[str]] = {}

    def _note(self, request: Request) -> None:
        self.ended.append(request.path)

    def _sync(self, request: Request) -> Response:
        request.add_done_callback(self._note)
        assert self.ended == []
        return request.Response("sync")

    def _fail(self, request: Request) -> Response:
        request.add_done_callback(self._note)
        raise LookupError("on purpose")

    async def _wait(self, request: Request) -> Response:
        request.add_done_callback(self._note)
        end = asyncio.get_running_loop().create_future()
        self.ends[request.match_dict["name"]] = end
        return request.Response(await end)


def test_after_an_answer_and_before_it_is_written(serve: Serve) -> None:
    watched = Watched()
    wire = serve(watched.app).connect()
    written: list[bytes] = []

    def look(request: Request) -> None:
        written.append(wire.received)

    def handler(request: Request) -> Response:
        request.add_done_callback(look)
        return request.Response("ok")

    watched.app.router.routes[0].endpoint = handler
    wire.send(get("/sync"))
    assert written == [b""]
    assert len(wire.answers()) == 1


def test_after_an_error(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()
    wire = serve(watched.app).connect()
    wire.send(get("/fail"))
    assert watched.ended == ["/fail"]
    assert [answer.status for answer in wire.answers()] == [500]


def test_several_run_in_order_and_one_that_fails_stops_no_other(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[int] = []

    def handler(request: Request) -> Response:
        def fail(request: Request) -> None:
            raise LookupError("in a callback")

        request.add_done_callback(lambda request: ended.append(1))
        request.add_done_callback(fail)
        request.add_done_callback(lambda request: ended.append(2))
        return request.Response("ok")

    app = Application()
    app.router.add_route("/", handler)
    wire = serve(app).connect()
    wire.send(get("/") * 2)
    assert [answer.status for answer in wire.answers()] == [200, 200]
    assert ended == [1, 2, 1, 2]
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [str(error) for error in errors] == ["in a callback"] * 2


def test_a_coroutine_callback_is_run(serve: Serve) -> None:
    ended: list[str] = []

    async def note(request: Request) -> None:
        await asyncio.sleep(0)
        ended.append(request.path)

    def handler(request: Request) -> Response:
        request.add_done_callback(note)
        return request.Response("ok")

    app = Application()
    app.router.add_route("/", handler)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/"))
    assert len(wire.answers()) == 1
    server.until(lambda: ended == ["/"])


def test_when_the_client_has_gone(serve: Serve) -> None:
    watched = Watched()
    wire = serve(watched.app).connect()
    wire.send(get("/wait/a") + get("/sync"))
    assert watched.ended == []  # the answer to /sync waits behind the other
    wire.disconnect()
    assert sorted(watched.ended) == ["/sync", "/wait/a"]


def test_when_an_earlier_answer_ends_the_connection(serve: Serve) -> None:
    watched = Watched()

    async def last(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response("bye", headers={"Connection": "close"})

    watched.app.router.add_route("/last", last)
    wire = serve(watched.app).connect()
    wire.send(get("/last") + get("/wait/a") + get("/sync"))
    assert [answer.body for answer in wire.answers()] == [b"bye"]
    assert sorted(watched.ended) == ["/sync", "/wait/a"]


def test_when_a_handler_is_cancelled(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()
    server = serve(watched.app)
    wire = server.connect()
    wire.send(get("/wait/a"))
    server.call(wire.connection.abandon)
    assert [answer.status for answer in wire.answers()] == [503]
    assert watched.ended == ["/wait/a"]


def test_when_a_handler_goes_on_without_its_client(serve: Serve) -> None:
    ended: list[str] = []
    proceed: list[asyncio.Event] = []

    async def stubborn(request: Request) -> Response:
        request.add_done_callback(lambda request: ended.append("done"))
        proceed.append(asyncio.Event())
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await proceed[0].wait()
            ended.append("handler")
        return request.Response("too late")

    app = Application()
    app.router.add_route("/", stubborn)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/"))
    wire.disconnect()
    assert ended == []
    server.call(proceed[0].set)
    assert ended == ["handler", "done"]


def test_half_close_and_pipelines_run_each_once(serve: Serve) -> None:
    watched = Watched()
    server = serve(watched.app)
    wire = server.connect()
    wire.send(get("/wait/a") + get("/wait/b") + get("/fail"), eof=True)
    server.call(watched.ends["b"].set_result, "b")
    server.call(watched.ends["a"].set_result, "a")
    assert [answer.status for answer in wire.answers()] == [200, 200, 500]
    assert watched.ended == ["/wait/a", "/wait/b", "/fail"]


def test_a_callback_that_is_added_by_a_callback_runs_too(serve: Serve) -> None:
    ended: list[str] = []

    def handler(request: Request) -> Response:
        def first(request: Request) -> None:
            request.add_done_callback(lambda request: ended.append("second"))

        request.add_done_callback(first)
        return request.Response("ok")

    app = Application()
    app.router.add_route("/", handler)
    wire = serve(app).connect()
    wire.send(get("/"))
    assert ended == ["second"]


def test_held_handlers_have_none(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app = Application()
    Held(app)
    wire = serve(app).connect()
    wire.send(get("/sync") + get("/wait/x"))
    wire.disconnect()
    assert caplog.messages == []


@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("wait", [False, True])
def test_one_that_raises_what_ends_things_ends_nothing(
    serve: Serve, kind: type[BaseException], wait: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []

    def fail(request: Request) -> None:
        raise kind

    async def handler(request: Request) -> Response:
        request.add_done_callback(fail)
        request.add_done_callback(lambda request: ended.append(request.path))
        if wait:
            await asyncio.sleep(0)
        return request.Response("ok")

    app = Application()
    app.router.add_route("/", handler)
    wire = serve(app).connect()
    wire.send(get("/") * 3)
    assert [answer.body for answer in wire.answers()] == [b"ok"] * 3
    assert ended == ["/"] * 3
    assert len(caplog.records) == 3


def test_one_that_adds_itself_comes_to_an_end(serve: Serve) -> None:
    ended: list[str] = []

    def again(request: Request) -> None:
        ended.append(request.path)
        request.add_done_callback(again)

    def handler(request: Request) -> Response:
        request.add_done_callback(again)
        return request.Response("ok")

    app = Application()
    app.router.add_route("/", handler)
    wire = serve(app).connect()
    wire.send(get("/"))
    assert wire.has_answers(1)
    assert 1 < len(ended) < 1000
