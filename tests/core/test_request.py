"""What a request says about itself, decoded from the bytes that were read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application
from tests.support.request import Sink, new_request
from tests.support.strategies import Message, messages


@pytest.mark.parametrize("method", ["GET", "get", "X", "VERY-LONG.METHOD_NAME!"])
def test_a_method_is_as_sent(method: str) -> None:
    assert new_request(method=method).method == method


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a?b", "/a"),
        ("/a?b?c/d", "/a"),
        ("/%41%2f%2F", "/A//"),
        ("/%c3%a9%C3%A9", "/éé"),
        ("/\xc3\xa9", "/é"),
        ("/%ff", "/\ufffd"),
        ("/\xff", "/\ufffd"),
        ("/%", "/%"),
        ("/%4", "/%4"),
        ("/%zz", "/%zz"),
        ("/%2541", "/%41"),
        ("/a+b", "/a+b"),
        ("/%3F?x", "/?"),
    ],
)
def test_a_path_is_decoded_once_and_without_the_query(target: str, path: str) -> None:
    assert new_request(target).path == path


@pytest.mark.parametrize(
    ("target", "query_string", "pairs"),
    [
        ("/", None, []),
        ("/?", "", []),
        ("/?a=1", "a=1", [("a", "1")]),
        ("/?a=1&a=2", "a=1&a=2", [("a", "1"), ("a", "2")]),
        ("/?a", "a", [("a", "")]),
        ("/?a=&b=1", "a=&b=1", [("a", ""), ("b", "1")]),
        ("/?a=%26%2B+%2b", "a=%26%2B+%2b", [("a", "&+ +")]),
        ("/?%C3%A9=%c3%a9", "%C3%A9=%c3%a9", [("é", "é")]),
        ("/?a=%ff", "a=%ff", [("a", "\ufffd")]),
        ("/?a?b=c", "a?b=c", [("a?b", "c")]),
        ("/?\xe9", "\xe9", [("\xe9", "")]),
        ("/?a=b=c", "a=b=c", [("a", "b=c")]),
        ("/?&&", "&&", []),
    ],
)
def test_a_query_is_read_from_what_was_sent(
    target: str, query_string: str | None, pairs: list[tuple[str, str]]
) -> None:
    request = new_request(target)
    assert request.query_string == query_string
    assert request.query_list == pairs
    assert request.query == {name: value for name, value in pairs if value}


def test_versions_are_two() -> None:
    assert new_request().version == "1.1"
    assert new_request(version="1.0").version == "1.0"


def test_headers_are_title_cased_and_repeated_ones_joined() -> None:
    request = new_request(
        fields=b"host: x\r\nX-1a-bC: y\r\nA:1\r\na: 2\r\nCOOKIE: b=1\r\ncookie: c=2\r\nE:\r\n"
        b"L: \xe9\xff \t\r\n"
    )
    assert request.headers == {
        "Host": "x",
        "X-1A-Bc": "y",
        "A": "1, 2",
        "Cookie": "b=1; c=2",
        "E": "",
        "L": "\xe9\xff",
    }
    assert request.headers is request.headers


def test_no_headers_are_no_headers() -> None:
    assert new_request(fields=b"", version="1.0").headers == {}


def test_a_hundred_fields_are_read() -> None:
    lines = b"".join(b"N%d: %d\r\n" % (i, i) for i in range(256))
    request = new_request(fields=lines, version="1.0")
    assert request.headers == {f"N{i}": str(i) for i in range(256)}


@pytest.mark.parametrize(
    ("value", "mime_type", "encoding"),
    [
        (None, None, None),
        (b"text/html", "text/html", None),
        (b"Text/HTML ; charset=UTF-8", "text/html", "UTF-8"),
        (b'a/b; c=d; Charset = "latin-1"', "a/b", "latin-1"),
        (b"a/b;charset=", "a/b", ""),
        (b"a/b; charset", "a/b", ""),
        (b";charset=x", "", "x"),
    ],
)
def test_the_type_of_a_body_is_told(
    value: bytes | None, mime_type: str | None, encoding: str | None
) -> None:
    fields = b"Host: x\r\n"
    if value is not None:
        fields += b"Content-Type: " + value + b"\r\n"
    request = new_request(fields=fields)
    assert request.mime_type == mime_type
    assert request.encoding == encoding


def test_without_a_body_there_is_no_text_and_no_json() -> None:
    request = new_request()
    assert request.body is None
    assert request.text is None
    assert request.json is None


def test_a_text_is_decoded_as_its_sender_says() -> None:
    request = new_request(fields=b"Host: x\r\nContent-Type: text/plain; charset=latin-1\r\n")
    request.body = b"\xe9"
    assert request.text == "é"
    request = new_request()
    request.body = "é".encode()
    assert request.text == "é"
    request.body = b""
    assert request.text == ""


def test_bad_bodies_raise_what_the_standard_library_raises() -> None:
    request = new_request()
    request.body = b"\xff"
    with pytest.raises(UnicodeDecodeError):
        request.text  # noqa: B018  # the property raises
    request.body = b"{"
    with pytest.raises(json.JSONDecodeError):
        request.json  # noqa: B018  # the property raises
    request = new_request(fields=b"Host: x\r\nContent-Type: a/b; charset=no-such\r\n")
    request.body = b"x"
    with pytest.raises(LookupError):
        request.text  # noqa: B018  # the property raises


class Codec:
    """A JSON module that is none."""

    def dumps(self, value: object) -> str | bytes:
        return b"<bytes>" if value == "bytes" else f"<{value}>"

    def loads(self, data: bytes) -> object:
        return data[::-1]


def test_json_goes_through_the_module_of_the_application() -> None:
    app = Application()
    app.json = Codec()
    request = new_request(app=app)
    request.body = b"abc"
    assert request.json == b"cba"
    assert request.Response(json="é").body == "<é>".encode()
    assert request.Response(json="bytes", mime_type="a/json").body == b"<bytes>"
    # An encoding asks for something that only the standard library's can do.
    assert request.Response(json="x", encoding="utf-16-le").body == b'"\0x\0"\0'


def test_a_response_takes_japrontos_arguments() -> None:
    request = new_request()
    assert request.Response("x", 201).code == 201
    assert request.Response("x").body == b"x"
    assert request.Response(None, 200, b"y").body == b"y"
    assert request.Response(json=[1], code=404).code == 404
    assert request.Response(json=[1]).body == b"[1]"
    with pytest.raises(ValueError, match="expected one of"):
        request.Response("x", json=1)
    with pytest.raises(ValueError, match="expected one of"):
        request.Response(body=b"", json=1)


def test_a_request_knows_its_peer_and_its_application() -> None:
    app, transport = Application(), Sink(("::1", 50000, 0, 0))
    request = new_request(app=app, transport=transport)
    assert request.app is app
    assert request.transport is transport
    assert request.remote_addr == "::1"


@pytest.mark.parametrize("peername", ["", None, "/run/socket", b""])
def test_a_unix_socket_has_no_address(peername: object) -> None:
    assert new_request(transport=Sink(peername)).remote_addr == ""


def test_extra_belongs_to_one_request() -> None:
    request = new_request()
    assert request.extra == {}
    request.extra["a"] = 1
    assert request.extra == {"a": 1}
    assert new_request().extra == {}


def test_parameters_are_decoded_after_matching() -> None:
    request = new_request("/%2f%C3%A9/x-%ff%zz?a", pattern="/{a}/x-{b}")
    assert request.match_dict == {"a": "/é", "b": "\ufffd%zz"}
    assert request.match_dict is request.match_dict
    assert request.route is not None
    assert request.route.pattern == "/{a}/x-{b}"


def test_without_a_route_there_are_no_parameters() -> None:
    assert new_request().match_dict == {}
    assert new_request().route is None


def test_only_head_is_head() -> None:
    assert new_request(method="HEAD").is_head
    for method in ("GET", "head", "HEADS", "HEA", "POST", "LOCK"):
        assert not new_request(method=method).is_head


@pytest.mark.parametrize("name", ["missing", "_missing", "path"])
def test_a_request_takes_no_new_attributes(name: str) -> None:
    request = new_request()
    with pytest.raises(AttributeError):
        setattr(request, name, 1)


@given(messages())
def test_what_was_sent_is_what_is_read(message: Message) -> None:
    head, _, rest = message.data.partition(b"\r\n\r\n")
    fields = head.partition(b"\r\n")[2] + b"\r\n"
    request = new_request(message.target, message.method, fields, rest=rest)
    assert request.body == message.body
    path, mark, query = message.target.partition("?")
    assert request.query_string == (query if mark else None)
    assert request.method == message.method
    expected: dict[str, str] = {}
    for name, value in message.fields:
        title = name.title()
        if title in expected:
            value = expected[title] + ("; " if title == "Cookie" else ", ") + value
        expected[title] = value
    assert request.headers == expected
    assert request.path.startswith("/")
    assert "%" in path or request.path == path


@given(st.text(max_size=20))
def test_a_json_body_comes_back(text: str) -> None:
    request = new_request()
    request.body = json.dumps([text]).encode()
    assert request.json == [text]
