"""RFC 9112 §8: messages whose sender has gone before their end; nobody may take them for whole."""

from tests.rfc.row import CHUNKED, GET, HOST, MAY, MUST, POST, length, row

CUT = "400 close | 4xx close | none close"
SIZED = b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhe"

ROWS = [
    *(
        row("9112 8", MAY, f"{what}, then the end", CUT, data, eof=True)
        for what, data in (
            ("one byte", b"G"),
            ("a method", b"GET"),
            ("half a target", b"GET /"),
            ("half a version", b"GET / HT"),
            ("a request line without its end", b"GET / HTTP/1.1"),
            ("a request line that lacks LF", b"GET / HTTP/1.1\r"),
            ("a request line", b"GET / HTTP/1.1\r\n"),
            ("half a name", b"GET / HTTP/1.1\r\nHos"),
            ("half a value", b"GET / HTTP/1.1\r\n" + HOST + b"A: b"),
            ("a value that lacks LF", b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r"),
            ("a head without its empty line", GET),
            ("a head that lacks its last LF", GET + b"\r"),
            ("a head of HTTP/1.0 without its empty line", b"GET / HTTP/1.0\r\n"),
        )
    ),
    *(
        row("9112 8", MUST, f"{what}, then the end", CUT, data, eof=True)
        for what, data in (
            ("no body", length(b"5")),
            ("half a body", length(b"5", b"hel")),
            ("all of a body but one byte", length(b"5", b"hell")),
            ("half a body in HTTP/1.0", SIZED),
            ("no chunk", CHUNKED),
            ("half a size", CHUNKED + b"1"),
            ("a size that lacks LF", CHUNKED + b"3\r"),
            ("a size", CHUNKED + b"3\r\n"),
            ("half a chunk", CHUNKED + b"3\r\nab"),
            ("a chunk without its end", CHUNKED + b"3\r\nabc"),
            ("a chunk that lacks LF", CHUNKED + b"3\r\nabc\r"),
            ("chunks without the last", CHUNKED + b"3\r\nabc\r\n"),
            ("half of the last size", CHUNKED + b"3\r\nabc\r\n0"),
            ("the last size", CHUNKED + b"3\r\nabc\r\n0\r\n"),
            ("all but the last LF", CHUNKED + b"3\r\nabc\r\n0\r\n\r"),
            ("half a trailer", CHUNKED + b"0\r\nA: b"),
            ("a trailer without its empty line", CHUNKED + b"0\r\nA: b\r\n"),
        )
    ),
    row(
        "9112 8",
        MUST,
        "a head that waits for 100 Continue, then the end",
        CUT,
        POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        eof=True,
        interim=True,
    ),
    row(
        "9112 8",
        MUST,
        "a whole request, then half a one, then the end",
        "200 400 close | 200 4xx close | 200 close | none close",
        GET + b"\r\n" + length(b"5", b"he"),
        eof=True,
    ),
]
