"""A connection that pipelines much lets the others have their turn, and loses nothing by that."""

import math
from collections.abc import Callable
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Limits, Request, Response
from tests.support.handlers import Held, get
from tests.support.wire import Server, Wire, cut

Serve = Callable[[Application], Server]
POST = b"POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"


def hurried(server: Server) -> Server:
    """Have every turn end after two requests."""
    server.service.turn_s, server.service.stride = 0.0, 1
    return server


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]


def noting(serve: Serve) -> tuple[list[str], Server]:
    """Return who has asked for /note/NAME, as far as they were answered, and the server."""
    app, order = Application(), list[str]()

    def note(request: Request) -> Response:
        order.append(request.match_dict["name"])
        return Response(request.match_dict["name"])

    app.router.add_route("/note/{name}", note)
    return order, hurried(serve(app))


@pytest.mark.parametrize("stride", [1, 16])
def test_others_are_answered_between_the_requests_of_one(serve: Serve, stride: int) -> None:
    order, server = noting(serve)
    server.service.turn_s, server.service.stride = 0.0, stride
    much, little = server.connect(), server.connect()
    server.loop.call_soon(much.connection.data_received, get("/note/much") * 200)
    server.loop.call_soon(little.connection.data_received, get("/note/little"))
    server.run()
    assert order.index("little") == 2 * stride
    assert order.count("much") == 200
    assert len(bodies(much)) == 200
    assert not much.is_paused()


def test_others_are_answered_between_the_chunks_of_one(serve: Serve) -> None:
    order, server = noting(serve)
    much, little = server.connect(), server.connect()
    head = b"POST /note/much HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n" + get("/note/more")
    server.loop.call_soon(much.connection.data_received, data)
    server.loop.call_soon(little.connection.data_received, get("/note/little"))
    server.run()
    assert order == ["little", "much", "more"]
    assert bodies(much) == ["much", "more"]
    assert not much.is_paused()


def test_a_slow_handler_makes_for_shorter_turns(serve: Serve) -> None:
    server = serve(Application())
    server.service.turn_s = 1e-9
    wire = server.connect()
    wire.send(get("/") * 40)
    assert wire.connection._stride == 1
    assert server.connect().connection._stride == 16


def test_in_time_all_is_answered_in_one_turn(serve: Serve) -> None:
    handlers = Held(Application())
    server = serve(handlers.app)
    server.service.turn_s = math.inf
    wire = server.connect()
    wire.send(get("/sync") * 200)
    assert len(wire.writes) == 1


def test_who_waits_for_its_turn_is_not_idle(serve: Serve) -> None:
    server = hurried(serve(Held(Application()).app))
    wire = server.connect()
    states: list[tuple[bool, bool]] = []

    def receive() -> None:
        wire.connection.data_received(get("/sync") * 9)
        states.append((wire.connection.is_idle(), wire.is_paused()))
        wire.connection.drain()

    server.call(receive)
    assert states == [(False, True)]
    assert bodies(wire) == ["sync"] * 9
    closing = [answer.fields.get("Connection") for answer in wire.answers()]
    assert closing == [None] * 8 + ["close"]
    assert wire.is_closed()


def test_an_end_of_file_waits_for_what_was_read(serve: Serve) -> None:
    server = hurried(serve(Held(Application()).app))
    wire = server.connect()
    server.loop.call_soon(wire.connection.data_received, get("/sync") * 9)
    server.loop.call_soon(wire.connection.eof_received)
    server.run()
    assert bodies(wire) == ["sync"] * 9
    assert wire.is_closed()


def test_as_many_handlers_wait_as_without_turns(serve: Serve) -> None:
    handlers = Held(Application())
    server = hurried(serve(handlers.app))
    wire = server.connect()
    wire.send(b"".join(get(f"/wait/{n}") for n in range(70)))
    assert handlers.started == [str(n) for n in range(64)]
    for n in range(70):
        server.call(handlers.release(str(n)))
    assert bodies(wire) == [str(n) for n in range(70)]


def test_with_tls_the_end_waits_for_no_turn(serve: Serve) -> None:
    server = hurried(serve(Held(Application()).app))
    wire = server.connect()
    wire.connection._is_secure = True
    chunked = b"POST /sync HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = get("/sync") * 9 + chunked + b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n"
    seen: list[bool] = []

    def receive() -> None:
        wire.connection.data_received(data)
        seen.append(wire.connection.is_resting)
        wire.connection.eof_received()

    server.call(receive)
    assert seen == [True]
    assert bodies(wire) == ["sync"] * 10


