"""Responses: arguments to bytes (the table of Japronto's behaviour), and what is refused."""

import json as stdlib_json
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.response import Response, Stamp
from japy.core.status import is_bodiless, status_line
from tests.support.render import read, rendered
from tests.support.strategies import TOKEN_CHARS, field_values, tokens
from tests.support.wire import DATE

UTF8 = "text/plain; charset=utf-8"


def test_a_plain_text_is_rendered_from_the_stamp() -> None:
    for text in ("hi", "ho", "", "x" * 1023, "x" * 1024):
        expected = (
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n" % len(text) + DATE + b"\r\n"
        )
        assert rendered(Response(text)) == expected + text.encode()
    assert b"Date" not in rendered(Response("hi"), stamp=Stamp(""))


def test_a_text_is_rendered_in_the_documented_order() -> None:
    cookies = SimpleCookie({"a": "1"})
    response = Response("hi", 201, headers={"X-A": "b"}, cookies=cookies)
    assert rendered(response) == (
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nX-A: b\r\nSet-Cookie: a=1\r\n"
        + DATE
        + b"\r\nhi"
    )


@pytest.mark.parametrize(
    ("response", "mime_type", "body"),
    [
        (Response(), None, b""),
        (Response(mime_type="text/html"), None, b""),
        (Response(""), UTF8, b""),
        (Response("hé"), UTF8, b"h\xc3\xa9"),
        (Response("hé", encoding="latin-1"), "text/plain; charset=latin-1", b"h\xe9"),
        (Response("x", mime_type="text/html"), "text/html; charset=utf-8", b"x"),
        (Response("x", mime_type="image/svg+xml"), "image/svg+xml", b"x"),
        (
            Response("x", mime_type="image/svg+xml", encoding="utf-8"),
            "image/svg+xml; charset=utf-8",
            b"x",
        ),
        (
            Response("x", mime_type="text/html; charset=ascii"),
            "text/html; charset=ascii",
            b"x",
        ),
        (Response(body=b"\0"), "application/octet-stream", b"\0"),
        (Response(body=b""), "application/octet-stream", b""),
        (Response(body=bytearray(b"ab")), "application/octet-stream", b"ab"),
        (Response(body=memoryview(b"abc")[1:]), "application/octet-stream", b"bc"),
        (Response(body=b"x", mime_type="text/css"), "text/css; charset=utf-8", b"x"),
        (Response(json={"a": "é"}), "application/json; charset=utf-8", b'{"a": "\\u00e9"}'),
        (Response(json=[]), "application/json; charset=utf-8", b"[]"),
        (Response(json=0), "application/json; charset=utf-8", b"0"),
        (Response(json=False), "application/json; charset=utf-8", b"false"),
        (
            Response(json=1, mime_type="application/problem+json"),
            "application/problem+json",
            b"1",
        ),
        (
            Response(json=1, encoding="utf-16-le"),
            "application/json; charset=utf-16-le",
            b"1\0",
        ),
    ],
)
def test_arguments_decide_type_and_body(
    response: Response, mime_type: str | None, body: bytes
) -> None:
    answer = read(response)
    assert answer.status == 200
    assert answer.body == body
    assert answer.fields.get("Content-Type") == mime_type
    assert answer.fields["Content-Length"] == str(len(body))


def test_arguments_come_in_japrontos_order() -> None:
    answer = read(Response("x", 404, None, None, "text/html", "ascii", {"A": "b"}, SimpleCookie()))
    assert answer.status == 404
    assert answer.fields["Content-Type"] == "text/html; charset=ascii"
    assert answer.fields["A"] == "b"


def test_a_body_is_a_copy_of_what_may_change() -> None:
    source = bytearray(b"ab")
    response = Response(body=source)
    source[0] = 0
    assert response.body == b"ab"


@pytest.mark.parametrize("code", [200, 205, 226, 299, 306, 418, 422, 451, 511, 599])
def test_every_code_can_be_sent(code: int) -> None:
    data = rendered(Response(code=code))
    assert data.startswith(status_line(code))
    assert b"Content-Length: 0\r\n" in data


@pytest.mark.parametrize("code", [100, 101, 103, 199])
def test_an_interim_code_is_no_answer(code: int) -> None:
    assert is_bodiless(code)
    with pytest.raises(ValueError, match=f"expected 200 to 599; got {code}"):
        rendered(Response(code=code))


