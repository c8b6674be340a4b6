"""RFC 9112 §6.1 and §7: Transfer-Encoding, the codings known, and what may stand beside it."""

from tests.rfc.row import (
    BAD,
    FATAL,
    GET,
    GOOD,
    HOST,
    LAST,
    LENIENT,
    MUST,
    OK,
    POST,
    SHOULD,
    TWO,
    coding,
    row,
)

CODED = b"Transfer-Encoding: chunked\r\n"
UNKNOWN = "501 close | 400 close | 501 | 4xx close"
ANY = "200 200 | 200 200 close | 405 200 close? | 501 200 close? | 4xx close"

ROWS = [
    row("9112 6.1", MUST, "chunked", OK, coding(b"chunked"), bodies=(b"body=b''\n",)),
    row("9112 7", MUST, "codings in any case", OK, coding(b"ChUnKeD")),
    row(
        "9110 5.1",
        MUST,
        "Transfer-Encoding in any case",
        OK,
        POST + b"tRANSFER-eNCODING:chunked\r\n\r\n" + LAST,
    ),
    row("9112 5", MUST, "chunked among white space", OK, coding(b"\t chunked \t")),
    row("9112 6.3", MUST, "a request behind chunks", TWO, coding(b"chunked") + GOOD),
    *(
        row("9112 6.1", level, what, outcomes, coding(value))
        for level, what, outcomes, value in (
            (SHOULD, "a coding that japy does not know, before chunked", UNKNOWN, b"gzip, chunked"),
            (SHOULD, "an unknown coding alone", UNKNOWN, b"xchunked"),
            (SHOULD, "a known content coding alone", UNKNOWN, b"gzip"),
            (SHOULD, "letters behind chunked", UNKNOWN, b"chunkedfoo"),
            (SHOULD, "a hyphen in chunked", UNKNOWN, b"chunk-ed"),
            (SHOULD, "white space inside the name", UNKNOWN, b"chun ked"),
            (SHOULD, "chunked and chunked without a comma", UNKNOWN, b"chunked chunked"),
            (SHOULD, "a parameter", UNKNOWN, b"chunked;a=b"),
            (SHOULD, "a quality", UNKNOWN, b"chunked;q=0.5"),
            (SHOULD, "a semicolon instead of a comma", UNKNOWN, b"chunked; gzip"),
            (SHOULD, "a quoted name", UNKNOWN, b'"chunked"'),
            (SHOULD, "an apostrophe", UNKNOWN, b"'chunked'"),
            (SHOULD, "a colon before the name", UNKNOWN, b": chunked"),
            (SHOULD, "the Kelvin sign for a k", UNKNOWN, b"chun\xe2\x84\xaaed"),
            (SHOULD, "a space beyond ASCII before it", UNKNOWN, b"\xa0chunked"),
            (SHOULD, "a byte beyond ASCII behind it", UNKNOWN, b"chunked\xff"),
        )
    ),
    row("9112 7", SHOULD, "identity is no coding", UNKNOWN, coding(b"identity")),
    row("9112 7", SHOULD, "identity before chunked", UNKNOWN, coding(b"identity, chunked")),
    *(
        row("9112 6.3", MUST, what, FATAL, coding(value))
        for what, value in (
            ("chunked is not the last", b"chunked, gzip"),
            ("chunked before identity", b"chunked, identity"),
            ("chunked before nobody knows what", b"chunked, x"),
            ("an empty coding", b""),
            ("a comma alone", b","),
        )
    ),
    row("9112 6.1", SHOULD, "chunked twice", FATAL, coding(b"chunked, chunked")),
    *(
        row("9110 5.6.1.2", MUST, what, FATAL + " | 200 close?", coding(value))
        for what, value in (
            ("an empty element before chunked", b", chunked"),
            ("an empty element behind chunked", b"chunked,"),
        )
    ),
    *(
        row("9110 5.5", MUST, f"{what} before chunked", FATAL, coding(value))
        for what, value in (
            ("a control character", b"\x01chunked"),
            ("a vertical tab", b"\vchunked"),
            ("a form feed", b"\fchunked"),
            ("NUL", b"\0chunked"),
        )
    ),
    row("9110 5.5", MUST, "NUL behind chunked", FATAL, coding(b"chunked\0")),
    row("9112 2.2", MUST, "bare CR behind chunked", LENIENT, coding(b"chunked\r")),
    # More than one.
    *(
        row(
            section,
            level,
            f"two fields: {first} and {second}",
            FATAL,
            coding(first.encode() + b"\r\nTransfer-Encoding: " + second.encode()),
        )
        for section, level, first, second in (
            ("9112 6.1", SHOULD, "chunked", "chunked"),
            ("9112 6.3", MUST, "chunked", "identity"),
            ("9112 6.1", SHOULD, "identity", "chunked"),
            ("9112 6.1", SHOULD, "gzip", "chunked"),
            ("9112 6.3", MUST, "chunked", "x"),
        )
    ),
    row(
        "9112 6.3",
        MUST,
        "two fields, far apart, names in other case",
        FATAL,
        POST + b"transfer-encoding: chunked\r\nA: b\r\nTRANSFER-ENCODING: x\r\n\r\n" + LAST,
    ),
    # What does not go with it.
    row(
        "9112 6.1",
        MUST,
        "chunked in HTTP/1.0",
        "400 close | 4xx close | 200 close | 501 close",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    ),
    row(
        "9112 6.1",
        MUST,
        "chunked in HTTP/1.0 that asks to stay open",
        "400 close | 4xx close | 200 close | 501 close",
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
    ),
    *(
        row("9112 6.1", MUST, what, FATAL + " | 200 close", POST + fields + b"\r\n" + LAST)
        for what, fields in (
            ("beside Content-Length", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            ("before Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            ("beside a length of zero", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
            (
                "beside a length that is none",
                b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n",
            ),
            (
                "beside a length, and Connection: close",
                b"Connection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            ),
        )
    ),
    row(
        "9112 6.3",
        MUST,
        "an unknown coding beside Content-Length",
        "400 close | 501 close | 4xx close",
        POST + b"Content-Length: 3\r\nTransfer-Encoding: x\r\n\r\nabc",
    ),
    # Framing does not depend on the method.
    *(
        row(
            "9112 6.1",
            MUST,
            f"chunks of {method.decode()}, and a request behind them",
            ANY,
            method + b" / HTTP/1.1\r\n" + HOST + CODED + b"\r\n" + LAST + GOOD,
            heads=(0,) if method == b"HEAD" else (),
        )
        for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS")
    ),
    row("9112 7.4", MUST, "TE: trailers", OK, GET + b"TE: trailers\r\nConnection: TE\r\n\r\n"),
    row(
        "9112 7.4", MUST, "TE with a quality", OK, GET + b"TE: gzip;q=0.5\r\nConnection: TE\r\n\r\n"
    ),
    row("9112 7.4", MUST, "an empty TE", OK, GET + b"TE:\r\nConnection: TE\r\n\r\n"),
    row(
        "9112 7.4",
        MUST,
        "TE: chunked does not frame the request",
        OK,
        POST + b"TE: chunked\r\n\r\n",
    ),
    row(
        "9112 5.1",
        MUST,
        "white space between Transfer-Encoding and its colon",
        BAD,
        POST + b"Transfer-Encoding : chunked\r\n\r\n" + LAST,
    ),
]
