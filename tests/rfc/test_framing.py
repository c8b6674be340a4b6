"""RFC 9112 §6 to §9: Content-Length, Transfer-Encoding, chunks, persistence, and their abuse."""

from collections.abc import Callable

import pytest

from japy import Application
from tests.rfc.table import GOOD, HOST, Row, bad, check, good, title
from tests.support.wire import Server

GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
OLD = b"POST / HTTP/1.0\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def length(value: bytes, body: bytes = b"") -> bytes:
    """Return a POST with this Content-Length."""
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + body


def coding(value: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    """Return a POST with this Transfer-Encoding."""
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + body


ROWS = [
    # Content-Length (RFC 9112 §6.2, RFC 9110 §8.6).
    good("9112 6.3 a request without framing has no body", POST + b"\r\n"),
    good("9110 8.6 a length", length(b"3", b"abc")),
    good("9110 8.6 a length of zero", length(b"0")),
    good("9110 8.6 leading zeros", length(b"003", b"abc")),
    good("9110 9.3.1 a GET with a body", GET + b"Content-Length: 3\r\n\r\nabc"),
    Row("9112 6.3 what follows the body is a request", length(b"3", b"abc") + GOOD, (200, 200)),
    Row("9112 6.3 a body that looks like a request", length(b"%d" % len(GOOD), GOOD), (200,)),
    bad("9110 8.6 an empty length", length(b"")),
    bad("9110 8.6 a plus sign", length(b"+5", b"hello")),
    bad("9110 8.6 a minus sign", length(b"-5", b"hello")),
    bad("9110 8.6 hexadecimal", length(b"0x12")),
    bad("9110 8.6 letters behind digits", length(b"12a")),
    bad("9110 8.6 a fraction", length(b"1.0", b"a")),
    bad("9110 8.6 a space between digits", length(b"1 2")),
    bad("9110 8.6 an underscore", length(b"1_0")),
    bad("9110 8.6 a digit beyond ASCII", length(b"\xb2")),
    bad("9112 6.3 a list of equal lengths", length(b"3, 3", b"abc")),
    bad("9112 6.3 a list of different lengths", length(b"3, 4", b"abcd")),
    bad("9112 6.3 two equal lengths", POST + b"Content-Length: 1\r\n" * 2 + b"\r\na"),
    bad(
        "9112 6.3 two different lengths",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ),
    bad("9110 15.5.14 a body over the limit", length(b"101"), 413),
    good("9110 15.5.14 a body of the limit", length(b"100", b"x" * 100)),
    bad("9110 8.6 a length beyond 64 bits", length(b"18446744073709551617"), 413),
    bad("9110 8.6 a length of a hundred digits", length(b"9" * 100), 413),
    bad("9112 8 the body is cut off", length(b"5", b"hell"), eof=True),
    bad("9112 8 no body came", length(b"5"), eof=True),
    bad("9112 8 the head is cut off", POST, eof=True),
    bad("9112 8 the request line is cut off", b"GET / HT", eof=True),
    good(
        "9112 9.6 the body is complete before the end", length(b"2", b"ab"), closes=True, eof=True
    ),
    # Transfer-Encoding (RFC 9112 §6.1).
    good("9112 6.1 chunked", coding(b"chunked")),
    good("9112 6.1 codings in any case", coding(b"Chunked")),
    good("9112 6.1 the field in any case", POST + b"tRANSFER-eNCODING:chunked\r\n\r\n0\r\n\r\n"),
    bad("9112 6.1 a coding that japy does not know", coding(b"gzip, chunked"), 501),
    bad("9112 6.1 an unknown coding alone", coding(b"xchunked"), 501),
    bad("9112 7 identity is no coding", coding(b"identity"), 501),
    bad("9112 6.3 chunked is not the last", coding(b"chunked, gzip")),
    bad("9112 6.1 chunked twice", coding(b"chunked, chunked")),
    bad("9112 6.1 an empty coding", coding(b"")),
    bad("9112 6.1 an empty element", coding(b", chunked")),
    bad("9112 6.1 white space inside the name", coding(b"chun ked"), 501),
    bad("9112 6.1 a control character before it", coding(b"\x0bchunked")),
    bad("9112 6.1 a parameter", coding(b"chunked;a=b"), 501),
    bad("9112 6.1 a quoted name", coding(b'"chunked"'), 501),
    bad(
        "9112 6.1 two fields",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    bad("9112 6.1 in HTTP/1.0", OLD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    bad(
        "9112 6.3 beside Content-Length",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    bad(
        "9112 6.3 before Content-Length",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
    ),
    # Chunks (RFC 9112 §7.1).
    good("9112 7.1 two chunks", CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
    good(
        "9112 7.1 sizes in either case",
        CHUNKED + b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
    ),
    good("9112 7.1 leading zeros of a size", CHUNKED + b"0003\r\nabc\r\n000\r\n\r\n"),
    good("9112 7.1.1 extensions", CHUNKED + b'3;a;b=c;d="e f"\r\nabc\r\n0;g\r\n\r\n'),
    good("9112 7.1.1 white space around an extension", CHUNKED + b"3 ; a = b\r\nabc\r\n0\r\n\r\n"),
    good("9112 7.1.2 trailers", CHUNKED + b"3\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n"),
    Row("9112 7.1 a request follows", CHUNKED + b"1\r\na\r\n0\r\n\r\n" + GOOD, (200, 200)),
    bad("9112 7.1 no size", CHUNKED + b"\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 a size that is no number", CHUNKED + b"xyz\r\n"),
    bad("9112 7.1 a size with 0x", CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 a negative size", CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 white space before a size", CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 a size ends in bare LF", CHUNKED + b"3\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 a size ends in bare CR", CHUNKED + b"3\rabc\r\n0\r\n\r\n"),
    bad("9112 7.1 junk behind a size", CHUNKED + b"3 abc\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1.1 LF hidden in an extension", CHUNKED + b"3;\nxx\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1.1 a control character in an extension", CHUNKED + b"3;a\0\r\nabc\r\n0\r\n\r\n"),
    bad("9112 7.1 a chunk longer than its size", CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n"),
    bad("9112 7.1 a chunk shorter than its size", CHUNKED + b"3\r\nab\r\n0\r\n\r\n"),
    bad("9112 7.1 a chunk ends in bare LF", CHUNKED + b"3\r\nabc\n0\r\n\r\n"),
    bad("9112 7.1 the last line is bare LF", CHUNKED + b"0\r\n\n"),
    bad("9112 7.1 a size beyond 64 bits", CHUNKED + b"1" + b"0" * 16 + b"\r\n", 413),
    bad("9110 15.5.14 chunks over the limit", CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n1\r\n", 413),
    bad("9112 7.1.2 a trailer without a colon", CHUNKED + b"0\r\nA\r\n\r\n"),
    bad("9112 7.1.2 white space before a trailer's colon", CHUNKED + b"0\r\nA : b\r\n\r\n"),
    bad("9112 7.1.2 a folded trailer", CHUNKED + b"0\r\nA: b\r\n c\r\n\r\n"),
    bad("9112 7.1.2 a trailer ends in bare LF", CHUNKED + b"0\r\nA: b\n\r\n"),
    bad("9112 8 the chunks are cut off", CHUNKED + b"3\r\nab", eof=True),
    bad("9112 8 the trailers are cut off", CHUNKED + b"0\r\n", eof=True),
    # Persistence (RFC 9112 §9.3, §9.6).
    Row("9112 9.3 HTTP/1.1 stays open", GOOD * 3, (200, 200, 200)),
    Row("9112 9.3.2 pipelining", GOOD + length(b"2", b"ab") + GOOD, (200, 200, 200)),
    good("9112 9.6 close", GET + b"Connection: close\r\n\r\n", closes=True),
    good("9110 7.6.1 close in any case", GET + b"Connection: CLOSE\r\n\r\n", closes=True),
    good("9110 7.6.1 close in a list", GET + b"Connection: a,close ,b\r\n\r\n", closes=True),
    good("9112 9.3 close wins", GET + b"Connection: keep-alive, close\r\n\r\n", closes=True),
    good("9112 9.6 nothing follows close", GET + b"Connection: close\r\n\r\n" + GOOD, closes=True),
    good("9112 9.6 not even garbage", GET + b"Connection: close\r\n\r\n\0\0", closes=True),
    good("9112 9.3 keep-alive in HTTP/1.0", OLD + b"Connection: Keep-Alive\r\n\r\n"),
    good("9112 9.3 a length in HTTP/1.0", OLD + b"Content-Length: 1\r\n\r\na", closes=True),
    Row("9112 9.6 the client ends its side", GOOD * 2, (200, 200), True, True),
]


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_rule(row: Row, serve: Callable[[Application], Server]) -> None:
    check(row, serve)
