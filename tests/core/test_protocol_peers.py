"""The same bytes given to h11 and httptools: they agree with japy, or the difference is listed.

Both peers are told what a server is told. A verdict is what a server would have to do: the
requests it has understood, and whether it refused what came then.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Limits
from tests.rfc import limit
from tests.rfc.row import Row
from tests.rfc.table import ROWS
from tests.support.mirror import mirror, reflected
from tests.support.strategies import Message, messages
from tests.support.wire import Server, read_answers


class Seen(NamedTuple):
    """A request as somebody has understood it."""

    method: str
    target: str
    body: bytes


class Verdict(NamedTuple):
    """What somebody makes of some bytes."""

    seen: list[Seen]
    is_refused: bool


def origin_form(target: str) -> str:
    """Return a target in absolute-form as japy understands it."""
    if target.startswith("/") or "://" not in target:
        return target
    try:
        parts = urlsplit(target)
    except ValueError:  # a bracket left open
        return target
    return (parts.path or "/") + ("?" + parts.query if parts.query else "")


def by_h11(data: bytes, eof: bool) -> Verdict:
    """Return h11's verdict; like japy, it is told to stop at the first request that closes."""
    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=limit.HEAD)
    seen: list[Seen] = []
    request: h11.Request | None = None
    body = b""
    peer.receive_data(data)
    if eof:
        peer.receive_data(b"")
    try:
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                method, target = request.method.decode(), request.target.decode("latin-1")
                seen.append(Seen(method, origin_form(target), body))
                if method == "CONNECT":
                    return Verdict(seen, False)
                peer.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                peer.send(h11.EndOfMessage())
                if peer.our_state is not h11.DONE:
                    return Verdict(seen, False)
                peer.start_next_cycle()
            else:
                return Verdict(seen, False)
    except h11.RemoteProtocolError:
        return Verdict(seen, True)


class Collector:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._body = b""

    def on_message_begin(self) -> None:
        self._target = self._body = b""

    def on_url(self, data: bytes) -> None:
        self._target += data

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode()
        self.seen.append(Seen(method, origin_form(self._target.decode("latin-1")), self._body))


def by_httptools(data: bytes) -> Verdict:
    """Return httptools' verdict; it knows no EOF."""
    collector = Collector()
    try:
        collector.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return Verdict(collector.seen, False)
    except httptools.HttpParserError:
        return Verdict(collector.seen, True)
    return Verdict(collector.seen, False)


def by_japy(server: Server, data: bytes, eof: bool) -> Verdict:
    """Return japy's verdict; its answers tell which requests there were."""
    answers = read_answers(server.exchange([data], eof).received)
    seen: list[Seen] = []
    for answer in answers:
        if answer.status == 200 and not answer.body:  # japy's own answer, which tells nothing
            seen.append(Seen("OPTIONS", "*", b""))
        elif answer.status == 200:
            method, path, query, _, _, body = reflected(answer.body)
            seen.append(Seen(method, path if query is None else f"{path}?{query}", body or b""))
    return Verdict(seen, any(answer.status >= 400 for answer in answers))


# What takes routes, an answer in between, or an answer that tells nothing is left out.
CHECKED = [row for row in ROWS if not (row.own or row.then or b"HEAD /" in row.data)]

