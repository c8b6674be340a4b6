"""RFC 9112 §5, RFC 9110 §5 and §10, RFC 6585: field lines, their number and size, Expect."""

from collections.abc import Callable

import pytest

from japy import Application
from tests.rfc.table import HOST, Row, bad, check, good, title
from tests.support.wire import Server

GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST

ROWS = [
    good("9112 5 a field without white space", GET + b"A:b\r\n\r\n"),
    good("9112 5 white space around a value", GET + b"A: \t b\t \r\n\r\n"),
    good("9110 5.5 an empty value", GET + b"A:\r\n\r\n"),
    good("9110 5.5 a value of white space", GET + b"A: \t\r\n\r\n"),
    good("9110 5.5 a value beyond ASCII", GET + b"A: \x80\xff\r\n\r\n"),
    good("9110 5.5 colons in a value", GET + b"A: b: c\r\n\r\n"),
    good("9110 5.1 names are tokens", GET + b"!#$%&'*+-.^_`|~9z: b\r\n\r\n"),
    good("9110 5.3 a field may be repeated", GET + b"A: b\r\nA: c\r\n\r\n"),
    bad("9112 5.1 white space before the colon", GET + b"A : b\r\n\r\n"),
    bad("9112 5.1 a tab before the colon", GET + b"A\t: b\r\n\r\n"),
    bad("9112 5 a line without a colon", GET + b"A\r\n\r\n"),
    bad("9112 5 an empty name", GET + b": b\r\n\r\n"),
    bad("9110 5.1 a space in a name", GET + b"A B: c\r\n\r\n"),
    bad("9110 5.1 a bracket in a name", GET + b"A(: c\r\n\r\n"),
    bad("9110 5.1 a quote in a name", GET + b'A": c\r\n\r\n'),
    bad("9110 5.1 a name beyond ASCII", GET + b"\xc4: c\r\n\r\n"),
    bad("9110 5.1 NUL in a name", GET + b"A\0: c\r\n\r\n"),
    bad("9110 5.5 NUL in a value", GET + b"A: b\0c\r\n\r\n"),
    bad("9110 5.5 a bare CR in a value", GET + b"A: b\rc\r\n\r\n"),
    bad("9110 5.5 a control character in a value", GET + b"A: b\x01\r\n\r\n"),
    bad("9110 5.5 DEL in a value", GET + b"A: b\x7f\r\n\r\n"),
    bad("9112 5.2 obs-fold by a space", GET + b"A: b\r\n c\r\n\r\n"),
    bad("9112 5.2 obs-fold by a tab", GET + b"A: b\r\n\tc\r\n\r\n"),
    bad("9112 5.2 obs-fold in Content-Length", POST + b"Content-Length:\r\n 1\r\n\r\na"),
    bad("9112 5 a field ends in bare LF", GET + b"A: b\nC: d\r\n\r\n"),
    # Limits (RFC 6585 §5, RFC 9110 §5.4).
    good("6585 5 as many fields as allowed", GET + b"A: b\r\n" * 9 + b"\r\n"),
    bad("6585 5 one field too many", GET + b"A: b\r\n" * 10 + b"\r\n", 431),
    bad("6585 5 far too many fields", GET + b"A: b\r\n" * 100 + b"\r\n", 431),
    good("6585 5 a head of the limit", GET + b"A: " + b"b" * (993 - len(GET)) + b"\r\n\r\n"),
    bad("6585 5 a head one byte longer", GET + b"A: " + b"b" * (994 - len(GET)) + b"\r\n\r\n", 431),
    bad("6585 5 a head that never ends", GET + b"A: " + b"b" * 2000, 431),
    # Expect (RFC 9110 §10.1.1).
    good(
        "9110 10.1.1 100-continue with a body",
        POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    ),
    good(
        "9110 10.1.1 100-Continue in any case",
        POST + b"EXPECT: 100-Continue\r\nContent-Length: 2\r\n\r\nab",
    ),
    good("9110 10.1.1 100-continue without a body", GET + b"Expect: 100-continue\r\n\r\n"),
    bad("9110 15.5.18 another expectation", GET + b"Expect: magic\r\n\r\n", 417),
    good(
        "9110 10.1.1 an expectation in HTTP/1.0 is ignored",
        b"GET / HTTP/1.0\r\nExpect: magic\r\n\r\n",
        closes=True,
    ),
    # Connection and Upgrade (RFC 9110 §7.6.1, §7.8).
    good("9110 7.6.1 an unknown option", GET + b"Connection: x\r\n\r\n"),
    good("9110 7.6.1 empty elements of the list", GET + b"Connection: , ,x,\r\n\r\n"),
    good(
        "9110 7.8 an upgrade may be ignored",
        GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ),
    Row(
        "9110 7.8 the connection goes on behind an upgrade that was ignored",
        GET + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n" + GET + b"\r\n",
        (200, 200),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_rule(row: Row, serve: Callable[[Application], Server]) -> None:
    check(row, serve)
