"""The client's side of HTTP: what is sent for which options, and what is read from which bytes."""

import json
from typing import Any

import pytest

from japy.application.form import File
from japy.client import (
    AnswerError,
    ClientResponse,
    Incoming,
    Message,
    Options,
    StatusError,
    new_message,
)
from tests.support.wire import cut


def options_of(given: Any) -> Options:
    """Return the options that a test has written."""
    options: Options = given
    return options


def sent(method: str = "GET", target: str = "/", **options: Any) -> tuple[list[str], bytes]:
    """Return the lines and the body of a request."""
    head, _, body = (
        new_message(method, target, {}, options_of(options)).encode("").partition(b"\r\n\r\n")
    )
    return head.decode("latin-1").split("\r\n"), body


def read(*pieces: bytes, method: str = "GET", eof: bool = False) -> ClientResponse:
    """Return the answer that comes in pieces."""
    incoming = Incoming()
    reading = incoming.answer(new_message(method, "/", {}, {}))
    try:
        for piece in pieces:
            incoming.data += piece
            next(reading)
        incoming.is_ended = eof
        next(reading)
    except StopIteration as stop:
        answer: ClientResponse = stop.value
        return answer
    raise AssertionError("more was expected")


# Requests.


def test_a_request_has_a_host_and_nothing_else() -> None:
    assert sent() == (["GET / HTTP/1.1", "Host: testserver"], b"")


@pytest.mark.parametrize(
    ("target", "query", "expected"),
    [
        ("/a b/ü", None, "/a%20b/%C3%BC"),
        ("/a%20b?x=%2F&y=[1]", None, "/a%20b?x=%2F&y=[1]"),
        ("/x#part", None, "/x"),
        ("/", {"a": "1 & 2", "b": ["x", "y"]}, "/?a=1+%26+2&b=x&b=y"),
        ("/?a=1", [("a", 2), ("a", "ß")], "/?a=1&a=2&a=%C3%9F"),
        ("/", {}, "/"),
        ("*", None, "*"),
    ],
)
def test_targets(target: str, query: object, expected: str) -> None:
    assert sent(target=target, query=query)[0][0] == f"GET {expected} HTTP/1.1"


def test_a_target_with_a_host() -> None:
    assert sent(target="http://example.org:81/a?b")[0] == [
        "GET /a?b HTTP/1.1",
        "Host: example.org:81",
    ]
    assert sent(target="https://example.org")[0] == ["GET / HTTP/1.1", "Host: example.org"]


def test_a_target_is_a_path() -> None:
    with pytest.raises(ValueError, match="begins with"):
        sent(target="items")


@pytest.mark.parametrize(
    ("options", "kind", "body"),
    [
        ({"body": b"\xff"}, None, b"\xff"),
        ({"body": "ä"}, "text/plain; charset=utf-8", "ä".encode()),
        ({"json": {"a": [1, None]}}, "application/json", b'{"a": [1, null]}'),
        ({"json": None}, "application/json", b"null"),
        ({"form": {"a": "1 2", "b": ["x", "y"]}}, "application/x-www-form-urlencoded", None),
        ({"form": [("a", "1 2"), ("b", "x"), ("b", "y")]}, None, b"a=1+2&b=x&b=y"),
        ({"form": {}}, "application/x-www-form-urlencoded", b""),
    ],
)
def test_bodies(options: dict[str, Any], kind: str | None, body: bytes | None) -> None:
    lines, content = sent("POST", "/", **options)
    assert f"Content-Length: {len(content)}" in lines
    if body is not None:
        assert content == body
    if kind is not None:
        assert f"Content-Type: {kind}" in lines


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("params", "write query="),
        ("data", "write form="),
        ("content", "write body="),
        ("allow_redirects", "write follow_redirects="),
        ("query_string", "write query="),
        ("quary", "remove it"),
    ],
)
def test_an_option_that_does_not_exist_is_refused(name: str, advice: str) -> None:
    with pytest.raises(TypeError) as caught:
        new_message("POST", "/", {}, options_of({name: {"a": 1}}))
    assert str(caught.value) == (
        "expected options out of query, headers, body, json, form, files, cookies, "
        f"follow_redirects, timeout; got {name}=: {advice}"
    )


def test_only_methods_that_have_a_body_say_that_there_is_none() -> None:
    assert "Content-Length: 0" in sent("POST")[0]
    assert "Content-Length: 0" not in sent("DELETE")[0]


def test_two_bodies_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of body, json"):
        sent(body=b"", json=1)
    with pytest.raises(ValueError, match="expected one of body, json"):
        sent(files={}, json=1)


