"""RFC 9110 §5.4 and §15.5, RFC 9112 §3 and §7.1: japy's limits, at n and at n + 1."""

from tests.rfc.row import BEHIND, CHUNKED, GET, HOST, LAST, MAY, MUST, OUGHT, POST, length, row

LINE, HEAD, FIELDS, BODY = 8190, 10_000, 20, 1000
OPTIONS = {  # of `japy run`
    "--limit-request-line": LINE,
    "--limit-request-head": HEAD,
    "--limit-request-fields": FIELDS,
    "--limit-request-body": BODY,
}

EXTRAS = 16 * 1024  # chunk extensions and trailer fields of one message together
EXTRA_LINE = 4096  # one line of them
FIELD = b"A: b\r\n"


def options() -> list[str]:
    """Return the arguments of `japy run` that set these limits."""
    return [text for name, value in OPTIONS.items() for text in (name, str(value))]


def target(size: int, method: bytes = b"GET") -> bytes:
    """Return a request with a request line of this size."""
    query = b"a" * (size - len(method + b" /? HTTP/1.1"))
    return method + b" /?" + query + BEHIND


def head(size: int) -> bytes:
    """Return a request with a head of this size."""
    return GET + b"A: " + b"b" * (size - len(GET) - 7) + b"\r\n\r\n"


def extension(size: int) -> bytes:
    """Return a chunk of one byte whose extension has this size."""
    return b"1;" + b"a" * (size - 1) + b"\r\nx\r\n"


def trailer(size: int) -> bytes:
    """Return a field line of this size."""
    return b"A: " + b"b" * (size - 5) + b"\r\n"


ROWS = [
    row(section, level, what, outcomes, data, own=True)
    for section, level, what, outcomes, data in (
        ("9112 3", MUST, "a line of the limit", "200", target(LINE)),
        ("9112 3", MUST, "a line one byte longer", "414 close", target(LINE + 1)),
        ("9112 3", MUST, "a line of twice the limit", "414 close", target(2 * LINE)),
        ("9112 3", MUST, "a line that never ends", "414 close", b"GET /" + b"a" * 20_000),
        (
            "9112 3",
            MUST,
            "an absolute target over the limit",
            "414 close",
            b"GET http://x/?" + b"a" * LINE + BEHIND,
        ),
        ("6585 5", MUST, "as many fields as allowed", "200", GET + FIELD * (FIELDS - 1) + b"\r\n"),
        ("6585 5", MUST, "one field too many", "431 close", GET + FIELD * FIELDS + b"\r\n"),
        ("6585 5", MUST, "far too many fields", "431 close", GET + FIELD * 300 + b"\r\n"),
        ("6585 5", MUST, "fields that never end", "431 close", GET + FIELD * 3000),
        ("6585 5", MUST, "a head of the limit", "200", head(HEAD)),
        ("6585 5", MUST, "a head one byte longer", "431 close", head(HEAD + 1)),
        ("6585 5", MUST, "a value that never ends", "431 close", GET + b"A: " + b"b" * 20_000),
        ("6585 5", MUST, "a name that never ends", "431 close", GET + b"A" * 20_000),
        ("9110 15.5.14", MAY, "a body of the limit", "200", length(b"%d" % BODY, b"x" * BODY)),
        ("9110 15.5.14", MAY, "a body over the limit", "413 close", length(b"%d" % (BODY + 1))),
        (
            "9110 15.5.14",
            MAY,
            "a body over the limit, and all of it",
            "413 close",
            length(b"%d" % (BODY + 1), b"x" * (BODY + 1)),
        ),
        (
            "9110 15.5.14",
            MAY,
            "chunks of the limit",
            "200",
            CHUNKED + b"%x\r\n" % BODY + b"x" * BODY + b"\r\n" + LAST,
        ),
        (
            "9110 15.5.14",
            MAY,
            "a chunk over the limit",
            "413 close",
            CHUNKED + b"%x\r\n" % (BODY + 1),
        ),
        (
            "9110 15.5.14",
            MAY,
            "small chunks over the limit",
            "413 close",
            CHUNKED + (b"64\r\n" + b"x" * 100 + b"\r\n") * 10 + b"1\r\nx\r\n" + LAST,
        ),
        (
            "9112 7.1.1",
            OUGHT,
            "extensions below the limit",
            "200",
            CHUNKED + extension(EXTRA_LINE - 100) * 4 + LAST,
        ),
        (
            "9112 7.1.1",
            OUGHT,
            "extensions beyond the limit",
            "413 close",
            CHUNKED + extension(EXTRA_LINE - 100) * 5 + LAST,
        ),
        (
            "9112 7.1.1",
            OUGHT,
            "many small extensions beyond the limit",
            "413 close",
            CHUNKED + extension(40) * (EXTRAS // 40 + 1) + LAST,
        ),
        (
            "9112 7.1.1",
            OUGHT,
            "an extension that never ends",
            "413 close",
            CHUNKED + b"1;" + b"a" * 20_000,
        ),
        (
            "9110 17.5",
            OUGHT,
            "trailer fields below the limit",
            "200",
            CHUNKED + b"0\r\n" + trailer(EXTRA_LINE - 100) * 4 + b"\r\n",
        ),
        (
            "9110 17.5",
            OUGHT,
            "trailer fields beyond the limit",
            "431 close",
            CHUNKED + b"0\r\n" + trailer(EXTRA_LINE - 100) * 5 + b"\r\n",
        ),
        (
            "9110 17.5",
            OUGHT,
            "many small trailer fields beyond the limit",
            "431 close",
            CHUNKED + b"0\r\n" + trailer(20) * (EXTRAS // 20 + 1) + b"\r\n",
        ),
        (
            "9110 17.5",
            OUGHT,
            "a trailer field that never ends",
            "431 close",
            CHUNKED + b"0\r\nA: " + b"b" * 20_000,
        ),
        (
            "9110 17.5",
            OUGHT,
            "a trailer that never ends",
            "431 close",
            CHUNKED + b"0\r\n" + FIELD * 5000,
        ),
        (
            "9110 17.5",
            OUGHT,
            "a size of zeros that never end",
            "400 close",
            CHUNKED + b"0" * 20_000,
        ),
        (
            "9110 15.5.14",
            MAY,
            "413 wins over Expect",
            "413 close",
            POST + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
        ),
        (
            "9110 5.4",
            MUST,
            "a Host that never ends",
            "431 close",
            b"GET / HTTP/1.1\r\nHost: " + b"x" * 20_000,
        ),
        (
            "9110 5.4",
            MUST,
            "an ordinary cookie of 4000 bytes",
            "200",
            b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: a=" + b"b" * 4000 + b"\r\n\r\n",
        ),
    )
]
