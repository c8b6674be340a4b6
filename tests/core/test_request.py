"""What a request says about itself, decoded from the bytes that were read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Request, Response
from japy.application.form import File
from japy.core.errors import MalformedForm, MalformedJSON, MalformedText, UnknownEncoding
from tests.support.request import Sink, new_request
from tests.support.strategies import Message, messages
from tests.support.wire import Server


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
        ("/?a=%26%2B+%2b", "a=&+++", [("a", "&+ +")]),
        ("/?%C3%A9=%c3%a9", "é=é", [("é", "é")]),
        ("/?a=%ff", "a=\ufffd", [("a", "\ufffd")]),
        ("/?a?b=c", "a?b=c", [("a?b", "c")]),
        ("/?\xc3\xa9", "é", [("é", "")]),
        ("/?\xe9", "\ufffd", [("\ufffd", "")]),
        ("/?a=%2526", "a=%26", [("a", "%26")]),
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


def with_body(body: bytes, content_type: str = "", app: Application | None = None) -> Request:
    """Return a request with a body of this type."""
    fields = b"Host: x\r\n"
    if content_type:
        fields += f"Content-Type: {content_type}\r\n".encode("latin-1")
    return new_request(fields=fields, body=body, app=app)


def test_a_text_is_decoded_as_its_sender_says() -> None:
    assert with_body(b"\xe9", "text/plain; charset=latin-1").text == "é"
    assert with_body("é".encode()).text == "é"
    assert with_body(b"").text == ""


def test_what_is_decoded_is_kept() -> None:
    request = with_body(b"[1]", "application/json")
    assert request.json is request.json
    assert request.text is request.text
    assert request.query is request.query
    assert request.query_list is request.query_list
    assert request.cookies is request.cookies
    request = with_body(b"a=1", "application/x-www-form-urlencoded")
    assert request.form is request.form
    assert request.form_list is request.form_list
    assert with_body(b"null").json is None


def test_a_body_that_is_not_in_its_encoding_is_malformed() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        with_body(b"a\xff").text  # noqa: B018  # the property raises
    assert isinstance(caught.value, MalformedText)
    assert (caught.value.start, caught.value.object) == (1, b"a\xff")
    with pytest.raises(LookupError) as unknown:
        with_body(b"x", "a/b; charset=no-such").text  # noqa: B018  # the property raises
    assert isinstance(unknown.value, UnknownEncoding)


def test_a_body_that_is_no_json_is_malformed() -> None:
    request = with_body(b"[1,\n}")
    with pytest.raises(json.JSONDecodeError) as caught:
        request.json  # noqa: B018  # the property raises
    assert isinstance(caught.value, MalformedJSON)
    assert (caught.value.lineno, caught.value.colno, caught.value.doc) == (2, 1, "[1,\n}")
    assert request.text == "[1,\n}"


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (b"x", "", b"malformed JSON: Expecting value at line 1 column 1"),
        (b"", "", b"malformed JSON: Expecting value at line 1 column 1"),
        (b"[\n\n\xff", "", b"malformed JSON: not utf-8"),
        (b"[" * 50_000, "", b"malformed JSON: nested too deeply"),
        (b"1", "a/b; charset=no-such", b"unknown encoding: no-such"),
        (b"1", "a/b; charset=\xe9", b"unknown encoding: \\xe9"),
    ],
)
def test_what_a_handler_does_not_catch_is_told_to_the_client(
    body: bytes, content_type: str, name: bytes
) -> None:
    def handler(request: Request) -> Response:
        return request.Response(json=request.json)

    app = Application()
    app.router.add_route("/", handler)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
    sent = head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with Server(app) as server:
        received, is_closed = server.exchange([sent])
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.endswith(b"\r\n\r\n" + name)
    assert not is_closed


@pytest.mark.parametrize(
    ("content_type", "body", "form", "pairs"),
    [
        ("", b"a=1", None, []),
        ("text/plain", b"a=1", None, []),
        ("application/x-www-form-urlencoded", b"", {}, []),
        ("Application/X-WWW-Form-Urlencoded; a=b", b"a=+", {"a": " "}, [("a", " ")]),
        (
            "application/x-www-form-urlencoded",
            b"a=1&b=&a=2&c",
            {"a": "2"},
            [("a", "1"), ("b", ""), ("a", "2"), ("c", "")],
        ),
    ],
)
def test_a_form_is_read_by_its_type(
    content_type: str, body: bytes, form: dict[str, str] | None, pairs: list[tuple[str, str]]
) -> None:
    request = with_body(body, content_type)
    assert request.form == form
    assert request.form_list == pairs
    assert request.files is None
    assert request.files_list == []


def test_a_multipart_form_has_fields_and_files() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n\xff\r\n'
        b'--b\r\nContent-Disposition: form-data; name="f"\r\nContent-Type: A/B; c=d\r\n\r\n\r\n'
        b"--b--\r\n"
    )
    request = with_body(body, "multipart/form-data; boundary=b")
    assert request.form == {"a": ""}
    assert request.form_list == [("a", "1"), ("a", "")]
    assert request.files == {"f": File("a/b", b"", None)}
    assert request.files is request.files
    assert request.files_list == [
        ("f", File(None, b"\xff", "x.txt")),
        ("f", File("a/b", b"", None)),
    ]


def test_without_a_body_a_form_is_empty() -> None:
    request = new_request(fields=b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
    assert (request.form, request.files) == ({}, None)
    request = new_request(fields=b"Host: x\r\nContent-Type: multipart/form-data; boundary=b\r\n")
    assert (request.form, request.files) == ({}, {})
    assert (new_request().form, new_request().files) == (None, None)


def test_a_malformed_form_raises_each_time() -> None:
    request = with_body(b"", "multipart/form-data; boundary=b")
    for _ in range(2):
        with pytest.raises(MalformedForm):
            request.form  # noqa: B018  # the property raises
    with pytest.raises(MalformedForm):
        request.files_list  # noqa: B018  # the property raises


def test_cookies_of_several_fields_are_read_together() -> None:
    request = new_request(fields=b"Host: x\r\nCookie: a=1; b=%C3%A9\r\ncookie: a=2\r\n")
    assert request.cookies == {"a": "2", "b": "é"}
    assert new_request().cookies == {}


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("/", b"example.org", ("example.org", None)),
        ("/", b"Example.ORG:8080", ("Example.ORG", 8080)),
        ("/", b"example.org:", ("example.org", None)),
        ("/", b"[::1]", ("::1", None)),
        ("/", b"[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("/", b"xn--bcher-kva.example", ("xn--bcher-kva.example", None)),
        ("/", b"", ("", None)),
        ("/?u=http://other:1/", b"example.org", ("example.org", None)),
        ("http://other", b"example.org:1", ("other", None)),
        ("http://other?x", b"example.org:1", ("other", None)),
        ("http://other:81/a?b=http://c/", b"example.org:1", ("other", 81)),
        ("HTTP://[::2]:82/", b"example.org:1", ("::2", 82)),
    ],
)
def test_a_request_knows_whom_it_is_addressed_to(
    target: str, host: bytes, expected: tuple[str, int | None]
) -> None:
    request = new_request(target, fields=b"Host: " + host + b"\r\n")
    assert (request.hostname, request.port) == expected


def test_a_request_of_http_1_0_may_be_addressed_to_nobody() -> None:
    request = new_request(fields=b"", version="1.0")
    assert (request.hostname, request.port) == (None, None)


class Reverser:
    """A JSON module that is none."""

    def dumps(self, value: object) -> str | bytes:
        return b"<bytes>" if value == "bytes" else f"<{value}>"

    def loads(self, data: bytes) -> object:
        return data[::-1]


def test_json_goes_through_the_module_of_the_application() -> None:
    app = Application()
    app.json = Reverser()
    request = with_body(b"abc", app=app)
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
    found: object = request.transport
    assert found is transport
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


BUILT_IN = (
    *("method", "path", "raw_query", "query_string", "query", "query_list", "version", "headers"),
    *("match_dict", "route", "body", "text", "json", "form", "form_list", "files"),
    *("files_list", "cookies", "hostname", "port", "remote_addr", "mime_type", "encoding"),
    "scheme",
    *("keep_alive", "transport", "app", "extra", "line", "method_size", "is_head", "is_old"),
    *("Response", "add_done_callback"),
)


@pytest.mark.parametrize("name", ["missing", "_missing", *BUILT_IN])
def test_a_request_cannot_be_assigned_to(name: str) -> None:
    request = new_request()
    with pytest.raises(AttributeError):
        setattr(request, name, 1)


def test_a_request_has_no_other_attributes() -> None:
    assert not hasattr(new_request(), "missing")


def test_done_callbacks_are_taken_once() -> None:
    request = new_request()
    assert request.take_callbacks() == []
    seen: list[Request] = []
    request.add_done_callback(seen.append)
    request.add_done_callback(print)
    assert request.has_callbacks
    assert [callback for callback, _ in request.take_callbacks()] == [seen.append, print]
    assert request.take_callbacks() == []
    assert new_request().has_callbacks is request.has_callbacks
    nothing: Any = None
    with pytest.raises(TypeError, match="callable"):
        request.add_done_callback(nothing)


@pytest.mark.parametrize(
    ("version", "fields", "keep_alive"),
    [
        ("1.1", b"Host: x\r\n", True),
        ("1.1", b"Host: x\r\nConnection: close\r\n", False),
        ("1.1", b"Host: x\r\nCONNECTION: Keep-Alive, CLOSE\r\n", False),
        ("1.0", b"", False),
        ("1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_a_request_knows_whether_the_connection_stays(
    version: str, fields: bytes, keep_alive: bool
) -> None:
    assert new_request(version=version, fields=fields).keep_alive is keep_alive


@given(messages())
def test_what_was_sent_is_what_is_read(message: Message) -> None:
    head, _, rest = message.data.partition(b"\r\n\r\n")
    fields = head.partition(b"\r\n")[2] + b"\r\n"
    request = new_request(message.target, message.method, fields, rest=rest)
    assert request.body == message.body
    path, mark, query = message.target.partition("?")
    assert request.raw_query == (query.encode("latin-1") if mark else None)
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


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_json_body_comes_back(text: str) -> None:
    assert with_body(json.dumps([text]).encode()).json == [text]
    wide = json.dumps([text], ensure_ascii=False).encode("utf-16")
    assert with_body(wide, "application/json; charset=utf-16").json == [text]
