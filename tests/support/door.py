"""Two ways into an application within this process: over a wire of tests, and over TCP.

Either way there is a connection of its own for each exchange, and nothing of it is left afterwards.
"""

import asyncio
import functools
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

import uvloop

from japy import Application
from japy.core.protocol import Connection
from tests.support.wire import DEADLINE_S, Server

CHUNK = 65536

IsEnough = Callable[[bytes], bool]  # told all that was received so far


class Door(Protocol):
    """A server and the way to it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def exchange(self, data: bytes, is_enough: IsEnough, *, eof: bool = False) -> bytes:
        """Connect, send, wait until that is enough, and go away; return what was received."""


class WireDoor:
    """A way in without a socket."""

    def __init__(self, app: Application) -> None:
        self._server = Server(app)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def exchange(self, data: bytes, is_enough: IsEnough, *, eof: bool = False) -> bytes:
        """Connect, send, let the server do what it can, and go away."""
        received = self._server.exchange([data], eof).received
        assert is_enough(received), received
        return received


class SocketDoor:
    """A TCP connection to a server on uvloop; client and server share its loop."""

    def __init__(self, app: Application) -> None:
        self._loop = uvloop.new_event_loop()
        self._service = app.service()
        listener = socket.create_server(("127.0.0.1", 0))
        self._address = listener.getsockname()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                functools.partial(Connection, self._service),  # type: ignore[arg-type]  # see core.protocol: no subclass of asyncio.Protocol
                sock=listener,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.close()

    def exchange(self, data: bytes, is_enough: IsEnough, *, eof: bool = False) -> bytes:
        """Connect, send, wait until that is enough, and go away; return what was received."""
        return self._loop.run_until_complete(self._exchange(data, is_enough, eof))

    async def _exchange(self, data: bytes, is_enough: IsEnough, eof: bool) -> bytes:
        received = b""
        with socket.create_connection(self._address) as client:
            client.setblocking(False)
            # Closing resets the connection: a FIN could be that of a client that goes on reading.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(data)
            if eof:
                client.shutdown(socket.SHUT_WR)
            deadline = monotonic() + DEADLINE_S
            while not is_enough(received):
                assert monotonic() < deadline, received
                await asyncio.sleep(0)
                with suppress(BlockingIOError):
                    received += client.recv(CHUNK)
        while self._service.connections:
            assert monotonic() < deadline, "the server has not noticed that its client is gone"
            await asyncio.sleep(0)
        return received


DOORS: tuple[Callable[[Application], Door], ...] = (WireDoor, SocketDoor)
