"""A connection without a socket, whose client does what the one who plays says, and nothing else.

Knows what uvloop's transports do: when they pause the writing, that they close only once their
buffer is empty, that what was sent to a paused reader waits; and what a system does with bytes that
are written to a socket directly. Unlike the test client's transport it does not read what it is
sent unless told to, nor end its side because the server has.

Invariants, each kept in `faults` when broken:
- Nothing is written behind an end.
- Nothing is written past the transport while that has something in its buffer.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from japy.core.protocol import Connection
from japy.core.service import Service

PEER = ("192.0.2.1", 50000)  # RFC 5737: an address for examples
HIGH = 100  # bytes in the buffer from which on writing is paused: less than most answers
ROOM = 50  # bytes that the system keeps for a client that does not read


class Board:
    """The lines of a server by the number that stands for their socket."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._count = 0

    def add(self, line: "Line") -> int:
        """Return a number for a line."""
        self._count += 1
        self._lines[self._count] = line
        return self._count

    def remove(self, number: int) -> None:
        """Forget a line."""
        self._lines.pop(number, None)

    def write(self, number: int, data: bytes) -> int:
        """Be `os.write`."""
        return self._lines[number].write_directly(data)


class Line:
    """Both ends of a connection: the transport that japy sees, and the client behind it.

    Args:
        loop: delivers what is sent.
        service: the connection's.
        board: where it can be written to directly; None if that is not possible.
        is_polite: whether the client ends its side when the server has.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        service: Service,
        board: Board | None = None,
        is_polite: bool = True,
    ) -> None:
        self.connection = Connection(service)
        self.parts: list[bytes] = []  # what the client has received
        self.kept: list[bytes] = []  # what the system keeps for it
        self.buffer: list[bytes] = []  # what the transport does
        self.is_reading = True  # unset while the client does not read
        self.is_gone = False  # set once the client is not there any more
        self.is_congested = False  # set between pause_writing and resume_writing
        self.is_paused = False  # set between pause_reading and resume_reading
        self.is_ended = False  # set once the server has said that nothing more will come
        self.is_closed = False  # set by close and abort
        self.is_aborted = False  # set by abort
        self.is_lost = False  # set once connection_lost was called
        self.faults: list[str] = []
        self._loop = loop
        self._is_polite = is_polite
        self.is_direct = board is not None
        self._board = board
        self._number = 0 if board is None else board.add(self)
        self._waiting: deque[bytes | None] = deque()  # sent, not delivered yet; None: the EOF
        self._is_pumping = False  # set while a delivery is on the loop's list

    @property
    def received(self) -> bytes:
        """All that the client has received."""
        return b"".join(self.parts)

    @property
    def written(self) -> bytes:
        """All that the server has sent."""
        return b"".join((*self.parts, *self.kept, *self.buffer))

    @property
    def undelivered(self) -> int:
        """Bytes on their way to the server."""
        return sum(len(piece) for piece in self._waiting if piece)

    # What a Connection calls.

    def write(self, data: bytes) -> None:
        """Pass on what the server sends, or keep it while the client does not read."""
        if self.is_ended:
            self.faults.append(f"written behind the end: {data!r}")
        if self.is_closed:
            return
        if self.is_gone:
            self._loop.call_soon(self.lose, ConnectionResetError())
            return
        size = 0 if self.buffer else self._take(data)
        if size == len(data):
            return
        self.buffer.append(data[size:])
        if not self.is_congested and self.get_write_buffer_size() > HIGH:
            self.is_congested = True
            self.connection.pause_writing()

    def write_directly(self, data: bytes) -> int:
        """Be the socket that is written to past the transport."""
        if self.is_ended or self.buffer:
            self.faults.append(f"written past the transport: {data!r}")
        if self.is_gone or self.is_closed:
            raise BrokenPipeError
        size = self._take(data)
        if size == 0 and data:
            raise BlockingIOError
        return size

    def write_eof(self) -> None:
        """End the server's side."""
        self.is_ended = True
        if self._is_polite:
            self._waiting.clear()
            self.send(eof=True)
            self.resume_reading()

    def close(self) -> None:
        """End the connection once the client has read all."""
        self.is_ended = True
        if not self.is_closed:
            self.is_closed = True
            self._waiting.clear()
            if not self.buffer:
                self._loop.call_soon(self.lose, None)

    def abort(self) -> None:
        """End the connection now."""
        self.is_ended = self.is_closed = self.is_aborted = True
        self._waiting.clear()
        self.buffer.clear()
        self._loop.call_soon(self.lose, None)

    def pause_reading(self) -> None:
        """Deliver nothing until told to."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        self.is_paused = False
        self._pump_soon()

    def is_closing(self) -> bool:
        """Tell whether the server has ended the connection, or the client."""
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the transport has in its buffer."""
        return sum(map(len, self.buffer))

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what is known of the connection; it is its own socket."""
        if name == "socket" and self._board is not None:
            return self
        return PEER if name == "peername" else default

    def fileno(self) -> int:
        """Return the number that stands for the socket."""
        return self._number

    # What a client does.

    def open(self) -> None:
        """Connect."""
        self.connection.connection_made(self)

    def send(self, pieces: Iterable[bytes] = (), eof: bool = False) -> None:
        """Send bytes, each piece as one read, and perhaps the end of them."""
        self._waiting.extend(pieces)
        if eof:
            self._waiting.append(None)
        self._pump_soon()

    def stop_reading(self) -> None:
        """Leave what the server sends where it is."""
        self.is_reading = False

    def read_on(self) -> None:
        """Read all of that, and what follows."""
        self.is_reading = True
        self.parts += [*self.kept, *self.buffer]
        self.kept.clear()
        self.buffer.clear()
        if self.is_closed:
            self._loop.call_soon(self.lose, None)
        elif self.is_congested:
            self.is_congested = False
            self.connection.resume_writing()

    def lose(self, error: Exception | None) -> None:
        """Be gone; to be called from a callback of the loop."""
        self._waiting.clear()
        self.is_closed = True
        if not self.is_lost:
            self.is_lost = True
            if self._board is not None:
                self._board.remove(self._number)
            self.connection.connection_lost(error)

    def vanish(self) -> None:
        """Be killed: the system ends the client's side, and resets what is sent from now on."""
        self.is_gone = True
        if self.buffer:
            self._loop.call_soon(self.lose, ConnectionResetError())
        self.send(eof=True)

    def _take(self, data: bytes) -> int:
        """Take what there is room for; return how much that was."""
        if self.is_reading:
            self.parts.append(data)
            return len(data)
        data = data[: ROOM - sum(map(len, self.kept))]
        self.kept.append(data)
        return len(data)

    def _pump_soon(self) -> None:
        if self._waiting and not self._is_pumping and not self.is_paused and not self.is_closed:
            self._is_pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._is_pumping = False
        if not self._waiting or self.is_paused or self.is_closed:
            return
        piece = self._waiting.popleft()
        if piece is not None:
            self.connection.data_received(piece)
        elif not self.connection.eof_received():
            self.close()
        self._pump_soon()
