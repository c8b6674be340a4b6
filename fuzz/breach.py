"""Requests that break a rule, each with the statuses that it may be refused with.

Knows the rules of RFC 9112 and RFC 9110 that a server has to hold its clients to. Behind each of
these the connection must end: what follows was perhaps never meant as a request.
"""

HOST = b"Host: x\r\n"
ABSURD = b"9" * 40
LONG = b"a" * 5000  # more than any line may have


def head(*lines: bytes, line: bytes = b"GET /sync HTTP/1.1") -> bytes:
    """Return a head with these field lines behind a Host."""
    return b"".join((line, b"\r\n", HOST, *(field + b"\r\n" for field in lines), b"\r\n"))


def chunks(data: bytes) -> bytes:
    """Return a request with this in place of a chunked body."""
    return head(b"Transfer-Encoding: chunked", line=b"POST /sync HTTP/1.1") + data


BREACHES: tuple[tuple[bytes, tuple[int, ...]], ...] = (
    # RFC 9112 §3: the request line.
    *((head(line=b"GET  /sync HTTP/1.1"), (400,)), (head(line=b"GET /sync  HTTP/1.1"), (400,))),
    *((head(line=b"GET /sync HTTP/1.1 "), (400,)), (head(line=b" GET /sync HTTP/1.1"), (400,))),
    *((head(line=b"GET\t/sync HTTP/1.1"), (400,)), (head(line=b"GET /sync"), (400,))),
    *((head(line=b"GET /sy nc HTTP/1.1"), (400,)), (head(line=b"G(T /sync HTTP/1.1"), (400,))),
    *((head(line=b"/sync HTTP/1.1"), (400,)), (head(line=b"GET /sync http/1.1"), (400,))),
    *((head(line=b"GET /sync HTTP/1.10"), (400,)), (head(line=b"GET /sync HTTP/1"), (400,))),
    *((head(line=b"GET /sync HTTP/2.0"), (505,)), (head(line=b"GET /sync HTTP/0.9"), (505,))),
    *((head(line=b"GET /sync HTTP/1.1\r"), (400,)), (head(line=b"GET /\0 HTTP/1.1"), (400,))),
    *((head(line=b"GET sync HTTP/1.1"), (400,)), (head(line=b"GET /sync#a HTTP/1.1"), (400,))),
    *((head(line=b"GET * HTTP/1.1"), (400,)), (head(line=b"GET http:///sync HTTP/1.1"), (400,))),
    *((head(line=b"CONNECT /sync HTTP/1.1"), (501, 400)), (head(line=b"A HTTP/2.0\rB"), (400,))),
    *((head(line=b"CONNECT x:80 HTTP/1.1"), (501, 400)), (b"\0\x16\x03\x01\r\n\r\n", (400,))),
    *((head(line=b"GET http://a@b/ HTTP/1.1"), (400,)), (b"PRI * HTTP/2.0\r\n\r\n", (505, 400))),
    *((LONG + b"\r\n\r\n", (501, 400)), (head(line=b"GET /" + LONG + b" HTTP/1.1"), (414,))),
    *((head(line=b"HEAD /sync HTTP/2.0"), (505,)), (head(line=b"HEAD /sync#a HTTP/1.1"), (400,))),
    *((head(b"A : b", line=b"HEAD /sync HTTP/1.1"), (400,)), (head(line=b"head /\0"), (400,))),
    *((head(b"Content-Length: 20000", line=b"HEAD /sync HTTP/1.1"), (413,)),),
    *((head(b"Content-Length: a", line=b"HEAD /sync HTTP/1.1"), (400,)),),
    # RFC 9112 §2.2, §5: fields.
    *((b"GET /sync HTTP/1.1\r\n\r\n", (400,)), (head(b"Host: x"), (400,))),
    *((head(b"host: y"), (400,)), (b"GET /sync HTTP/1.1\r\nHost: x, y\r\n\r\n", (400,))),
    *((b"GET /sync HTTP/1.1\r\nHost: a b\r\n\r\n", (400,)), (head(b"A : b"), (400,))),
    *((b"GET /sync HTTP/1.1\r\nHost: a/b\r\n\r\n", (400,)), (head(b"A\t: b"), (400,))),
    *((b"GET /sync HTTP/1.1\r\nHost: a@b\r\n\r\n", (400,)), (head(b" A: b"), (400,))),
    *((b"GET /sync HTTP/1.1\r\nHost: x:y\r\n\r\n", (400,)), (head(b"A: b", b" c"), (400,))),
    *((b"GET /sync HTTP/1.1\r\n Host: x\r\n\r\n", (400,)), (head(b"A: b", b"\tc"), (400,))),
    *((b"GET /sync HTTP/1.1\nHost: x\n\n", (400,)), (head(b"A: b\nC: d"), (400,))),
    *((b"GET /sync HTTP/1.1\r\nHost: x\r\n\n", (400,)), (head(b"A: b\rC: d"), (400,))),
    *((head(b": b"), (400,)), (head(b"A"), (400,)), (head(b"A: \0"), (400,))),
    *((head(b"A: \x7f"), (400,)), (head(b"A: b\r"), (400,)), (head(b"A\xe9: b"), (400,))),
    *((head(b"A(: b"), (400,)), (head(b"A: \x1b[0m"), (400,)), (head(b"A: \x0b"), (400,))),
    *((head(b"Expect: 200-ok"), (417,)), (head(b"Expect: a, 100-continue"), (417,))),
    # RFC 9112 §6: framing.
    *((head(b"Content-Length: +5") + b"hello", (400,)), (head(b"Content-Length: -1"), (400,))),
    *((head(b"Content-Length: 5, 5") + b"hello", (400,)), (head(b"Content-Length:"), (400,))),
    *((head(b"Content-Length: 0x5") + b"hello", (400,)), (head(b"Content-Length: 5 5"), (400,))),
    *((head(b"Content-Length: 5_0"), (400,)), (head(b"Content-Length: \xb2"), (400,))),
    *((head(b"Content-Length: 5", b"Content-Length: 5") + b"hello", (400,)),),
    *((head(b"Content-Length: 5", b"content-length: 6") + b"hello!", (400,)),),
    *((head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", (400,)),),
    *((head(b"Transfer-Encoding: chunked", b"Content-Length: 0") + b"0\r\n\r\n", (400,)),),
    *((head(b"Content-Length: " + ABSURD), (413, 400)), (head(b"Content-Length: 20000"), (413,))),
    *((head(b"Transfer-Encoding: gzip"), (501,)), (head(b"Transfer-Encoding:"), (400, 501))),
    *((head(b"Transfer-Encoding: gzip, chunked"), (501,)),),
    *((head(b"Transfer-Encoding: chunked, gzip"), (400,)),),
    *((head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n", (400,)),),
    *((head(b"Transfer-Encoding: identity") + b"0\r\n\r\n", (501, 400)),),
    *((head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n", (501, 400)),),
    *((head(b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n", (400, 501)),),
    *((head(b"Transfer-Encoding: chunked;q=1") + b"0\r\n\r\n", (400, 501)),),
    *((head(b'Transfer-Encoding: "chunked"') + b"0\r\n\r\n", (400, 501)),),
    *((head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), (400,)),),
    *((head(b"Transfer-Encoding: chunked", b"transfer-encoding: identity"), (400,)),),
    *((head(b"Transfer-Encoding: chunked", line=b"POST /sync HTTP/1.0") + b"0\r\n\r\n", (400,)),),
    # RFC 9112 §7.1: the chunked coding.
    *((chunks(b"x\r\n"), (400,)), (chunks(b"\r\n"), (400,)), (chunks(b"-1\r\n"), (400,))),
    *((chunks(b" 5\r\nhello\r\n"), (400,)), (chunks(b"+5\r\nhello\r\n"), (400,))),
    *((chunks(b"0x5\r\nhello\r\n"), (400,)), (chunks(b"5 \r\nhello\r\n"), (400,))),
    *((chunks(b"5\nhello\r\n"), (400,)), (chunks(b"5\r\nhello\n"), (400,))),
    *((chunks(b"5\r\nhelloo\r\n"), (400,)), (chunks(b"5\r\nhell\r\n0\r\n\r\n"), (400,))),
    *((chunks(b"5\rhello\r\n"), (400,)), (chunks(b"5\r\nhello\rx0\r\n\r\n"), (400,))),
    *((chunks(b"5;\r\nhello\r\n"), (400,)), (chunks(b"5;a\nb\r\nhello\r\n"), (400,))),
    *((chunks(b'5;a="b\r\nhello\r\n'), (400,)), (chunks(b"5;a=\r\nhello\r\n"), (400,))),
    *((chunks(b"5;a\0\r\nhello\r\n"), (400,)), (chunks(b"5,5\r\nhello\r\n"), (400,))),
    *((chunks(b"fffffffffffffffff\r\n"), (413, 400)), (chunks(b"7fffffffffffffff\r\n"), (413,))),
    *((chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), (413, 400)), (chunks(b"g\r\n"), (400,))),
    *((chunks(b"5\r\nhello\r\nffff\r\n"), (413,)), (chunks(b"4e20\r\n"), (413,))),
    *((chunks(b"0\r\nA\r\n\r\n"), (400,)), (chunks(b"0\r\nA : b\r\n\r\n"), (400,))),
    *((chunks(b"0\r\n A: b\r\n\r\n"), (400,)), (chunks(b"0\r\nA: b\n\r\n"), (400,))),
    *((chunks(b"0\r\nA: \0\r\n\r\n"), (400,)), (chunks(b"0\r\n\n"), (400,))),
    *((chunks(b"0\r\nA: b\rC: d\r\n\r\n"), (400,)), (chunks(b"0\r\n: b\r\n\r\n"), (400,))),
    *((chunks(b"5;a=" + LONG + b"\r\nhello\r\n"), (413,)), (chunks(LONG + b"\r\n"), (400,))),
    *((chunks(b"0\r\nA: " + LONG + b"\r\n\r\n"), (431,)), (chunks(b"0" * 5000), (400, 413))),
)
