"""A client that sends rows over real sockets, whole or byte by byte, and hears a server out."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from typing import Self

from tests.rfc.row import End, Row
from tests.rfc.verdict import PROBE, Echo, judge

SMALL = 400  # a row up to this size is also sent byte by byte
PROMPT_S = 2.5  # an end later than that comes of idleness, unless it was announced
STATUS_LINE = re.compile(rb"HTTP/1\.[01] [0-9]{3} ")


class Client:
    """One connection, and what has come on it.

    Args:
        address: of the server.
        patience_s: for all that is sent and awaited together.
    """

    def __init__(self, address: tuple[str, int], patience_s: float) -> None:
        self.received = b""
        self.trouble = ""  # why there is no orderly end
        self._begin = time.monotonic()
        self._patience_s = patience_s
        self._socket = socket.create_connection(address, patience_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def age(self) -> float:
        """Return the seconds that it has taken so far."""
        return time.monotonic() - self._begin

    def put(self, *pieces: bytes) -> None:
        """Send pieces one by one; a server that has ended the connection is heard nevertheless."""
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except TimeoutError:
            self.trouble = "it does not read"

    def end(self) -> None:
        """Say that nothing more is sent."""
        with contextlib.suppress(OSError):  # the server has ended it already
            self._socket.shutdown(socket.SHUT_WR)

    def hear(self, count: int | None = None) -> bool:
        """Take in what comes, up to so many status lines or up to the end; return whether it came.

        Args:
            count: of status lines; None for the end.
        """
        while count is None or len(STATUS_LINE.findall(self.received)) < count:
            self._socket.settimeout(max(self._patience_s - self.age(), 0.001))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                self.trouble = self.trouble or "no end in time"
                return False
            except ConnectionResetError:
                self.trouble = self.trouble or "reset"
                return True
            if not data:
                break
            self.received += data
        return True


class Probe:
    """What asks a server.

    Args:
        address: host and port.
        patience_s: for each row; a server that keeps the rules never needs it.
        is_strict: whether it is japy, and held to its promises.
    """

    def __init__(self, address: tuple[str, int], patience_s: float, is_strict: bool) -> None:
        self.address = address
        self.patience_s = patience_s
        self.is_strict = is_strict

    def check(self, row: Row) -> str:
        """Send a row in every way and return what is wrong; nothing if the row is passed."""
        for way, pieces in ways(row.data):
            found = judge(row, self.send(row, pieces), is_strict=self.is_strict)
            if found:
                return f"{way}: {found}"
        return ""

    def send(self, row: Row, pieces: list[bytes]) -> Echo:
        """Send a row over a connection of its own and return what came back."""
        # Others may refuse all if something follows a message that closes the connection.
        is_probed = not row.eof and (self.is_strict or may_stay_open(row))
        with Client(self.address, self.patience_s) as client:
            client.put(*pieces)
            if row.then:
                client.hear(row.promise.statuses.index("100") + 1)
            if row.eof:
                client.end()
            else:
                client.put(row.then + (PROBE if is_probed else b""))
            has_ended = client.hear()
            is_late = client.age() > PROMPT_S
        if client.trouble == "reset" and not self.is_strict:  # its last words have come
            client.trouble = ""
        return Echo(client.received, has_ended, is_probed, client.trouble, is_late)


def may_stay_open(row: Row) -> bool:
    """Tell whether there may be an answer to one request more."""
    return any(outcome.end is not End.CLOSE for outcome in row.outcomes)


def ways(data: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the names and pieces of the ways a row is sent."""
    yield "whole", [data]
    if 1 < len(data) <= SMALL:
        yield "byte by byte", [data[i : i + 1] for i in range(len(data))]
