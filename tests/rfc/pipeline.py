"""RFC 9112 §9.3.2 and §9.2: answers leave in the order of the requests, each exactly once."""

from tests.rfc.row import BEHIND, GOOD, HOST, MAY, MUST, POST, Row, coding, length, row

SYNC, QUICK, SLOW = (b"GET /" + name + BEHIND for name in (b"get", b"async", b"slow"))
FAIL, FAIL_SLOWLY, MISSING = (b"GET /" + name + BEHIND for name in (b"fail", b"fail/slow", b"no"))
HEAD = b"HEAD /get" + BEHIND
WRONG = b"POST /get" + BEHIND
BODIES = {SYNC: b"sync", QUICK: b"async", SLOW: b"slow"}
STATUS = {FAIL: "500", FAIL_SLOWLY: "500", MISSING: "404", WRONG: "405"}
KINDS = {
    "handlers that answer at once": [SYNC],
    "coroutines that end at once": [QUICK],
    "handlers that wait": [SLOW],
    "handlers of every kind": [SLOW, SYNC, QUICK, FAIL, SLOW, MISSING, FAIL_SLOWLY, WRONG],
    "handlers that wait, and HEAD between them": [SLOW, HEAD, SLOW, SYNC],
}
REFUSED = {  # what ends a pipeline, and how it is answered
    "a bad request": (b"GET /\0 HTTP/1.1\r\n\r\n", "400"),
    "a request without Host": (b"GET / HTTP/1.1\r\n\r\n", "400"),
    "a body with two framings": (
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400",
    ),
    "broken chunks": (coding(b"chunked", b"x\r\n"), "400"),
    "an unknown coding": (coding(b"x"), "501"),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", "505"),  # or some serve it
    "a long target": (b"GET /" + b"a" * 9000 + BEHIND, "414"),
    "many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 100 + b"\r\n", "431"),
    "a large body": (length(b"9999"), "413"),
    "an unknown expectation": (POST + b"Expect: x\r\n\r\n", "417"),
}


def many(what: str, requests: list[bytes], count: int) -> Row:
    """Return a row of so many requests, in turn."""
    sent = [requests[i % len(requests)] for i in range(count)]
    return row(
        "9112 9.3.2",
        MUST,
        f"{count} {what}",
        " ".join(STATUS.get(request, "200") for request in sent),
        b"".join(sent),
        heads=tuple(i for i, request in enumerate(sent) if request is HEAD),
        bodies=tuple(BODIES.get(request, b"") for request in sent),
        own=True,
    )


def numbered(count: int) -> bytes:
    """Return requests that ask for their own number."""
    return b"".join(b"GET /?%d" % i + BEHIND for i in range(count))


ROWS = [
    row("9112 9.3.2", MUST, "two requests", "200 200 | 200 200 close", numbered(2)),
    row("9112 9.3.2", MUST, "twelve requests", "200*12 | 200*12 close", numbered(12)),
    row("9112 9.3.2", MUST, "a hundred requests", "200*100 | 200*100 close", numbered(100)),
    row(
        "9112 9.2",
        MUST,
        "each answer belongs to its request",
        "200*30",
        numbered(30),
        bodies=tuple(b"query='%d'\n" % i for i in range(30)),
        own=True,
    ),
    *(many(what, requests, 12) for what, requests in KINDS.items()),
    *(many(what, requests, 100) for what, requests in KINDS.items()),
    many("handlers of every kind", KINDS["handlers of every kind"], 1000),
    row(
        "9112 9.3.2",
        MUST,
        "bodies of every framing between requests without one",
        "200*6 | 200*6 close",
        GOOD
        + length(b"3", b"abc")
        + GOOD
        + coding(b"chunked", b"3\r\nabc\r\n0\r\n\r\n")
        + length(b"0")
        + GOOD,
    ),
    row(
        "9112 9.3.2",
        MUST,
        "HEAD between requests with a body in their answers",
        "200 200 200 | 200 200 200 close",
        GOOD + b"HEAD /" + BEHIND + GOOD,
        heads=(1,),
    ),
    row(
        "9112 9.3.2",
        MUST,
        "empty lines between requests",
        "200 200 200 | 200 200 200 close",
        GOOD + b"\r\n" + GOOD + b"\r\n" + GOOD,
    ),
    *(
        row(
            "9112 9.3.2",
            MUST,
            f"{what} behind good ones",
            f"200 200 {status} close | 200 200 4xx close? | 200 200 5xx close?"
            + (" | 200 200 200 close?" if status == "505" else ""),
            GOOD + length(b"2", b"ab") + data,
            own=status in ("414", "431", "413", "417") or what == "a request without Host",
        )
        for what, (data, status) in REFUSED.items()
    ),
    *(
        row(
            "9112 9.3.2",
            MUST,
            f"{what} behind handlers that wait",
            f"200 200 500 404 {status} close",
            SLOW + SYNC + FAIL_SLOWLY + MISSING + data,
            own=True,
        )
        for what, (data, status) in REFUSED.items()
    ),
    row(
        "9112 9.6",
        MUST,
        "close behind handlers that wait",
        "200 200 200 close",
        SLOW + SYNC + b"GET /slow HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n" + SYNC,
        own=True,
    ),
    row(
        "9112 9.6",
        MUST,
        "an answer that closes, between handlers that wait",
        "200 200 close",
        SLOW + b"GET /close" + BEHIND + SLOW + SYNC,
        own=True,
    ),
    row(
        "9112 9.5",
        MAY,
        "half a request behind handlers that wait, then the end",
        "200 200 400 close",
        SLOW + SYNC + b"GET / HT",
        eof=True,
        own=True,
    ),
]
