"""RFC 9110 §10.1.1 and §15.2: Expect, and when 100 Continue may be sent."""

from tests.rfc.row import BEHIND, FATAL, GET, GOOD, HOST, LAST, MAY, MUST, OK, POST, SHOULD, row

WAITS = b"Expect: 100-continue\r\n"
UNKNOWN = "417 close | 4xx close? | 200 close?"
SENT = "100 200 | 100 200 close | 200 close? | 4xx close?"  # a final status may take its place

ROWS = [
    row(
        "9110 10.1.1",
        MUST,
        "100 comes before the body does",
        SENT,
        POST + WAITS + b"Content-Length: 2\r\n\r\n",
        then=b"ab",
        bodies=(b"", b"body=b'ab'\n"),
    ),
    row(
        "9110 10.1.1",
        MUST,
        "100 comes before the chunks do",
        SENT,
        POST + WAITS + b"Transfer-Encoding: chunked\r\n\r\n",
        then=b"2\r\nab\r\n" + LAST,
        bodies=(b"", b"body=b'ab'\n"),
    ),
    row(
        "9110 10.1.1",
        MUST,
        "a request behind one that has waited",
        "100 200 200 | 100 200 200 close | 100 200 close | 200 200 close? | 4xx close?",
        POST + WAITS + b"Content-Length: 2\r\n\r\n",
        then=b"ab" + GOOD,
    ),
    row(
        "9112 9.3.2",
        MUST,
        "100 comes behind the answers that are owed",
        "200 100 200 | 200 100 200 close | 200 200 close? | 200 4xx close?",
        GOOD + POST + WAITS + b"Content-Length: 2\r\n\r\n",
        then=b"ab",
    ),
    row(
        "9112 9.3.2",
        MUST,
        "100 comes behind the answers of handlers that wait",
        "200 200 100 200",
        (b"GET /slow" + BEHIND) * 2 + POST + WAITS + b"Content-Length: 2\r\n\r\n",
        then=b"ab",
        own=True,
    ),
    *(
        row("9110 10.1.1", MAY, what, OK + " | 100 200 close?", data)
        for what, data in (
            ("100-continue without a body", GET + WAITS + b"\r\n"),
            ("100-continue with an empty body", POST + WAITS + b"Content-Length: 0\r\n\r\n"),
        )
    ),
    *(
        row("9110 10.1.1", level, what, OK, data, interim=True)
        for level, what, data in (
            (
                MAY,
                "100-continue with its body",
                POST + WAITS + b"Content-Length: 2\r\n\r\nab",
            ),
            (
                MUST,
                "100-Continue in any case",
                POST + b"EXPECT: 100-Continue\r\nContent-Length: 2\r\n\r\nab",
            ),
            (
                MUST,
                "a list with empty elements",
                POST + b"Expect: , 100-continue ,\r\nContent-Length: 2\r\n\r\nab",
            ),
            (
                MAY,
                "100-continue twice in a line",
                POST + b"Expect: 100-continue, 100-continue\r\nContent-Length: 2\r\n\r\nab",
            ),
            (
                MAY,
                "100-continue in two lines",
                POST + WAITS * 2 + b"Content-Length: 2\r\n\r\nab",
            ),
            (
                MAY,
                "an empty list",
                POST + b"Expect: \r\nContent-Length: 2\r\n\r\nab",
            ),
        )
    ),
    row("9110 10.1.1", MAY, "another expectation", UNKNOWN, GET + b"Expect: magic\r\n\r\n"),
    row(
        "9110 10.1.1",
        MAY,
        "another expectation of a request with a body",
        UNKNOWN,
        POST + b"Expect: magic\r\nContent-Length: 2\r\n\r\nab",
    ),
    row(
        "9110 10.1.1",
        MAY,
        "100-continue and another expectation",
        UNKNOWN,
        POST + b"Expect: 100-continue, magic\r\nContent-Length: 2\r\n\r\nab",
        interim=True,
    ),
    *(
        row(
            "9110 10.1.1",
            MAY,
            f"100-continue and another expectation, {how}",
            UNKNOWN,
            POST + lines + b"Content-Length: 2\r\n\r\nab",
            interim=True,
        )
        for how, lines in (
            ("in two lines", WAITS + b"Expect: magic\r\n"),
            ("in two lines, the other first", b"Expect: magic\r\n" + WAITS),
        )
    ),
    row(
        "9110 10.1.1",
        MAY,
        "100-continue with a parameter",
        UNKNOWN,
        POST + b"Expect: 100-continue;a=b\r\nContent-Length: 2\r\n\r\nab",
        interim=True,
    ),
    row(
        "9110 10.1.1",
        MUST,
        "HTTP/1.0 is not sent 100",
        "200 close",
        b"POST / HTTP/1.0\r\n" + WAITS + b"Content-Length: 2\r\n\r\nab",
    ),
    row(
        "9110 10.1.1",
        MUST,
        "HTTP/1.0 that stays open is not sent 100",
        OK,
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + WAITS + b"Content-Length: 2\r\n\r\nab",
    ),
    row(
        "9110 10.1.1",
        MUST,
        "an expectation in HTTP/1.0 is ignored",
        "200 close",
        b"GET / HTTP/1.0\r\nExpect: magic\r\n\r\n",
    ),
    # A final status in the place of 100.
    row(
        "9110 10.1.1",
        MAY,
        "no 100 for a body that is too large",
        "413 close",
        POST + WAITS + b"Content-Length: 9999\r\n\r\n",
        own=True,
    ),
    row(
        "9112 6.3",
        MUST,
        "an invalid length of a body that waits",
        FATAL + " | 100 4xx close",
        POST + WAITS + b"Content-Length: x\r\n\r\n",
    ),
    row(
        "9112 6.1",
        SHOULD,
        "an unknown coding of a body that waits",
        "501 close | 4xx close | 100 4xx close | 100 501 close",
        POST + WAITS + b"Transfer-Encoding: x\r\n\r\n",
    ),
    row(
        "9112 3.2",
        MUST,
        "no Host, and a body that waits",
        "400 close | 4xx close? | 100 4xx close? | none waits",
        b"POST / HTTP/1.1\r\n" + WAITS + b"Content-Length: 2\r\n\r\n",
    ),
    row(
        "9110 10.1.1",
        MUST,
        "a body that looks like a request, behind 100",
        SENT,
        POST + WAITS + b"Content-Length: %d\r\n\r\n" % len(GOOD),
        then=GOOD,
    ),
    row(
        "9110 10.1.1",
        MUST,
        "a HEAD with a body that waits",
        SENT,
        b"HEAD / HTTP/1.1\r\n" + HOST + WAITS + b"Content-Length: 2\r\n\r\n",
        then=b"ab",
        heads=(0,),
    ),
]
