"""RFC 9112 §7.1: the chunked coding, its extensions, its trailer."""

from tests.rfc.row import CHUNKED, FATAL, GOOD, LAST, MAY, MUST, OK, POST, SHOULD, TWO, row

HUGE = "413 close | 4xx close | 501 close | none waits"  # or there is no limit
LOOSE = FATAL + " | 200 close?"
ABC = b"3\r\nabc\r\n"


def chunks(body: bytes) -> bytes:
    """Return a POST with this chunked body."""
    return CHUNKED + body


ROWS = [
    *(
        row(
            "9112 7.1",
            MUST,
            what,
            OK,
            chunks(body),
            bodies=(f"body={value!a}\n".encode(),),
        )
        for what, body, value in (
            ("one chunk", ABC + LAST, b"abc"),
            ("two chunks", ABC + b"2\r\nde\r\n" + LAST, b"abcde"),
            ("chunks of one byte", b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n" + LAST, b"abc"),
            ("a size in lower case", b"a\r\n0123456789\r\n" + LAST, b"0123456789"),
            ("a size in upper case", b"A\r\n0123456789\r\n" + LAST, b"0123456789"),
            ("a size of two digits", b"10\r\n0123456789abcdef\r\n" + LAST, b"0123456789abcdef"),
            ("leading zeros of a size", b"0003\r\nabc\r\n" + LAST, b"abc"),
            ("more than one zero as the last size", ABC + b"000\r\n\r\n", b"abc"),
            ("line ends in a chunk", b"4\r\n\r\n\r\n\r\n" + LAST, b"\r\n\r\n"),
            ("a chunk that looks like the last", b"5\r\n0\r\n\r\n\r\n" + LAST, b"0\r\n\r\n"),
            ("any bytes in a chunk", b"3\r\n\0\xff\r\r\n" + LAST, b"\0\xff\r"),
        )
    ),
    row(
        "9112 7.1",
        MUST,
        "more leading zeros than an integer has digits",
        OK + " | 4xx close",
        chunks(b"0" * 20 + ABC + LAST),
        bodies=(b"body=b'abc'\n",),
    ),
    row("9112 7.1", MUST, "a request behind the last chunk", TWO, chunks(ABC + LAST) + GOOD),
    row(
        "9112 7.1",
        MUST,
        "a chunk that looks like a request",
        OK,
        chunks(b"%x\r\n" % len(GOOD) + GOOD + b"\r\n" + LAST),
    ),
    # Sizes.
    *(
        row("9112 7.1", SHOULD, what, FATAL, chunks(size + b"\r\nabc\r\n" + LAST))
        for what, size in (
            ("no size", b""),
            ("a size that is no number", b"xyz"),
            ("a size with 0x", b"0x3"),
            ("a size with h", b"3h"),
            ("a negative size", b"-3"),
            ("a size with a plus sign", b"+3"),
            ("a size with an underscore", b"0_3"),
            ("a size with a point", b"3.0"),
            ("a size in quotes", b'"3"'),
            ("a size of digits beyond ASCII", b"\xef\xbc\x93"),
            ("white space before a size", b" 3"),
            ("a tab before a size", b"\t3"),
            ("an empty line before a size", b"\r\n3"),
            ("white space between digits", b"0 3"),
            ("junk behind a size", b"3 abc"),
            ("a comma behind a size", b"3,"),
            ("NUL behind a size", b"3\0"),
            ("a vertical tab behind a size", b"3\v"),
        )
    ),
    row("9112 7.1", SHOULD, "white space behind a size", FATAL, chunks(b"3 \r\nabc\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a tab behind a size", FATAL, chunks(b"3\t\r\nabc\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a negative last size", FATAL, chunks(ABC + b"-0\r\n\r\n")),
    # Numbers that do not fit.
    *(
        row("9112 7.1", MUST, what, HUGE, chunks(size + b"\r\nabc\r\n" + LAST))
        for what, size in (
            ("a size beyond 32 bits", b"100000003"),
            ("a size of 63 bits", b"7fffffffffffffff"),
            ("a size beyond 63 bits", b"8000000000000003"),
            ("a size of 64 bits", b"ffffffffffffffff"),
            ("a size beyond 64 bits", b"10000000000000003"),
            ("a size of a hundred digits", b"f" * 100),
        )
    ),
    row(
        "9112 7.1",
        MUST,
        "sizes whose sum is beyond 64 bits",
        HUGE,
        chunks(ABC + b"fffffffffffffffe\r\n" + b"x"),
    ),
    # Line ends.
    row("9112 7.1", SHOULD, "a size ends in bare LF", FATAL, chunks(b"3\nabc\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a size ends in bare CR", FATAL, chunks(b"3\rabc\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a size ends in CR CR LF", FATAL, chunks(b"3\r\r\nabc\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a chunk longer than its size", FATAL, chunks(b"3\r\nabcd\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a chunk shorter than its size", FATAL, chunks(b"3\r\nab\r\n" + LAST)),
    row("9112 7.1", SHOULD, "a chunk ends in bare LF", FATAL, chunks(b"3\r\nabc\n" + LAST)),
    row("9112 7.1", SHOULD, "a chunk ends in bare CR", FATAL, chunks(b"3\r\nabc\r" + LAST)),
    row(
        "9112 7.1",
        SHOULD,
        "a chunk ends in CR and another byte",
        FATAL,
        chunks(b"3\r\nabc\rX" + LAST),
    ),
    row("9112 7.1", SHOULD, "a chunk ends in any two bytes", FATAL, chunks(b"3\r\nabcXY" + LAST)),
    row("9112 7.1", SHOULD, "a chunk has no end", FATAL, chunks(b"3\r\nabc" + LAST)),
    row("9112 7.1", MAY, "the last line is bare LF", LOOSE, chunks(b"0\r\n\n")),
    row("9112 7.1", SHOULD, "the last line is bare CR", FATAL, chunks(b"0\r\n\r" + GOOD)),
    row("9112 7.1", SHOULD, "the last size ends in bare LF", FATAL, chunks(b"0\n\r\n")),
    row("9112 7.1", SHOULD, "all lines end in bare LF", FATAL, chunks(b"3\nabc\n0\n\n")),
    # Extensions.
    *(
        row(
            "9112 7.1.1",
            MUST,
            what,
            OK,
            chunks(b"3" + extension + b"\r\nabc\r\n" + LAST),
            bodies=(b"body=b'abc'\n",),
        )
        for what, extension in (
            ("a name", b";a"),
            ("a name and a token", b";a=b"),
            ("a name and a quoted string", b';a="b c"'),
            ("an empty quoted string", b';a=""'),
            ("a semicolon in a quoted string", b';a=";b"'),
            ("escapes in a quoted string", b';a="\\"\\\\"'),
            ("a tab in a quoted string", b';a="\t"'),
            ("bytes beyond ASCII in a quoted string", b';a="\xff"'),
            ("more than one", b";a;b=c;d"),
            ("the same name twice", b";a=b;a=c"),
        )
    ),
    row("9112 7.1.1", MUST, "one of the last chunk", OK, chunks(ABC + b"0;a=b\r\n\r\n")),
    *(
        row("9110 5.6.3", MUST, what, OK, chunks(b"3" + extension + b"\r\nabc\r\n" + LAST))
        for what, extension in (
            ("white space around an extension", b" ; a = b"),
            ("tabs around an extension", b"\t;\ta\t=\tb"),
        )
    ),
    *(
        row(
            "9112 7.1.1",
            SHOULD,
            what,
            FATAL,
            chunks(b"3" + extension + b"\r\nabc\r\n" + LAST),
        )
        for what, extension in (
            ("a semicolon alone", b";"),
            ("two semicolons", b";;a"),
            ("no name", b";=b"),
            ("no value", b";a="),
            ("a name that is no token", b";a b"),
            ("a value that is no token", b";a=b,c"),
            ("a quote left open", b';a="b'),
            ("something behind a quoted string", b';a="b"c'),
            ("an escape left open", b';a="b\\'),
            ("NUL", b";a\0"),
            ("NUL in a quoted string", b';a="\0"'),
            ("a control character", b";a=\x01"),
            ("a byte beyond ASCII", b";\xff"),
            ("a semicolon behind an extension", b";a;"),
        )
    ),
    row(
        "9112 7.1.1",
        SHOULD,
        "bare LF hides in an extension",
        FATAL,
        chunks(b"3;\nxx\r\nabc\r\n" + LAST),
    ),
    row(
        "9112 7.1.1",
        MUST,
        "bare CR hides in an extension",
        LOOSE,
        chunks(b"3;a\rxx\r\nabc\r\n" + LAST),
    ),
    row(
        "9112 7.1.1",
        SHOULD,
        "a line end in a quoted string",
        FATAL,
        chunks(b'3;a="\r\nabc\r\n' + LAST),
    ),
    # The trailer.
    *(
        row("9112 7.1.2", MUST, what, OK, chunks(ABC + b"0\r\n" + trailer + b"\r\n\r\n"))
        for what, trailer in (
            ("a field", b"A: b"),
            ("two fields", b"A: b\r\nC: d"),
            ("a field without white space", b"A:b"),
            ("a field with tabs", b"A:\tb\t"),
            ("an empty field", b"A:"),
            ("a value beyond ASCII", b"A: \xff"),
            ("an announced field", b"Expires: 0"),
        )
    ),
    *(
        row(
            "9110 6.5.1",
            MUST,
            f"{name.decode()} in a trailer has no effect",
            TWO + " | 4xx close",
            chunks(ABC + b"0\r\n" + name + b": " + value + b"\r\n\r\n") + GOOD,
        )
        for name, value in (
            (b"Content-Length", b"%d" % len(GOOD)),
            (b"Transfer-Encoding", b"chunked"),
            (b"Connection", b"close"),
            (b"Host", b"other"),
            (b"Expect", b"100-continue"),
            (b"Upgrade", b"h2c"),
        )
    ),
    row(
        "9110 6.5.1",
        MUST,
        "a trailer is not merged into the fields of the head",
        OK,
        POST + b"A: head\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0\r\nA: trailer\r\n\r\n",
        bodies=(b"a='head'\n",),
    ),
    *(
        row("9112 7.1.2", SHOULD, what, FATAL, chunks(ABC + b"0\r\n" + trailer + b"\r\n\r\n"))
        for what, trailer in (
            ("a line without a colon", b"A"),
            ("white space before a colon", b"A : b"),
            ("a tab before a colon", b"A\t: b"),
            ("an empty name", b": b"),
            ("a name that is no token", b"A(: b"),
            ("a space in a name", b"A B: c"),
        )
    ),
    *(
        row("9112 7.1.2", level, what, LOOSE, chunks(ABC + b"0\r\n" + trailer + b"\r\n\r\n"))
        for level, what, trailer in (
            (MUST, "a folded field", b"A: b\r\n c"),
            (MUST, "white space before the first field", b" A: b"),
            (MUST, "NUL in a value", b"A: \0"),
            (MUST, "bare CR in a value", b"A: b\rc"),
            (MAY, "a control character in a value", b"A: \x01"),
            (MAY, "a field ends in bare LF", b"A: b\nC: d"),
        )
    ),
    row(
        "9112 7.1.2",
        SHOULD,
        "no empty line, but a request behind the last size",
        FATAL,
        chunks(ABC + b"0\r\n" + GOOD),
    ),
    row(
        "9112 7.1.2",
        MAY,
        "the trailer's last line ends in bare LF",
        LOOSE,
        chunks(b"0\r\nA: b\n\r\n"),
    ),
]
