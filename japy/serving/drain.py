"""Drain: how the connections of a worker end that has been told to stop.

Knows Japronto's messages, and the two ways to end. In a hurry, because the whole server stops, what
is idle is closed at once. If others serve on, because only this worker is replaced, an idle client
may send its next request at any moment, and to close before it has come could lose it. So its next
request is answered with `Connection: close`, and whoever sends none is closed at the end.

Invariant: when it is over no connection is left, busy or not.
"""

import asyncio
import math
from collections.abc import Callable, Collection
from typing import Protocol

from japy.logs.console import say
from japy.serving.entrance import Entrance

POLL_S = 0.02  # how often to look whether the last connection is gone
PATIENT_POLL_S = 0.1  # the same, after a while
PATIENT_AFTER_S = 1.0
TURNS = 2  # of the loop: one may have begun already
UNWIND_S = 0.5  # what cancelled handlers get to clean up in


class Ending(Protocol):
    """What of a connection counts when it is to end; core's are such, and `daemon.Link`."""

    is_draining: bool  # whether its next answer is its last one

    def is_idle(self) -> bool:
        """Tell whether nothing is under way."""

    def drain(self) -> None:
        """End it now if it is idle, else with what is under way."""

    def abandon(self) -> None:
        """Cancel what is under way."""

    def close(self) -> None:
        """End it at once."""


class Crowd(Protocol):
    """Who has connections: a `core.service.Service`, or all that a worker serves."""

    @property
    def connections(self) -> Collection[Ending]:
        """Those that have not ended."""


class Drain:
    """The end of the connections.

    Args:
        crowd: whose they are.
        entrance: what some of them have not come through yet.
        seconds: what requests under way get.
        is_hurried: tells whether nobody else serves.
        on_end: called before handlers are cancelled.
    """

    def __init__(
        self,
        crowd: Crowd,
        entrance: Entrance,
        seconds: float,
        is_hurried: Callable[[], bool],
        on_end: Callable[[], object],
    ) -> None:
        self._crowd = crowd
        self._entrance = entrance
        self._seconds = seconds
        self._is_hurried = is_hurried
        self._on_end = on_end
        self._has_told = False  # set once it was said that idle connections are closed

    async def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what is idle, wait for what is busy, and end what does not end by itself."""
        deadline = loop.time() + self._seconds
        self._mark()
        await asyncio.sleep(POLL_S)  # what is already on its way is answered, and then closed
        if not self._is_any_left():
            return
        say("Draining connections...")
        self._tell_idle()
        busy = self._busy()
        if busy:
            say(f"{busy} connections busy, read-end closed")
        await self._wait(deadline, loop)
        busy = self._busy()
        if busy:
            say(f"Forcefully killing {busy} connections")
        await self._kill()

    def _is_any_left(self) -> bool:
        """Tell whether there are connections; in a hurry, end those that have not begun."""
        if self._is_hurried():
            self._entrance.drain()
        return bool(self._crowd.connections or self._entrance.waiting)

    def _mark(self) -> None:
        """Have the next answer of each connection be its last one."""
        for connection in self._crowd.connections:
            connection.is_draining = True

    def _busy(self) -> int:
        return sum(not connection.is_idle() for connection in self._crowd.connections)

    def _tell_idle(self) -> None:
        idle = len(self._crowd.connections) - self._busy()
        if idle and not self._has_told:
            if self._is_hurried():
                say(f"{idle} idle connections closed immediately")
            else:
                say(f"{idle} idle connections closed behind their next answer")
        self._has_told = self._is_hurried()

    async def _wait(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until the deadline for the connections to end, and count the seconds."""
        begin = loop.time()
        told = math.inf
        while self._is_any_left():
            if self._is_hurried():
                await take_in()
                self._tell_idle()
                for connection in list(self._crowd.connections):
                    connection.drain()
            else:
                self._mark()  # those who came last
            left = deadline - loop.time()
            if left <= 0:
                return
            busy = self._busy()
            if busy and math.ceil(left) < told:
                told = math.ceil(left)
                say(f"{told} seconds remaining, {busy} connections still busy")
            is_young = self._is_hurried() or loop.time() < begin + PATIENT_AFTER_S
            await asyncio.sleep(min(POLL_S if is_young else PATIENT_POLL_S, left))

    async def _kill(self) -> None:
        """Cancel the handlers, let their answers leave, and close."""
        self._on_end()
        self._entrance.close()
        for connection in list(self._crowd.connections):
            connection.drain()
            connection.abandon()
        for _ in range(math.ceil(UNWIND_S / POLL_S)):
            if not self._crowd.connections:
                return
            await asyncio.sleep(POLL_S)
        for connection in list(self._crowd.connections):
            connection.close()


async def take_in() -> None:
    """Have the loop read what has come meanwhile: to close on it would lose a request.

    A timer is served before what can be read, so what woke us has left that unread.
    """
    for _ in range(TURNS):
        await asyncio.sleep(0)
