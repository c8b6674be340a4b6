"""JSON libraries behind one attribute: what they agree on, and where they differ."""

import dataclasses
import datetime
import decimal
import json
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
import pytest

from japy import Application, BadRequest, Request, Response
from japy.application.codec import NAMES, json_module
from tests.support.handlers import get
from tests.support.wire import Answer, Server, read_answers

DAY = datetime.date(2024, 2, 29)
MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 1)
UUID = uuid.UUID(int=1)


@dataclasses.dataclass
class Point:
    x: int


def written(name: str, value: object) -> str:
    """Return a value as one of the libraries writes it, or the kind of its error."""
    try:
        data = json_module(name).dumps(value)
    except (TypeError, ValueError) as error:
        return type(error).__name__
    return data if isinstance(data, str) else data.decode()


def read(name: str, data: bytes) -> object:
    """Return what one of the libraries reads, or ValueError."""
    try:
        return json_module(name).loads(data)
    except ValueError:
        return ValueError


# What may be assigned.


@pytest.mark.parametrize("name", NAMES)
def test_a_library_may_be_named(name: str) -> None:
    module = json_module(name)
    assert module.loads(b'{"a":[1,2.5,null,true,"x"]}') == {"a": [1, 2.5, None, True, "x"]}
    assert json.loads(module.dumps({"a": [1]})) == {"a": [1]}


def test_a_module_with_dumps_and_loads_stays_itself() -> None:
    assert json_module(json) is json
    assert json_module(orjson) is orjson
    assert json_module("orjson") is orjson


def test_a_module_with_encode_and_decode_gets_the_usual_names() -> None:
    module = json_module(msgspec.json)
    assert module.dumps([1, "é"]) == b'[1,"\xc3\xa9"]'
    assert module.loads(b"[1]") == [1]


def test_an_object_may_do_it() -> None:
    class Coder:
        def encode(self, value: object) -> str:
            return "encoded"

        def decode(self, data: bytes) -> object:
            return len(data)

    module = json_module(Coder())
    assert module.dumps(0) == "encoded"
    assert module.loads(b"12345") == 5


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ("ujson", "'ujson'"),
        ("", "''"),
        (None, "NoneType object"),
        (json.dumps, "function object"),
        (decimal, "module decimal"),
        (b"json", "bytes object"),
        (msgspec, "module msgspec"),
    ],
)
def test_anything_else_is_refused(choice: Any, shown: str) -> None:
    with pytest.raises(TypeError) as caught:
        Application().json = choice
    assert str(caught.value) == (
        "app.json: expected a module or object with dumps and loads, one with encode and decode, "
        f"or one of 'json', 'orjson', 'msgspec'; got {shown}"
    )


# What they agree on, and what not; the table of the documentation.


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**63 - 1,
        2**53 + 1,
        0.1,
        -0.0,
        1e-7,
        1e22,
        "é\u2028</script>\x00😀",
        [],
        {},
        {"b": [1, {"a": None}], "a": "x"},
        (1, 2),
    ],
)
def test_what_one_writes_all_read(name: str, value: object) -> None:
    text = written(name, value)
    expected = [1, 2] if isinstance(value, tuple) else value
    for other in NAMES:
        assert repr(read(other, text.encode())) == repr(expected), other


@pytest.mark.parametrize(
    ("value", "by_json", "by_orjson", "by_msgspec"),
    [
        ({"a": [1, 2]}, '{"a": [1, 2]}', '{"a":[1,2]}', '{"a":[1,2]}'),
        ("é", '"\\u00e9"', '"é"', '"é"'),
        ("\ud800", '"\\ud800"', "TypeError", "UnicodeEncodeError"),
        (float("nan"), "NaN", "null", "null"),
        (float("inf"), "Infinity", "null", "null"),
        (2**64, str(2**64), "TypeError", str(2**64)),
        ({1: 2}, '{"1": 2}', "TypeError", '{"1":2}'),
        (DAY, "TypeError", '"2024-02-29"', '"2024-02-29"'),
        (MOMENT, "TypeError", '"2024-02-29T12:30:01"', '"2024-02-29T12:30:01"'),
        (UUID, "TypeError", f'"{UUID}"', f'"{UUID}"'),
        (Point(1), "TypeError", '{"x":1}', '{"x":1}'),
        (decimal.Decimal("1.1"), "TypeError", "TypeError", '"1.1"'),
        ({1}, "TypeError", "TypeError", "[1]"),
        (b"x", "TypeError", "TypeError", '"eA=="'),
        (object(), "TypeError", "TypeError", "TypeError"),
    ],
)
def test_what_they_write_differently(
    value: object, by_json: str, by_orjson: str, by_msgspec: str
) -> None:
    assert [written(name, value) for name in NAMES] == [by_json, by_orjson, by_msgspec]


@pytest.mark.parametrize(
    ("data", "by_json", "by_orjson", "by_msgspec"),
    [
        (b"1.0", 1.0, 1.0, 1.0),
        (b'{"a":1,"a":2}', {"a": 2}, {"a": 2}, {"a": 2}),
        (b'"\xc3\xa9"', "é", "é", "é"),
        (b"[1,]", ValueError, ValueError, ValueError),
        (b"", ValueError, ValueError, ValueError),
        (b'"\xff"', ValueError, ValueError, ValueError),
        (b'"\x00"', ValueError, ValueError, ValueError),
        (b"18446744073709551616", 2**64, float(2**64), 2**64),
        (b"Infinity", float("inf"), ValueError, ValueError),
        (b"1e400", float("inf"), ValueError, ValueError),
        (b'"\\ud800"', "\ud800", ValueError, ValueError),
    ],
)
def test_what_they_read(
    data: bytes, by_json: object, by_orjson: object, by_msgspec: object
) -> None:
    assert [read(name, data) for name in NAMES] == [by_json, by_orjson, by_msgspec]


# In an application.


def ask(app: Application, data: bytes) -> Answer:
    """Return the answer to one request."""
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([data]).received)
    return answer


def post(body: bytes) -> bytes:
    """Return a POST with a body."""
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture(params=[*NAMES, json, orjson, msgspec.json], ids=str)
def new_app(request: pytest.FixtureRequest) -> Callable[[Any], Application]:
    """Return what makes an application with one handler and one of the libraries."""

    def new(handler: Any) -> Application:
        app = Application()
        app.json = request.param
        app.router.add_route("/", handler)
        return app

    return new


def test_requests_and_answers_go_through_it(new_app: Callable[[Any], Application]) -> None:
    app = new_app(lambda request: request.Response(json={"got": request.json}))
    answer = ask(app, post('{"name":"é","n":[1,2.5,null]}'.encode()))
    assert answer.status == 200
    assert answer.fields["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(answer.body) == {"got": {"name": "é", "n": [1, 2.5, None]}}
    encoded = app.json.dumps([1])
    assert app.json.loads(encoded.encode() if isinstance(encoded, str) else encoded) == [1]


def test_what_is_no_json_is_the_clients_mistake(new_app: Callable[[Any], Application]) -> None:
    def handler(request: Request) -> Response:
        with pytest.raises(ValueError, match=r"\S") as caught:
            request.json  # noqa: B018 - reading it is what fails
        assert isinstance(caught.value, BadRequest)
        raise caught.value

    assert ask(new_app(handler), post(b'{"a": tru}')).status == 400
    assert ask(new_app(handler), post(b"[" * 100_000)).status == 400


def test_what_cannot_be_encoded_is_the_handlers(new_app: Callable[[Any], Application]) -> None:
    assert ask(new_app(lambda request: request.Response(json=object())), get("/")).status == 500
