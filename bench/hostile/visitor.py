"""Good clients: what they ask, whether that was answered, and after which time.

Knows ordinary requests. Refuses to know who else is there.

Invariant: a request that was due while its client still waited counts from when it was due, so that
a server that stalls does not look fast because nobody asked.
"""

import asyncio
import itertools
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, perf_counter
from typing import Self

from bench.hostile.client import Reader, Target, connect, send
from bench.hostile.party import Party
from bench.hostile.times import times_of
from bench.memory.traffic import HOST, get

KEEPERS, KEEPERS_S = 8, 0.02  # connections that stay, and seconds between requests on each
COMERS, COMERS_S = 2, 0.05  # clients with a connection for each request
PATIENCE_S = 10.0
LONGEST_S = 8 * 3600.0  # until they are told to end


@dataclass(frozen=True)
class Latency:
    """How long answers took, in milliseconds."""

    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Sum up single times."""
        found = sorted(seconds)
        p50, p99, worst = (percentile(found, part) * 1e3 for part in (0.5, 0.99, 1.0))
        return cls(p50, p99, worst)


@dataclass(frozen=True)
class Stay:
    """What good clients saw."""

    requests: int
    failures: dict[str, int]  # by reason
    kept: Latency  # on connections that stay
    new: Latency  # with a connection for each request, connecting included
    waited: float = 0.0  # share of the time that others had their core


@dataclass
class Diary:
    """What they see, as it happens: seconds, and reasons."""

    kept: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def close(self, waited: float = 0.0) -> Stay:
        """Sum it up."""
        kept, new = Latency.of(self.kept), Latency.of(self.new)
        return Stay(len(self.kept) + len(self.new), dict(self.failures), kept, new, waited)


class Wrong(Exception):
    """An answer that is not the right one."""


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value below which a part of all values lies; 0 if there are none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def questions(name: str) -> Iterator[tuple[bytes, bytes]]:
    """Return requests, and what has to be in the body of their answers; none comes twice."""
    for number in itertools.count():
        word = f"{name}-{number}".encode()
        yield get(b"/"), b"Hello world!"
        yield get(b"/users/" + word), b'"' + word + b'"'
        yield get(b"/waiting"), b"Hello world!"
        body = word * 20
        yield b"POST /post%bContent-Length: %d\r\n\r\n%b" % (HOST, len(body), body), body


class Visitor:
    """One good client.

    Args:
        target: whom to ask.
        name: what it calls itself in its requests.
        every_s: seconds from one request to the next.
        is_keeper: whether its connection stays.
        diary: where it notes what it sees.
    """

    def __init__(
        self, target: Target, name: str, every_s: float, is_keeper: bool, diary: Diary
    ) -> None:
        self._target = target
        self._questions = questions(name)
        self._every_s = every_s
        self._is_keeper = is_keeper
        self._diary = diary
        self._latencies = diary.kept if is_keeper else diary.new
        self._client: socket.socket | None = None  # None while there is no connection
        self._reader: Reader | None = None  # of the same connection

    async def stay(self, stop: asyncio.Event) -> None:
        """Ask now and then until told to stop."""
        due = perf_counter()
        while not stop.is_set():
            await asyncio.sleep(max(0.0, due - perf_counter()))
            now = perf_counter()
            # Late by less than that, it was our own timer.
            started = due if now - due > self._every_s else now
            is_answered = await self._try()
            self._latencies.append(perf_counter() - started)
            if not (is_answered and self._is_keeper):
                self._leave()
            due += self._every_s
        self._leave()

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ask(*next(self._questions))
        except Wrong as error:
            self._diary.failures[str(error)] += 1
        except OSError as error:  # no answer in time is one, too
            self._diary.failures[type(error).__name__] += 1
        else:
            return True
        return False

    async def _ask(self, request: bytes, expected: bytes) -> None:
        if self._client is None or self._reader is None:
            self._client = await connect(self._target)
            self._reader = Reader(self._client)
        await send(self._client, request)
        answer = await self._reader.answer()
        if answer is None:
            raise Wrong("closed without an answer")
        if answer.status != 200:
            raise Wrong(f"status {answer.status}")
        if expected not in answer.body:
            raise Wrong("another body")

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


async def visit(with_comers: bool, target: Target) -> Stay:
    """Be all good clients until SIGTERM; return what they saw."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    diary = Diary()
    times = times_of()
    async with asyncio.TaskGroup() as group:
        for number in range(KEEPERS):
            keeper = Visitor(target, f"keeper{number}", KEEPERS_S, True, diary)
            group.create_task(keeper.stay(stop))
        for number in range(COMERS if with_comers else 0):
            comer = Visitor(target, f"comer{number}", COMERS_S, False, diary)
            group.create_task(comer.stay(stop))
    _, waited = times_of().shares_since(times)
    return diary.close(waited)


def visitors(port: int, core: int, with_comers: bool = True) -> Party[Stay]:
    """Start the good clients in a process of their own."""
    target = Target(port, monotonic() + LONGEST_S, KEEPERS + COMERS)
    return Party(partial(visit, with_comers), [target], core)
