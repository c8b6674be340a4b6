"""What a head means: Host, expectation, target form, persistence."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from japy.core.errors import BadRequest
from japy.core.head import (
    AUTHORITY,
    expects_continue,
    is_persistent,
    normal_line,
    read_line,
    require_secured,
    require_valid,
)
from japy.core.limits import Limits
from japy.core.parser import WORDS, Parser


def parsed(head: bytes) -> Parser:
    """Return a parser whose first row is this head."""
    parser = Parser(Limits())
    assert parser.parse(head, 0) == 1
    return parser


def with_fields(*fields: bytes, version: bytes = b"1.1") -> bytes:
    """Return a head with a Host and these field lines."""
    lines = b"".join(field + b"\r\n" for field in (b"Host: x", *fields))
    return b"GET / HTTP/" + version + b"\r\n" + lines + b"\r\n"


def verdict(head: bytes, line: int = 8190) -> tuple[int, str] | None:
    """Return status and name that a head is refused with, or None."""
    try:
        require_valid(head, parsed(head).table, WORDS, line)
    except BadRequest as error:
        return error.status, error.name
    return None


@pytest.mark.parametrize(
    "head",
    [
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    ],
)
def test_what_others_may_read_differently_is_malformed(head: bytes) -> None:
    assert verdict(head) == (400, "malformed_headers")


def test_a_long_line_stays_one_although_it_has_two_spaces() -> None:
    head = b"GET " + b" " * 80 + b"/ HTTP/1.1\r\nHost: x\r\n\r\n"
    assert verdict(head, line=94) == (400, "malformed_headers")
    assert verdict(head, line=93) == (414, "uri too long")


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"x",
        b"x:",
        b"x:80",
        b"127.0.0.1:8080",
        b"[::1]",
        b"[::1]:443",
        b"a_b.example",
        b"xn--bcher-kva.example",
        b"%41",
        b"a!$&'()*+,;=~",
    ],
)
def test_every_legal_host_is_accepted(host: bytes) -> None:
    assert verdict(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n") is None


@pytest.mark.parametrize(
    "host",
    [
        b"x y",
        b"x/y",
        b"user@x",
        b"x:y",
        b"x:123456",
        b"x:1:2",
        b"[::1",
        b"::1]",
        b"[::1]x",
        b"[x]",
        b"%4",
        b"\xe4",
        b"a\tb",
        b"x?",
        b"x#",
        b'"x"',
    ],
)
def test_no_illegal_host_is_accepted(host: bytes) -> None:
    assert verdict(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n") == (400, "invalid_headers")


def test_http_1_1_needs_exactly_one_host() -> None:
    assert verdict(b"GET / HTTP/1.1\r\n\r\n") == (400, "invalid_headers")
    assert verdict(b"GET / HTTP/1.0\r\n\r\n") is None
    assert verdict(with_fields(b"HOST: x")) == (400, "invalid_headers")
    assert verdict(with_fields(b"Host: y", version=b"1.0")) == (400, "invalid_headers")


def test_other_repeated_fields_are_no_repeated_host() -> None:
    assert verdict(with_fields(b"Connection: a", b"Connection: b")) is None


FAILED = (417, "expectation failed")


@pytest.mark.parametrize(
    ("values", "expected", "is_waiting"),
    [
        ((b"100-continue",), None, True),
        ((b"100-Continue",), None, True),
        ((b", 100-continue\t,",), None, True),
        ((b"100-continue,100-continue",), None, True),
        ((b"100-continue", b"100-CONTINUE"), None, True),
        ((b"", b"100-continue"), None, True),
        ((b"",), None, False),
        ((b",,",), None, False),
        ((b"", b""), None, False),
        ((b"200-ok",), FAILED, True),
        ((b"100-continue, x",), FAILED, True),
        ((b"x, 100-continue",), FAILED, True),
        ((b"100-continue", b"x"), FAILED, True),
        ((b"x", b"100-continue"), FAILED, True),
    ],
)
def test_only_one_expectation_is_known(
    values: tuple[bytes, ...], expected: tuple[int, str] | None, is_waiting: bool
) -> None:
    lines = [b"Expect: " + value for value in values]
    head = with_fields(*lines)
    assert verdict(head) == expected
    old = with_fields(*lines, version=b"1.0")
    assert verdict(old) is None
    assert expects_continue(head, parsed(head).table, WORDS) is is_waiting
    assert not expects_continue(old, parsed(old).table, WORDS)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        (b"OPTIONS *", b"OPTIONS *"),
        (b"GET http://x", b"GET /"),
        (b"GET http://x/", b"GET /"),
        (b"GET HTTP://x:80/a/b", b"GET /a/b"),
        (b"GET https://[::1]/a?b", b"GET /a"),
        (b"GET http://x?b", b"GET /"),
        (b"PUT http://x/a/?b?c", b"PUT /a/"),
        (b"COPY /a?b", b"COPY /a"),
    ],
)
def test_other_forms_of_a_target_become_a_path(request_line: bytes, expected: bytes) -> None:
    head = request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert normal_line(head, parsed(head).table, WORDS) == expected


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET *", 400),
        (b"OPTIONS **", 400),
        (b"GET a", 400),
        (b"GET ?a", 400),
        (b"GET /#a", 400),
        (b"GET /a#", 400),
        (b"GET http://x/#a", 400),
        (b"GET http://", 400),
        (b"GET http:///a", 400),
        (b"GET http:/a", 400),
        (b"GET http://u:p@x/", 400),
        (b"GET http://x:y/", 400),
        (b"GET ftp://x/", 400),
        (b"GET x:80", 400),
        (b"CONNECT x:80", 501),
        (b"CONNECT http://x/", 501),
        (b"CONNECT /", 501),
        (b"CONNECT /a?b", 501),
    ],
)
def test_every_other_target_is_refused(request_line: bytes, status: int) -> None:
    head = request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    with pytest.raises(BadRequest) as caught:
        normal_line(head, parsed(head).table, WORDS)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("fields", "stays_1_1", "stays_1_0"),
    [
        ([], True, False),
        ([b"Connection: keep-alive"], True, True),
        ([b"Connection: Keep-Alive"], True, True),
        ([b"connection: close"], False, False),
        ([b"Connection: CLOSE"], False, False),
        ([b"Connection:"], True, False),
        ([b"Connection: x, close"], False, False),
        ([b"Connection: x ,\tclose\t,"], False, False),
        ([b"Connection: keep-alive, close"], False, False),
        ([b"Connection: close, keep-alive"], False, False),
        ([b"Connection: x, keep-alive"], True, True),
        ([b"Connection: closed"], True, False),
        ([b"Connection: not-keep-alive"], True, False),
        ([b"Connection: x", b"Connection: close"], False, False),
        ([b"Connection: x", b"CONNECTION: keep-alive"], True, True),
        ([b"Connection: keep-alive", b"Connection: close"], False, False),
        ([b"Proxy-Connection: close"], True, False),
    ],
)
def test_connection_is_a_list_of_options(
    fields: list[bytes], stays_1_1: bool, stays_1_0: bool
) -> None:
    for version, stays in ((b"1.1", stays_1_1), (b"1.0", stays_1_0)):
        head = with_fields(*fields, version=version)
        assert is_persistent(head, parsed(head).table, WORDS) is stays


def is_authority(text: str) -> bool:
    """Tell whether a text is taken for a host and perhaps a port."""
    return AUTHORITY.fullmatch(text.encode()) is not None


@given(st.one_of(st.text("0123456789abcdefABCDEF:.%v", max_size=45), st.ip_addresses().map(str)))
@example("1:2:3:4:5:6:7:8")
@example("::")
@example("::1.2.3.4")
@example("1:2:3:4:5:6:1.2.3.4")
@example("1:2:3:4:5:6:7:1.2.3.4")
@example("1:2:3:4:5:6:7::")
@example("::2:3:4:5:6:7:8")
@example("1::3:4:5:6:7:8")
@example("1::2:3:4:5:6:7:8")
@example("::1.2.3.256")
@example("::1.2.3.04")
def test_brackets_hold_what_python_takes_for_an_ipv6_address(text: str) -> None:
    try:
        expected = "%" not in text and ipaddress.IPv6Address(text) is not None
    except ValueError:
        expected = False
    assert is_authority(f"[{text}]") is expected or text.startswith("v")


def test_brackets_hold_an_address_of_a_later_version() -> None:
    assert is_authority("[v1.a:b]:80")
    assert is_authority("[VF.~]")
    assert not is_authority("[v.a]")
    assert not is_authority("[v1.]")
    assert not is_authority("[1.2.3.4]")


def test_a_method_that_is_too_long_is_not_a_target_that_is() -> None:
    line = b"M" * 300 + b" / HTTP/1.1\r\nHost: x\r\n\r\n"
    with pytest.raises(BadRequest) as caught:
        read_line(line, parsed(line).table, WORDS, 200)
    assert caught.value.status == 501


@pytest.mark.parametrize("target", [b"https://x/", b"HTTPS://x", b"hTTps://[::1]:8/?a"])
def test_an_https_target_needs_a_connection_that_is_secured(target: bytes) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    with pytest.raises(BadRequest) as caught:
        require_secured(head, parsed(head).table, WORDS)
    assert (caught.value.status, caught.value.name) == (421, "misdirected request")


@pytest.mark.parametrize("target", [b"http://x/", b"/", b"*", b"/https:", b"httpsx://x/"])
def test_any_other_target_does_not(target: bytes) -> None:
    head = b"OPTIONS " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    require_secured(head, parsed(head).table, WORDS)
