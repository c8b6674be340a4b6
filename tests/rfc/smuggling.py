"""RFC 9112 §11.2: messages that two readers could part in two ways, with a request hidden in them.

Each ends in an error and a close, or is read in the one way that the RFC knows. An answer to what
is hidden would show as one answer too many. A row names the section whose rule the attack breaks.
"""

from tests.rfc.row import (
    BAD,
    BEHIND,
    CHUNKED,
    FATAL,
    GET,
    GOOD,
    HOST,
    LAST,
    LENIENT,
    MAY,
    MUST,
    OK,
    POST,
    SHOULD,
    TWO,
    Level,
    Row,
    row,
)

HIDDEN = b"GET /?hidden HTTP/1.1\r\nHost: x\r\n\r\n"
CUT_LINE = b"GET /?hidden HTTP/1.1\r\nX: "  # the next request would end this one
SIZED = b"Content-Length: %d\r\n"
CODED = b"Transfer-Encoding: chunked\r\n"
CARRIER = SIZED % len(HIDDEN) + b"\r\n" + HIDDEN  # the rest of a request with a hidden one as body
ONE_OF_TWO = FATAL + " | 200 close"  # the RFC lets chunked win, if the connection is closed then
OLD_CODED = "400 close | 4xx close | 200 close | 501 close"


def cl_te(coding: bytes = CODED, hidden: bytes = HIDDEN) -> bytes:
    """Return a request whose body ends early for who goes by its chunks."""
    body = LAST + hidden
    return POST + SIZED % len(body) + coding + b"\r\n" + body


def te_cl(coding: bytes = CODED, hidden: bytes = HIDDEN) -> bytes:
    """Return a request whose body ends early for who goes by its length."""
    size = b"%x\r\n" % len(hidden)
    return POST + coding + SIZED % len(size) + b"\r\n" + size + hidden + b"\r\n" + LAST


def disguised(section: str, level: Level, what: str, coding: bytes, allowed: str) -> list[Row]:
    """Return rows with a Transfer-Encoding that some readers see and others do not."""
    return [
        row(section, level, f"CL.TE: {what}", allowed, cl_te(coding)),
        row(section, level, f"TE.CL: {what}", allowed, te_cl(coding)),
    ]


