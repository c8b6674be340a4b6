"""RFC 9112 §3.2, RFC 9110 §7.2, RFC 3986 §3.2: Host, and what a host is."""

from tests.rfc.row import BAD, GET, HOST, MAY, MUST, OK, row

LINE = b"GET / HTTP/1.1\r\n"
SERVED = OK + " | 421 close?"  # nobody has to answer for every name


def host(value: bytes) -> bytes:
    """Return a GET with this Host."""
    return LINE + b"Host: " + value + b"\r\n\r\n"


ROWS = [
    row("9112 3.2", MUST, "no Host in HTTP/1.1", BAD, LINE + b"\r\n"),
    row("9112 3.2", MUST, "no Host among other fields", BAD, LINE + b"A: b\r\nHosts: x\r\n\r\n"),
    row("9112 3.2", MUST, "no Host in HTTP/1.2", BAD + " | 505 close?", b"GET / HTTP/1.2\r\n\r\n"),
    row(
        "9112 3.2",
        MUST,
        "no Host in HTTP/1.0",
        "200 close",
        b"GET / HTTP/1.0\r\nA: b\r\n\r\n",
        bodies=(b"host=None\n",),
    ),
    row("9112 3.2", MUST, "two Hosts", BAD, LINE + HOST + HOST + b"\r\n"),
    row("9112 3.2", MUST, "two different Hosts", BAD, LINE + HOST + b"host: y\r\n\r\n"),
    row("9112 3.2", MUST, "two Hosts far apart", BAD, GET + b"A: b\r\nC: d\r\n" + HOST + b"\r\n"),
    row(
        "9112 3.2",
        MUST,
        "two Hosts in HTTP/1.0",
        "400 close | 4xx close?",
        b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
    ),
    row("9112 3.2", MUST, "two Hosts, one empty", BAD, LINE + HOST + b"Host:\r\n\r\n"),
    row("9112 3.2", MUST, "Host is the last field", OK, LINE + b"A: b\r\n" + HOST + b"\r\n"),
    row("9110 5.1", MUST, "Host in any case", OK, LINE + b"hOST: x\r\n\r\n"),
    row(
        "9112 5",
        MUST,
        "Host among white space",
        SERVED,
        LINE + b"Host:\t x.example \t\r\n\r\n",
        bodies=(b"host='x.example'\n",),
    ),
    row("9112 3.2", MAY, "an empty Host is a value", OK + " | 400 close?", LINE + b"Host:\r\n\r\n"),
    row(
        "9110 7.2",
        MUST,
        "Host with a port",
        SERVED,
        host(b"x.example:8080"),
        bodies=(b"port=8080\n",),
    ),
    *(
        row(section, level, what, SERVED, host(value))
        for section, level, what, value in (
            ("3986 3.2.3", MUST, "Host with an empty port", b"x:"),
            ("3986 3.2.2", MUST, "Host is an IPv6 address", b"[::1]"),
            ("3986 3.2.2", MUST, "Host is an IPv6 address with a port", b"[2001:db8::1]:80"),
            ("3986 3.2.2", MUST, "Host is an IPv6 address with an IPv4 part", b"[::192.0.2.1]"),
            ("3986 3.2.2", MUST, "Host is an address of a later version", b"[v1.a:b]"),
            ("3986 3.2.2", MUST, "Host is an IPv4 address", b"127.0.0.1"),
            ("3986 3.2.2", MUST, "Host ends in a dot", b"x.example."),
            ("3986 3.2.2", MUST, "Host in upper case", b"X.EXAMPLE"),
            ("3986 3.2.2", MUST, "Host with an underscore", b"x_y.example"),
            ("3986 3.2.2", MUST, "Host with an escape", b"x%41.example"),
            ("3986 3.2.2", MUST, "Host with the delimiters of a name", b"x!$&'()*+,;=y"),
            ("3986 3.2.2", MUST, "Host in letters of IDNA", b"xn--bcher-kva.example"),
        )
    ),
    *(
        row("9112 3.2", MUST, f"a Host {what}", BAD, host(value))
        for what, value in (
            ("with a space", b"a b"),
            ("with a tab", b"a\tb"),
            ("with a path", b"a/b"),
            ("with a query", b"a?b"),
            ("with a fragment", b"a#b"),
            ("with user information", b"u@a"),
            ("with a scheme", b"http://a"),
            ("with a backslash", b"a\\b"),
            ("in quotes", b'"a"'),
            ("in angle brackets", b"<a>"),
            ("that is a list", b"a, b"),
            ("with a port of letters", b"a:b"),
            ("with a negative port", b"a:-1"),
            ("with a port in hexadecimal", b"a:0x50"),
            ("with two ports", b"a:80:80"),
            ("with white space before the port", b"a: 80"),
            ("with a port of digits beyond ASCII", b"a:\xef\xbc\x98"),
            ("with a broken escape", b"a%zz"),
            ("with letters beyond ASCII", b"b\xc3\xbccher.example"),
            ("with NUL", b"a\0b"),
            ("with a control character", b"a\x01b"),
            ("with a bare CR", b"a\rb"),
            ("that is an IPv6 address without brackets", b"::1"),
            ("with a bracket left open", b"[::1"),
            ("with a bracket that nobody opened", b"::1]"),
            ("with empty brackets", b"[]"),
            ("with a name in brackets", b"[a.example]"),
            ("with something behind its brackets", b"[::1]a"),
            ("with a port behind its brackets without a colon", b"[::1]80"),
            ("with nine groups in its brackets", b"[1:2:3:4:5:6:7:8:9]"),
            ("with two gaps in its brackets", b"[1::2::3]"),
            ("with a group of five digits in its brackets", b"[12345::1]"),
            ("with too few groups in its brackets", b"[1:2]"),
        )
    ),
    row("9112 5.2", MUST, "a folded Host", BAD, LINE + b"Host:\r\n x\r\n\r\n"),
    row(
        "9112 5.1", MUST, "white space between Host and its colon", BAD, LINE + b"Host : x\r\n\r\n"
    ),
    row(
        "9110 5.1", MUST, "a Host with a letter of Cyrillic", BAD, LINE + b"H\xd0\xbest: x\r\n\r\n"
    ),
]
