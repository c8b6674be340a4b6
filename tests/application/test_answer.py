"""What handlers may return, what that becomes, and what is said of everything else."""

import functools
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from itertools import count
from typing import Any

import pytest

from japy import Application, BadRequest, Request, Response
from japy.application.answer import bad_answer, described, to_response
from japy.core.codec import Codec
from tests.support.handlers import get
from tests.support.wire import DATE, Answer, Server, read_answers

STANDARD = Codec(json.dumps, json.loads, lambda kind, body: None)
Handler = Callable[[Request], object]


def exchange(handler: Handler, app: Application | None = None, count: int = 1) -> bytes:
    """Return what a client gets for requests that a handler answers."""
    app = app or Application()
    app.router.add_route("/", handler)
    with Server(app) as server:
        return server.exchange([get("/") * count]).received


def ask(handler: Handler, app: Application | None = None) -> Answer:
    """Return the answer to a request."""
    (answer,) = read_answers(exchange(handler, app))
    return answer


def lines(*fields: str, status: str = "200 OK", body: str = "") -> bytes:
    """Return an answer as bytes."""
    head = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 {status}\r\n{head}".encode() + DATE + b"\r\n" + body.encode()


TEXT = "Content-Type: text/plain; charset=utf-8"
JSON = "Content-Type: application/json; charset=utf-8"
BINARY = "Content-Type: application/octet-stream"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Response("x", 201), lines("Content-Length: 1", TEXT, status="201 Created", body="x")),
        ("hé", lines("Content-Length: 3", TEXT, body="hé")),
        ("", lines("Content-Length: 0", TEXT)),
        (b"x", lines("Content-Length: 1", BINARY, body="x")),
        (b"", lines("Content-Length: 0", BINARY)),
        ({"a": 1}, lines("Content-Length: 8", JSON, body='{"a": 1}')),
        ({}, lines("Content-Length: 2", JSON, body="{}")),
        (OrderedDict(a=1), lines("Content-Length: 8", JSON, body='{"a": 1}')),
        ([1, None], lines("Content-Length: 9", JSON, body="[1, null]")),
        (None, lines(status="204 No Content")),
        (("x", 404), lines("Content-Length: 1", TEXT, status="404 Not Found", body="x")),
        (
            ([], HTTPStatus.CREATED),
            lines("Content-Length: 2", JSON, status="201 Created", body="[]"),
        ),
        ((None, 404), lines("Content-Length: 0", status="404 Not Found")),
        ((None, 304, {"ETag": '"a"'}), lines('ETag: "a"', status="304 Not Modified")),
        (("x", 200, {"A": ["1", "2"]}), lines("Content-Length: 1", TEXT, "A: 1", "A: 2", body="x")),
        ((b"x", 200, [("A", "1")]), lines("Content-Length: 1", BINARY, "A: 1", body="x")),
        (
            ({}, 200, {"Content-Type": "a/b"}),
            lines("Content-Length: 2", "Content-Type: a/b", body="{}"),
        ),
        (("x", 204), lines(status="204 No Content")),
    ],
    ids=count(),
)
def test_values_that_stand_for_an_answer(value: object, expected: bytes) -> None:
    async def asynchronous(request: Request) -> object:
        return value

    assert exchange(lambda request: value) == expected
    assert exchange(asynchronous) == expected
    assert exchange(lambda request: value, count=3) == expected * 3


def test_json_is_written_by_the_codec_of_the_application() -> None:
    class Own:
        @staticmethod
        def dumps(value: object) -> bytes:
            return b"own"

        @staticmethod
        def loads(data: bytes) -> object:
            return json.loads(data)

    app = Application()
    app.json = Own()
    assert ask(lambda request: [], app).body == b"own"


def generate() -> Iterator[str]:
    """Be a generator."""
    yield "x"


async def generate_async() -> AsyncIterator[str]:
    """Be an asynchronous generator."""
    yield "x"