ROWS = [
    *(
        row("9112 6.1", MUST, what, ONE_OF_TWO, data)
        for what, data in (
            ("CL.TE", cl_te()),
            ("TE.CL", te_cl()),
            ("CL.TE, half a request hidden", cl_te(hidden=CUT_LINE)),
            ("CL.TE, one byte hidden", cl_te(hidden=b"G")),
            ("CL.TE, names in other case", cl_te(b"tRANSFER-ENCODING: CHUNKED\r\n")),
            ("CL.TE of a GET", cl_te().replace(b"POST", b"GET", 1)),
            ("CL.0", POST + SIZED % 0 + CODED + b"\r\n" + LAST + HIDDEN),
        )
    ),
    row("9112 6.3", MUST, "CL.CL", FATAL, POST + SIZED % 0 + CARRIER),
    row(
        "9112 6.3",
        MUST,
        "CL.CL, the longer first",
        FATAL,
        POST + SIZED % len(HIDDEN) + SIZED % 0 + b"\r\n" + HIDDEN,
    ),
    row(
        "9112 6.3",
        MUST,
        "CL.CL in a list",
        FATAL,
        POST + b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    ),
    row(
        "9112 6.3",
        MUST,
        "TE.TE: the second is unknown",
        FATAL,
        POST + CODED + b"Transfer-Encoding: x\r\n\r\n" + LAST + HIDDEN,
    ),
    row(
        "9112 6.1",
        MUST,
        "TE.TE: the first is unknown",
        FATAL,
        POST + b"Transfer-Encoding: x\r\n" + CODED + b"\r\n" + LAST + HIDDEN,
    ),
    # A Transfer-Encoding in disguise, beside a length.
    *(
        pair
        for section, level, what, coding, allowed in (
            ("9112 5.1", MUST, "a space before the colon", b"Transfer-Encoding : chunked", BAD),
            ("9112 5.1", MUST, "a tab before the colon", b"Transfer-Encoding\t: chunked", BAD),
            ("9112 5.2", MUST, "a space before the name", b" Transfer-Encoding: chunked", LENIENT),
            ("9112 5.2", MUST, "a folded value", b"Transfer-Encoding:\r\n chunked", ONE_OF_TWO),
            ("9110 5.5", MUST, "a vertical tab", b"Transfer-Encoding: \vchunked", FATAL),
            ("9110 5.5", MUST, "a form feed", b"Transfer-Encoding: \fchunked", FATAL),
            ("9110 5.5", MUST, "NUL before the value", b"Transfer-Encoding: \0chunked", FATAL),
            ("9110 5.1", SHOULD, "NUL in the name", b"Transfer-\0Encoding: chunked", FATAL),
            ("9110 5.1", SHOULD, "a space in the name", b"Transfer Encoding: chunked", FATAL),
            ("9112 2.2", MUST, "a bare CR before the name", b"A: b\r" + CODED[:-2], FATAL),
            ("9112 6.1", MUST, "a bare LF before the name", b"A: b\n" + CODED[:-2], ONE_OF_TWO),
            ("9112 2.2", MUST, "a bare CR in the value", b"Transfer-Encoding: chun\rked", FATAL),
            ("9112 6.3", MUST, "an unknown coding", b"Transfer-Encoding: xchunked", FATAL),
            ("9112 6.3", MUST, "a quoted value", b'Transfer-Encoding: "chunked"', FATAL),
            ("9112 6.3", MUST, "a parameter", b"Transfer-Encoding: chunked;a=b", FATAL),
            ("9112 6.3", MUST, "identity", b"Transfer-Encoding: identity", FATAL),
            ("9112 6.3", MUST, "an empty value", b"Transfer-Encoding:", FATAL),
            ("9112 6.1", MUST, "a comma behind it", b"Transfer-Encoding: chunked,", ONE_OF_TWO),
        )
        for pair in disguised(section, level, what, coding + b"\r\n", allowed)
    ),
    row(
        "9110 5.1",
        MUST,
        "an underscore makes another field of Transfer-Encoding",
        OK + " | 4xx close",
        cl_te(b"Transfer_Encoding: chunked\r\n"),
    ),
    row(
        "9110 5.1",
        MUST,
        "a letter more makes another field of Transfer-Encoding",
        OK,
        cl_te(b"Transfer-Encodings: chunked\r\n"),
    ),
    # A length in disguise.
    *(
        row(section, level, f"a length with {what}", allowed, POST + line + b"\r\n\r\n" + HIDDEN)
        for section, level, what, allowed, line in (
            (
                "9112 5.1",
                MUST,
                "a space before its colon",
                BAD,
                b"Content-Length : %d" % len(HIDDEN),
            ),
            (
                "9112 5.1",
                MUST,
                "a tab before its colon",
                BAD,
                b"Content-Length\t: %d" % len(HIDDEN),
            ),
            ("9112 6.3", MUST, "a plus sign", FATAL, b"Content-Length: +%d" % len(HIDDEN)),
            ("9112 5.2", MUST, "a fold", ONE_OF_TWO, b"Content-Length:\r\n %d" % len(HIDDEN)),
            ("9110 5.1", SHOULD, "NUL in its name", FATAL, b"Content-Length\0: %d" % len(HIDDEN)),
            ("9112 2.2", MUST, "a bare CR before it", FATAL, b"A: b\rContent-Length: 0"),
            (
                "9112 2.2",
                MAY,
                "a bare LF before it",
                LENIENT,
                b"A: b\nContent-Length: %d" % len(HIDDEN),
            ),
        )
    ),
    row(
        "9110 8.6",
        MUST,
        "a length that wraps around to zero",
        "413 close | 4xx close | none waits",
        POST + SIZED % (1 << 64) + b"\r\n" + HIDDEN,
    ),
    # Chunks.
    *(
        row(section, SHOULD, what, allowed, CHUNKED + body)
        for section, what, allowed, body in (
            (
                "9112 7.1.1",
                "an extension that ends in LF for some",
                FATAL,
                b"2;\nab\r\n%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + LAST,
            ),
            ("9112 7.1", "a size that ends in CR for some", FATAL, b"2\rab\r\n" + LAST + HIDDEN),
            (
                "9112 7.1",
                "a chunk whose end is two other bytes",
                FATAL,
                b"2\r\nabXX" + LAST + HIDDEN,
            ),
            ("9112 7.1", "a chunk whose end is one byte", FATAL, b"2\r\nab\n" + LAST + HIDDEN),
            ("9112 7.1", "a chunk that spills over", FATAL, b"2\r\nabc\r\n" + LAST + HIDDEN),
            ("9112 7.1", "a size that is minus zero", FATAL, b"-0\r\n\r\n" + HIDDEN),
            ("9112 7.1", "a size that ends in an x for some", FATAL, b"0x5\r\n\r\n" + HIDDEN),
            ("9112 7.1", "a size that ends in a space for some", FATAL, b"0 5\r\n\r\n" + HIDDEN),
            ("9112 7.1", "no empty line behind the last size", FATAL, b"0\r\n" + HIDDEN),
            ("9112 7.1.1", "a quoted string with line ends", FATAL, b'0;a="\r\n\r\n' + HIDDEN),
        )
    ),
    row(
        "9112 7.1",
        MUST,
        "a size that wraps around to zero",
        "413 close | 4xx close | none waits",
        CHUNKED + b"10000000000000000\r\n\r\n" + HIDDEN,
    ),
    row(
        "9112 7.1.2",
        MAY,
        "bare LF as the empty line behind the last size",
        FATAL + " | 200 200 close?",
        CHUNKED + b"0\r\n\n" + HIDDEN,
    ),
    row("9112 7.1", MUST, "the last chunk ends the body", TWO, CHUNKED + LAST + HIDDEN),
    row(
        "9110 6.5.1",
        MUST,
        "a length in the trailer",
        TWO + " | 4xx close",
        CHUNKED + b"0\r\n" + SIZED % 0 + b"\r\n" + HIDDEN,
    ),
    row(
        "9112 7.1",
        MUST,
        "a chunk that is a request, and one behind it",
        TWO,
        CHUNKED + b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + LAST + GOOD,
    ),
    # Early answers: the body of what is refused must not be read as requests.
    *(
        row(
            "9112 9.3",
            MUST,
            f"{status} before the body is read",
            status,
            line + HOST + rest,
            own=True,
        )
        for status, line, rest in (
            ("404", b"POST /no HTTP/1.1\r\n", CARRIER),
            ("405", b"POST /get HTTP/1.1\r\n", CARRIER),
            ("500", b"GET /fail HTTP/1.1\r\n", CARRIER),
            ("413 close", b"POST / HTTP/1.1\r\n", SIZED % 5000 + b"\r\n" + HIDDEN * 10),
        )
    ),
    row(
        "9112 9.3",
        MUST,
        "405 before the chunks are read",
        "405",
        b"POST /get HTTP/1.1\r\n"
        + HOST
        + CODED
        + b"\r\n%x\r\n" % len(HIDDEN)
        + HIDDEN
        + b"\r\n0\r\n\r\n",
        own=True,
    ),
    row(
        "9112 9.3",
        MUST,
        "417 before the body is read",
        "417 close | 4xx close? | 200 close?",
        POST + b"Expect: x 100-continue\r\n" + CARRIER,
        interim=True,
    ),
    row(
        "9112 6.1",
        SHOULD,
        "501 before the body is read",
        "501 close | 4xx close",
        POST + b"Transfer-Encoding: x\r\n\r\n" + HIDDEN,
    ),
    row(
        "9110 10.1.1",
        MUST,
        "a body beside an expectation is no request",
        OK,
        POST + b"Expect: 100-continue\r\n" + CARRIER,
        interim=True,
    ),
    *(
        row(
            "9112 6.3",
            MUST,
            f"the body of {line.decode()} is no request",
            OK + " | 4xx close? | 501 close?",
            line + b" HTTP/1.1\r\n" + HOST + CARRIER,
            heads=(0,) if line.startswith(b"HEAD") else (),
        )
        for line in (b"GET /", b"HEAD /", b"OPTIONS /", b"OPTIONS *", b"DELETE /", b"TRACE /")
    ),
    row(
        "9110 9.3.6",
        MUST,
        "the body of CONNECT is no request",
        "501 close | 4xx close? | 501 | none close",
        b"CONNECT x:80 HTTP/1.1\r\n" + HOST + CARRIER,
    ),
    row(
        "9110 7.8",
        MUST,
        "the body of an upgrade is no request",
        OK,
        POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + CARRIER,
    ),
    row(
        "9110 7.6.1",
        MUST,
        "the body of a length that Connection names is no request",
        OK,
        POST + b"Connection: Content-Length\r\n" + CARRIER,
    ),
    # Heads.
    row(
        "9112 5.2", MUST, "a line of a space does not end a head", LENIENT, GET + b" \r\n" + HIDDEN
    ),
    row(
        "9112 5.2",
        MUST,
        "a line of a tab does not end a head",
        LENIENT,
        GET + b"A: b\r\n\t\r\n" + HIDDEN,
    ),
    row("9112 2.2", MUST, "CR CR LF does not end a head", FATAL, GET + b"\r\r\n" + HIDDEN),
    row(
        "9112 3.2",
        MUST,
        "an escaped head in a target",
        OK + " | 400 close?",
        b"GET /?%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a" + BEHIND,
    ),
    row(
        "9112 6.1",
        MUST,
        "chunks in HTTP/1.0 and a request behind them",
        OLD_CODED,
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + CODED + b"\r\n" + LAST + HIDDEN,
    ),
]
