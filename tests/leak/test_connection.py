"""Nothing is left of a connection, whatever came over it and however it ended."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from japy import Application, Limits, Request, Response
from tests.support.census import assert_steady
from tests.support.door import DOORS, Door

HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LIMITS = Limits(line=100, head=1000, fields=5, body=5000, pipeline=4, output=3000)


class Visit(NamedTuple):
    """What a client does before it is gone."""

    name: str
    data: bytes
    answers: int
    eof: bool = False


VISITS = (
    Visit("nothing is sent", b"", 0),
    Visit("nothing is sent but the end", b"", 0, eof=True),
    Visit("half a head", GET[:20], 0),
    Visit("half a head and the end", GET[:20], 1, eof=True),
    Visit("half a head behind a request", GET + GET[:20], 1),
    Visit("half a body", POST + b"Content-Length: 3000\r\n\r\n" + b"x" * 2000, 0),
    Visit("half a body and the end", POST + b"Content-Length: 9\r\n\r\nx", 1, eof=True),
    Visit("half a chunk", CHUNKED + b"fff\r\n" + b"x" * 2000, 0),
    Visit("half a trailer", CHUNKED + b"1\r\nx\r\n0\r\nA: ", 0),
    Visit("a large body", POST + b"Content-Length: 4000\r\n\r\n" + b"x" * 4000 + GET, 2),
    Visit("a large answer", b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n" + GET, 2),
    Visit("100 Continue", POST + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n", 1),
    Visit("an upgrade that is ignored", GET[:-2] + b"Upgrade: x\r\n\r\n" + GET, 2),
    Visit("HTTP/1.0", GET.replace(b"1.1", b"1.0"), 1),
    Visit("no route", GET.replace(b"/ ", b"/nowhere "), 1),
    Visit("no such method", GET.replace(b"GET", b"PUT"), 1),
    Visit("a malformed head behind a request", GET + b"GET\r\n\r\n", 2),
    Visit("no Host", b"GET / HTTP/1.1\r\n\r\n", 1),
    Visit("two lengths", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 1),
    Visit("a malformed chunk", CHUNKED + b"x\r\n", 1),
    Visit("a long line", b"GET /" + b"a" * 200 + b" HTTP/1.1\r\n", 1),
    Visit("a long head", GET[:-2] + b"A: " + b"b" * 2000, 1),
    Visit("many fields", GET[:-2] + b"A: b\r\n" * 9 + b"\r\n", 1),
    Visit("a body over the limit", POST + b"Content-Length: 9999\r\n\r\n", 1),
    Visit("another version", b"GET / HTTP/2.0\r\n\r\n", 1),
    Visit("more requests than are read at once", GET * 100, 100),
    Visit("a handler that raises", b"GET /raise HTTP/1.1\r\n" + HOST + b"\r\n" + GET, 2),
)


def title(visit: Visit) -> str:
    """Return the name of a visit in pytest's output."""
    return visit.name


def application() -> Application:
    """Return what the visits are to."""

    def answer(request: Request) -> Response:
        return request.Response(None if request.body is None else request.text)

    async def large(request: Request) -> Response:
        return request.Response("x" * 100_000)

    def fail(request: Request) -> Response:
        raise LookupError

    app = Application(limits=LIMITS)
    app.router.add_route("/", answer, methods=["GET", "POST"])
    app.router.add_route("/large", large)
    app.router.add_route("/raise", fail)
    app.add_error_handler(LookupError, lambda request, error: request.Response(code=500))
    return app


@pytest.mark.parametrize("new_door", DOORS)
@pytest.mark.parametrize("visit", VISITS, ids=title)
def test_nothing_is_left_of_a_connection(
    visit: Visit, new_door: Callable[[Application], Door]
) -> None:
    with new_door(application()) as door:

        def work() -> None:
            for _ in range(5):
                door.exchange(
                    visit.data, lambda got: got.count(b"HTTP/1.1 ") == visit.answers, eof=visit.eof
                )

        assert_steady(work)
