"""Any bytes, cut in any way, get the same answers; any order of events ends without an exception.

What comes out is always a sequence of whole responses; nothing is written behind a close; no
connection, task or handler is left over.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

import random

from hypothesis import example, given
from hypothesis import strategies as st

from japy import Application, Limits
from tests.support.handlers import Held, get
from tests.support.mirror import mirror
from tests.support.strategies import Message, messages
from tests.support.wire import Server, Wire, cut, read_answers

REFUSALS = {400, 404, 414, 431, 501, 505}  # of what random bytes can be
LIMITS = Limits(line=100, head=300, fields=8, body=200, pipeline=4, output=500)
NASTY = [
    *(b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\r\n\r\n", b"\xff", b"#", b"?", b"%"),
    *(b"Content-Length: 3\r\n", b"Content-Length: 99999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Connection: close\r\n", b"Host: y\r\n", b"HTTP/1.0", b"HTTP/2.0", b"GET / HTTP/1.1\r\n"),
    *(b"0\r\n\r\n", b"5\r\nhello\r\n", b"a" * 100, b"A: b\r\n" * 9, b"CONNECT ", b"http://x", b"*"),
]
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 5),
        st.one_of(st.sampled_from(NASTY), st.binary(max_size=4)),
    ),
    max_size=4,
)


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return the data with some slices replaced."""
    for place, size, piece in changes:
        place %= len(data) + 1
        data = data[:place] + piece + data[place + size :]
    return data


@given(st.lists(messages(), min_size=1, max_size=3), CHANGES, st.booleans(), st.randoms())
def test_any_cut_gets_the_same_answers(
    sent: list[Message],
    changes: list[tuple[int, int, bytes]],
    eof: bool,
    chance: random.Random,
) -> None:
    data = changed(b"".join(message.data for message in sent), changes)
    places = sorted(chance.randrange(len(data) + 1) for _ in range(5))
    with Server(mirror(LIMITS)) as server:
        whole = server.exchange([data], eof)
        assert server.exchange(cut(data, places), eof) == whole
        assert server.exchange(cut(data, range(1, len(data))), eof) == whole
    assert not eof or whole.is_closed
    if b"HEAD" in data:  # what is answered to that cannot be read without its request
        return
    answers = read_answers(whole.received)
    assert all(answer.status < 400 or "Date" in answer.fields for answer in answers)


@given(st.binary(max_size=300), st.booleans())
@example(b"\r\n\r\n", True)
@example(b"! ! HTTP/0.0\r", False)
@example(b"HEAD ", True)
def test_any_bytes_are_answered(data: bytes, eof: bool) -> None:
    with Server(mirror(LIMITS)) as server:
        received, is_closed = server.exchange_every_way(data, eof)
    heads = {0} if data[:7].lstrip(b"\r\n").startswith(b"HEAD ") else set()
    assert {answer.status for answer in read_answers(received, heads)} <= REFUSALS
    assert is_closed or not received


PATHS = ["/sync", "/quick", "/fail", "/quick/fail", "/nowhere", "/wait/"]
EVENTS = [
    *("ask", "ask", "ask", "ask half", "go on", "release", "release", "fail", "body", "garbage"),
    *("congest", "relieve", "eof", "disconnect", "drain", "abandon", "close"),
]


class Player:
    """A client that does one thing after the other."""

    def __init__(self, server: Server, handlers: Held, chance: random.Random) -> None:
        self.server = server
        self.handlers = handlers
        self.wire: Wire = server.connect()
        self.released: set[str] = set()
        self._chance = chance
        self._rest = b""  # of a request that was sent in part
        self._count = 0

    def play(self, event: str) -> None:
        """Do one thing, if it is possible now."""
        wire = self.wire
        if event in ("release", "fail"):
            self._release(LookupError() if event == "fail" else None)
        elif event in ("congest", "relieve", "disconnect"):
            getattr(wire, event)()
        elif event in ("drain", "abandon", "close"):
            self.server.call(getattr(wire.connection, event))
        elif event == "eof":
            wire.send_eof()
        else:
            wire.send(self._rest + self._bytes(event))

    def _bytes(self, event: str) -> bytes:
        self._rest = b""
        self._count += 1
        path = self._chance.choice(PATHS)
        request = get(f"/wait/{self._count}" if path == "/wait/" else path)
        if event == "ask half":
            self._rest = request[10:]
            return request[:10]
        if event == "body":
            self._rest = b"lo"
            return request[:-2] + b"Content-Length: 5\r\n\r\nhel"
        return {"ask": request * 3, "go on": b"", "garbage": b"\0"}[event]

    def _release(self, error: BaseException | None) -> None:
        waiting = [name for name in self.handlers.started if name not in self.released]
        waiting = [name for name in waiting if name not in self.handlers.cancelled]
        if waiting:
            self.released.add(waiting[-1])
            self.server.call(self.handlers.release(waiting[-1], error))


@given(st.lists(st.sampled_from(EVENTS), max_size=25), st.randoms(use_true_random=False))
def test_any_order_of_events_is_legal_or_closes(events: list[str], chance: random.Random) -> None:
    handlers = Held(Application(limits=LIMITS))
    with Server(handlers.app) as server:
        player = Player(server, handlers, chance)
        for event in events:
            if not player.wire.is_lost():
                player.play(event)
        read_answers(player.wire.received)
    assert not server.service.connections
