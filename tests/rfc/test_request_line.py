"""RFC 9112 §2 and §3: the message as a whole, the request line, the target, Host."""

from collections.abc import Callable

import pytest

from japy import Application
from tests.rfc.table import GOOD, HOST, Row, bad, check, good, title
from tests.support.wire import Server

END = b" HTTP/1.1\r\n" + HOST + b"\r\n"

ROWS = [
    # The message (RFC 9112 §2).
    good("9112 2.1 a request", GOOD),
    good("9112 2.2 one empty line before the request line is ignored", b"\r\nGET /" + END),
    bad("9112 2.2 bare CR in the request line", b"GET /\r HTTP/1.1\r\n" + HOST + b"\r\n"),
    bad("9112 2.2 bare LF behind the request line", b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
    bad("9112 2.2 bare LF behind a field", b"GET / HTTP/1.1\r\nHost: x\n\r\n"),
    bad("9112 2.2 bare LF as the empty line", b"GET / HTTP/1.1\r\nHost: x\r\n\n"),
    bad("9112 2.2 white space before the first field", b"GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
    bad("9112 2.2 NUL as a request", b"\0"),
    bad("9112 2.2 TLS hello to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    Row("9112 2.2 nothing but an empty line", b"\r\n", ()),
    Row("9112 2.2 an empty line, then the end", b"\r\n", (), True, True),
    # The version (RFC 9112 §2.3).
    good("9112 2.3 HTTP/1.0 closes by default", b"GET / HTTP/1.0\r\n\r\n", closes=True),
    good("9110 6.2 a higher minor version is read as 1.1", b"GET / HTTP/1.9\r\n" + HOST + b"\r\n"),
    bad("9110 15.6.6 HTTP/2.0 is another protocol", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    bad("9110 15.6.6 HTTP/3.0 is another protocol", b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
    bad("9110 15.6.6 HTTP/0.9 is another protocol", b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    bad("9113 3.4 the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    bad("9112 2.3 the minor version is one digit", b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    bad("9112 2.3 the minor version is a digit", b"GET / HTTP/1.x\r\n" + HOST + b"\r\n"),
    bad("9112 2.3 the name is upper case", b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    bad("9112 2.3 no version (HTTP/0.9)", b"GET /\r\n" + HOST + b"\r\n"),
    bad("9112 2.3 a comma is no dot", b"GET / HTTP/1,1\r\n" + HOST + b"\r\n"),
    # The request line (RFC 9112 §3).
    bad("9112 3 two spaces before the target", b"GET  /" + END),
    bad("9112 3 two spaces behind the target", b"GET / " + END),
    bad("9112 3 white space behind the version", b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
    bad("9112 3 a tab is no space", b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n"),
    bad("9112 3 white space before the method", b" GET /" + END),
    bad("9112 3 no target", b"GET" + END),
    bad("9112 3 a space in the target", b"GET /a b" + END),
    Row("9110 15.5.15 a line over the limit", b"GET /" + b"a" * 200 + END, (414,), True),
    Row("9110 15.5.15 a line of the limit", b"GET /?" + b"a" * 185 + END, (200,)),
    Row("9110 15.5.15 a line one byte longer", b"GET /?" + b"a" * 186 + END, (414,), True),
    # The method (RFC 9112 §3.1, RFC 9110 §9).
    good("9110 9.1 an unknown method is the application's matter", b"BREW /" + END),
    good("9110 9.1 methods are case-sensitive tokens", b"x!#$%&'*+-.^_`|~9 /" + END),
    Row("9110 15.5.6 a method that the path does not know", b"get /good" + END, (405,)),
    bad("9112 3.1 a method is a token: (", b"G(T /" + END),
    bad("9112 3.1 a method is a token: :", b"GET: /" + END),
    bad("9112 3.1 a method is a token: latin-1", b"G\xc9T /" + END),
    bad("9112 3.1 an empty method", b" /" + END),
    good("9110 9.3.2 HEAD is answered without a body", b"HEAD /good" + END),
    bad("9110 9.3.6 CONNECT is not for an origin server", b"CONNECT x:80" + END, 501),
    # The target (RFC 9112 §3.2).
    good("9112 3.2.1 origin-form with a query", b"GET /?a=b" + END),
    good("9112 3.2.2 absolute-form has to be accepted", b"GET http://x/" + END),
    good("9112 3.2.2 absolute-form without a path", b"GET http://x" + END),
    good("9112 3.2.2 absolute-form, schemes in any case", b"GET HTTP://x/?a" + END),
    good("9112 3.2.2 absolute-form wins over Host", b"GET http://other/" + END),
    bad("9110 4.2.1 absolute-form with an empty host", b"GET http:///" + END),
    bad("9110 4.2.1 absolute-form with a port and no host", b"GET http://:80/" + END),
    bad("9110 4.2.4 absolute-form with user information", b"GET http://u@x/" + END),
    bad("9112 3.2.3 authority-form is for CONNECT alone", b"GET x:80" + END),
    good("9112 3.2.4 asterisk-form", b"OPTIONS *" + END),
    bad("9112 3.2.4 asterisk-form is for OPTIONS alone", b"GET *" + END),
    bad("9112 3.2 a target is one of the four forms", b"GET a/b" + END),
    bad("9112 3.2 a fragment is not sent", b"GET /#a" + END),
    bad("3986 2 DEL in the target", b"GET /\x7f" + END),
    bad("3986 2 a control character in the target", b"GET /\x01" + END),
    Row("3986 2 bytes beyond ASCII in the target are no route", b"GET /\xc3\xa9" + END, (404,)),
    Row("3986 2.1 a broken escape is taken as it stands", b"GET /%zz" + END, (404,)),
    # Host (RFC 9112 §3.2, RFC 9110 §7.2).
    bad("9112 3.2 no Host in HTTP/1.1", b"GET / HTTP/1.1\r\n\r\n"),
    good("9112 3.2 no Host in HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", closes=True),
    bad("9112 3.2 two Hosts", b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    bad("9112 3.2 two different Hosts", b"GET / HTTP/1.1\r\n" + HOST + b"host: y\r\n\r\n"),
    good("9112 3.2 an empty Host is a value", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    good("9110 7.2 Host with a port", b"GET / HTTP/1.1\r\nHost: x.example:8080\r\n\r\n"),
    good("3986 3.2.2 Host is an IPv6 address", b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
    good("3986 3.2.2 Host is an IPv4 address", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    bad("9112 3.2 a Host with a space", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    bad("9112 3.2 a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    bad("9112 3.2 a Host with user information", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    bad("9112 3.2 a Host that is a list", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    bad("9112 3.2 a Host with a port of letters", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
]


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_rule(row: Row, serve: Callable[[Application], Server]) -> None:
    check(row, serve)
