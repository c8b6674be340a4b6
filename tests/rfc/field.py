"""RFC 9112 §5, RFC 9110 §5: field lines, their names, their values."""

from tests.rfc.row import BAD, FATAL, GET, LENIENT, MAY, MUST, OK, POST, SHOULD, row

VALUE = "400 close | 4xx close? | 200 close?"  # refused, or the byte replaced by a space

ROWS = [
    # Values.
    *(
        row(section, MUST, what, OK, GET + line + b"\r\n\r\n", bodies=(f"a={value!a}\n".encode(),))
        for section, what, line, value in (
            ("9112 5", "a field without white space", b"A:b", "b"),
            ("9112 5", "white space around a value", b"A: \t b\t \t", "b"),
            ("9112 5", "a tab before a value", b"A:\tb", "b"),
            ("9112 5", "a tab behind a value", b"A: b\t", "b"),
            ("9112 5.1", "white space in a value stays", b"A: b \t c", "b \t c"),
            ("9110 5.5", "an empty value", b"A:", ""),
            ("9110 5.5", "a value of white space", b"A: \t", ""),
            ("9110 5.5", "a value beyond ASCII", b"A: \x80\xff", "\x80\xff"),
            ("9110 5.5", "colons in a value", b"A: b: c", "b: c"),
            (
                "9110 5.5",
                "a value with every delimiter",
                b'A: (),/:;<=>?@[\\]{}"',
                '(),/:;<=>?@[\\]{}"',
            ),
            ("9110 5.1", "names in any case", b"a: b", "b"),
            ("9110 5.3", "a field may be repeated", b"A: b\r\nA: c", "b, c"),
            ("9110 5.3", "lines of one name far apart", b"A: b\r\nB: x\r\na: c", "b, c"),
            ("9110 5.3", "the order of lines is kept", b"A: 2\r\nA: 1\r\nA: 3", "2, 1, 3"),
        )
    ),
    row("9110 5.1", MUST, "names are tokens", OK, GET + b"!#$%&'*+-.^_`|~9z: b\r\n\r\n"),
    row("9110 5.1", SHOULD, "fields that nobody knows", OK, GET + b"X-Nobody-Knows: b\r\n\r\n"),
    row(
        "9110 5.1", MUST, "a name that begins like another", OK, GET + b"Content-Lengthy: x\r\n\r\n"
    ),
    row("9110 5.1", MUST, "underscores are no hyphens", OK, POST + b"Content_Length: 5\r\n\r\n"),
    row(
        "9110 5.5",
        MUST,
        "NEL and other line ends of Unicode end no line",
        OK,
        GET + b"A: b\x85C: d\xe2\x80\xa8E: f\r\n\r\n",
    ),
    *(
        row("9110 5.5", level, f"{what} in a value", VALUE, GET + b"A: b" + byte + b"c\r\n\r\n")
        for level, what, byte in (
            (MUST, "NUL", b"\0"),
            (MUST, "a bare CR", b"\r"),
            (MAY, "a control character", b"\x01"),
            (MAY, "a backspace", b"\b"),
            (MAY, "a vertical tab", b"\v"),
            (MAY, "a form feed", b"\f"),
            (MAY, "an escape", b"\x1b"),
            (MAY, "DEL", b"\x7f"),
        )
    ),
    row("9110 5.5", MUST, "NUL at the end of a value", VALUE, GET + b"A: b\0\r\n\r\n"),
    row("9110 5.5", MUST, "NUL as a value", VALUE, GET + b"A: \0\r\n\r\n"),
    row("9112 2.2", MAY, "a field ends in bare LF", LENIENT, GET + b"A: b\nC: d\r\n\r\n"),
    # Names.
    row("9112 5.1", MUST, "white space before the colon", BAD, GET + b"A : b\r\n\r\n"),
    row("9112 5.1", MUST, "a tab before the colon", BAD, GET + b"A\t: b\r\n\r\n"),
    row("9112 5", SHOULD, "a line without a colon", BAD, GET + b"A\r\n\r\n"),
    row("9112 5", SHOULD, "an equals sign is no colon", BAD, GET + b"A=b\r\n\r\n"),
    row("9112 5", SHOULD, "an empty name", BAD, GET + b": b\r\n\r\n"),
    row("9112 5", SHOULD, "a colon alone", BAD, GET + b":\r\n\r\n"),
    row("9112 5", SHOULD, "a second request line", BAD, GET + b"GET / HTTP/1.1\r\n\r\n"),
    *(
        row("9110 5.1", SHOULD, f"{what} in a name", BAD, GET + name + b": c\r\n\r\n")
        for what, name in (
            ("a space", b"A B"),
            ("a bracket", b"A("),
            ("a square bracket", b"A[0]"),
            ("a quote", b'A"'),
            ("a slash", b"A/B"),
            ("a backslash", b"A\\"),
            ("a semicolon", b"A;B"),
            ("a comma", b"A,B"),
            ("an at sign", b"A@B"),
            ("a brace", b"{A}"),
            ("an angle bracket", b"<A>"),
            ("an equals sign", b"A=B"),
            ("a question mark", b"A?"),
            ("NUL", b"A\0"),
            ("a vertical tab", b"A\v"),
            ("a control character", b"\x01A"),
            ("DEL", b"A\x7f"),
            ("a letter of latin-1", b"\xc4"),
            ("a letter of UTF-8", b"\xef\xbc\xa1"),
        )
    ),
    row("9112 2.2", MUST, "a bare CR in a name", LENIENT, GET + b"A\rB: c\r\n\r\n"),
    # obs-fold
    row("9112 5.2", MUST, "obs-fold by a space", LENIENT, GET + b"A: b\r\n c\r\n\r\n"),
    row("9112 5.2", MUST, "obs-fold by a tab", LENIENT, GET + b"A: b\r\n\tc\r\n\r\n"),
    row("9112 5.2", MUST, "obs-fold of white space only", LENIENT, GET + b"A: b\r\n \r\n\r\n"),
    row("9112 5.2", MUST, "obs-fold behind an empty value", LENIENT, GET + b"A:\r\n b\r\n\r\n"),
    row("9112 5.2", MUST, "obs-fold twice", LENIENT, GET + b"A: b\r\n c\r\n d\r\n\r\n"),
    row(
        "9112 5.2",
        MUST,
        "obs-fold that looks like a field",
        LENIENT,
        GET + b"A: b\r\n Content-Length: 5\r\n\r\n",
    ),
    row(
        "9112 5.2",
        MUST,
        "obs-fold in Content-Length",
        FATAL + " | 200 close?",
        POST + b"Content-Length:\r\n 1\r\n\r\na",
    ),
    row(
        "9112 5.2",
        MUST,
        "obs-fold in Transfer-Encoding",
        FATAL + " | 200 close?",
        POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    ),
    row(
        "9112 5.2",
        MUST,
        "obs-fold in Connection",
        LENIENT,
        GET + b"Connection: keep-alive,\r\n close\r\n\r\n",
    ),
]
