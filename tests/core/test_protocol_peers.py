"""The same bytes given to h11 and httptools: they agree with japy, or the difference is listed.

Both peers are told what a server is told. A verdict is what a server would have to do: the
requests it has understood, and whether it refused what came then.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rfc import test_fields, test_framing, test_request_line
from tests.rfc.table import LIMITS, Row, title
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
    parts = urlsplit(target)
    return (parts.path or "/") + ("?" + parts.query if parts.query else "")


def by_h11(data: bytes, eof: bool) -> Verdict:
    """Return h11's verdict; like japy, it is told to stop at the first request that closes."""
    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=1000)
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


ROWS = [*test_request_line.ROWS, *test_fields.ROWS, *test_framing.ROWS]
CHECKED = [row for row in ROWS if not row.data.startswith(b"HEAD")]  # japy tells nothing of these

# Where the peers differ from japy: the reason, and the rows of tests/rfc that show it.
LEFT_TO_THE_SERVER = {
    "what HTTP versions mean": [
        "9110 15.6.6 HTTP/2.0 is another protocol",
        "9110 15.6.6 HTTP/0.9 is another protocol",
    ],
    "how long things may be, and how many": [
        "9110 15.5.15 a line over the limit",
        "9110 15.5.15 a line one byte longer",
        "6585 5 one field too many",
        "6585 5 far too many fields",
        "6585 5 a head one byte longer",
        "9110 15.5.14 a body over the limit",
        "9110 15.5.14 chunks over the limit",
    ],
    "what a target is": [
        "9110 4.2.1 absolute-form with an empty host",
        "9110 4.2.1 absolute-form with a port and no host",
        "9110 4.2.4 absolute-form with user information",
        "9112 3.2.4 asterisk-form is for OPTIONS alone",
        "9112 3.2 a fragment is not sent",
    ],
    "what a host is": [
        "9112 3.2 a Host with a space",
        "9112 3.2 a Host with a path",
        "9112 3.2 a Host with user information",
        "9112 3.2 a Host that is a list",
        "9112 3.2 a Host with a port of letters",
    ],
    "expectations": ["9110 15.5.18 another expectation"],
    "Transfer-Encoding in HTTP/1.0, which RFC 9112 §6.1 calls faulty": ["9112 6.1 in HTTP/1.0"],
}
H11 = LEFT_TO_THE_SERVER | {
    "h11 leaves versions and targets to the server altogether": [
        "9110 15.6.6 HTTP/3.0 is another protocol",
        "9113 3.4 the preface of HTTP/2",
        "9110 9.3.6 CONNECT is not for an origin server",
        "9112 3.2.3 authority-form is for CONNECT alone",
        "9112 3.2 a target is one of the four forms",
    ],
    "h11 takes a bare LF for the end of a line; japy fears request smuggling": [
        "9112 2.2 bare LF behind the request line",
        "9112 2.2 bare LF behind a field",
        "9112 2.2 bare LF as the empty line",
        "9112 5 a field ends in bare LF",
        "9112 7.1 the last line is bare LF",
        "9112 7.1.2 a trailer ends in bare LF",
    ],
    "h11 unfolds lines; RFC 9112 §5.2 lets a server refuse them": [
        "9112 5.2 obs-fold by a space",
        "9112 5.2 obs-fold by a tab",
        "9112 5.2 obs-fold in Content-Length",
        "9112 7.1.2 a folded trailer",
    ],
    "h11 is lenient with control characters, which RFC 9110 §5.5 calls invalid": [
        "9110 5.5 a control character in a value",
        "9110 5.5 DEL in a value",
        "9112 7.1.1 a control character in an extension",
    ],
    "h11 merges equal lengths; RFC 9112 §6.3 lets a server refuse them": [
        "9112 6.3 a list of equal lengths",
        "9112 6.3 two equal lengths",
    ],
    "h11 lets chunked win over Content-Length; RFC 9112 §6.3 calls that a possible attack": [
        "9112 6.3 beside Content-Length",
        "9112 6.3 before Content-Length",
    ],
    "h11 has no limit of sizes": [
        "9110 8.6 a length beyond 64 bits",
        "9112 7.1 a size beyond 64 bits",
    ],
    "h11 refuses an empty line before a request; RFC 9112 §2.2 asks servers to ignore one": [
        "9112 2.2 one empty line before the request line is ignored",
        "9112 2.2 nothing but an empty line",
        "9112 2.2 an empty line, then the end",
    ],
    "h11 refuses bytes beyond ASCII in a target; Japronto took them": [
        "3986 2 bytes beyond ASCII in the target are no route",
    ],
    "h11 refuses the BWS that RFC 9112 §7.1.1 and RFC 9110 §5.6.3 tell to parse": [
        "9112 7.1.1 white space around an extension",
    ],
}
HTTPTOOLS = LEFT_TO_THE_SERVER | {
    "httptools knows a list of versions and methods, and no others": [
        "9110 6.2 a higher minor version is read as 1.1",
        "9110 9.1 an unknown method is the application's matter",
        "9110 9.1 methods are case-sensitive tokens",
        "9110 15.5.6 a method that the path does not know",
    ],
    "httptools takes HTTP/0.9 and more spaces than one": [
        "9112 2.3 no version (HTTP/0.9)",
        "9112 3 two spaces before the target",
        "9112 3 two spaces behind the target",
    ],
    "httptools leaves Host to the server": [
        "9112 3.2 no Host in HTTP/1.1",
        "9112 3.2 two Hosts",
        "9112 3.2 two different Hosts",
    ],
    "httptools refuses bytes beyond ASCII in a target; Japronto took them": [
        "3986 2 bytes beyond ASCII in the target are no route",
    ],
    "httptools leaves codings before chunked to the server, and empty ones": [
        "9112 6.1 a coding that japy does not know",
        "9112 6.1 an empty element",
    ],
    "httptools refuses the BWS that RFC 9112 §7.1.1 and RFC 9110 §5.6.3 tell to parse": [
        "9112 7.1.1 white space around an extension",
    ],
    "httptools has no limit of heads": ["6585 5 a head that never ends"],
    "httptools stops at an upgrade; RFC 9110 §7.8 lets a server ignore it": [
        "9110 9.3.6 CONNECT is not for an origin server",
        "9110 7.8 the connection goes on behind an upgrade that was ignored",
    ],
    "httptools calls what follows a closing request an error; RFC 9112 §9.6 says ignore it": [
        "9112 9.6 nothing follows close",
        "9112 9.6 not even garbage",
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server that reflects every request."""
    with Server(mirror(LIMITS)) as server:
        yield server


def rules(differences: dict[str, list[str]]) -> set[str]:
    """Return the rules of a list of differences."""
    return {rule for listed in differences.values() for rule in listed}


@pytest.mark.parametrize("row", CHECKED, ids=title)
def test_h11_agrees_or_the_difference_is_listed(row: Row, server: Server) -> None:
    ours, theirs = by_japy(server, row.data, row.eof), by_h11(row.data, row.eof)
    assert (ours != theirs) is (row.rule in rules(H11)), (ours, theirs)


@pytest.mark.parametrize("row", [row for row in CHECKED if not row.eof], ids=title)
def test_httptools_agrees_or_the_difference_is_listed(row: Row, server: Server) -> None:
    ours, theirs = by_japy(server, row.data, False), by_httptools(row.data)
    assert (ours != theirs) is (row.rule in rules(HTTPTOOLS)), (ours, theirs)


def test_listed_differences_are_of_rows_that_exist() -> None:
    assert rules(H11) | rules(HTTPTOOLS) <= {row.rule for row in CHECKED}


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
