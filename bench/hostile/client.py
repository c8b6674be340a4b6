"""A client's side of a connection, for clients that may be slow, rude or gone.

Knows sockets, and where an answer ends. Refuses to know why something is sent.

Invariants:
- All traffic stays on the loopback. Each process has a source address of its own, so that ports
  do not run out.
- Nothing goes on behind `Target.until` but the end of what was begun.
"""

import asyncio
import socket
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

HOST = "127.0.0.1"
ADDRESSES = 200  # 127.0.0.2 to 127.0.0.201
READ = 1 << 16
LATE_BIND = 24  # IP_BIND_ADDRESS_NO_PORT of <linux/in.h>: the port is found when it connects
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST and forgets all that is unsent
PAUSE_S = 0.1  # behind a connection that failed
ANSWER_S = 20.0  # for anything that has to come

Tally = Counter[str]  # what a client saw, in words for the person who reads the table


@dataclass(frozen=True)
class Target:
    """What one process of clients is told."""

    port: int
    until: float  # by time.monotonic()
    count: int  # clients at a time
    number: int = 0  # of the process
    pause_s: float = 0.0  # from one act to the next

    @property
    def left_s(self) -> float:
        """Return the seconds that are left."""
        return self.until - time.monotonic()

    @property
    def is_on(self) -> bool:
        """Tell whether there is time left."""
        return self.left_s > 0


Attack = Callable[[Target, Tally], Coroutine[object, object, None]]
Act = Callable[[Target, Tally], Awaitable[object]]


@dataclass(frozen=True)
class Answer:
    """One final response."""

    status: int
    head: bytes
    size: int  # of the body
    body: bytes  # empty if it is big

    def has(self, field: bytes) -> bool:
        """Tell whether there is a field line, such as b"connection: close"."""
        return b"\r\n" + field.lower() + b"\r\n" in self.head.lower() + b"\r\n"


async def connect(target: Target, window: int = 0) -> socket.socket:
    """Connect; `window` bounds what the kernel receives before somebody reads."""
    client = socket.socket()
    client.setblocking(False)
    try:
        if window:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.setsockopt(socket.IPPROTO_IP, LATE_BIND, 1)
        client.bind((f"127.0.0.{2 + target.number % ADDRESSES}", 0))
        await asyncio.get_running_loop().sock_connect(client, (HOST, target.port))
    except BaseException:
        client.close()
        raise
    return client


async def send(client: socket.socket, data: bytes) -> None:
    """Send all of it, or raise OSError."""
    await asyncio.get_running_loop().sock_sendall(client, data)


async def receive(client: socket.socket, size: int = READ) -> bytes:
    """Return what has come; empty at the end."""
    return await asyncio.get_running_loop().sock_recv(client, size)


async def receive_rest(client: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    parts = []
    while part := await receive(client):
        parts.append(part)
    return b"".join(parts)


def reset(client: socket.socket) -> None:
    """Close with RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


class Reader:
    """Answers of one connection, one after the other.

    Args:
        client: where they come from.
        pause_s: asked before each read how long to wait first.
    """

    def __init__(self, client: socket.socket, pause_s: Callable[[], float] = float) -> None:
        self._client = client
        self._pause_s = pause_s
        self._data = bytearray()  # received and not used yet

    async def answer(self) -> Answer | None:
        """Return the next final answer; None where the connection ends instead.

        Raises:
            OSError: the connection was reset.
        """
        while True:
            head = await self._head()
            if head is None:
                return None
            _, found, rest = head.lower().partition(b"\r\ncontent-length:")
            size = int(rest.split(b"\r\n", 1)[0]) if found else 0
            body = await (self._body(size) if size <= READ else self._skip(size))
            if body is None:
                return None
            status = int(head[9:12])
            if status >= 200:
                return Answer(status, head, size, body)

    async def _head(self) -> bytes | None:
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if not await self._more():
                return None
        head = bytes(self._data[:end])
        del self._data[: end + 4]
        return head

    async def _body(self, size: int) -> bytes | None:
        while len(self._data) < size:
            if not await self._more():
                return None
        body = bytes(self._data[:size])
        del self._data[:size]
        return body

    async def _skip(self, size: int) -> bytes | None:
        while size > 0:
            if not self._data and not await self._more():
                return None
            used = min(size, len(self._data))
            del self._data[:used]
            size -= used
        return b""

    async def _more(self) -> bool:
        pause_s = self._pause_s()
        if pause_s:
            await asyncio.sleep(pause_s)
        part = await receive(self._client)
        self._data += part
        return bool(part)


async def repeat(act: Act, target: Target, tally: Tally) -> None:
    """Do something again and again until the time is up; connections may fail."""
    while target.is_on:
        try:
            async with asyncio.timeout(max(0.0, target.left_s) + ANSWER_S):
                await act(target, tally)
                await asyncio.sleep(target.pause_s)
        except TimeoutError:
            tally["no answer in time"] += 1
        except OSError as error:
            tally[type(error).__name__] += 1
            await asyncio.sleep(PAUSE_S)


async def crowd(act: Act, target: Target, tally: Tally, rise_s: float = 1.0) -> None:
    """Be as many clients as the target says; they begin one after the other within `rise_s`."""

    async def begin(number: int) -> None:
        await asyncio.sleep(rise_s * number / target.count)
        await repeat(act, target, tally)

    await asyncio.gather(*(begin(number) for number in range(target.count)))
