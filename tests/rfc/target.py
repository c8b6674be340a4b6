"""RFC 9112 §3.2 and §3.3, RFC 9110 §4.2 and §7.1: the four forms of a target."""

from tests.rfc.row import BAD, BAD_LINE, BEHIND, HOST, MAY, MUST, OK, OUGHT, SHOULD, row

OPTIONS_ALL = "200 | 200 close | 204 close? | 404 close? | 405 close? | 501 close?"
ANYWHERE = "404 | 200 close? | 4xx close?"  # there may be such a resource, or not

ROWS = [
    # origin-form
    row(
        "9112 3.2.1",
        MUST,
        "origin-form with a query",
        OK,
        b"GET /?a=b" + BEHIND,
        bodies=(b"query='a=b'\n",),
    ),
    row("9112 3.2.1", MUST, "an empty query", OK, b"GET /?" + BEHIND, bodies=(b"query=''\n",)),
    row("9112 3.2.1", MUST, "question marks and slashes in a query", OK, b"GET /?a/?b?" + BEHIND),
    row(
        "9112 3.2.1",
        MUST,
        "every character that a path may have",
        ANYWHERE,
        b"GET /a-._~!$&'()*+,;=:@%41" + BEHIND,
    ),
    row(
        "9112 3.2.1",
        MUST,
        "a path that begins with two slashes is no authority",
        "404 | 200 close? | 404 close",
        b"GET //other/" + BEHIND,
    ),
    row(
        "9112 3.2.1",
        MUST,
        "an escaped end of line stays where it is",
        OK + " | 400 close?",
        b"GET /?%0d%0aA:%20b" + BEHIND,
        bodies=(b"a=None\n",),
    ),
    row(
        "9112 3.2.1",
        MUST,
        "an escaped slash does not part a path",
        ANYWHERE,
        b"GET /%2fget" + BEHIND,
    ),
    row("9112 3.2.1", MUST, "an escaped NUL", ANYWHERE, b"GET /%00" + BEHIND),
    row("3986 2.1", MAY, "a broken escape is taken as it stands", ANYWHERE, b"GET /%zz" + BEHIND),
    row("3986 2.1", MAY, "half an escape", ANYWHERE, b"GET /%4" + BEHIND),
    row(
        "3986 2",
        MAY,
        "bytes beyond ASCII in the target are no route",
        ANYWHERE,
        b"GET /\xc3\xa9" + BEHIND,
    ),
    row(
        "3986 2",
        MAY,
        "characters in a query that browsers do not escape",
        OK + " | 400 close?",
        b'GET /?a={"b"|c}^`' + BEHIND,
    ),
    row("3986 2", MAY, "a backslash in a path", ANYWHERE, b"GET /a\\b" + BEHIND),
    row(
        "9112 3.2",
        SHOULD,
        "a fragment is not sent",
        BAD_LINE + " | 200 close?",
        b"GET /#a" + BEHIND,
    ),
    row("3986 2", SHOULD, "NUL in the target", BAD_LINE, b"GET /\0" + BEHIND),
    row("3986 2", SHOULD, "a control character in the target", BAD_LINE, b"GET /\x01" + BEHIND),
    row("3986 2", SHOULD, "DEL in the target", BAD_LINE, b"GET /\x7f" + BEHIND),
    row("3986 2", SHOULD, "a tab in the target", BAD_LINE, b"GET /\ta" + BEHIND),
    # absolute-form
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form has to be accepted",
        OK,
        b"GET http://x/" + BEHIND,
        bodies=(b"path='/'\n",),
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form without a path",
        OK + " | 404 close?",
        b"GET http://x" + BEHIND,
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form without a path, with a query",
        OK + " | 404 close?",
        b"GET http://x?a=b" + BEHIND,
        bodies=(b"query='a=b'\n",),
    ),
    row("9110 4.2.3", MUST, "absolute-form, schemes in any case", OK, b"GET HTTP://x/" + BEHIND),
    *(
        row("9110 7.4", MUST, f"{scheme} without TLS", "421 close | 4xx close?", b"GET " + target)
        for scheme, target in (
            ("an https target", b"https://x/" + BEHIND),
            ("an HTTPS target in any case", b"hTTpS://x:80/" + BEHIND),
        )
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form wins over Host",
        OK + " | 421 close?",
        b"GET http://other/" + BEHIND,
        bodies=(b"host='other'\n",),
    ),
    row(
        "9112 3.2.2",
        MUST,
        "the port of absolute-form wins over that of Host",
        OK + " | 421 close?",
        b"GET http://other:81/ HTTP/1.1\r\nHost: x:82\r\n\r\n",
        bodies=(b"port=81\n",),
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form with an IPv6 address",
        OK + " | 421 close?",
        b"GET http://[::1]:81/" + BEHIND,
        bodies=(b"host='::1'\n",),
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form for POST",
        OK,
        b"POST http://x/ HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n\r\na",
    ),
    row(
        "9112 3.2.2",
        MUST,
        "absolute-form in HTTP/1.0 without Host",
        "200 close | 421 close",
        b"GET http://other/ HTTP/1.0\r\n\r\n",
        bodies=(b"host='other'\n",),
    ),
    row(
        "9112 3.2",
        MUST,
        "absolute-form without Host in HTTP/1.1",
        BAD,
        b"GET http://x/ HTTP/1.1\r\n\r\n",
    ),
    row(
        "9112 3.2",
        MUST,
        "absolute-form with two Hosts",
        BAD,
        b"GET http://x/ HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    ),
    row(
        "9112 3.2",
        MUST,
        "absolute-form with an invalid Host",
        BAD,
        b"GET http://x/ HTTP/1.1\r\nHost: a b\r\n\r\n",
    ),
    *(
        row(section, level, what, BAD_LINE, b"GET " + target + BEHIND)
        for section, level, what, target in (
            ("9110 4.2.1", MUST, "absolute-form with an empty host", b"http:///"),
            ("9110 4.2.1", MUST, "absolute-form with a port and no host", b"http://:80/"),
            ("9110 4.2.4", SHOULD, "absolute-form with user information", b"http://u@x/"),
            ("9110 4.2.4", SHOULD, "absolute-form with a password", b"http://u:p@x/"),
            ("9112 3.2.2", SHOULD, "absolute-form with a port of letters", b"http://x:a/"),
            ("9112 3.2.2", SHOULD, "absolute-form with a bracket left open", b"http://[::1/"),
            ("9112 3.2.2", SHOULD, "absolute-form with a backslash in its host", b"http://x\\y/"),
            ("9112 3.2.2", SHOULD, "absolute-form with a fragment", b"http://x/#a"),
            ("9112 3.2.2", SHOULD, "absolute-form with one slash", b"http:/x/"),
            ("9112 3.2.2", SHOULD, "absolute-form without a colon", b"http//x/"),
            ("9110 7.4", OUGHT, "absolute-form of a scheme that is not served", b"ftp://x/"),
        )
    ),
    # authority-form and asterisk-form
    row(
        "9112 3.2.3", SHOULD, "authority-form is for CONNECT alone", BAD_LINE, b"GET x:80" + BEHIND
    ),
    row("9112 3.2", SHOULD, "a host alone is no target", BAD_LINE, b"GET x" + BEHIND),
    row("9112 3.2.4", MUST, "asterisk-form", OPTIONS_ALL, b"OPTIONS *" + BEHIND),
    row(
        "9112 3.2.4",
        MUST,
        "asterisk-form with a body",
        OPTIONS_ALL,
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
    ),
    row(
        "9112 3.2",
        MUST,
        "asterisk-form without Host",
        BAD,
        b"OPTIONS * HTTP/1.1\r\n\r\n",
    ),
    row("9112 3.2.4", SHOULD, "asterisk-form is for OPTIONS alone", BAD_LINE, b"GET *" + BEHIND),
    row("9112 3.2.4", SHOULD, "asterisk-form has no query", BAD_LINE, b"OPTIONS *?a" + BEHIND),
    row("9112 3.2.4", SHOULD, "two asterisks", BAD_LINE, b"OPTIONS **" + BEHIND),
    # none of them
    row("9112 3.2", SHOULD, "a target is one of the four forms", BAD_LINE, b"GET a/b" + BEHIND),
    row("9112 3.2", SHOULD, "a query alone is no target", BAD_LINE, b"GET ?a" + BEHIND),
    row("9112 3.2", SHOULD, "a relative path is no target", BAD_LINE, b"GET ../" + BEHIND),
    row("9112 3.2", SHOULD, "a backslash is no slash", BAD_LINE, b"GET \\" + BEHIND),
]
