"""A client without a socket, and an event loop that runs only while a test waits for it.

    with Server(app) as server:
        wire = server.connect()
        wire.send(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        assert wire.received.startswith(b"HTTP/1.1 200 OK")

The transport is that of japy's test client (`japy/testing.py`). Between calls the loop stands
still, so a test sees states that a socket, and that client, would rush through.

Invariants:
- Every call to a Connection comes from a callback of the loop, never from inside a task.
- Nothing is written behind a close, and no exception reaches the loop: both fail the test.
"""

import asyncio
import math
import random
from collections.abc import Callable, Container, Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

import uvloop

from japy import Application
from japy.core.protocol import Connection
from japy.core.response import Stamp
from japy.core.service import Service
from japy.logs.log import Journal
from japy.testing import PEER, MemoryTransport

DATE_VALUE = "Thu, 01 Jan 1970 00:00:00 GMT"  # the clock stands still here
STAMP = Stamp(DATE_VALUE)
DATE = f"Date: {DATE_VALUE}\r\n".encode()
TURNS = 12  # of the loop, after the last delivery: what tasks need to go on, end and be answered
DEADLINE_S = 10.0  # for anything a test waits for; never reached but by a failure


class Exchange(NamedTuple):
    """What a client has got once all it sent was answered."""

    received: bytes
    is_closed: bool


class Answer(NamedTuple):
    """One response as a client reads it; repeated fields are joined."""

    status: int
    fields: dict[str, str]
    body: bytes


class Wire(MemoryTransport):
    """Both ends of one connection: the transport that japy sees, and the client behind it."""

    def __init__(self, server: "Server", peername: object) -> None:
        super().__init__(server.loop, Connection(server.service), peername)
        self.received = b""  # everything that was written
        self.writes: list[bytes] = []  # the same, call by call
        self.late_writes: list[bytes] = []  # what was written behind a close, and so got lost
        self.unsent = 0  # bytes that japy is told the client has not taken yet; set by a test
        self.is_slow = False  # whether each write finds the buffer over its high mark
        self._server = server

    # What a Connection calls.

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        if self.is_closing():
            self.late_writes.append(data)
        super().write(data)
        if self.is_slow:
            self.connection.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def take(self, data: bytes) -> None:
        self.writes.append(data)
        self.received += data

    # What a test calls.

    def send(self, *pieces: bytes, eof: bool = False) -> None:
        """Send bytes, each piece as one read, and run the loop until it has nothing to do."""
        self.push(*pieces, eof=eof)
        self._server.run()

    def send_eof(self) -> None:
        """Say that nothing more will come (half-close)."""
        self.send(eof=True)

    def disconnect(self, error: Exception | None = None) -> None:
        """Be gone, as a client that was killed."""
        self.forget()
        self._server.call(self.lose, error)

    def congest(self) -> None:
        """Be a client that does not read: the transport's buffer is over its high mark."""
        self._server.call(self.connection.pause_writing)

    def relieve(self) -> None:
        """Read again: the buffer is under its low mark."""
        self._server.call(self.connection.resume_writing)

    def is_busy(self) -> bool:
        """Tell whether something is to be delivered, or to be answered in the next turn."""
        return self.is_pumping() or self.connection.is_resting

    def is_closed(self) -> bool:
        """Tell whether japy has ended the connection, or the client."""
        return self.is_closing()

    def answers(self, heads: Container[int] = ()) -> list[Answer]:
        """Return the complete responses received; see `read_answers`."""
        return read_answers(self.received, heads)

    def has_answers(self, count: int) -> bool:
        """Tell whether that many final responses, all with bodies, have been received."""
        return sum(answer.status >= 200 for answer in self.answers()) >= count