def test_files() -> None:
    lines, body = sent(
        "POST",
        form={"who": ["me", 'y"ou']},
        files={
            "a": ("a.txt", b"japy-boundary-0"),
            'b"': ('"\r\n', b"\r\n", "text/x"),
            "c": File("image/png", b"c", "c.png"),
            "d": File(None, b"d", None),
        },
    )
    assert "Content-Type: multipart/form-data; boundary=japy-boundary-1" in lines
    start = '--japy-boundary-1\r\nContent-Disposition: form-data; name="'
    assert body.decode() == (
        f'{start}who"\r\n\r\nme\r\n'
        f'{start}who"\r\n\r\ny"ou\r\n'
        f'{start}a"; filename="a.txt"\r\nContent-Type: application/octet-stream\r\n\r\n'
        "japy-boundary-0\r\n"
        f'{start}b%22"; filename="%22%0D%0A"\r\nContent-Type: text/x\r\n\r\n\r\n\r\n'
        f'{start}c"; filename="c.png"\r\nContent-Type: image/png\r\n\r\nc\r\n'
        f'{start}d"\r\n\r\nd\r\n'
        "--japy-boundary-1--\r\n"
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("query", "a=1", "query: expected a dict, or pairs of name and value; got 'a=1'"),
        ("query", ["ab"], "query: expected a dict, or pairs of name and value; got ['ab']"),
        ("form", "a=1", "form: expected a dict, or pairs of name and value; got 'a=1'"),
        ("form", 5, "form: expected a dict, or pairs of name and value; got 5"),
        ("headers", "a: 1", "headers: expected a dict, or pairs of name and value; got 'a: 1'"),
        ("files", b"x", "files: expected a dict, or pairs of name and value; got b'x'"),
        ("body", {"a": 1}, "body: expected bytes or str; got dict: write json= or form= for what"),
        ("body", 5, "body: expected bytes or str; got int: write json= or form= for what"),
    ],
)
def test_what_is_no_value_of_an_option(option: str, value: object, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        new_message("POST", "/", {}, options_of({option: value}))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("upload", "got"),
    [
        (b"x", "bytes"),
        ("text", "str"),
        (("a.txt", "text"), "a tuple of 2 (str, str)"),
        ((1, b"x"), "a tuple of 2 (int, bytes)"),
        (("a", b"x", {"b": "c"}), "a tuple of 3 (str, bytes, dict)"),
        (("a", b"x", "text/x", "c"), "a tuple of 4 (str, bytes, str, str)"),
        (File("text/plain", None, "a"), "a tuple of 3 (str, NoneType, str)"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_what_is_no_file(upload: object, got: str) -> None:
    with pytest.raises(TypeError) as caught:
        sent("POST", files={"f": upload})
    assert str(caught.value) == (
        "files: expected (file name, bytes) or (file name, bytes, media type) for 'f'; "
        f"got {got}: encode text, and read files that are open"
    )


def test_given_fields_replace_the_client_s_and_may_repeat() -> None:
    lines, _ = sent(headers=[("host", "x"), ("a", "1"), ("A", "2")], body="")
    assert lines[1:] == [
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: 0",
        "Host: x",
        "A: 1",
        "A: 2",
    ]


def test_fields_of_one_request_replace_those_of_every_request() -> None:
    message = new_message("GET", "/", {"a": "1", "b": "2"}, {"headers": {"A": "3"}})
    assert message.fields == {"Host": "testserver", "B": "2", "A": "3"}


def test_cookies_are_sent_unless_the_fields_say_so() -> None:
    assert b"\r\nCookie: a=1\r\n" in new_message("GET", "/", {}, {}).encode("a=1")
    message = new_message("GET", "/", {}, {"headers": {"cookie": "b=2"}})
    assert b"\r\nCookie: b=2\r\n" in message.encode("a=1")
    assert b"a=1" not in message.encode("a=1")


def test_fields_are_sent_in_latin_1_or_utf_8() -> None:
    assert "ü".encode("latin-1") in new_message("GET", "/", {"a": "ü"}, {}).encode("")
    assert "Ł".encode() in new_message("GET", "/", {"a": "Ł"}, {}).encode("")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\0"])
def test_no_field_ends_its_line(value: str) -> None:
    with pytest.raises(ValueError, match="no line break"):
        sent(headers={"a": value})


# Redirects.


def follow(method: str, code: int, location: str, **options: Any) -> Message | None:
    """Return the request that follows an answer."""
    message = new_message(method, "/a/b?c", {}, options_of(options))
    head = f"HTTP/1.1 {code} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    incoming = Incoming()
    incoming.data += head.encode()
    with pytest.raises(StopIteration) as caught:
        next(incoming.answer(message))
    return message.redirected(caught.value.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/x?y#z", "/x?y"),
        ("x", "/a/x"),
        ("../x", "/x"),
        ("?x", "/a/b?x"),
        ("http://testserver/ä", "/%C3%A4"),
        ("https://testserver/x", "/x"),
        ("http://example.org/", None),
        ("//example.org/", None),
    ],
)
def test_locations(location: str, target: str | None) -> None:
    message = follow("GET", 302, location)
    assert (None if message is None else message.target) == target


@pytest.mark.parametrize(
    ("method", "code", "expected"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("PUT", 301, "PUT"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
    ],
)
def test_methods_of_redirects(method: str, code: int, expected: str) -> None:
    message = follow(method, code, "/x", body="text", headers={"a": "1"})
    assert message is not None
    assert message.method == expected
    assert message.fields["A"] == "1"
    is_kept = expected == method != "HEAD"
    if is_kept:
        assert (message.body, message.fields["Content-Length"]) == (b"text", "4")
    if expected != method:
        assert message.body is None
        assert not [name for name in message.fields if name.startswith("Content-")]


@pytest.mark.parametrize("code", [200, 201, 300, 304, 404])
def test_only_some_statuses_are_redirects(code: int) -> None:
    assert follow("GET", code, "/x") is None


# Answers.


def test_an_answer_is_read_however_it_comes() -> None:
    data = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\n"
        b"set-cookie: b=2\r\n\r\n"
        b"5;x=y\r\nhello\r\n00A\r\n 123456789\r\n0\r\nX: y\r\n\r\n"
    )
    for pieces in ([data], cut(data, range(1, len(data)))):
        answer = read(*pieces)
        assert (answer.code, answer.reason) == (200, "OK")
        assert answer.body == b"hello 123456789"
        assert answer.headers.getlist("set-cookie") == ["a=1", "b=2"]
        assert answer.cookies == {"a": "1", "b": "2"}


def test_one_answer_after_the_other() -> None:
    incoming = Incoming()
    incoming.data += b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 404 No\r\nConten"
    message = new_message("GET", "/", {}, {})
    with pytest.raises(StopIteration) as caught:
        next(incoming.answer(message))
    assert caught.value.value.body == b"1"
    assert incoming.is_reusable
    reading = incoming.answer(message)
    next(reading)
    incoming.data += b"t-Length: 0\r\nConnection: Close\r\n\r\n"
    with pytest.raises(StopIteration) as caught:
        next(reading)
    assert caught.value.value.code == 404
    assert not incoming.is_reusable


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    ],
)
def test_answers_without_a_body(method: str, head: bytes) -> None:
    assert read(head, method=method).body == b""


