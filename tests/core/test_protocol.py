"""One message at a time: whole, byte by byte and cut at random, with the same bytes out."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Limits, Request, Response
from tests.support.mirror import mirror, reflected
from tests.support.strategies import Message, messages
from tests.support.wire import DATE, Server, cut, feeds, read_answers

Serve = Callable[[Application], Server]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def hello(request: Request) -> Response:
    """Answer with a text."""
    return request.Response("Hello world!")


def hello_app(limits: Limits | None = None) -> Application:
    """Return an application with one route for every method."""
    app = Application(limits=limits)
    app.router.add_route("/", hello)
    return app


def refused(status: bytes, name: bytes) -> bytes:
    """Return the answer to what is no request."""
    return (
        b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n%b\r\n%b" % (status, len(name), DATE, name)
    )


def test_hello(serve: Serve) -> None:
    received, is_closed = serve(hello_app()).exchange_every_way(GET)
    assert received == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + DATE
        + b"\r\nHello world!"
    )
    assert not is_closed


@given(st.lists(messages(), min_size=1, max_size=4), st.data())
def test_what_is_sent_is_understood_however_it_is_cut(
    sent: list[Message], data: st.DataObject
) -> None:
    stream = b"".join(message.data for message in sent)
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=10))
    with Server(mirror()) as server:
        whole = server.exchange([stream])
        assert server.exchange(cut(stream, places)) == whole
        assert server.exchange(cut(stream, range(1, len(stream)))) == whole
    answers = read_answers(whole.received)
    assert len(answers) == len(sent)
    assert not whole.is_closed
    for message, answer in zip(sent, answers, strict=True):
        method, _, query, version, headers, body = reflected(answer.body)
        assert (method, version, body) == (message.method, "1.1", message.body)
        assert query == (message.target.partition("?")[2] if "?" in message.target else None)
        assert headers.keys() == {name.title() for name, _ in message.fields}


@pytest.mark.parametrize(
    ("head", "method"),
    [
        (b"GET http://x/a%20b?c=d HTTP/1.1\r\nHost: y\r\n\r\n", "GET"),
        (b"PUT HTTP://x:1/a%20b?c=d HTTP/1.1\r\nHost:\r\n\r\n", "PUT"),
        (b"\r\nGET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n", "GET"),
        (b"g /a%20b?c=d HTTP/1.9\r\nHost: [::1]:80\r\n\r\n", "g"),
    ],
)
def test_targets_are_understood(serve: Serve, head: bytes, method: str) -> None:
    (answer,) = read_answers(serve(mirror()).exchange_every_way(head).received)
    assert reflected(answer.body)[:4] == (method, "/a b", "c=d", "1.1")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (POST + b"\r\n", None),
        (POST + b"Content-Length: 0\r\n\r\n", b""),
        (POST + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (POST + b"Content-Length: 005\r\n\r\nhello", b"hello"),
        (POST + b"Content-Length:5\r\n\r\n\r\n\r\n\0", b"\r\n\r\n\0"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
        (POST + b"Transfer-Encoding: CHUNKED\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n", b"hello"),
        (GET[:-2] + b"Content-Length: 3\r\n\r\nabc", b"abc"),
        (b"POST / HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", b"abc"),
    ],
)
def test_bodies_are_understood_and_the_next_request_too(
    serve: Serve, data: bytes, body: bytes | None
) -> None:
    received = serve(mirror()).exchange_every_way(data + GET + data + GET).received
    answers = [reflected(answer.body) for answer in read_answers(received)]
    assert [answer[5] for answer in answers] == [body, None, body, None]
    assert [answer[0] for answer in answers[1::2]] == ["GET", "GET"]


def test_a_large_body_arrives(serve: Serve) -> None:
    seen: list[bytes | None] = []

    def keep(request: Request) -> Response:
        seen.append(request.body)
        return request.Response()

    app = Application()
    app.router.add_route("/", keep)
    body = bytes(range(256)) * 4096
    head = POST + b"Content-Length: %d\r\n\r\n" % len(body)
    coded = b"".join(
        b"%x\r\n%b\r\n" % (65536, body[i : i + 65536]) for i in range(0, 1 << 20, 65536)
    )
    server = serve(app)
    for data in (head + body, POST + b"Transfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\n\r\n"):
        server.exchange(cut(data, range(0, len(data), 60_000)))
        assert seen.pop() == body


@pytest.mark.parametrize("size", [0, 1000, 1024, 32 * 1024 - 1, 32 * 1024, 1 << 20])
def test_large_answers_leave_in_order(serve: Serve, size: int) -> None:
    app = hello_app()
    app.router.add_route("/large", lambda request: request.Response(body=b"x" * size))
    large = GET.replace(b"/", b"/large", 1)
    received = serve(app).exchange([GET + large + GET + large]).received
    assert [answer.body for answer in read_answers(received)] == [b"Hello world!", b"x" * size] * 2


def test_answers_of_one_read_are_one_write(serve: Serve) -> None:
    wire = serve(hello_app()).connect()
    wire.send(GET * 24)
    assert len(wire.writes) == 1
    assert len(wire.answers()) == 24
    wire.send(GET, GET)
    assert len(wire.writes) == 3


def test_output_is_handed_over_when_there_is_much(serve: Serve) -> None:
    wire = serve(hello_app(Limits(output=1000))).connect()
    wire.send(GET * 24)
    assert len(wire.answers()) == 24
    assert 3 <= len(wire.writes) <= 5
    assert max(map(len, wire.writes)) < 1200


def test_head_gets_the_head_only(serve: Serve) -> None:
    get, head = GET, GET.replace(b"GET", b"HEAD")
    server = serve(hello_app())
    expected = server.exchange([get]).received.removesuffix(b"Hello world!")
    assert server.exchange_every_way(head).received == expected
    received = server.exchange_every_way(head + get + head).received
    answers = read_answers(received, heads={0, 2})
    assert [answer.body for answer in answers] == [b"", b"Hello world!", b""]
    assert [answer.fields["Content-Length"] for answer in answers] == ["12"] * 3


def test_head_is_answered_by_get_and_errors_have_no_body_either(serve: Serve) -> None:
    app = Application()
    app.router.add_route("/", hello, "GET")
    received = serve(app).exchange(
        [b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /no HTTP/1.1\r\nHost: x\r\n\r\n"]
    )
    answers = read_answers(received.received, heads={0, 1})
    assert [answer.status for answer in answers] == [200, 404]


@pytest.mark.parametrize("code", [204, 304])
def test_answers_without_a_body_do_not_shift_the_next(serve: Serve, code: int) -> None:
    app = hello_app()
    app.router.add_route("/none", lambda request: request.Response("lost", code))
    received, is_closed = serve(app).exchange_every_way(GET.replace(b"/", b"/none", 1) + GET)
    first, second = read_answers(received)
    assert (first.status, first.body) == (code, b"")
    assert "Content-Length" not in first.fields
    assert second.body == b"Hello world!"
    assert not is_closed


@pytest.mark.parametrize("code", [100, 101, 103, 199])
def test_an_interim_code_is_no_answer(
    serve: Serve, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    app = Application()
    app.router.add_route("/", lambda request: request.Response(code=code))
    received, is_closed = serve(app).exchange([GET + GET])
    assert [answer.status for answer in read_answers(received)] == [500, 500]
    assert not is_closed
    assert f"expected 200 to 599; got {code}" in caplog.text


def test_options_asks_for_the_server(serve: Serve) -> None:
    (answer,) = read_answers(
        serve(hello_app()).exchange_every_way(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").received
    )
    assert answer.status == 200
    assert answer.fields["Allow"] == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
    assert answer.fields["Content-Length"] == "0"


def test_an_application_may_answer_options_itself(serve: Serve) -> None:
    app = Application()
    app.router.add_route("*", hello)
    (answer,) = read_answers(
        serve(app).exchange_every_way(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").received
    )
    assert answer.body == b"Hello world!"


def test_no_route_and_a_wrong_method_are_told_apart(serve: Serve) -> None:
    app = Application()
    app.router.add_route("/a", hello, methods=["POST", "GET"])
    received, is_closed = serve(app).exchange_every_way(
        b"GET /b HTTP/1.1\r\nHost: x\r\n\r\nPUT /a HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    missing, wrong = read_answers(received)
    assert (missing.status, missing.body) == (404, b"Not Found")
    assert (wrong.status, wrong.fields["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert not is_closed


EXPECTING = POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"


def test_continue_is_said_to_a_client_that_waits(serve: Serve) -> None:
    wire = serve(hello_app()).connect()
    wire.send(EXPECTING)
    assert wire.received == CONTINUE
    wire.send(b"hello")
    assert [answer.status for answer in wire.answers()] == [100, 200]


def test_continue_is_not_said_when_the_body_is_there(serve: Serve) -> None:
    wire = serve(hello_app()).connect()
    wire.send(EXPECTING + b"h", b"ello")
    assert [answer.status for answer in wire.answers()] == [200]


def test_continue_is_not_said_without_a_body_or_to_old_clients(serve: Serve) -> None:
    server = serve(hello_app())
    for head in (
        EXPECTING.replace(b"length: 5", b"Length: 0").replace(b"Length: 5", b"Length: 0"),
        EXPECTING.replace(b"Content-Length: 5\r\n", b""),
    ):
        assert [a.status for a in read_answers(server.exchange_every_way(head).received)] == [200]
    wire = server.connect()
    wire.send(EXPECTING.replace(b"1.1", b"1.0"))
    assert wire.received == b""
    wire.send(b"hello")
    assert [answer.status for answer in wire.answers()] == [200]


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (b"Content-Length: 200", b"413 Content Too Large"),
        (b"Content-Length: x", b"400 Bad Request"),
        (b"Transfer-Encoding: gzip", b"501 Not Implemented"),
    ],
)
def test_continue_is_not_said_to_what_is_refused(serve: Serve, field: bytes, status: bytes) -> None:
    head = POST + b"Expect: 100-continue\r\n" + field + b"\r\n\r\n"
    received, is_closed = serve(hello_app(Limits(body=100))).exchange_every_way(head)
    assert received.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert is_closed


def test_continue_comes_behind_a_pending_answer(serve: Serve) -> None:
    gate = asyncio.Event()

    async def wait(request: Request) -> Response:
        await gate.wait()
        return request.Response("waited")

    app = hello_app()
    app.router.add_route("/wait", wait)
    server = serve(app)
    wire = server.connect()
    wire.send(GET.replace(b"/", b"/wait", 1) + EXPECTING)
    assert wire.received == b""
    server.call(gate.set)
    assert [answer.status for answer in wire.answers()] == [200, 100]
    wire.send(b"hello")
    assert [answer.body for answer in wire.answers()] == [b"waited", b"", b"Hello world!"]


SIZES = [
    (Limits(body=100), b"413 Content Too Large", b"content too large"),
    (Limits(line=100, head=400), b"414 URI Too Long", b"uri too long"),
    (Limits(line=100, head=400), b"431 Request Header Fields Too Large", b""),
    (Limits(fields=5), b"431 Request Header Fields Too Large", b""),
]


def sized(kind: int, size: int) -> bytes:
    """Return a request whose body, line, head or number of fields has this size."""
    if kind == 0:
        return POST + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
    if kind == 1:
        return b"GET /?" + b"q" * (size - 15) + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    if kind == 2:
        return GET[:-2] + b"A: " + b"b" * (size - len(GET) - 5) + b"\r\n\r\n"
    return GET[:-2] + b"a: b\r\n" * (size - 1) + b"\r\n"


@pytest.mark.parametrize("kind", range(4))
def test_a_limit_holds_at_the_same_size_however_it_is_cut(serve: Serve, kind: int) -> None:
    limits, status, name = SIZES[kind]
    limit = (100, 100, 400, 5)[kind]
    server = serve(hello_app(limits))
    received, is_closed = server.exchange_every_way(sized(kind, limit) + GET)
    assert [answer.status for answer in read_answers(received)] == [200, 200]
    assert not is_closed
    for size in (limit + 1, limit + 2, limit + 3, limit * 3):
        received, is_closed = server.exchange_every_way(GET + sized(kind, size) + GET)
        first, second = read_answers(received)
        assert first.body == b"Hello world!"
        assert b"HTTP/1.1 " + status in received
        assert name in (b"", second.body)
        assert is_closed


def test_a_chunked_body_is_limited_while_it_comes(serve: Serve) -> None:
    server = serve(hello_app(Limits(body=10)))
    start = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    fine = start + b"5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"
    assert len(read_answers(server.exchange_every_way(fine + GET).received)) == 2
    received, is_closed = server.exchange_every_way(
        start + b"5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n"
    )
    assert received == refused(b"413 Content Too Large", b"content too large")
    assert is_closed


NAMED = [
    (b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", False, b"malformed_headers"),
    (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", False, b"malformed_headers"),
    (b"GET / HTTP/1.1\r\n\r\n", False, b"invalid_headers"),
    (POST + b"Content-Length: 1a\r\n\r\n", False, b"invalid_headers"),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", False, b"malformed_body"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n", True, b"incomplete_headers"),
    (b"G", True, b"incomplete_headers"),
    (POST + b"Content-Length: 5\r\n\r\nhell", True, b"incomplete_body"),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", True, b"incomplete_body"),
]


@pytest.mark.parametrize(("data", "eof", "name"), NAMED)
def test_a_refusal_names_what_is_wrong_and_closes(
    serve: Serve, data: bytes, eof: bool, name: bytes
) -> None:
    server = serve(hello_app())
    expected = refused(b"400 Bad Request", name)
    assert server.exchange_every_way(data, eof) == (expected, True)
    before = server.exchange([GET]).received
    assert server.exchange_every_way(GET + data, eof) == (before + expected, True)


def test_nothing_behind_a_refusal_is_handled(serve: Serve) -> None:
    calls: list[str] = []

    def count(request: Request) -> Response:
        calls.append(request.path)
        return request.Response()

    app = Application()
    app.router.add_route("/", count)
    received, is_closed = serve(app).exchange([GET + b"\0" + GET + GET])
    assert [answer.status for answer in read_answers(received)] == [200, 400]
    assert is_closed
    assert calls == ["/"]


def test_a_refusal_is_logged_with_what_was_wrong(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "japy.error")
    serve(hello_app()).exchange([b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"])
    assert caplog.messages == ["192.0.2.1 refused with 400: invalid_headers: Host 'a b'"]


def test_requests_that_are_kept_stay_what_they_were(serve: Serve) -> None:
    kept: list[Request] = []

    def keep(request: Request) -> Response:
        kept.append(request)
        return request.Response()

    app = Application()
    app.router.add_route("/{name}", keep)
    data = b"".join(b"GET /%d?%d HTTP/1.1\r\nHost: h%d\r\n\r\n" % (i, i, i) for i in range(50))
    server = serve(app)
    for _, pieces in feeds(data):
        server.exchange(pieces)
    for i, request in enumerate(kept):
        n = str(i % 50)
        assert (request.match_dict, request.query_string) == ({"name": n}, n)
        assert request.headers == {"Host": f"h{n}"}


def test_what_a_handler_does_to_its_parameters_stays_there(serve: Serve) -> None:
    def change(request: Request) -> Response:
        before = dict(request.match_dict)
        request.match_dict["name"] = "changed"
        request.match_dict["more"] = "added"
        return request.Response(json=before)

    app = Application()
    app.router.add_route("/{name}", change)
    received = serve(app).exchange([GET.replace(b"/", b"/a", 1) * 3]).received
    assert [answer.body for answer in read_answers(received)] == [b'{"name": "a"}'] * 3


def test_the_same_bytes_again_are_answered_again(serve: Serve) -> None:
    count = 0

    def tick(request: Request) -> Response:
        nonlocal count
        count += 1
        return request.Response(f"{count} {request.query_string}", 200)

    app = Application()
    app.router.add_route("/{name}", tick)
    close = b"GET /a?1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    data = b"GET /a?1 HTTP/1.1\r\nHost: x\r\n\r\nGET /b?2 HTTP/1.1\r\nHost: x\r\n\r\n"
    server = serve(app)
    one, two = server.connect(), server.connect()
    for wire in (one, two, one, two):
        wire.send(data)
    assert [a.body for a in one.answers()] == [b"1 1", b"2 2", b"5 1", b"6 2"]
    assert [a.body for a in two.answers()] == [b"3 1", b"4 2", b"7 1", b"8 2"]
    for expected in ((b"9 1",), (b"10 1",)):
        received, is_closed = server.exchange([close + data])
        assert tuple(a.body for a in read_answers(received)) == expected
        assert is_closed
    one.send(data[:-1])
    one.send(data[-1:])
    assert one.answers()[-1].body == b"12 2"