class Server:
    """An application on an event loop that runs only while a test waits for it.

    Args:
        app: what is served.
        new_loop: makes the loop.
        journal: told of each answer.
    """

    def __init__(
        self,
        app: Application,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
        journal: Journal | None = None,
    ) -> None:
        self.app = app
        self.loop = new_loop()
        self.noise: list[dict[str, Any]] = []  # what reached the loop's exception handler
        self.loop.set_exception_handler(lambda _, context: self.noise.append(context))
        self.service: Service = app.service(None, self.loop.call_soon, journal=journal)
        self.service.stamp = STAMP
        self.service.turn_s = math.inf  # what follows must not depend on how fast we are
        self.late_writes: list[bytes] = []  # of wires that are gone
        self._wires: list[Wire] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is None:
            assert self.noise == []
            assert self.late_writes == []

    def connect(self, peername: object = PEER) -> Wire:
        """Open a connection."""
        wire = Wire(self, peername)
        self._wires.append(wire)
        wire.open()
        return wire

    def run(self) -> None:
        """Run the loop until everything sent was delivered, and some turns more."""
        left = TURNS

        def turn() -> None:
            nonlocal left
            left = TURNS if any(wire.is_busy() for wire in self._wires) else left - 1
            if left:
                self.loop.call_soon(turn)
            else:
                self.loop.stop()

        self.loop.call_soon(turn)
        self.loop.run_forever()

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a function from the loop and run what follows from it."""
        self.loop.call_soon(function, *args)
        self.run()

    def tick(self, times: int = 1) -> None:
        """Let seconds pass."""
        for _ in range(times):
            self.call(self.service.tick, DATE_VALUE)

    def until(self, is_reached: Callable[[], bool]) -> None:
        """Run the loop, timers included, until something is so."""
        deadline = monotonic() + DEADLINE_S
        while not is_reached():
            assert monotonic() < deadline, "waited in vain"
            self.run()

    def exchange(self, pieces: Iterable[bytes], eof: bool = False) -> Exchange:
        """Send pieces over a connection of their own and return what came back."""
        wire = self.connect()
        wire.send(*pieces, eof=eof)
        result = Exchange(wire.received, wire.is_closed())
        self._forget(wire)
        return result

    def exchange_every_way(self, data: bytes, eof: bool = False) -> Exchange:
        """Send bytes whole, byte by byte and cut at random; all must get the same answer."""
        first = self.exchange([data], eof)
        for name, pieces in feeds(data):
            assert self.exchange(pieces, eof) == first, name
        return first

    def close(self) -> None:
        """End every connection and the loop."""
        for wire in self._wires.copy():
            self._forget(wire)
        self.run()
        assert not self.service.connections
        self.loop.close()

    def _forget(self, wire: Wire) -> None:
        if not wire.is_lost():
            wire.disconnect()
        self._wires.remove(wire)
        self.late_writes += wire.late_writes


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return the data in pieces that begin at these places."""
    edges = [0, *sorted(places), len(data)]
    return [data[edges[i] : edges[i + 1]] for i in range(len(edges) - 1)]


def feeds(data: bytes, seed: int = 2) -> Iterator[tuple[str, list[bytes]]]:
    """Return names and pieces of ways that the data could come in; the same ones on every run."""
    yield "byte by byte", cut(data, range(1, len(data)))
    yield "fixed 15 bytes", cut(data, range(15, len(data), 15))
    chance = random.Random(seed)
    for count in (1, 1, 2, 3, 7, 20):
        places = chance.sample(range(len(data) + 1), min(count, len(data)))
        yield f"cut at {sorted(places)}", cut(data, places)


def read_answers(data: bytes, heads: Container[int] = ()) -> list[Answer]:
    """Return the responses in the data, which must be complete.

    Args:
        data: what a client has received.
        heads: which of the answers, counted from 0, are to HEAD and so have no body.
    """
    answers: list[Answer] = []
    final = 0
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"incomplete head: {head!r}"
        line, *lines = head.decode("latin-1").split("\r\n")
        assert line.startswith("HTTP/1.1 "), line
        fields: dict[str, str] = {}
        for name, _, value in (field.partition(": ") for field in lines):
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        size = 0 if final in heads else int(fields.get("Content-Length", "0"))
        assert len(data) >= size, f"incomplete body: {data!r}"
        answers.append(Answer(int(line[9:12]), fields, data[:size]))
        final += answers[-1].status >= 200
        data = data[size:]
    return answers