@pytest.mark.parametrize("code", [204, 304])
def test_some_codes_have_no_body_and_no_length(code: int) -> None:
    assert is_bodiless(code)
    data = rendered(Response("lost", code, headers={"ETag": '"x"'}))
    assert b"Content-Length" not in data
    assert b"Content-Type" not in data
    assert b'ETag: "x"\r\n' in data
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("code", [-1, 0, 99, 600, 1 << 70])
def test_codes_out_of_range_are_refused(code: int) -> None:
    with pytest.raises(ValueError, match="expected 100 to 599"):
        Response(code=code)
    response = Response()
    with pytest.raises(ValueError, match="expected 100 to 599"):
        response.code = code
    assert response.code == 200


def test_connection_is_said_to_those_who_expect_otherwise() -> None:
    assert b"Connection" not in rendered(Response())
    assert b"\r\nConnection: close\r\n" in rendered(Response(), close=True)
    assert b"\r\nConnection: keep-alive\r\n" in rendered(Response(), is_old=True)
    assert b"\r\nConnection: close\r\n" in rendered(Response(), is_old=True, close=True)


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 100_000])
def test_every_size_is_announced(size: int) -> None:
    answer = read(Response(body=b"x" * size))
    assert answer.fields["Content-Length"] == str(size)
    assert len(answer.body) == size


def test_only_one_body_can_be_given() -> None:
    for text, body, json in (("", b"", None), ("", None, 1), (None, b"", 1), ("", b"", 1)):
        with pytest.raises(ValueError, match="expected one of text, body and json"):
            Response(text, None, body, json)


