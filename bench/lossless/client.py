"""A strict client: it never asks twice, and takes every request that is not answered for lost.

Knows HTTP/1.1 as far as a keep-alive client must: `Content-Length`, and `Connection: close`. Where
browsers and proxies would try again without a word, it counts a failure.
"""

import random
import socket
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 30.0
Address = tuple[str, int] | str


def connect(address: Address) -> socket.socket:
    """Return a connection that waits for answers, but not forever."""
    if not isinstance(address, str):
        return socket.create_connection(address, PATIENCE_S)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class Strict(threading.Thread):
    """One client in a thread of its own, from `start` to `finish`.

    Args:
        address: of the server: host and port, or the path of a Unix socket.
        pause_s: most seconds between two requests of a connection; 0 for none.
        per_connection: requests after which it opens a new connection; 0 for never.
        depth: requests that it sends in one go.
        request: what it sends.
    """

    def __init__(
        self,
        address: Address,
        *,
        pause_s: float = 0.0,
        per_connection: int = 0,
        depth: int = 1,
        request: bytes = REQUEST,
    ) -> None:
        super().__init__(daemon=True)
        self.answered = 0
        self.failures: list[str] = []
        self.seen: dict[str, int] = {}  # how often each body has come
        self._address = address
        self._pause_s = pause_s
        self._per_connection = per_connection
        self._depth = depth
        self._request = request
        self._is_done = threading.Event()

    def stop(self) -> None:
        """Have it ask no more than it has asked."""
        self._is_done.set()

    def finish(self) -> None:
        """Stop asking, and wait for what was asked."""
        self.stop()
        self.join(PATIENCE_S)

    def run(self) -> None:
        """Ask until told to stop."""
        while not self._is_done.is_set():
            try:
                with connect(self._address) as connection:
                    self._use(connection)
            except OSError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                time.sleep(0.01)

    def _use(self, connection: socket.socket) -> None:
        """Send requests until the server says that it closes, or we have had enough."""
        asked = 0
        rest = b""
        while not self._is_done.is_set():
            connection.sendall(self._request * self._depth)
            asked += self._depth
            for left in range(self._depth, 0, -1):
                is_last, rest = self._read(connection, rest)
                if is_last and left > 1:
                    raise OSError(f"closed with {left - 1} requests unanswered")
            if is_last or 0 < self._per_connection <= asked:
                return
            if self._pause_s:
                time.sleep(random.uniform(0, self._pause_s))

    def _read(self, connection: socket.socket, data: bytes) -> tuple[bool, bytes]:
        """Read an answer; return whether it is the last one, and what came behind it."""
        while b"\r\n\r\n" not in data:
            data = self._more(connection, data)
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.lower().split(b"\r\n")
        if b" 200 " not in status:
            raise OSError(f"answered with {status.decode()}")
        fields = dict(line.split(b": ", 1) for line in lines)
        size = int(fields[b"content-length"])
        while len(body) < size:
            body = self._more(connection, body)
        self.answered += 1
        text = body[:size].decode()
        self.seen[text] = self.seen.get(text, 0) + 1
        return fields.get(b"connection") == b"close", body[size:]

    def _more(self, connection: socket.socket, data: bytes) -> bytes:
        more = connection.recv(1 << 16)
        if not more:
            raise OSError(f"closed after {len(data)} bytes of an answer")
        return data + more
