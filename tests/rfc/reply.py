"""RFC 9112 §4 and §6, RFC 9110 §6 and §15: what answers have to be like."""

from tests.rfc.row import (
    BEHIND,
    GET,
    GOOD,
    HOST,
    MUST,
    OK,
    OLD,
    OUGHT,
    POST,
    SHOULD,
    Row,
    length,
    row,
)

DATE = ("Date",)
FRAMED = ("Content-Length", "!Transfer-Encoding")


def get(path: bytes) -> bytes:
    """Return a GET of this path."""
    return b"GET " + path + BEHIND


def without_body(code: int, section: str) -> Row:
    """Return a row about a status that allows no content."""
    return row(
        section,
        MUST,
        f"{code} has no content",
        str(code),
        get(b"/status/%d" % code),
        own=True,
        shows=("!Transfer-Encoding", "Content-Length: 0" if code == 205 else "!Content-Length"),
    )


ROWS = [
    row("9112 4", MUST, "a status line and its version", OK, GET + b"A: status\r\n\r\n"),
    row(
        "9110 2.5", MUST, "HTTP/1.0 is answered in our version", "200 close", OLD + b"A: 1\r\n\r\n"
    ),
    row("9110 6.6.1", MUST, "Date", OK, GET + b"A: date\r\n\r\n", shows=DATE),
    row("9110 6.6.1", MUST, "Date in 404", "404 | 4xx", get(b"/nowhere"), own=True, shows=DATE),
    row(
        "9110 6.6.1",
        MUST,
        "Date in 400",
        "400 close | 4xx close?",
        GET + b"Date : x\r\n\r\n" + GOOD,
        shows=DATE,
    ),
    row(
        "9110 6.6.1",
        MUST,
        "Date in 204",
        "204",
        get(b"/status/204") + b"\r\n",
        own=True,
        shows=DATE,
    ),
    row(
        "9110 6.6.1",
        MUST,
        "Date in 304",
        "304",
        get(b"/status/304") + b"\r\n",
        own=True,
        shows=DATE,
    ),
    row(
        "9112 6.3",
        MUST,
        "one framing of a body",
        OK,
        GET + b"A: framing\r\n\r\n",
        own=True,
        shows=FRAMED,
    ),
    row(
        "9112 6.3", MUST, "a length of an empty body", "500", get(b"/fail"), own=True, shows=FRAMED
    ),
    row(
        "9112 6.1",
        MUST,
        "HTTP/1.0 is sent no chunks",
        "200 close",
        OLD + b"A: chunks\r\n\r\n",
        shows=("!Transfer-Encoding",),
    ),
    row(
        "9110 10.2.4",
        SHOULD,
        "Server tells nothing unless asked to",
        "200",
        GET + b"A: s\r\n\r\n",
        own=True,
        shows=("!Server",),
    ),
    # No content.
    without_body(204, "9110 15.3.5"),
    without_body(205, "9110 15.3.6"),
    without_body(304, "9110 15.4.5"),
    *(
        row(
            "9110 6.4.1",
            MUST,
            f"a request behind {code}",
            f"{code} 200",
            get(b"/status/%d" % code) + GOOD,
            own=True,
        )
        for code in (204, 205, 304)
    ),
    *(
        row(
            "9110 9.3.2",
            MUST,
            f"HEAD has no content: {code}",
            str(code),
            b"HEAD /status/%d" % code + BEHIND,
            own=True,
            heads=(0,),
        )
        for code in (200, 204, 205, 304, 404, 500)
    ),
    row(
        "9110 9.3.2",
        MUST,
        "HEAD of what does not exist",
        "404",
        b"HEAD /no" + BEHIND,
        own=True,
        heads=(0,),
    ),
    row(
        "9110 9.3.2",
        SHOULD,
        "HEAD tells the length of GET",
        "200",
        b"HEAD /get" + BEHIND,
        own=True,
        heads=(0,),
        shows=("Content-Length: 4",),
    ),
    row(
        "9110 9.3.2",
        MUST,
        "HEAD of a handler that fails",
        "500",
        b"HEAD /fail" + BEHIND,
        own=True,
        heads=(0,),
    ),
    row(
        "9110 9.3.2", MUST, "HEAD in HTTP/1.0", "200 close", b"HEAD / HTTP/1.0\r\n\r\n", heads=(0,)
    ),
    row(
        "9110 9.3.2",
        MUST,
        "a request behind HEAD",
        "200 200 | 200 200 close",
        b"HEAD /" + BEHIND + GOOD,
        heads=(0,),
    ),
    # Errors.
    row(
        "9110 15.5.6",
        MUST,
        "405 names what is allowed",
        "405",
        b"POST /get" + BEHIND,
        own=True,
        shows=("Allow: GET, HEAD, OPTIONS",),
    ),
    row(
        "9110 15.5.6",
        MUST,
        "405 for a method that nobody knows",
        "405 | 501",
        b"BREW /get" + BEHIND,
        own=True,
        shows=("Allow",),
    ),
    row(
        "9110 15.5.6",
        MUST,
        "405 of a request with a body, and a request behind it",
        "405 200",
        b"POST /get HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc" + GOOD,
        own=True,
    ),
    row("9110 15.5.5", MUST, "404", "404", get(b"/no"), own=True),
    row(
        "9110 15.5.5",
        MUST,
        "404 of a request with a body, and a request behind it",
        "404 200",
        b"POST /no HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc" + GOOD,
        own=True,
    ),
    row("9110 15.6.1", SHOULD, "a handler that fails", "500", get(b"/fail") + b"\r\n", own=True),
    row(
        "9110 15.6.1",
        SHOULD,
        "the request behind a handler that fails",
        "500 200",
        get(b"/fail") + GOOD,
        own=True,
    ),
    row(
        "9110 15.6.1",
        SHOULD,
        "the request behind a coroutine that fails",
        "500 200",
        get(b"/fail/slow") + GOOD,
        own=True,
    ),
    row(
        "9112 11.1",
        MUST,
        "a field with a line end in it is not sent",
        "500",
        get(b"/split?x=a%0d%0aInjected:%20b"),
        own=True,
        shows=("!Injected", "!X-Query"),
    ),
    row(
        "9112 11.1",
        MUST,
        "a field with a bare LF in it is not sent",
        "500",
        get(b"/split?x=a%0aInjected:%20b"),
        own=True,
        shows=("!Injected", "!X-Query"),
    ),
    row(
        "9110 5.5",
        MUST,
        "a field with NUL in it is not sent",
        "500",
        get(b"/split?x=a%00"),
        own=True,
        shows=("!X-Query",),
    ),
    row(
        "9110 5.3",
        MUST,
        "cookies are not joined",
        "200",
        get(b"/cookies"),
        own=True,
        shows=("Set-Cookie: a=1; Path=/; SameSite=Lax", "Set-Cookie: b=2; Path=/; SameSite=Lax"),
    ),
    row(
        "9110 15.2",
        OUGHT,
        "an interim status of a handler is no last answer",
        "500 | 500 close",
        get(b"/status/102"),
        own=True,
    ),
    row(
        "9110 15.2",
        MUST,
        "HTTP/1.0 is sent no interim status",
        "500 close",
        b"GET /status/102 HTTP/1.0\r\n\r\n",
        own=True,
    ),
    row(
        "9110 8.3",
        SHOULD,
        "a text says what it is",
        "200",
        get(b"/get"),
        own=True,
        shows=("Content-Type: text/plain; charset=utf-8",),
    ),
    row(
        "9112 9.2",
        MUST,
        "the answer to a body waits for all of it",
        OK,
        length(b"2", b"zz"),
    ),
    row(
        "9110 8.6",
        MUST,
        "an empty answer tells its length",
        "200",
        POST + b"A: c\r\n\r\n",
        own=True,
        shows=("Content-Length",),
    ),
]
