"""The way out of one connection: bytes to the peer, in order, at once where that is possible.

Knows a transport and, if there is one, its file descriptor. Knows no HTTP.

Invariants:
- The descriptor is written to only while the transport is open and has nothing queued itself.
- What the kernel does not take at once is left to the transport, which also finds out why.
- A peer is sent each byte of an answer once, even if one of them was sent early.
"""

from collections.abc import Callable
from typing import Final, Protocol

from mypy_extensions import i64, mypyc_attr

QUIET_TICKS: Final = 3  # two to three seconds without a byte: nothing more is on its way
LINGER_TICKS: Final = 30  # what a peer gets at most for sending what nobody wants any more
SMALL: Final = 16384  # bytes: what any peer's system takes although nobody reads it there
EARLY: Final = b"H"  # what every answer begins with; see `Outlet.is_gone`

Write = Callable[[int, bytes], int]
Count = Callable[[int], int]


class Transport(Protocol):
    """What a connection needs of an asyncio transport."""

    def write(self, data: bytes, /) -> object: ...
    def write_eof(self) -> object: ...
    def close(self) -> object: ...
    def abort(self) -> object: ...
    def pause_reading(self) -> object: ...
    def resume_reading(self) -> object: ...
    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...
    def get_extra_info(self, name: str, /) -> object: ...


class Socket(Protocol):
    """What an outlet needs of a transport's socket."""

    def fileno(self) -> int: ...


@mypyc_attr(native_class=True)
class Outlet:
    """Where the answers of a connection go.

    Args:
        transport: where they go if nothing else is possible.
        socket: the transport's own; None if it has none.
        write: `os.write`, or None to leave all to the transport.
        is_secure: whether the transport speaks TLS: then only that can write, and it cannot end
            its side alone.
    """

    def __init__(
        self,
        transport: Transport,
        socket: Socket | None,
        write: Write | None,
        is_secure: bool = False,
    ) -> None:
        self.transport: Final = transport
        self._is_closing: Final = transport.is_closing
        self._write: Final = None if is_secure else write
        self._is_secure: Final = is_secure
        self._fd: Final = -1 if socket is None else socket.fileno()
        self._is_queued = False  # set while the transport may have bytes that must go first
        self._is_begun = False  # set while the next answer's first byte has been sent already
        self._given: i64 = 0  # bytes that were to be sent
        self._read: i64 = 0  # how many of them the peer's system had at the last look
        self._slow_s = 0.0  # how long the peer has been too slow in reading
        self._ticks_left: i64 = 0  # to wait for the peer's end; set once ours has ended
        self._quiet_left: i64 = 0  # the same, without a byte from it

    def send(self, data: bytes) -> None:
        """Write now what can be written now."""
        if self._is_begun:
            data = self._rest(data)
        # PERF: a queued write costs 0.35 us more than a direct one (bench/load, plaintext).
        if self._write is None or self._fd < 0 or self._must_queue():
            self.queue(data)
            return
        try:
            sent = self._write(self._fd, data)
        except OSError:  # there is no room, or nobody reads any more
            sent = 0
        self._given += sent
        if sent < len(data):
            self.queue(data[sent:] if sent else data)

    def queue(self, data: bytes) -> None:
        """Have the transport write at the end of this turn of the event loop, all in one go."""
        if self._is_begun:
            data = self._rest(data)
        if self._is_closing():  # asyncio logs each write behind a reset
            return
        self._is_queued = True
        self._given += len(data)
        self.transport.write(data)

    def is_stuck(self, patience_s: float, rate: float, count: Count | None) -> bool:
        """Tell whether the peer is too slow in reading; to be called once a second.

        Args:
            patience_s: seconds that it may be slower than the rate.
            rate: bytes per second that it has to read.
            count: returns how many bytes the system keeps for the peer of a descriptor, which may
                be megabytes; None if it does not say.
        """
        unread: i64 = self.transport.get_write_buffer_size() if self._is_queued else 0
        self._is_queued = unread > 0
        # PERF: asking the system costs about 1 us, a second and connection; most answers are small.
        if unread == 0 and self._given - self._read <= SMALL:
            return False
        if count is not None and self._fd >= 0:
            unread += count(self._fd)
        came: i64 = self._given - unread - self._read
        self._read += came
        # Less than nothing: encrypted, what was just given is more than it was.
        read = float(came) if came > 0 else 0.0
        self._slow_s = max(0.0, self._slow_s + 1.0 - read / rate) if unread > 0 else 0.0
        return self._slow_s > patience_s

    def is_gone(self) -> bool:
        """Tell whether a peer that waits for an answer is not there any more.

        A peer that has only ended its side looks the same as one that was closed. But what is sent
        to the second comes back as a reset. So the first byte of the answer is sent early, once,
        and the socket asked for its error from then on.
        """
        if self._write is None or self._fd < 0 or self._must_queue():
            return False
        try:
            self._write(self._fd, b"" if self._is_begun else EARLY)
            self._is_begun = True
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def part(self, is_eof: bool, lingering: "list[Outlet]") -> None:
        """Close, but let the peer read what it was sent first (RFC 9112 §9.6).

        Closing while bytes of the peer are unread would reset the connection, and at a reset the
        peer's system drops the answer. So only our side ends until the peer's does, or for a while.

        A TLS transport does the like by itself when it is closed: it says goodbye, and drops what
        comes until the peer has said so, too. But what it has to send must leave within the time
        that it gives the peer for that, so it is closed once all has left.

        Args:
            is_eof: whether the peer's side has ended.
            lingering: where to wait for it; `linger` is called for each tick.
        """
        if self._is_closing() or (not self.has_unsent() if self._is_secure else is_eof):
            self.transport.close()
        elif self._ticks_left == 0:
            self._ticks_left = LINGER_TICKS
            self._quiet_left = QUIET_TICKS
            lingering.append(self)
            if not self._is_secure:
                self.transport.write_eof()

    def leave(self, count: Count | None) -> None:
        """Do not wait for a peer to say goodbye (TLS) that has got all of what was sent."""
        if not self._is_secure or self.transport.get_write_buffer_size() > 0:
            return
        if count is None or self._fd < 0 or count(self._fd) == 0:
            self.transport.abort()

    def hear(self) -> None:
        """Take note that the peer still sends."""
        self._quiet_left = QUIET_TICKS

    def linger(self) -> None:
        """Close if the peer has had the time to read the last answer; called once a second."""
        if self.has_unsent():
            return
        if self._is_secure:
            self.transport.close()
            return
        self._ticks_left -= 1
        self._quiet_left -= 1
        if self._ticks_left == 0 or self._quiet_left == 0:
            self.transport.close()

    def has_unsent(self) -> bool:
        """Tell whether bytes wait for the peer to read."""
        return self._is_queued and self.transport.get_write_buffer_size() > 0

    def forget(self, lingering: "list[Outlet]") -> None:
        """Stop waiting: the connection is gone."""
        if self in lingering:
            lingering.remove(self)

    def _must_queue(self) -> bool:
        if self._is_closing():
            return True
        if self._is_queued:
            self._is_queued = self.transport.get_write_buffer_size() > 0
        return self._is_queued

    def _rest(self, data: bytes) -> bytes:
        """Return the beginning of an answer without what was sent early."""
        self._is_begun = False
        if not data.startswith(EARLY):  # a user's answer to a bad request may be anything
            self.transport.abort()
        return data[len(EARLY) :]
