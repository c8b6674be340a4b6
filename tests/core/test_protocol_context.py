"""Each request sees its own context variables, however requests share reads and connections."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar, copy_context

import pytest

from japy import Application, Request, Response
from tests.support.handlers import get
from tests.support.wire import Server

Serve = Callable[[Application], Server]

var: ContextVar[str] = ContextVar("var", default="-")
other: ContextVar[object] = ContextVar("other")


def seen(request: Request) -> Response:
    """Answer with what is seen, and leave something behind."""
    before = var.get()
    var.set(request.match_dict["x"])
    return request.Response(f"{before}>{var.get()}")


async def seen_async(request: Request) -> Response:
    return seen(request)


async def seen_waiting(request: Request) -> Response:
    before = var.get()
    var.set(request.match_dict["x"])
    await asyncio.sleep(0)
    return request.Response(f"{before}>{var.get()}")


def look(request: Request) -> Response:
    return request.Response(var.get())


def fail(request: Request) -> Response:
    var.set("failed")
    raise LookupError


def new_app() -> Application:
    app = Application()
    app.router.add_route("/sync/{x}", seen)
    app.router.add_route("/async/{x}", seen_async)
    app.router.add_route("/wait/{x}", seen_waiting)
    app.router.add_route("/look", look)
    app.router.add_route("/fail", fail)
    return app


def bodies(server: Server, data: bytes) -> list[str]:
    """Return the bodies of the answers to one read."""
    wire = server.connect()
    wire.send(data)
    return [answer.body.decode() for answer in wire.answers()]


@pytest.mark.parametrize("kind", ["sync", "async", "wait"])
def test_pipelined_requests_do_not_see_each_other(serve: Serve, kind: str) -> None:
    data = b"".join(get(f"/{kind}/{i}") for i in range(30))
    assert bodies(serve(new_app()), data) == [f"->{i}" for i in range(30)]


def test_mixed_requests_do_not_see_each_other(serve: Serve) -> None:
    paths = ["/sync/1", "/look", "/wait/2", "/async/3", "/look", "/sync/4", "/wait/5", "/look"]
    data = b"".join(map(get, paths))
    expected = ["->1", "-", "->2", "->3", "-", "->4", "->5", "-"]
    server = serve(new_app())
    assert bodies(server, data) == expected
    assert server.exchange_every_way(data).received.count(b"HTTP/1.1 200") == len(paths)


def test_later_reads_and_other_connections_do_not_see_it(serve: Serve) -> None:
    server = serve(new_app())
    wire = server.connect()
    for _ in range(3):
        wire.send(get("/sync/1"))
        wire.send(get("/look"))
    assert [answer.body for answer in wire.answers()] == [b"->1", b"-"] * 3
    assert bodies(server, get("/look")) == ["-"]


def test_a_request_behind_a_body_or_an_error_does_not_see_it(serve: Serve) -> None:
    post = b"POST /sync/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    paths = post + get("/look") + get("/fail") + get("/look") + get("/none") + get("/look")
    assert bodies(serve(new_app()), paths) == [
        "->1",
        "-",
        "Internal Server Error",
        "-",
        "Not Found",
        "-",
    ]


def test_error_handlers_and_done_callbacks_see_what_the_handler_has_set(serve: Serve) -> None:
    ended: list[str] = []

    def note(request: Request) -> None:
        ended.append(var.get())

    def answer(request: Request, error: LookupError) -> Response:
        request.add_done_callback(note)
        return request.Response(var.get())

    app = new_app()
    app.add_error_handler(LookupError, answer)
    assert bodies(serve(app), get("/fail") + get("/look")) == ["failed", "-"]
    assert ended == ["failed"]


def test_a_coroutine_sees_what_was_set_while_it_was_made(serve: Serve) -> None:
    def wrap(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], object]:
        def wrapped(request: Request) -> object:
            var.set("wrapped")
            return handler(request)

        return wrapped

    app = new_app()
    app.router.add_route("/one/{x}", wrap(seen_async))
    app.router.add_route("/two/{x}", wrap(seen_waiting))
    paths = ["/one/1", "/async/2", "/two/3", "/wait/4", "/look"]
    data = b"".join(map(get, paths))
    assert bodies(serve(app), data) == ["wrapped>1", "->2", "wrapped>3", "->4", "-"]


def test_requests_begin_with_the_context_that_the_service_is_given(serve: Serve) -> None:
    server = serve(new_app())
    assert bodies(server, get("/look")) == ["-"]
    context = copy_context()
    context.run(var.set, "started")
    server.service.rebase(context)
    paths = ["/sync/1", "/look", "/async/2", "/wait/3", "/look"]
    data = b"".join(map(get, paths))
    expected = ["started>1", "started", "started>2", "started>3", "started"]
    assert bodies(server, data) == expected


def test_a_handler_that_undoes_what_it_set_leaves_nothing(serve: Serve) -> None:
    def undo(request: Request) -> Response:
        token = var.set("for a moment")
        var.reset(token)
        return request.Response("undone")

    app = new_app()
    app.router.add_route("/undo", undo)
    data = get("/undo") + get("/look") + get("/undo")
    assert bodies(serve(app), data) == ["undone", "-", "undone"]


def test_values_that_cannot_be_compared_do_not_matter(serve: Serve) -> None:
    class Odd:
        def __eq__(self, value: object) -> bool:
            raise ValueError("no such question")

        __hash__ = None  # type: ignore[assignment]  # as types with an __eq__ of their own

    def odd(request: Request) -> Response:
        other.set(Odd())
        return request.Response("odd")

    app = new_app()
    app.router.add_route("/odd", odd)
    server = serve(app)
    context = Context()
    context.run(other.set, Odd())
    server.service.rebase(context)
    assert bodies(server, get("/odd") + get("/look") + get("/odd")) == ["odd", "-", "odd"]


def test_requests_that_waited_for_room_begin_afresh(serve: Serve) -> None:
    server = serve(new_app())
    wire = server.connect()
    wire.congest()
    wire.send(b"".join(get(f"/sync/{i}") for i in range(5)))
    assert wire.received == b""
    wire.relieve()
    assert [answer.body.decode() for answer in wire.answers()] == [f"->{i}" for i in range(5)]


def test_callbacks_and_the_log_of_answers_that_waited_see_no_other_request(serve: Serve) -> None:
    ended: list[tuple[str, str]] = []
    logged: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        ended.append((request.match_dict["x"], var.get()))

    def noted(handler: Callable[[Request], object]) -> Callable[[Request], object]:
        def wrapped(request: Request) -> object:
            var.set(request.match_dict["x"])
            request.add_done_callback(note)
            return handler(request)

        return wrapped

    app = Application(
        log_request=lambda request: logged.append((request.match_dict["x"], var.get()))
    )
    for kind, handler in {"sync": seen, "async": seen_async, "wait": seen_waiting}.items():
        app.router.add_route(f"/{kind}/{{x}}", noted(handler))
    paths = ["/wait/1", "/sync/2", "/async/3", "/wait/4", "/sync/5"]
    bodies(serve(app), b"".join(map(get, paths)))
    assert ended == [(x, x) for x in "12345"]
    assert all(value in (x, "-") for x, value in logged)
    assert len(logged) == 5
