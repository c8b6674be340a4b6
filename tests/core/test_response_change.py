"""Responses that are read and changed after they were made."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application
from japy.core.response import Response
from japy.core.status import is_bodiless, status_line
from tests.support.render import read, rendered
from tests.support.wire import DATE, Server, read_answers

UTF8 = "text/plain; charset=utf-8"


def test_a_response_can_be_read() -> None:
    response = Response("hé", 201, mime_type="Text/HTML", encoding="latin-1")
    assert (response.code, response.text, response.body) == (201, "hé", b"h\xe9")
    assert (response.mime_type, response.encoding) == ("text/html", "latin-1")
    response = Response(json=[1])
    assert (response.code, response.text, response.body) == (200, "[1]", b"[1]")
    assert (response.mime_type, response.encoding) == ("application/json", "utf-8")
    response = Response(body=b"\xff")
    assert (response.mime_type, response.encoding) == ("application/octet-stream", None)
    with pytest.raises(UnicodeDecodeError):
        response.text  # noqa: B018  # reading is what fails
    response = Response()
    assert (response.text, response.body) == ("", b"")
    assert (response.mime_type, response.encoding) == (None, None)


def test_codes_are_plain_ints() -> None:
    response = Response("x", HTTPStatus.CREATED)
    assert type(response.code) is int
    response.code = HTTPStatus.ACCEPTED
    assert type(response.code) is int
    assert rendered(response).startswith(b"HTTP/1.1 202 Accepted\r\n")


def test_a_code_decides_what_is_sent_when_it_is_sent() -> None:
    response = Response("hello", headers={"X-A": "b"})
    before = rendered(response)
    for code in (204, 304):
        response.code = code
        assert response.body == b""
        assert response.text == ""
        head = rendered(response)
        assert head == status_line(code) + b"X-A: b\r\n" + DATE + b"\r\n"
    response.code = 200
    assert rendered(response) == before


def test_a_text_that_is_set_is_sent_in_the_charset_of_the_response() -> None:
    response = Response("x", mime_type="text/html", encoding="latin-1")
    response.text = "é"
    assert (response.body, response.text) == (b"\xe9", "é")
    assert read(response).fields["Content-Type"] == "text/html; charset=latin-1"
    with pytest.raises(UnicodeEncodeError):
        response.text = "€"
    assert response.text == "é"


@pytest.mark.parametrize(
    ("response", "mime_type"),
    [
        (Response(), UTF8),
        (Response("x"), UTF8),
        (Response("x", 201), UTF8),
        (Response(body=b"x"), UTF8),
        (Response(json=1), "application/json; charset=utf-8"),
        (Response(mime_type="text/html"), "text/html; charset=utf-8"),
        (Response(mime_type="image/svg+xml"), "image/svg+xml"),
        (Response(encoding="utf-16-le"), "text/plain; charset=utf-16-le"),
        (Response(headers={"Content-Type": "a/b"}), "a/b"),
    ],
)
def test_a_text_that_is_set_has_a_type(response: Response, mime_type: str) -> None:
    response.text = "new"
    answer = read(response)
    assert answer.fields["Content-Type"] == mime_type
    assert answer.body == "new".encode(response.encoding or "utf-8")
    assert answer.fields["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize(
    ("response", "mime_type"),
    [
        (Response(), "application/octet-stream"),
        (Response("x"), UTF8),
        (Response(body=b"x"), "application/octet-stream"),
        (Response(body=b"x", mime_type="image/png"), "image/png"),
        (Response(json=1), "application/json; charset=utf-8"),
        (Response(mime_type="image/png"), "image/png"),
    ],
)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_body_that_is_set_has_a_type(
    response: Response, mime_type: str, kind: Callable[[bytes], bytes]
) -> None:
    response.body = kind(b"\0new")
    assert type(response.body) is bytes
    answer = read(response)
    assert answer.fields["Content-Type"] == mime_type
    assert answer.body == b"\0new"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "200"),
        ("code", None),
        ("code", True),
        ("code", 200.0),
        ("body", "x"),
        ("body", None),
        ("body", 5),
        ("text", b"x"),
        ("text", None),
    ],
)
def test_what_is_set_is_of_its_type(name: str, value: object) -> None:
    response = Response("x")
    with pytest.raises(TypeError):
        setattr(response, name, value)
    assert (response.code, response.text) == (200, "x")


@pytest.mark.parametrize("name", ["headers", "mime_type", "encoding", "length", "unknown"])
def test_nothing_else_can_be_set(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Response("x"), name, "x")


@pytest.mark.parametrize("name", ["code", "body", "text", "headers", "unknown"])
def test_nothing_can_be_deleted(name: str) -> None:
    response = Response("x", 201)
    with pytest.raises(AttributeError):
        delattr(response, name)
    assert rendered(response).endswith(b"\r\n\r\nx")


def test_a_copy_changes_by_itself() -> None:
    first = Response("x", headers={"A": "1", "Connection": "close", "Date": "today"})
    before = rendered(first)
    second = first.copy()
    assert rendered(second) == before
    assert second.headers == first.headers
    second.headers["A"] = "2"
    second.headers.add("B", "3")
    second.text = "y"
    second.code = 404
    second.set_cookie("c")
    del second.headers["Connection"]
    assert rendered(first) == before
    assert first.close
    assert not second.close
    for response in (
        Response("x"),
        Response(),
        Response(mime_type="text/html"),
        Response("x", 204),
    ):
        assert rendered(response.copy()) == rendered(response)
        copy = response.copy()
        copy.text = "new"
        response.text = "new"
        assert rendered(copy) == rendered(response)


def test_a_plain_text_that_is_changed_is_not_taken_from_the_stamp() -> None:
    changes: list[tuple[Callable[[Response], object], bytes]] = [
        (lambda response: response.headers.add("A", "b"), b"\r\nA: b\r\n"),
        (lambda response: response.set_cookie("a"), b"\r\nSet-Cookie: a="),
        (lambda response: setattr(response, "code", 404), b"HTTP/1.1 404 Not Found\r\n"),
        (lambda response: setattr(response, "text", "longer"), b"Content-Length: 6\r\n"),
        (lambda response: setattr(response, "body", b"12"), b"Content-Length: 2\r\n"),
    ]
    for change, expected in changes:
        response = Response("x")
        rendered(response)
        change(response)
        assert expected in rendered(response)
    response = Response("x")
    del response.headers["Content-Type"]
    assert b"Content-Type" not in rendered(response)


def test_head_has_the_length_of_the_body() -> None:
    app = Application()
    app.router.add_route("/", lambda request: Response("hello", headers={"A": "b"}))
    with Server(app) as server:
        received = server.exchange([b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"]).received
        full = server.exchange([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]).received
    assert full == received + b"hello"
    assert b"\r\nContent-Length: 5\r\n" in received


@pytest.mark.parametrize("code", [204, 304])
def test_the_answer_behind_one_without_a_body_is_read_as_it_was_sent(code: int) -> None:
    constant = Response("never sent", code)
    app = Application()
    app.router.add_route("/", lambda request: constant)
    with Server(app) as server:
        received = server.exchange([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3]).received
    assert received == (status_line(code) + DATE + b"\r\n") * 3


CHANGES = st.sampled_from(["text", "body", "code", "header", "cookie", "copy"])


@given(st.lists(st.tuples(CHANGES, st.text(max_size=5), st.integers(200, 599)), max_size=8))
def test_whatever_was_changed_is_framed(changes: list[tuple[str, str, int]]) -> None:
    response = Response("x")
    for change, text, code in changes:
        try:
            if change == "text":
                response.text = text
            elif change == "body":
                response.body = text.encode()
            elif change == "code":
                response.code = code
            elif change == "header":
                response.headers["X-A"] = text
            elif change == "cookie":
                response.set_cookie("a", text)
            else:
                response = response.copy()
        except ValueError:
            continue
    app = Application()
    app.router.add_route("/", lambda request: response)
    with Server(app) as server:
        received = server.exchange([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2]).received
    first, second = read_answers(received)
    assert first == second
    assert (first.status, first.body) == (response.code, response.body)
    assert ("Content-Length" in first.fields) != is_bodiless(response.code)