def test_a_body_up_to_the_end_of_the_connection() -> None:
    assert read(b"HTTP/1.0 200\r\n\r\nab", b"c", eof=True).body == b"abc"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the server had sent nothing"),
        (b"HTTP/1.1 200 OK\r\nConte", "the server had sent 22 bytes: b'HTTP/1.1 200 OK"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
            "the head of 200 OK and then 3 bytes: b'abc'",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "expected a size; got 'x'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a size; got 'x'"),
        (b"SSH-2.0-x\r\n\r\n", "expected a status line; got 'SSH-2.0-x'"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "expected a status line"),
    ],
)
def test_what_is_no_answer(data: bytes, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read(data, eof=True)
    assert reason in str(caught.value)


def test_text_and_json() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    text = "Ł".encode("iso-8859-2")
    answer = read(head % (b"text/plain; charset=iso-8859-2", len(text)) + text)
    assert answer.text == "Ł"
    answer = read(head % (b"application/json", 7) + b'{"a":1}')
    assert answer.json == {"a": 1}
    answer = read(head % (b"application/json", 1) + b"{")
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json


def test_fields_in_either_encoding() -> None:
    head = "HTTP/1.1 204 No Content\r\nX: ü\r\n\r\n"
    assert read(head.encode()).headers["x"] == "ü"
    assert read(head.encode("latin-1")).headers["x"] == "ü"


def test_an_answer_says_what_it_is() -> None:
    answer = read(
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnope"
    )
    assert repr(answer) == "<GET /: 404 Not Found, 4 bytes of text/plain>"
    with pytest.raises(StatusError, match=r"^GET /: 404 Not Found: nope$"):
        answer.raise_for_status()
    answer = read(b"HTTP/1.1 204 \r\n\r\n")
    assert repr(answer) == "<GET /: 204, 0 bytes of no type>"
    assert answer.raise_for_status() is answer
