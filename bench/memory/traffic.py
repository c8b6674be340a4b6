"""What is sent, as bytes.

Knows the paths of `servers/japy_app.py`. Refuses to know who sends it.

Invariant: every batch has DEPTH requests, as wrk counts on it.
"""

DEPTH = 24
LAST = b"that is all"  # body of the last answer to USED
HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /" + HOST + b"\r\n"


def get(target: bytes, *fields: bytes) -> bytes:
    """Return a GET request."""
    return b"GET " + target + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def chunked(*pieces: bytes) -> bytes:
    """Return a chunked POST with an extension on each chunk and a trailer field."""
    body = b"".join(b"%x;note=x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    head = b"POST /post" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + body + b"0\r\nX-Trailer: 1\r\n\r\n"


BODY = bytes(range(256)) * 4
POST = b"POST /post" + HOST + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
OLD = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
ABSOLUTE = b"GET http://localhost/users/ada" + HOST + b"\r\n"
GOOD = [
    *[GET] * 5,
    *[get(b"/async")] * 3,
    *[get(b"/waiting")] * 2,
    *[get(b"/later"), get(b"/task")],
    *[get(b"/users/ada%20l?a=1&b=2", b"Cookie: a=b; c=d", b"Accept: */*")] * 2,
    *[POST, chunked(BODY), chunked(b"Ada", b"Lovelace"), OLD, ABSOLUTE],
]
BAD = [get(b"/fail"), get(b"/fail/async"), get(b"/missing"), get(b"/post")]  # 500 500 404 405
MIXED = b"".join([*GOOD, *BAD, get(b"/waiting")])
PLAIN = GET * DEPTH
CLOSING = GET * (DEPTH - 2) + get(b"/waiting") + get(b"/", b"Connection: close")
USED = MIXED + get(b"/last")
# What clients have sent when they leave: part of a head or of a body, nonsense, whole requests.
ABANDONED = [
    GET + GET[:20],
    POST[:-100],
    chunked(BODY)[:-100],
    b"rubbish\r\n\r\n",
    MIXED * 5,
]
FOREVER = get(b"/forever") * 3 + get(b"/waiting") + GET  # only a reset ends these handlers
