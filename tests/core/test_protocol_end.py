"""How connections end, by whom or whatever, and what is sent before."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from japy import Application, Limits, Request, Response
from tests.support.handlers import Held, get
from tests.support.wire import Server, Wire, read_answers

Serve = Callable[[Application], Server]
CLOSE = "Connection: close"


def held(serve: Serve, limits: Limits | None = None) -> tuple[Held, Server, Wire]:
    """Return handlers, the server that has them, and a connection to it."""
    handlers = Held(Application(limits=limits))
    server = serve(handlers.app)
    return handlers, server, server.connect()


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]


# By request.


@pytest.mark.parametrize(
    ("version", "fields", "stays"),
    [
        ("1.1", [], True),
        ("1.1", ["Connection: keep-alive"], True),
        ("1.1", ["Connection: close"], False),
        ("1.1", ["Connection: Close"], False),
        ("1.1", ["Connection: x, close"], False),
        ("1.1", ["Connection: keep-alive, close"], False),
        ("1.1", ["Connection: x", "connection: CLOSE"], False),
        ("1.1", ["Connection: closed"], True),
        ("1.0", [], False),
        ("1.0", ["Connection: keep-alive"], True),
        ("1.0", ["Connection: Keep-Alive"], True),
        ("1.0", ["Connection: x, keep-alive"], True),
        ("1.0", ["Connection: keep-alive, close"], False),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/quick", "/nowhere"])
def test_a_request_says_whether_the_connection_stays(
    serve: Serve, version: str, fields: list[str], stays: bool, path: str
) -> None:
    _, server, _ = held(serve)
    data = get(path, *fields, version=version)
    received, is_closed = server.exchange_every_way(data + get("/sync"))
    first, *rest = read_answers(received)
    assert len(rest) == stays
    assert is_closed is not stays
    if stays:
        assert first.fields.get("Connection") == ("keep-alive" if version == "1.0" else None)
    else:
        assert first.fields["Connection"] == "close"


def test_what_follows_a_closing_request_is_ignored(serve: Serve) -> None:
    handlers, server, _ = held(serve)
    for rest in (get("/wait/late"), b"\0\0\0", get("/sync", CLOSE), b"GET / HT"):
        received, is_closed = server.exchange_every_way(get("/sync", CLOSE) + rest)
        assert [answer.body for answer in read_answers(received)] == [b"sync"]
        assert is_closed
    assert handlers.started == []


def test_a_closing_request_is_answered_although_it_waits(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a", CLOSE) + get("/wait/late"))
    wire.send(get("/wait/later"))
    assert not wire.is_closed()
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a"]
    assert wire.is_closed()
    assert handlers.started == ["a"]


def test_answers_before_the_closing_one_are_sent(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/wait/b") + get("/sync", CLOSE) + get("/sync"))
    server.call(handlers.release("b"))
    assert wire.received == b""
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "b", "sync"]
    assert wire.is_closed()


def test_an_answer_may_close_the_connection(serve: Serve) -> None:
    app = Application()
    app.router.add_route(
        "/", lambda request: request.Response("x", headers={"Connection": "close"})
    )
    received, is_closed = serve(app).exchange_every_way(get("/") + get("/"))
    (answer,) = read_answers(received)
    assert answer.fields["Connection"] == "close"
    assert is_closed


def test_handlers_behind_an_answer_that_closes_are_cancelled(serve: Serve) -> None:
    app = Application()
    handlers = Held(app)
    end = asyncio.Event()

    async def close(request: Request) -> Response:
        await end.wait()
        return request.Response("closing", headers={"Connection": "close"})

    app.router.add_route("/close", close)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/close") + get("/wait/a") + get("/sync"))
    server.call(end.set)
    assert bodies(wire) == ["closing"]
    assert wire.is_closed()
    assert handlers.cancelled == ["a"]


# By refusal.


def test_what_was_answered_leaves_before_a_refusal(serve: Serve) -> None:
    _, _, wire = held(serve)
    wire.send(get("/sync") + get("/quick") + b"\0")
    assert [answer.status for answer in wire.answers()] == [200, 200, 400]
    assert wire.is_closed()
    assert len(wire.writes) == 1


def test_a_refusal_waits_for_the_answers_before_it(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/sync") + b"\0" + get("/sync"))
    wire.send(get("/sync"))
    assert wire.received == b""
    assert not wire.is_closed()
    server.call(handlers.release("a"))
    assert [answer.status for answer in wire.answers()] == [200, 200, 400]
    assert wire.is_closed()


# By EOF.


def test_a_client_that_says_nothing_and_goes_is_answered_nothing(serve: Serve) -> None:
    _, server, _ = held(serve)
    for data in (b"", b"\r\n", b"\r"):
        assert server.exchange_every_way(data, eof=True) == (b"", True)


def test_half_closed_clients_get_what_they_asked_for(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    assert server.exchange([get("/sync")], eof=True).is_closed
    wire.send(get("/sync") + get("/wait/a") + get("/quick"), eof=True)
    assert not wire.is_closed()
    assert bodies(wire) == ["sync"]
    server.call(handlers.release("a"))
    assert bodies(wire) == ["sync", "a", "quick"]
    assert wire.is_closed()
    assert handlers.cancelled == []


def test_half_closed_clients_get_what_waits_for_room(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=1))
    wire.send(b"".join(get(f"/wait/{name}") for name in "abc"), eof=True)
    for name in "abc":
        assert not wire.is_closed()
        server.call(handlers.release(name))
    assert bodies(wire) == ["a", "b", "c"]
    assert wire.is_closed()


def test_an_eof_inside_a_message_is_told_behind_what_is_owed(serve: Serve) -> None:
    for rest, name in (
        (b"GET / HT", "incomplete_headers"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx", "incomplete_body"),
    ):
        handlers, server, wire = held(serve)
        wire.send(get("/wait/a") + rest, eof=True)
        assert wire.received == b""
        server.call(handlers.release("a"))
        assert bodies(wire) == ["a", name]
        assert wire.is_closed()


def test_an_eof_while_the_client_does_not_read_is_not_lost(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a"))
    wire.congest()
    wire.send(get("/sync"), eof=True)
    server.call(handlers.release("a"))
    wire.relieve()
    assert bodies(wire) == ["a", "sync"]
    assert wire.is_closed()


# By loss.


def test_a_lost_client_cancels_its_handlers_once_and_silently(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/wait/b") + get("/sync"))
    wire.disconnect(ConnectionResetError())
    assert handlers.cancelled == ["a", "b"]
    assert wire.received == b""
    assert server.noise == []
    assert caplog.records == []
    assert not server.service.connections


def test_a_handler_that_ends_in_spite_of_a_loss_is_no_fault(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    steps: list[str] = []

    async def stubborn(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            steps.append("cleaned up")
        return request.Response("too late")

    app.router.add_route("/", stubborn)
    wire = serve(app).connect()
    wire.send(get("/"))
    wire.disconnect()
    assert steps == ["cleaned up"]
    assert wire.received == b""
    assert caplog.records == []


def test_a_handler_that_fails_after_a_loss_is_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()

    async def fail(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("while cleaning up")

    app.router.add_route("/", fail)
    wire = serve(app).connect()
    wire.send(get("/"))
    wire.disconnect()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.records[0].exc_info is not None


def test_a_loss_in_the_middle_of_a_message_is_silent(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    _, server, wire = held(serve)
    wire.disconnect()
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"
    for data in (b"GET", get("/sync") + b"G", post):
        wire = server.connect()
        wire.send(data)
        wire.disconnect()
    assert caplog.records == []
    assert not server.service.connections


def test_a_handler_may_close_the_transport_itself(serve: Serve) -> None:
    app = Application()

    def hang_up(request: Request) -> Response:
        request.transport.close()
        return request.Response("lost")

    app.router.add_route("/", hang_up)
    wire = serve(app).connect()
    wire.send(get("/") + get("/"))
    assert wire.received == b""
    assert wire.is_lost()
    wire.late_writes.clear()  # real transports drop them as well


# By drain.


def test_an_idle_connection_is_drained_at_once(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/sync"))
    half = server.connect()
    half.send(b"GET / HT")
    for idle in (wire, half, server.connect()):
        assert idle.connection.is_idle()
        server.call(idle.connection.drain)
        assert idle.is_closed()
    assert handlers.started == []


def test_a_busy_connection_is_drained_with_its_last_answer(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/wait/b"))
    assert not wire.connection.is_idle()
    server.call(wire.connection.drain)
    assert not wire.is_closed()
    server.call(handlers.release("a"))
    assert not wire.is_closed()
    server.call(handlers.release("b"))
    assert bodies(wire) == ["a", "b"]
    assert [answer.fields.get("Connection") for answer in wire.answers()] == [None, "close"]
    assert wire.is_closed()


def test_a_body_that_comes_in_is_still_answered_in_a_drain(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.send(b"POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    assert not wire.connection.is_idle()
    server.call(wire.connection.drain)
    wire.send(b"lo")
    assert bodies(wire) == ["sync"]
    assert wire.is_closed()


def test_close_sends_nothing_more(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a"))
    server.call(wire.connection.close)
    assert wire.is_closed()
    assert handlers.cancelled == ["a"]
    assert wire.received == b""


# Handlers that fail.


@pytest.mark.parametrize("path", ["/fail", "/quick/fail"])
def test_a_failing_handler_is_logged_and_the_connection_lives_on(
    serve: Serve, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, server, _ = held(serve)
    received, is_closed = server.exchange([get(path) + get("/sync")])
    assert [(a.status, a.body) for a in read_answers(received)] == [
        (500, b"Internal Server Error"),
        (200, b"sync"),
    ]
    assert not is_closed
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("japy.error", logging.ERROR)
    assert record.getMessage() == f"GET {path} failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)
    names = []
    trace = record.exc_info[2]
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert names[-1] in ("_fail", "_quick_fail")


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration])
def test_no_exception_of_a_handler_reaches_the_transport(
    serve: Serve, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def stop(request: Request) -> Response:
        raise kind

    app = Application()
    app.router.add_route("/", stop)
    received, is_closed = serve(app).exchange([get("/") + get("/")])
    assert [answer.status for answer in read_answers(received)] == [500, 500]
    assert not is_closed
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b" / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n", 413),
        (b" / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 413),
        (b" /" + b"x" * 300, 414),
        (b" / HTTP/1.1\r\nA: " + b"x" * 2000, 431),
        (b" * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b" / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b" / HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_the_refusal_of_a_head_request_has_no_body(serve: Serve, rest: bytes, status: int) -> None:
    _, server, _ = held(serve, Limits(line=200, head=1000, body=1000))
    for method, has_body in ((b"HEAD", False), (b"GET", True)):
        for before in (b"", get("/sync"), b"\r\n"):
            received, is_closed = server.exchange_every_way(before + method + rest)
            head, _, body = received.removeprefix(server.exchange([before]).received).partition(
                b"\r\n\r\n"
            )
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert (body != b"") is has_body
            assert is_closed


def test_a_late_or_incomplete_head_request_is_refused_without_a_body(serve: Serve) -> None:
    _, server, _ = held(serve)
    for data in (b"HEAD / HT", b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1"):
        received, _ = server.exchange([data], True)
        assert received.startswith(b"HTTP/1.1 400 ")
        assert received.endswith(b"\r\n\r\n")
        wire = server.connect()
        wire.send(data)
        server.tick(12)
        assert wire.received.startswith(b"HTTP/1.1 408 ")
        assert wire.received.endswith(b"\r\n\r\n")


def retiring(server: Server) -> Wire:
    """Return a connection whose next answer is to be its last one."""
    wire = server.connect()
    wire.connection.is_draining = True
    return wire


@pytest.mark.parametrize("count", [1, 2, 200])
def test_a_client_that_pipelines_gets_all_answers_before_the_end(serve: Serve, count: int) -> None:
    handlers = Held(Application())
    wire = retiring(serve(handlers.app))
    wire.send(get("/sync") * count)
    answers = wire.answers()
    assert [answer.fields.get("Connection") for answer in answers] == [
        *[None] * (count - 1),
        "close",
    ]
    assert wire.is_closed()


def test_requests_with_bodies_are_all_answered_before_the_end(serve: Serve) -> None:
    handlers = Held(Application())
    wire = retiring(serve(handlers.app))
    post = b"POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    wire.send(post + get("/sync") + post)
    closes = [answer.fields.get("Connection") for answer in wire.answers()]
    assert closes == [None, None, "close"]


def test_a_request_that_has_begun_is_answered_before_the_end(serve: Serve) -> None:
    handlers = Held(Application())
    wire = retiring(serve(handlers.app))
    request = get("/sync")
    wire.send(request + request[:10])
    assert len(wire.answers()) == 1
    assert not wire.is_closed()
    wire.send(request[10:])
    assert wire.answers()[1].fields["Connection"] == "close"
    assert wire.is_closed()


def test_requests_are_counted(serve: Serve) -> None:
    handlers = Held(Application())
    server = serve(handlers.app)
    wire = server.connect()
    wire.send(get("/sync") * 200)
    wire.send(get("/sync"))
    assert server.service.requests == 201
