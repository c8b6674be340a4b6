"""RFC 9110 §7.8: an Upgrade that nobody takes up changes nothing."""

from tests.rfc.row import BEHIND, FATAL, GET, GOOD, HOST, LAST, MUST, OK, POST, TWO, row

UPGRADE = b"Connection: Upgrade\r\nUpgrade: x/1\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

ROWS = [
    *(
        row("9110 7.8", MUST, what, outcomes, GET + fields + b"\r\n")
        for what, outcomes, fields in (
            ("an upgrade may be ignored", OK, UPGRADE),
            ("an upgrade to HTTP/2 may be ignored", OK, H2C),
            ("an upgrade to WebSocket may be ignored", OK + " | 4xx close?", WEBSOCKET),
            (
                "an upgrade to TLS may be ignored",
                OK,
                b"Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n",
            ),
            ("a list of protocols", OK, b"Connection: Upgrade\r\nUpgrade: a/1, b, c/2\r\n"),
            ("an upgrade that Connection does not name", OK, b"Upgrade: h2c\r\n"),
            ("a Connection that names no upgrade", OK, b"Connection: Upgrade\r\n"),
            ("an empty upgrade", OK, b"Connection: Upgrade\r\nUpgrade:\r\n"),
            ("two fields of upgrades", OK, b"Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"),
            (
                "an upgrade to what is spoken already",
                OK,
                b"Connection: Upgrade\r\nUpgrade: HTTP/1.1\r\n",
            ),
        )
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade and close",
        "200 close",
        GET + b"Connection: Upgrade, close\r\nUpgrade: x\r\n\r\n" + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade in HTTP/1.0 is ignored",
        "200 close",
        b"GET / HTTP/1.0\r\n" + H2C + b"\r\n",
    ),
    row(
        "9110 7.8",
        MUST,
        "the request behind an upgrade that was ignored",
        TWO,
        GET + UPGRADE + b"\r\n" + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "two upgrades and a request behind them",
        "200 200 200 | 200 200 200 close",
        (GET + H2C + b"\r\n") * 2 + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "the body of an upgrade that was ignored",
        TWO,
        POST + UPGRADE + b"Content-Length: 3\r\n\r\nabc" + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "the chunks of an upgrade that was ignored",
        TWO,
        POST + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + LAST + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "the body of an upgrade that looks like a request",
        OK,
        POST + H2C + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD,
    ),
    row(
        "9110 7.8",
        MUST,
        "the body of an upgrade that looks like HTTP/2",
        OK,
        POST + H2C + b"Content-Length: %d\r\n\r\n" % len(PREFACE) + PREFACE,
    ),
    row(
        "9110 7.8",
        MUST,
        "both framings in an upgrade",
        FATAL,
        POST + H2C + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    ),
    row(
        "9110 7.8",
        MUST,
        "HTTP/2 behind an upgrade that was ignored",
        "200 505 close | 200 4xx close? | 200 5xx close? | 200 close",
        GET + H2C + b"\r\n" + PREFACE,
    ),
    row(
        "9110 7.8",
        MUST,
        "bytes of a WebSocket behind an upgrade that was ignored",
        "200 400 close | 200 4xx close? | 4xx close? | 4xx 4xx close? | 200 close",
        GET + WEBSOCKET + b"\r\n" + b"\x81\x83abcd\r\n\r\n",
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade that waits for 100",
        "100 200 | 100 200 close | 200 close? | 4xx close",
        POST + UPGRADE + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        then=b"ab",
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade of OPTIONS *",
        "200 | 200 close | 204 close? | 4xx close? | 501 close?",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n",
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade of HEAD",
        OK,
        b"HEAD / HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n",
        heads=(0,),
    ),
    row(
        "9110 7.8",
        MUST,
        "an upgrade behind handlers that wait, and a request behind it",
        "200 200 200",
        b"GET /slow" + BEHIND + GET + UPGRADE + b"\r\n" + GOOD,
        own=True,
    ),
]
