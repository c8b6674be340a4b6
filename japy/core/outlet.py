"""The way out of one connection: bytes to the peer, in order, at once where that is possible.

Knows a transport and, if there is one, its file descriptor. Knows no HTTP.

Invariants:
- The descriptor is written to only while the transport is open and has nothing queued itself.
- What the kernel does not take at once is left to the transport, which also finds out why.
"""

from collections.abc import Callable
from typing import Final, Protocol

from mypy_extensions import i64, mypyc_attr

LINGER_TICKS: Final = 3  # two to three seconds for a peer to read its last answer and close

Write = Callable[[int, bytes], int]


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
        socket: the transport's own, where its bytes go as they are (no TLS); else None.
        write: `os.write`, or None to leave all to the transport.
    """

    def __init__(self, transport: Transport, socket: Socket | None, write: Write | None) -> None:
        self.transport: Final = transport
        self._is_closing: Final = transport.is_closing
        self._write: Final = write
        self._fd: Final = -1 if socket is None else socket.fileno()
        self._is_queued = False  # set while the transport may have bytes that must go first
        self._ticks_left: i64 = 0  # to wait for the peer's end; set once ours has ended

    def send(self, data: bytes) -> None:
        """Write now what can be written now."""
        # PERF: a queued write costs 0.35 us more than a direct one (bench/load, plaintext).
        if self._write is None or self._fd < 0 or self._must_queue():
            self.queue(data)
            return
        try:
            sent = self._write(self._fd, data)
        except OSError:  # there is no room, or nobody reads any more
            sent = 0
        if sent < len(data):
            self.queue(data[sent:] if sent else data)

    def queue(self, data: bytes) -> None:
        """Have the transport write at the end of this turn of the event loop, all in one go."""
        self._is_queued = True
        self.transport.write(data)

    def part(self, is_eof: bool, lingering: "list[Outlet]") -> None:
        """Close, but let the peer read what it was sent first (RFC 9112 §9.6).

        Closing while bytes of the peer are unread would reset the connection, and at a reset the
        peer's system drops the answer. So only our side ends until the peer's does, or for a while.

        Args:
            is_eof: whether the peer's side has ended.
            lingering: where to wait for it; `linger` is called for each tick.
        """
        if is_eof or self._is_closing():
            self.transport.close()
        elif self._ticks_left == 0:
            self._ticks_left = LINGER_TICKS
            lingering.append(self)
            self.transport.write_eof()

    def linger(self) -> None:
        """Close if the peer has had the time to read the last answer."""
        self._ticks_left -= 1
        if self._ticks_left == 0:
            self.transport.close()

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