def test_an_answer_that_was_not_awaited_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def helper() -> str:
        return "x"

    waiting = helper()
    assert ask(lambda request: (waiting, 201)).status == 500
    waiting.close()
    advice = "await the first of them, return (await ..., status)"
    assert f"got a tuple of 2 (coroutine, int): {advice}" in caplog.text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "got int: return str(value)"),
        (True, "got bool: return str(value)"),
        (1.5, "got float: return request.Response(...)"),
        ({1}, "got set: return list(value)"),
        (frozenset(), "got frozenset: return list(value)"),
        (bytearray(b"x"), "got bytearray: return bytes(value)"),
        (memoryview(b"x"), "got memoryview: return bytes(value)"),
        (generate(), "got generator: return list(value)"),
        (generate_async(), "got async_generator: return [item async for item in value]"),
        (Response, "got the class Response: call it, return Response(...)"),
        (dict, "got the class dict: call it, return dict(...)"),
        (generate, "got function: call it and return what it returns"),
        (object(), "got object: return request.Response(...)"),
        ((), "got a tuple of 0 (): return list(value) for JSON"),
        (("x",), "got a tuple of 1 (str): return list(value) for JSON"),
        (("x", "y"), "got a tuple of 2 (str, str): return (value, status)"),
        (("x", True), "got a tuple of 2 (str, bool): return (value, status)"),
        (("x", {}), "got a tuple of 2 (str, dict): return (value, status)"),
        ((200, "x"), "got a tuple of 2 (int, str): return (value, status)"),
        ((5, 200), "got a tuple of 2 (int, int): return (str(value), status), or list(value) for"),
        ((1.5, 200, {}), "(float, int, dict): return (str(value), status), or list(value) for"),
        ((("x", 200), 200), "got a tuple of 2 (tuple, int): return list(value) for JSON"),
        ((Response(), 200), "a tuple of 2 (Response, int): set its code and headers"),
        ((1, 2, 3, 4, 5), "got a tuple of 5 (int, int, int, int, ...): return list(value)"),
    ],
    ids=count(),  # a repr may have an address in it
)
def test_anything_else_is_500_and_named(
    value: object, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    def careless(request: Request) -> object:
        return value

    answer = ask(careless)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    (record,) = caplog.records
    assert record.name == "japy.error"
    assert record.exc_text is not None
    line = careless.__code__.co_firstlineno
    assert f"careless ({__file__}:{line}): expected a Response, str, bytes" in record.exc_text
    assert message in record.exc_text


def test_the_connection_goes_on_behind_an_unusable_answer() -> None:
    app = Application()
    app.router.add_route("/set", lambda request: {1})
    app.router.add_route("/json", lambda request: [object()])
    app.router.add_route("/header", lambda request: ("x", 200, {"A": "b\r\n"}))
    app.router.add_route("/status", lambda request: ("x", 99))
    app.router.add_route("/ok", lambda request: "ok")
    paths = ["/set", "/ok", "/json", "/ok", "/header", "/ok", "/status", "/ok"]
    with Server(app) as server:
        exchanged = server.exchange_every_way(b"".join(map(get, paths)))
    assert [a.status for a in read_answers(exchanged.received)] == [500, 200] * 4
    assert not exchanged.is_closed


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a": object()}, TypeError),
        ([float], TypeError),
        (("x", 99), ValueError),
        (("x", 1 << 70), ValueError),
        (("x", 200, {"A": "b\r\nC: d"}), ValueError),
        (("x", 200, {"A B": "b"}), ValueError),
        (("x", 200, {"A": 5}), TypeError),
        (("x", 200, 5), TypeError),
        ("\ud800", UnicodeEncodeError),
        ({1}, TypeError),
    ],
    ids=count(),  # a repr may have an address in it
)
def test_error_handlers_see_what_cannot_be_answered(value: object, kind: type[Exception]) -> None:
    def handler(request: Request) -> object:
        return value

    def explain(request: Request, error: Exception) -> Response:
        seen.append(error)
        return request.Response("explained", 502)

    seen: list[Exception] = []
    app = Application()
    app.add_error_handler(kind, explain)
    assert ask(handler, app)[::2] == (502, b"explained")
    (error,) = seen
    notes = getattr(error, "__notes__", [])
    assert any("handler (" in text for text in [str(error), *notes])


# Error handlers.


@pytest.mark.parametrize("value", ["text", b"x", None, {}, ("x", 200), 5, Response], ids=repr)
@pytest.mark.parametrize("is_async", [False, True])
def test_an_error_handler_returns_a_response(
    value: object, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def explain(request: Request, error: Exception) -> object:
        calls.append(error)
        return value

    async def explain_later(request: Request, error: Exception) -> object:
        return explain(request, error)

    calls: list[Exception] = []
    app = Application()
    app.add_error_handler(None, explain_later if is_async else explain)
    answer = ask(lambda request: {1}, app)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert len(calls) == 1
    (record,) = caplog.records
    assert record.exc_text is not None
    assert "error handler test_an_error_handler_returns_a_response.<locals>.explain" in (
        record.exc_text
    )
    assert "expected a Response; got" in record.exc_text


@pytest.mark.parametrize("arguments", [("x", "", 999), ("\ud800",)], ids=ascii)
def test_a_bad_request_that_cannot_be_sent_is_500(
    arguments: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(request: Request) -> Response:
        raise BadRequest(*arguments)

    assert ask(refuse)[::2] == (500, b"Internal Server Error")
    (record,) = caplog.records
    assert record.exc_text is not None
    assert "in refuse" in record.exc_text


# Names.


class Instance:
    """A handler with state."""

    def __call__(self, request: Request) -> Response:
        return Response()

    def method(self, request: Request) -> Response:
        return Response()


def function(request: Request) -> Response:
    """Be a handler."""
    return Response()


@functools.wraps(function)
def decorated(request: Request) -> Response:
    """Be a handler under a decorator."""
    return function(request)


class Hostile:
    """An object that answers nobody."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


def test_handlers_are_named_as_they_were_written() -> None:
    place = f"({__file__}:{function.__code__.co_firstlineno})"
    assert described(function) == f"function {place}"
    assert described(decorated) == f"function {place}"
    assert described(functools.partial(functools.partial(function))) == f"function {place}"
    assert described(Instance().method).startswith(f"Instance.method ({__file__}:")
    assert described(Instance()).startswith(f"Instance.__call__ ({__file__}:")
    assert described(print) == "print"
    assert described(dict) == "dict"
    assert described(Hostile()) == "Hostile"
    assert described(None) == "of unknown name"


def test_both_kinds_of_handlers_have_their_message() -> None:
    with pytest.raises(TypeError, match=r"^handler function \(.*: expected a Response, str, by"):
        to_response(5, STANDARD, function)
    with pytest.raises(TypeError, match=r"^handler of unknown name: expected"):
        to_response(5, STANDARD)
    message = str(bad_answer(function, "text"))
    assert message.startswith("error handler function (")
    assert message.endswith("expected a Response; got str: return request.Response(...)")


def test_a_response_is_returned_as_it_is() -> None:
    response = Response("x")
    assert to_response(response, STANDARD) is response
