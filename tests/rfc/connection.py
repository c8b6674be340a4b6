"""RFC 9112 §9, RFC 9110 §7.6.1: how long a connection lives, and who ends it."""

from tests.rfc.row import GET, GOOD, HOST, MAY, MUST, OK, OLD, POST, SHOULD, length, row

CLOSES = "200 close"
LEFT = "200 close | none close"  # a server may drop who has ended its side
CLOSE = GET + b"Connection: close\r\n\r\n"
SAID = ("Connection: close",)

ROWS = [
    row("9112 9.3", MUST, "HTTP/1.1 stays open", OK, POST + b"A: b\r\n\r\n"),
    row("9112 9.3", SHOULD, "HTTP/1.1 stays open for the next request", "200 200", GOOD + GOOD),
    row(
        "9112 9.3",
        SHOULD,
        "keep-alive says nothing new in HTTP/1.1",
        "200",
        GET + b"Connection: keep-alive\r\n\r\n",
    ),
    row("9112 9.6", MUST, "close", CLOSES, CLOSE),
    row(
        "9112 9.6",
        SHOULD,
        "the last answer says close",
        CLOSES,
        CLOSE.replace(b"/", b"/?a", 1),
        shows=SAID,
    ),
    *(
        row(section, MUST, what, CLOSES, GET + fields + b"\r\n")
        for section, what, fields in (
            ("9110 7.6.1", "close in upper case", b"Connection: CLOSE\r\n"),
            ("9110 7.6.1", "Connection in any case", b"cONNECTION: Close\r\n"),
            ("9110 7.6.1", "close in a list", b"Connection: a,close ,b\r\n"),
            ("9110 7.6.1", "close at the end of a list", b"Connection: a, close\r\n"),
            ("9110 5.6.1.2", "close among empty elements", b"Connection: , ,close,\r\n"),
            ("9110 5.6.3", "close among tabs", b"Connection:\tclose\t\r\n"),
            ("9110 5.3", "close in a second field", b"Connection: a\r\nConnection: close\r\n"),
            ("9110 5.3", "close in a first field", b"Connection: close\r\nConnection: a\r\n"),
            ("9112 9.3", "close wins over keep-alive", b"Connection: keep-alive, close\r\n"),
            (
                "9112 9.3",
                "close wins over keep-alive in another field",
                b"Connection: close\r\nConnection: keep-alive\r\n",
            ),
        )
    ),
    *(
        row("9110 7.6.1", SHOULD, what, "200", GET + b"Connection: " + value + b"\r\n\r\n")
        for what, value in (
            ("an unknown option", b"x"),
            ("an option that begins like close", b"closed"),
            ("an option that ends like close", b"not-close"),
            ("an empty list", b""),
            ("empty elements of a list", b", ,x,"),
            ("the name of a field", b"A"),
            ("the name of a field that Connection must not hide", b"Host"),
        )
    ),
    row("9112 9.6", MUST, "no request behind close is answered", CLOSES, CLOSE + GOOD),
    row(
        "9112 9.6",
        MUST,
        "nor one behind a body and close",
        CLOSES,
        POST + b"Connection: close\r\nContent-Length: 1\r\n\r\na" + GOOD,
    ),
    row("9112 9.6", MUST, "garbage behind close is not answered", CLOSES, CLOSE + b"\0\0\r\n\r\n"),
    row("9112 9.6", MUST, "half a request behind close is not answered", CLOSES, CLOSE + b"GET /"),
    row("9112 9.6", MUST, "close behind another request", "200 200 close", GOOD + CLOSE + GOOD),
    row(
        "9112 9.6",
        SHOULD,
        "a handler may end the connection",
        CLOSES,
        b"GET /close HTTP/1.1\r\n" + HOST + b"\r\n" + GOOD,
        own=True,
        shows=SAID,
    ),
    # HTTP/1.0
    row(
        "9112 9.3",
        MUST,
        "HTTP/1.0 closes behind a body",
        CLOSES,
        b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na" + GOOD,
    ),
    row(
        "9112 9.3",
        MUST,
        "HTTP/1.0 closes although an option is unknown",
        CLOSES,
        OLD + b"Connection: x\r\n\r\n",
    ),
    row(
        "9112 9.3",
        MUST,
        "an answer to HTTP/1.0 that stays open says so",
        "200",
        OLD + b"Connection: keep-alive\r\n\r\n",
        own=True,
        shows=("Connection: keep-alive",),
    ),
    *(
        row("9112 9.3", MAY, what, OK, OLD + fields + b"\r\n")
        for what, fields in (
            ("keep-alive in any case", b"Connection: Keep-Alive\r\n"),
            ("keep-alive in a list", b"Connection: x, keep-alive\r\n"),
            ("keep-alive with its parameters", b"Connection: keep-alive\r\nKeep-Alive: 5\r\n"),
        )
    ),
    row(
        "9112 9.3",
        MUST,
        "close wins over keep-alive in HTTP/1.0",
        CLOSES,
        OLD + b"Connection: keep-alive, close\r\n\r\n",
    ),
    row(
        "9112 9.3",
        MUST,
        "Keep-Alive alone asks for nothing",
        CLOSES,
        OLD + b"Keep-Alive: 5\r\n\r\n",
    ),
    row(
        "9112 9.3",
        MAY,
        "HTTP/1.1 behind a kept HTTP/1.0",
        "200 200 | 200 close",
        OLD + b"Connection: keep-alive\r\n\r\n" + GOOD,
    ),
    row("9112 9.3", MUST, "HTTP/1.0 behind HTTP/1.1", "200 200 close", GOOD + OLD + b"\r\n"),
    # The client ends its side.
    row("9112 9.5", MAY, "a request, then the end", LEFT, GOOD, eof=True),
    row("9112 9.5", MAY, "a body, then the end", LEFT, length(b"2", b"ab"), eof=True),
    row(
        "9112 9.5",
        MAY,
        "two requests, then the end",
        "200 200 close | 200 close | none close",
        GOOD * 2,
        eof=True,
    ),
    row(
        "9112 9.5",
        MAY,
        "a request whose handler waits, then the end",
        LEFT,
        b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n",
        eof=True,
        own=True,
    ),
    row(
        "9112 9.5",
        MAY,
        "twenty requests whose handlers wait, then the end",
        "200*20 close",
        (b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n") * 20,
        eof=True,
        own=True,
    ),
    row(
        "9112 9.5",
        MAY,
        "a request and an empty line, then the end",
        LEFT + " | 200 4xx close",
        GOOD + b"\r\n",
        eof=True,
    ),
    row("9112 9.5", MAY, "close, then the end", LEFT, CLOSE, eof=True),
    # The server does.
    row(
        "9112 9.6",
        SHOULD,
        "an error that ends the connection says so",
        "400 close | 4xx close?",
        b"GET / HTTP/1.1\r\nA: b\r\n\r\n" + GOOD,
        shows=SAID,
    ),
    row(
        "9112 9.6",
        SHOULD,
        "a client that goes on sending reads the error it has caused",
        "413 close",
        length(b"900000", b"x" * 200_000),
        own=True,
        shows=SAID,
    ),
    row(
        "9110 7.6.1",
        MUST,
        "fields that Connection names may be used",
        OK,
        GET + b"Connection: A\r\nA: b\r\nB: c\r\n\r\n",
    ),
]
