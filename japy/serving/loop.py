"""Loop: which kind of event loop the applications of this process get, and whether one runs.

Knows uvloop and asyncio. Knows no application: `Application.loop` asks when it needs a loop.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from typing import Any

_name = "uvloop"  # of the kind; set by `choose_loop`


def choose_loop(name: str) -> None:
    """Have this process make loops of a kind: "uvloop" or "asyncio"."""
    global _name
    _name = name


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop."""
    if _name == "asyncio":
        return asyncio.new_event_loop()
    import uvloop  # PERF: not every process that imports an application needs one

    return uvloop.new_event_loop()


class Borrowed(socket.socket):
    """Another's listening socket: it may be shut down while we still accept there.

    asyncio's own loop would fail in each of its turns then, until the server is closed.
    """

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; if the socket is shut down, be watched no more."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            asyncio.get_running_loop().remove_reader(self)
            raise BlockingIOError from None


def borrow(listener: socket.socket) -> Borrowed:
    """Return a listening socket of another, to be closed by us."""
    borrowed = Borrowed(fileno=os.dup(listener.fileno()))
    borrowed.setblocking(False)
    return borrowed


def is_in_loop() -> bool:
    """Tell whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def close_servers(servers: Sequence[Any]) -> None:
    """Close servers, and lose no connection that they have accepted.

    asyncio's own loop accepts a connection in one turn and makes its transport in the next, which
    fails if the server was closed between the two.

    Args:
        servers: asyncio's, or whatever a service has made that has a `close`.
    """
    loop = asyncio.get_running_loop()
    if isinstance(loop, asyncio.SelectorEventLoop):
        for server in servers:
            for listener in getattr(server, "sockets", None) or ():
                if listener.fileno() >= 0:  # else a service has closed it
                    loop.remove_reader(listener)
        for _ in range(2):
            await asyncio.sleep(0)
    for server in servers:
        server.close()