# Where the peers differ from japy: the reason, and patterns of the rows of tests/rfc that show it.
LEFT_TO_THE_SERVER = {
    "what HTTP versions mean": [
        "9110 15.6.6 HTTP/[02].? is another protocol",
        "9112 9.3.2 another version behind good ones",
    ],
    "how large a body may be": [
        "9110 8.6 a length beyond *",
        "9112 7.1 * beyond *",
        "9112 7.1 a size of 6? bits",
    ],
    "what a target is": [
        "9110 4.2.1 absolute-form with *",
        "9110 4.2.4 absolute-form with *",
        "9110 7.4 absolute-form of a scheme that is not served",
        "9110 7.4 an https target *",
        "9110 7.4 an HTTPS target *",
        "9112 3.2 a fragment is not sent",
        "9112 3.2.2 absolute-form with *",
        "9112 3.2.3 CONNECT with *",
        "9112 3.2.4 * is for OPTIONS alone",
        "9112 3.2.4 asterisk-form has no query",
        "9112 3.2.4 two asterisks",
    ],
    "what CONNECT is": ["9110 9.3.6 *", "9110 9.1 CONNECT is not for an origin server"],
    "what a host is": ["9112 3.2 a Host *", "9112 3.2 absolute-form with an invalid Host"],
    "expectations": [
        "9110 10.1.1 *another expectation*",
        "9110 10.1.1 100-continue with a parameter",
        "9112 9.3 417 before the body is read",
    ],
    "Transfer-Encoding in HTTP/1.0, which RFC 9112 §6.1 calls faulty": [
        "9112 6.1 chunked in HTTP/1.0*",
        "9112 6.1 chunks in HTTP/1.0 *",
    ],
    "a path decoded, or not: japy tells what it is": [
        "9112 3.2.1 every character that a path may have",
        "9112 3.2.1 an escaped *",
    ],
    "japy answers OPTIONS * itself, and tells nothing of its body": [
        "9112 3.2.4 asterisk-form with a body",
        "9112 6.3 the body of OPTIONS * is no request",
    ],
    "bytes beyond ASCII in a target, which Japronto took": [
        "3986 2 bytes beyond ASCII in the target are no route",
    ],
    "BWS, which RFC 9112 §7.1.1 and RFC 9110 §5.6.3 tell to parse": [
        "9110 5.6.3 * around an extension",
    ],
    "the grammar of chunk extensions": ["9112 7.1.1 two semicolons", "9112 7.1.1 no *"],
}
H11 = LEFT_TO_THE_SERVER | {
    "h11 leaves versions and targets to the server altogether": [
        "9110 15.6.6 *",
        "9113 3.4 the preface of HTTP/2",
        "9110 7.8 HTTP/2 behind an upgrade that was ignored",
        "9112 3.2.2 *",
        "9112 3.2.3 authority-form is for CONNECT alone",
        "9112 3.2 * is no *",
        "9112 3.2 a target is one of the four forms",
        "9112 3 a method of 9000 letters",
    ],
    "h11 asks for Host in HTTP/1.1 alone": ["9112 3.2 no Host in HTTP/1.2"],
    "h11 takes a bare LF for the end of a line; japy fears request smuggling": [
        "9112 2.2 * bare LF*",
        "9112 2.2 bare *",
        "9112 2.2 lines end in bare CR",
        "9112 2.2 UTF-16 in place of ASCII",
        "9112 6.1 ??.??: a bare LF before the name",
        "9112 7.1 * bare LF",
        "9112 7.1.1 bare CR hides in an extension",
        "9112 7.1.2 * bare LF*",
        "9112 7.1.2 bare LF *",
    ],
    "h11 unfolds lines; RFC 9112 §5.2 lets a server refuse them": [
        "9112 5.2 *",
        "9112 7.1.2 a folded field",
    ],
    "h11 is lenient with control characters, which RFC 9110 §5.5 calls invalid": [
        "9110 5.5 * in a value",
        "9112 7.1.2 a control character in a value",
    ],
    "h11 merges equal lengths; RFC 9112 §6.3 lets a server refuse them": [
        "9112 6.3 a list of equal lengths",
        "9112 6.3 a list of zeros",
        "9112 6.3 two equal lengths",
    ],
    "h11 lets chunked win over Content-Length; RFC 9112 §6.3 calls that a possible attack": [
        "9110 7.8 both framings in an upgrade",
        "9112 6.1 b* length*",
        "9112 6.1 beside Content-Length",
        "9112 6.1 before Content-Length",
        "9112 6.1 CL.*",
        "9112 6.1 TE.CL",
        "9112 9.3.2 a body with two framings behind good ones",
    ],
    "h11 has no limit of sizes, but one of digits": [
        "9110 8.6 a length that wraps around to zero",
        "9112 7.1 a size that wraps around to zero",
        "* more leading zeros than an integer has digits",
    ],
    "h11 refuses an empty line before a request; RFC 9112 §2.2 asks servers to ignore one": [
        "9112 2.2 *an empty line*",
        "9112 2.2 one empty line before the request line is ignored",
        "9112 9.3.2 empty lines between requests",
        "9112 9.5 a request and an empty line, then the end",
    ],
    "h11 reads nothing of a chunk size line but its digits": [
        "9112 7.1.1 *",
        "9112 7.1 * behind *",
    ],
    "h11 ends connections of HTTP/1.0": ["9112 9.3 HTTP/1.1 behind a kept HTTP/1.0"],
}
HTTPTOOLS = LEFT_TO_THE_SERVER | {
    "httptools knows a list of versions and methods, and no others": [
        "9110 2.5 *",
        "9110 9.1 *",
        "9110 6.4 a body of BREW, *",
    ],
    "httptools takes HTTP/0.9 and more spaces than one": [
        "9112 2.3 no version*",
        "9112 3 a target that ends like a version",
        "9112 3 two spaces *",
    ],
    "httptools ignores any line ends before a request": ["9112 2.2 * before the request line"],
    "httptools leaves Host to the server": [
        "9112 3.2 no Host*",
        "9112 3.2 two *Hosts*",
        "9112 3.2 absolute-form with*",
        "9112 3.2 asterisk-form without Host",
    ],
    "httptools leaves codings before chunked to the server, and empty ones": [
        "9110 5.6.1.2 an empty element before chunked",
        "9112 6.1 a coding that japy does not know, before chunked",
        "9112 6.1 two fields: * and chunked",
        "9112 6.1 TE.TE: the first is unknown",
        "9112 7 identity before chunked",
    ],
    "httptools takes a tab for a part of Transfer-Encoding": ["9112 5 chunked among white space"],
    "httptools lets fields of a trailer frame the message": ["9110 6.5.1 *"],
    "httptools stops at an upgrade; RFC 9110 §7.8 lets a server ignore it": ["9110 7.8 *"],
    "httptools calls what follows a closing request an error; RFC 9112 §9.6 says ignore it": [
        "9112 9.6 *",
        "9112 9.3 HTTP/1.0 closes behind a body",
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that reflects every request."""
    with Server(mirror(Limits(body=limit.BODY))) as server:
        yield server


def is_listed(row: Row, differences: Mapping[str, list[str]]) -> bool:
    """Tell whether a difference is known."""
    return any(fnmatchcase(row.rule, found) for listed in differences.values() for found in listed)


def unneeded(different: list[Row], differences: Mapping[str, list[str]]) -> list[str]:
    """Return the patterns that no difference fits any more."""
    patterns = [pattern for listed in differences.values() for pattern in listed]
    return [
        pattern
        for pattern in patterns
        if not any(fnmatchcase(row.rule, pattern) for row in different)
    ]


def test_h11_agrees_or_the_difference_is_listed(server: Server) -> None:
    different = [
        row for row in CHECKED if by_japy(server, row.data, row.eof) != by_h11(row.data, row.eof)
    ]
    assert [row.rule for row in different if not is_listed(row, H11)] == []
    assert unneeded(different, H11) == []


def test_httptools_agrees_or_the_difference_is_listed(server: Server) -> None:
    different = [
        row
        for row in CHECKED
        if not row.eof and by_japy(server, row.data, False) != by_httptools(row.data)
    ]
    assert [row.rule for row in different if not is_listed(row, HTTPTOOLS)] == []
    assert unneeded(different, HTTPTOOLS) == []


def is_known_to_all(message: Message) -> bool:
    """Tell whether a message shows none of the differences listed."""
    return message.method != "X-Own" and b" ; a = " not in message.data


@given(st.lists(messages().filter(is_known_to_all), min_size=1, max_size=3))
def test_all_agree_on_what_is_legal(sent: list[Message]) -> None:
    data = b"".join(message.data for message in sent)
    expected = [Seen(m.method, unquote(m.target), m.body or b"") for m in sent]
    with Server(mirror()) as server:
        verdicts = [by_japy(server, data, False), by_h11(data, False), by_httptools(data)]
    for seen, is_refused in verdicts:
        assert not is_refused
        assert [Seen(method, unquote(target), body) for method, target, body in seen] == expected
