"""RFC 9112 §6.2 and §6.3, RFC 9110 §8.6: bodies by Content-Length."""

from tests.rfc.row import (
    BAD,
    FATAL,
    GET,
    GOOD,
    HOST,
    LENIENT,
    MUST,
    OK,
    OUGHT,
    POST,
    TWO,
    length,
    row,
)

MERGED = FATAL + " | 200 close?"  # equal lengths may be taken for one
HUGE = "413 close | 4xx close | none waits"  # or there is no limit

ROWS = [
    row("9112 6.3", MUST, "a request without framing has no body", OK, POST + b"\r\n"),
    row("9110 8.6", MUST, "a length", OK, length(b"3", b"abc"), bodies=(b"body=b'abc'\n",)),
    row("9110 8.6", MUST, "a length of zero", OK, length(b"0"), bodies=(b"body=b''\n",)),
    row("9110 8.6", MUST, "leading zeros", OK, length(b"003", b"abc"), bodies=(b"body=b'abc'\n",)),
    row(
        "9110 8.6",
        MUST,
        "more leading zeros than an integer has digits",
        OK + " | 4xx close",
        length(b"0" * 30 + b"3", b"abc"),
        bodies=(b"body=b'abc'\n",),
    ),
    row("9110 8.6", MUST, "leading zeros are not octal", OK, length(b"010", b"0123456789")),
    row("9110 5.1", MUST, "Content-Length in any case", OK, POST + b"cOnTeNt-lEnGtH: 1\r\n\r\na"),
    row("9112 5", MUST, "Content-Length among tabs", OK, POST + b"Content-Length:\t1\t\r\n\r\na"),
    row("9112 5", MUST, "Content-Length among spaces", OK, POST + b"Content-Length:  1  \r\n\r\na"),
    row("9112 5", MUST, "Content-Length without space", OK, POST + b"Content-Length:1\r\n\r\na"),
    row("9112 6.3", MUST, "what follows the body is a request", TWO, length(b"3", b"abc") + GOOD),
    row("9112 6.3", MUST, "what follows an empty body is a request", TWO, length(b"0") + GOOD),
    row(
        "9112 6.3",
        MUST,
        "a body that looks like a request",
        OK,
        length(b"%d" % len(GOOD), GOOD),
    ),
    row("9112 6.3", MUST, "a body of line ends", OK, length(b"4", b"\r\n\r\n")),
    row("9112 6", MUST, "a body of any bytes", OK, length(b"4", b"\0\xff\r\x80")),
    # What is no length.
    *(
        row("9110 8.6", MUST, what, FATAL, length(value, body))
        for what, value, body in (
            ("an empty length", b"", b""),
            ("a plus sign", b"+5", b"hello"),
            ("a minus sign", b"-5", b"hello"),
            ("minus zero", b"-0", b""),
            ("hexadecimal", b"0x12", b""),
            ("hexadecimal without a prefix", b"a", b"0123456789"),
            ("letters behind digits", b"12a", b""),
            ("a unit", b"3 bytes", b"abc"),
            ("a fraction", b"1.0", b"a"),
            ("an exponent", b"1e1", b"0123456789"),
            ("a space between digits", b"1 2", b""),
            ("an underscore", b"1_0", b"0123456789"),
            ("a digit beyond ASCII", b"\xb2", b""),
            ("a digit of another script", b"\xd9\xa3", b"abc"),
            ("a number in quotes", b'"3"', b"abc"),
            ("a parameter", b"3;a=b", b"abc"),
            ("NUL behind digits", b"3\0", b"abc"),
            ("a vertical tab before digits", b"\v3", b"abc"),
            ("a word", b"chunked", b""),
            ("a comma alone", b",", b""),
        )
    ),
    row("9112 2.2", MUST, "a bare CR before digits", LENIENT, length(b"\r3", b"abc")),
    # More than one.
    row("9112 6.3", MUST, "a list of equal lengths", MERGED, length(b"3, 3", b"abc")),
    row("9112 6.3", MUST, "a list of different lengths", FATAL, length(b"3, 4", b"abcd")),
    row("9112 6.3", MUST, "a list with an empty element", MERGED, length(b"3,", b"abc")),
    row("9112 6.3", MUST, "a list of one length and a word", FATAL, length(b"3, x", b"abc")),
    row("9112 6.3", MUST, "a list of zeros", MERGED, length(b"0, 0")),
    row(
        "9112 6.3",
        MUST,
        "two equal lengths",
        MERGED,
        POST + b"Content-Length: 1\r\n" * 2 + b"\r\na",
    ),
    row(
        "9112 6.3",
        MUST,
        "two different lengths",
        FATAL,
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ),
    row(
        "9112 6.3",
        MUST,
        "two lengths that differ in zeros",
        FATAL + " | 200 close?",
        POST + b"Content-Length: 1\r\nContent-Length: 01\r\n\r\na",
    ),
    row(
        "9112 6.3",
        MUST,
        "two different lengths, names in other case, far apart",
        FATAL,
        POST + b"content-length: 0\r\nA: b\r\nCONTENT-LENGTH: 2\r\n\r\nab",
    ),
    row(
        "9112 6.3",
        MUST,
        "two lengths, one empty",
        FATAL,
        POST + b"Content-Length: 1\r\nContent-Length:\r\n\r\na",
    ),
    # Numbers that do not fit.
    row("9110 8.6", MUST, "a length beyond 32 bits", HUGE, length(b"4294967299", b"abc")),
    row("9110 8.6", MUST, "a length beyond 63 bits", HUGE, length(b"9223372036854775811", b"abc")),
    row("9110 8.6", MUST, "a length beyond 64 bits", HUGE, length(b"18446744073709551619", b"abc")),
    row("9110 8.6", MUST, "a length of a hundred digits", HUGE, length(b"9" * 100, b"abc")),
    # Framing does not depend on the method.
    *(
        row(
            "9110 6.4",
            MUST,
            f"a body of {method.decode()}, and a request behind it",
            TWO + " | 405 200 close? | 501 200 close? | 4xx close",
            method + b" / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc" + GOOD,
            heads=(0,) if method == b"HEAD" else (),
        )
        for method in (b"HEAD", b"PUT", b"PATCH", b"TRACE", b"BREW")
    ),
    row(
        "9112 6.3",
        MUST,
        "a GET with a body that looks like a request",
        OK,
        GET + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD,
    ),
    row(
        "9112 6.3",
        MUST,
        "a length in HTTP/1.0",
        "200 close",
        b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
        bodies=(b"body=b'a'\n",),
    ),
    row(
        "9112 6.3",
        MUST,
        "an invalid length in HTTP/1.0",
        FATAL,
        b"POST / HTTP/1.0\r\nContent-Length: x\r\n\r\na",
    ),
    row(
        "9112 5.1",
        MUST,
        "white space between Content-Length and its colon",
        BAD,
        POST + b"Content-Length : 1\r\n\r\na",
    ),
    row(
        "9110 8.6",
        OUGHT,
        "a length that Connection calls hop-by-hop",
        OK,
        POST + b"Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc",
    ),
]
