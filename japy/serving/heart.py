"""Heart: the timer in a worker's event loop that keeps its numbers on the board.

Knows what is counted, and when a worker is worn out. Knows nothing of who reads the numbers.

Invariant: a beat comes from the event loop and nowhere else, so that there is none while it is
blocked.
"""

import asyncio
import os
import random
from collections.abc import Callable, Collection
from typing import Protocol

from japy.serving.drain import Ending
from japy.serving.heap import resident
from japy.settings.config import Config
from japy.supervisor.board import Board, Figure, Row
from japy.supervisor.process import WORN
from japy.supervisor.pulse import BEAT_S

REQUESTS, MEMORY, AGE = WORN
BEATS_PER_LOOK = 4  # what costs more than a glance is looked at once a second
FEW = 256  # connections that are glanced at with each beat: some 20 us
SAMPLES = 3  # looks in a row at which a worker has to use too much memory


class Wear:
    """When a worker is worn out, so that another should take its place."""

    def __init__(self, config: Config, now: float) -> None:
        self._requests = config.limit_max_requests
        if self._requests is not None:
            self._requests += random.randint(0, config.limit_max_requests_jitter)
        self._rss = config.worker_max_rss
        self._end = None if config.worker_max_lifetime is None else now + config.worker_max_lifetime
        self._large = 0  # looks in a row at which it used too much memory

    def by_use(self, requests: int, now: float) -> bytes:
        """Return the word that says why a worker is worn out; empty if it is not."""
        if self._requests is not None and requests >= self._requests:
            return REQUESTS
        return AGE if self._end is not None and now >= self._end else b""

    def by_size(self, rss: int) -> bytes:
        """Return the word for a worker that has grown too large; called once a second."""
        self._large = self._large + 1 if self._rss is not None and rss > self._rss else 0
        return MEMORY if self._large >= SAMPLES else b""


class Counted(Protocol):
    """Who is counted: a `core.service.Service`, or all that a worker serves."""

    @property
    def connections(self) -> Collection[Ending]:
        """Those that have not ended."""

    @property
    def requests(self) -> int:
        """How many have come."""

    @property
    def turned_away(self) -> int:
        """How many connections were beyond a limit."""


class Heart:
    """The timer.

    Args:
        row: where the numbers go.
        board: where the master tells whose queue nobody looks after.
        counted: what is counted.
        config: when a worker is worn out.
        tell: passes a word on to the master.
        adopt: given the flags of the deserted slots when they have changed.
    """

    def __init__(
        self,
        row: Row,
        board: Board,
        counted: Counted,
        config: Config,
        tell: Callable[[bytes], object],
        adopt: Callable[[bytes], object],
    ) -> None:
        self._row = row
        self._board = board
        self._counted = counted
        self._config = config
        self._tell = tell
        self._adopt = adopt
        self._deserted = b""  # the flags at the last beat
        self._wear: Wear | None = None  # None before the first beat, and once it is told
        self._due = 0.0  # when the next beat should come

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat for the first time, and from now on."""
        self._row[Figure.PID] = os.getpid()
        self._wear = Wear(self._config, loop.time())
        self._due = loop.time()
        self._deserted = bytes(len(self._board.deserted()))
        self._beat(loop)

    def stop(self) -> None:
        """Write the numbers for the last time."""
        self._row[Figure.REQUESTS] = int(self._counted.requests)
        self._look()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        row, now = self._row, loop.time()
        row[Figure.LAG_US] = max(0, int((now - self._due) * 1e6))
        row[Figure.REQUESTS] = requests = int(self._counted.requests)
        row[Figure.BEATS] += 1
        worn = b"" if self._wear is None else self._wear.by_use(requests, now)
        if row[Figure.BEATS] % BEATS_PER_LOOK == 1:
            row[Figure.RSS] = resident()
            self._look()
            worn = worn or (b"" if self._wear is None else self._wear.by_size(row[Figure.RSS]))
        elif len(self._counted.connections) <= FEW:
            self._look()
        if worn:
            self._wear = None
            self._tell(worn)
        deserted = self._board.deserted()
        if deserted != self._deserted:
            self._deserted = deserted
            self._adopt(deserted)
        if self._board.is_stopping:
            self._part()
        self._due = now + BEAT_S
        loop.call_later(BEAT_S, self._beat, loop)

    def _part(self) -> None:
        """Have each connection end with its next answer: soon nobody is here (shutdown_delay).

        So balancers and clients leave while they are still served, and at the end of the delay no
        connection is closed on which they are about to send a request.
        """
        for connection in self._counted.connections:
            connection.is_draining = True

    def _look(self) -> None:
        connections = self._counted.connections
        self._row[Figure.CONNECTIONS] = len(connections)
        self._row[Figure.BUSY] = sum(not connection.is_idle() for connection in connections)
        self._row[Figure.TURNED_AWAY] = int(self._counted.turned_away)
