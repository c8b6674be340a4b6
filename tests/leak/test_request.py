"""Nothing is left of a request, whatever of it was read, by whatever handler, however it came.

Each attribute is read not at all, once and twice, of requests that have what it tells and of
requests that do not, by handlers of every kind behind each other in one pipeline, the connection
kept and closed; then everything that CPython counts is what it was before.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from japy import Application, Request, Response
from japy.application.extension import Extension
from tests.support.census import assert_steady
from tests.support.door import DOORS, Door

Read = Callable[[Any], object]

KINDS = ("sync", "quick", "waiting", "failing", "failing_late")  # of handlers that end
TIMES = 3  # each attribute is read 0, 1 and 2 times
HOST = b"Host: x.example:8080\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\nvalue\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n\r\nbytes\r\n--b--\r\n'


def post(mime_type: bytes, body: bytes) -> bytes:
    """Return a POST with a body of that type."""
    fields = HOST + b"Content-Type: %b\r\nContent-Length: %d\r\n" % (mime_type, len(body))
    return b"POST /WHO/text/y%20z HTTP/1.1\r\n" + fields + b"\r\n" + body


MESSAGES = (  # WHO stands for a kind of handler and the number of times that it reads
    b"GET /WHO/text/x HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /WHO/text/%C3%A9?a=1&b=&a=%20 HTTP/1.1\r\n" + HOST + b"Cookie: a=b; c=d\r\n\r\n",
    b"GET /WHO/text/x? HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET http://[::1]:80/WHO/number/7?a HTTP/1.1\r\n" + HOST + b"A: b\r\na: c\r\n\r\n",
    post(b"application/json", b'{"a": [1, null, "\xc3\xa9"]}'),
    post(b"application/json", b"no JSON"),
    post(b"text/plain; charset=latin-1", b"\xe9"),
    post(b"text/plain; charset=unknown", b"?"),
    post(b"application/x-www-form-urlencoded", b"a=1&b=&a=2"),
    post(b"multipart/form-data; boundary=b", PART % b"a" + PART % b"c" + FILE),
    post(b"multipart/form-data; boundary=b", b"--c\r\n"),
    post(b"", b""),
    b"POST /WHO/text/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n3\r\n...\r\n0\r\nX: y\r\n\r\n",
)
LAST = b"GET /sync/2/text/x HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


def ignore(request: object) -> None:
    """Be a done callback that does nothing."""


ADDED: dict[str, Read] = {
    "an extended property": lambda request: request.leak_property,
    "an extended method": lambda request: request.leak_method(None),
}
CALLS: dict[str, Read] = ADDED | {
    "Response": lambda request: request.Response(json={"a": None}, cookies=None),
    "add_done_callback": lambda request: request.add_done_callback(ignore),
    "take_callbacks": lambda request: request.take_callbacks(),
}
NAMES = [
    *(
        name
        for name, value in vars(Request).items()
        if not (name.startswith("_") or isinstance(value, Extension))
    ),
    *ADDED,
]


class Trouble(Exception):
    """What a handler of these tests fails with."""


class Handlers:
    """A handler of each kind, all of which read the same attribute."""

    def __init__(self, name: str) -> None:
        self.waiting_for_ever = 0
        self.cancelled = 0
        self._name = name

    def look(self, request: Request) -> Response:
        """Read the attribute as often as the path says, and mind no refusal of a bad body."""
        for _ in range(int(request.line.split(b"/")[2])):
            with suppress(ValueError, LookupError):
                if self._name in CALLS:
                    CALLS[self._name](request)
                else:
                    getattr(request, self._name)
        return request.Response("answer")

    def sync(self, request: Request) -> Response:
        """Answer at once."""
        return self.look(request)

    async def quick(self, request: Request) -> Response:
        """Answer without waiting."""
        return self.look(request)

    async def waiting(self, request: Request) -> Response:
        """Answer after a turn of the loop."""
        await asyncio.sleep(0)
        return self.look(request)

    def failing(self, request: Request) -> Response:
        """Fail at once."""
        self.look(request)
        raise Trouble(request)

    async def failing_late(self, request: Request) -> Response:
        """Fail after a turn of the loop."""
        self.look(request)
        await asyncio.sleep(0)
        raise Trouble(request)

    async def endless(self, request: Request) -> Response:
        """Wait until the client has gone."""
        self.look(request)
        self.waiting_for_ever += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return request.Response()


def application(handlers: Handlers) -> Application:
    """Return an application with a path for each kind of handler."""
    app = Application()
    for kind in (*KINDS, "endless"):
        app.router.add_route(f"/{kind}/{{times}}/text/{{word}}", getattr(handlers, kind))
        app.router.add_route(f"/{kind}/{{times}}/number/{{number:int}}", getattr(handlers, kind))
    app.extend_request(lambda request: [request.path], name="leak_property", property=True)
    app.extend_request(lambda request, value: [value], name="leak_method")
    app.add_error_handler(Trouble, lambda request, error: request.Response(str(error), code=500))
    return app


def pipeline(message: bytes, kinds: tuple[str, ...]) -> bytes:
    """Return the message for each of these handlers, and each number of times."""
    whos = (b"%b/%d" % (kind.encode(), times) for kind in kinds for times in range(TIMES))
    return b"".join(message.replace(b"WHO", who) for who in whos)


@pytest.mark.parametrize("new_door", DOORS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_an_answered_request(
    name: str, new_door: Callable[[Application], Door]
) -> None:
    count = len(KINDS) * TIMES + 1
    with new_door(application(Handlers(name))) as door:

        def work() -> None:
            for message in MESSAGES:
                data = pipeline(message, KINDS) + LAST
                received = door.exchange(data, lambda got: got.count(b"HTTP/1.1 ") == count)
                assert received.count(b"\r\n\r\nanswer") == 3 * TIMES + 1

        assert_steady(work)


@pytest.mark.parametrize("new_door", DOORS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_a_cancelled_request(
    name: str, new_door: Callable[[Application], Door]
) -> None:
    handlers = Handlers(name)
    with new_door(application(handlers)) as door:

        def work() -> None:
            for message in MESSAGES:
                handlers.waiting_for_ever = handlers.cancelled = 0
                data = pipeline(message, ("endless",))
                door.exchange(data, lambda got: handlers.waiting_for_ever == TIMES)
                assert handlers.cancelled == TIMES

        assert_steady(work)