def test_what_cannot_be_encoded_is_refused_at_once() -> None:
    with pytest.raises(UnicodeEncodeError):
        Response("é", encoding="ascii")
    with pytest.raises(LookupError):
        Response("x", encoding="no-such-encoding")
    with pytest.raises(TypeError):
        Response(json={1, 2})


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": b"x"},
        {"body": "x"},
        {"body": 5},
        {"code": "200"},
        {"text": "x", "mime_type": b"text/html"},
        {"headers": {"A": 1}},
        {"headers": {"A": b"x"}},
        {"headers": {b"A": "x"}},
        {"headers": {"A": None}},
        {"headers": {"A": ["x", 1]}},
        {"headers": 5},
        {"headers": [5]},
        {"code": 200.0},
        {"code": True},
        {"text": 5},
        {"text": "x", "mime_type": 5},
        {"mime_type": 5},
        {"encoding": 5},
        {"body": b"x", "encoding": b"utf-8"},
        {"cookies": {"a": "b"}},
        {"cookies": "a=b"},
    ],
    ids=str,
)
def test_arguments_of_another_type_are_refused(arguments: dict[str, object]) -> None:
    make: Callable[..., Response] = Response
    with pytest.raises(TypeError):
        make(**arguments)


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\r\n", "\x7f", "\x1b"])
def test_nothing_can_be_injected_into_a_head(char: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        Response(headers={"A": f"b{char}Set-Cookie: c"})
    with pytest.raises(ValueError, match="token"):
        Response(headers={f"A{char}": "b"})
    with pytest.raises(ValueError, match="control characters"):
        Response("x", mime_type=f"text/html{char}A: b")
    for arguments in ({"text": "x"}, {"body": b"x"}, {"json": 1}, {}):
        make: Callable[..., Response] = Response
        with pytest.raises(ValueError, match="expected a token"):
            make(**arguments, encoding=f"utf-8{char}A: b")
        with pytest.raises(ValueError, match="control characters"):
            make(**arguments, mime_type=f"text/html{char}A: b")
    with pytest.raises(ValueError, match="control characters"):
        Response(headers={"A": ["b", f"c{char}"]})
    with pytest.raises(ValueError, match="control characters"):
        Response(headers={"Connection": f"close{char}A: b"})


@pytest.mark.parametrize("name", ["", " ", "A B", "A:", "Ä", "A\t", "(A)", "A/B"])
def test_names_are_tokens(name: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Response(headers={name: "x"})


@pytest.mark.parametrize("attribute", ["path", "domain", "expires"])
def test_a_cookie_cannot_inject_a_field(attribute: str) -> None:
    cookies = SimpleCookie()
    cookies["a"] = "1"
    try:
        cookies["a"][attribute] = "/\r\nX-Evil: 1"
    except CookieError:  # newer releases of Python refuse it themselves
        return
    with pytest.raises(ValueError, match="control"):
        Response(cookies=cookies)


def test_each_cookie_has_a_line() -> None:
    cookies = SimpleCookie()
    cookies["a"] = "1"
    cookies["b"] = "ž"
    cookies["b"]["httponly"] = True
    lines = rendered(Response(cookies=cookies)).split(b"\r\n")
    assert b"Set-Cookie: a=1" in lines
    assert next(line for line in lines if line.startswith(b"Set-Cookie: b=")).endswith(b"HttpOnly")


def test_headers_are_a_mapping_or_pairs_and_values_may_be_many() -> None:
    expected = b"\r\nA: 1\r\nA: 2\r\nB: 3\r\n"
    mappings: list[dict[str, str | list[str] | tuple[str, ...]]]
    mappings = [{"A": ["1", "2"], "B": "3"}, {"A": ("1", "2"), "B": "3"}]
    for mapping in mappings:
        assert expected in rendered(Response(headers=mapping))
        assert expected in rendered(Response(headers=iter(mapping.items())))
    assert expected in rendered(Response(headers=[("A", "1"), ("A", "2"), ("B", "3")]))


def test_own_fields_replace_those_of_japy() -> None:
    data = rendered(Response("x", headers={"content-type": "a/b", "date": "today"}))
    assert data.lower().count(b"content-type:") == 1
    assert b"content-type: a/b\r\n" in data
    assert b"Date" not in data
    assert b"date: today\r\n" in data


def test_own_connection_field_counts_only_as_close() -> None:
    for value in ("close", "Close", "x, CLOSE"):
        response = Response(headers={"connection": value})
        assert response.close
        assert b"onnection" not in rendered(response)
    for value in ("keep-alive", "", "upgrade"):
        response = Response(headers={"Connection": value})
        assert not response.close
        assert b"onnection" not in rendered(response)


def test_the_framing_is_japys() -> None:
    assert rendered(Response("abc", headers={"content-length": "3"})).count(b"ontent-") == 2
    for value in ("2", "03", "+3", ""):
        with pytest.raises(ValueError, match="Content-Length: expected 3"):
            Response("abc", headers={"Content-Length": value})
    with pytest.raises(ValueError, match="Transfer-Encoding"):
        Response("abc", headers={"transfer-encoding": "chunked"})


@given(
    st.lists(st.tuples(tokens(), field_values()), max_size=5),
    st.binary(max_size=2000),
    st.integers(200, 599).filter(lambda code: not is_bodiless(code)),
)
def test_what_is_built_reads_back(fields: list[tuple[str, str]], body: bytes, code: int) -> None:
    own = {"content-length", "transfer-encoding", "connection", "content-type", "date"}
    fields = [field for field in fields if field[0].lower() not in own]
    data = rendered(Response(body=body, code=code, headers=fields))
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {code} ")
    first = 2 + (lines[2] == "Content-Type: application/octet-stream")
    assert lines[first : first + len(fields)] == [f"{name}: {value}" for name, value in fields]
    assert rest == (b"" if code == 205 else body)


@given(st.text(max_size=8), st.text(max_size=20))
def test_no_field_is_anything_but_one_line(name: str, value: str) -> None:
    try:
        response = Response(headers={name: value})
    except ValueError:
        legal = set(name) <= set(TOKEN_CHARS) and name
        assert (
            not legal
            or not value.isprintable()
            or name.lower() in ("content-length", "transfer-encoding")
        )
        return
    assert rendered(response).count(b"\r\n") <= 5
    assert rendered(response).count(b"\n") == rendered(response).count(b"\r\n")


def test_json_is_the_standard_librarys_by_default() -> None:
    value = {"a": [1, 2.5, None, "\u2028"]}
    assert Response(json=value).body == stdlib_json.dumps(value).encode()


def test_a_charset_in_the_mime_type_is_obeyed() -> None:
    data = rendered(Response("é", mime_type="text/html; Charset=latin-1"))
    assert b"Content-Type: text/html; Charset=latin-1\r\n" in data
    assert data.endswith(b"\r\n\r\n\xe9")


def test_not_modified_may_tell_the_length() -> None:
    assert b"Content-Length: 7\r\n" in rendered(Response(code=304, headers={"Content-Length": "7"}))


def test_whitespace_around_a_value_is_not_sent() -> None:
    assert b"X: a\r\n" in rendered(Response(headers={"X": " a\t"}))


def test_a_mime_type_and_an_encoding_that_differ_are_not_both_sent() -> None:
    response = Response("é", mime_type="text/html; charset=latin-1", encoding="utf-8")
    assert rendered(response).endswith(b"\r\n\r\n\xe9")
    assert read(response).fields["Content-Type"] == "text/html; charset=latin-1"


def test_reset_content_has_a_length_and_nothing_else() -> None:
    data = rendered(Response("lost", 205))
    assert b"Content-Length: 0\r\n" in data
    assert data.endswith(b"\r\n\r\n")
    assert Response("lost", 205).body == b""
