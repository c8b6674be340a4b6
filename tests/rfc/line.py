"""RFC 9112 §3 and §3.1, RFC 9110 §9: the request line and the method."""

from tests.rfc.row import (
    BAD_LINE,
    BEHIND,
    GET,
    GOOD,
    HOST,
    LENIENT,
    MUST,
    NOISE,
    OK,
    SHOULD,
    row,
)

METHOD = "400 close | 4xx close? | 501 close?"
CONNECT = "501 close | 4xx close? | 501 | none close"
ANY_METHOD = "200 | 200 close | 405 close? | 501 close?"
OPTIONS = b"OPTIONS / HTTP/1.1\r\n" + HOST

ROWS = [
    *(
        row("9112 3", SHOULD, what, LENIENT, b"GET" + between + b"HTTP/1.1\r\n" + HOST + b"\r\n")
        for what, between in (
            ("two spaces before the target", b"  / "),
            ("two spaces behind the target", b" /  "),
            ("a tab is no space", b"\t/\t"),
            ("a form feed is no space", b"\f/\f"),
            ("a vertical tab is no space", b"\v/\v"),
        )
    ),
    row(
        "9112 3",
        SHOULD,
        "white space behind the version",
        LENIENT,
        b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    ),
    row("9112 3", SHOULD, "white space before the method", LENIENT, b" " + GOOD),
    row("9112 3", SHOULD, "a space in the target", BAD_LINE, b"GET /a b" + BEHIND),
    row("9112 3", SHOULD, "no target", BAD_LINE, b"GET" + BEHIND),
    row("9112 3", SHOULD, "no method", BAD_LINE, b"/" + BEHIND),
    row("9112 3", SHOULD, "an empty method", BAD_LINE, b" /" + BEHIND),
    row("9112 3", SHOULD, "a method and nothing else", NOISE, b"GET\r\n\r\n"),
    row("9112 3", SHOULD, "fields without a request line", BAD_LINE, HOST + b"A: b\r\n\r\n"),
    row("9112 3", SHOULD, "a line of 8000 bytes", OK, b"GET /?" + b"a" * 7985 + BEHIND),
    # The method.
    row("9110 9.1", MUST, "GET", OK, GET + b"A: b\r\n\r\n", bodies=(b"method='GET'\n",)),
    row(
        "9110 9.1",
        MUST,
        "HEAD",
        OK,
        b"HEAD /" + BEHIND,
        heads=(0,),
    ),
    row(
        "9110 9.1",
        SHOULD,
        "an unknown method is the application's matter",
        ANY_METHOD,
        b"BREW /" + BEHIND,
        bodies=(b"method='BREW'\n",),
    ),
    row(
        "9110 9.1",
        MUST,
        "methods are case-sensitive",
        "405 | 4xx close? | 501 close?",
        b"get /get" + BEHIND,
        own=True,
    ),
    row(
        "9110 9.1",
        MUST,
        "a method may be any token",
        ANY_METHOD + " | 400 close?",
        b"x!#$%&'*+-.^_`|~9 /" + BEHIND,
        bodies=(b'method="x!#$%&\'*+-.^_`|~9"\n',),
    ),
    *(
        row("9112 3.1", SHOULD, f"a method is a token: {what}", METHOD, text + b" /" + BEHIND)
        for what, text in (
            ("no bracket", b"G(T"),
            ("no colon", b"GET:"),
            ("no slash", b"G/T"),
            ("no quote", b'"GET"'),
            ("no comma", b"GET,POST"),
            ("no brace", b"G{T"),
            ("no at sign", b"G@T"),
            ("no NUL", b"G\0T"),
            ("no control character", b"G\x1bT"),
            ("no DEL", b"GET\x7f"),
            ("nothing beyond ASCII", b"G\xc9T"),
            ("no letters of Unicode", b"\xef\xbc\xa7ET"),
        )
    ),
    row(
        "9112 3",
        SHOULD,
        "a method of 9000 letters",
        "501 close | 4xx close? | 501",
        b"M" * 9000 + b" /" + BEHIND,
    ),
    row(
        "9110 9.3.1",
        MUST,
        "a GET with a body",
        OK,
        GET + b"Content-Length: 3\r\n\r\nabc",
        bodies=(b"body=b'abc'\n",),
    ),
    row(
        "9110 9.3.5",
        MUST,
        "a DELETE with a body",
        ANY_METHOD,
        b"DELETE / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
        bodies=(b"body=b'abc'\n",),
    ),
    row(
        "9110 9.3.7",
        MUST,
        "an OPTIONS with a body",
        ANY_METHOD,
        OPTIONS + b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
        bodies=(b"body=b'abc'\n",),
    ),
    row(
        "9110 9.3.7",
        SHOULD,
        "OPTIONS of a route names its methods",
        "204 | 200",
        b"OPTIONS /get" + BEHIND,
        own=True,
        shows=("Allow",),
    ),
    row(
        "9110 9.3.8",
        MUST,
        "TRACE is not answered unless somebody asks for it",
        "405 | 4xx close? | 501 close?",
        b"TRACE /get" + BEHIND,
        own=True,
        shows=("Allow",),
    ),
    # CONNECT.
    *(
        row(section, level, what, CONNECT, b"CONNECT " + target + BEHIND)
        for section, level, what, target in (
            ("9110 9.1", SHOULD, "CONNECT is not for an origin server", b"x:80"),
            ("9110 9.3.6", MUST, "CONNECT without a port", b"x"),
            ("9110 9.3.6", MUST, "CONNECT with an empty port", b"x:"),
            ("9110 9.3.6", MUST, "CONNECT with an invalid port", b"x:99999"),
            ("9112 3.2.3", SHOULD, "CONNECT with a path", b"/"),
            ("9112 3.2.3", SHOULD, "CONNECT with an absolute target", b"http://x/"),
        )
    ),
    row(
        "9110 9.3.6",
        SHOULD,
        "what follows CONNECT is no tunnel",
        CONNECT + " | 4xx 200 close? | 501 200 close?",
        b"CONNECT x:80" + BEHIND + GOOD,
    ),
]