def test_what_follows_a_turn_does_not_see_what_a_request_has_set(serve: Serve) -> None:
    variable = ContextVar("variable", default="nobody's")
    seen: list[str] = []

    class Curious(Application):
        def protocol_error_handler(self, error: str) -> bytes:
            seen.append(variable.get())
            return super().protocol_error_handler(error)

    def change(request: Request) -> Response:
        variable.set("a request's")
        return Response("changed")

    app = Curious()
    app.router.add_route("/changing", change)
    server = hurried(serve(app))
    wire = server.connect()
    wire.send(get("/changing") * 5 + b"GET / HT", eof=True)
    assert [answer.status for answer in wire.answers()] == [200] * 5 + [400]
    assert seen == ["nobody's"]


def test_who_is_gone_has_no_more_turns(serve: Serve) -> None:
    order, server = noting(serve)
    wire = server.connect()
    server.loop.call_soon(wire.connection.data_received, get("/note/x") * 9)
    server.loop.call_soon(wire.connection.connection_lost, None)
    server.run()
    assert len(order) == 2


def test_who_does_not_read_has_no_more_turns_until_it_does(serve: Serve) -> None:
    order, server = noting(serve)
    wire = server.connect()

    def receive() -> None:
        wire.connection.data_received(get("/note/x") * 9)
        wire.connection.pause_writing()

    server.call(receive)
    assert len(order) == 2
    wire.relieve()
    assert len(order) == 9
    assert not wire.is_paused()


@pytest.mark.parametrize("between", [b"\n", b"\r\n\n", b"\r"])
@pytest.mark.parametrize("before", ["/sync", "/changing", "/wait/0"])
def test_what_is_before_a_head_is_judged_by_whoever_reads_it(
    serve: Serve, before: str, between: bytes
) -> None:
    variable = ContextVar[int]("variable")
    handlers = Held(Application(limits=Limits(pipeline=2)))

    def change(request: Request) -> Response:
        variable.set(1)
        return Response("changed")

    handlers.app.router.add_route("/changing", change)
    server = hurried(serve(handlers.app))
    wire = server.connect()
    wire.send(get(before) + get(before.replace("0", "1")) + between + get("/sync"))
    for name in handlers.started:
        server.call(handlers.release(name))
    assert [answer.status for answer in wire.answers()] == [200, 200, 400]
    assert wire.is_closed()


def test_an_empty_line_before_a_head_is_skipped(serve: Serve) -> None:
    server = hurried(serve(Held(Application()).app))
    wire = server.connect()
    wire.send((get("/sync") + b"\r\n") * 5)
    assert bodies(wire) == ["sync"] * 5
    assert not wire.is_closed()


@given(
    st.lists(st.sampled_from(["/sync", "/fail", "/wait/", "POST", "bad"]), max_size=12),
    st.integers(1, 8),
    st.integers(0, 300),
    st.integers(1, 3),
)
def test_turns_change_no_answer(kinds: list[str], limit: int, piece: int, stride: int) -> None:
    def play(turn_s: float) -> tuple[int, bytes]:
        handlers = Held(Application(limits=Limits(pipeline=limit)))
        data = b"".join(request_of(kind, i) for i, kind in enumerate(kinds))
        with Server(handlers.app) as server:
            server.service.turn_s, server.service.stride = turn_s, stride
            wire = server.connect()
            wire.send(*cut(data, range(piece, len(data), piece) if piece else ()), eof=True)
            started = len(handlers.started)
            done: set[str] = set()
            while waiting := [name for name in handlers.started if name not in done]:
                done.add(waiting[-1])
                server.call(handlers.release(waiting[-1]))
            assert wire.is_closed()
            return started, wire.received

    assert play(0.0) == play(math.inf)


def request_of(kind: str, number: int) -> bytes:
    """Return a request."""
    if kind == "POST":
        return POST
    if kind == "bad":
        return b"GET /sync HTTP/1.1\r\n\r\n"
    return get(f"{kind}{number}" if kind == "/wait/" else kind)
