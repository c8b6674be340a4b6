"""Tally: answers, counted by route, method and status, in memory that the master reads.

Knows how the counts lie in an area: entry behind entry, each with its labels, how many answers took
how long, and how long all of them took. The worker writes, the master reads.

Invariants:
- Labels are of a limited number, whatever clients send: routes are patterns, methods those of the
  standards, and where an area is full, all else is counted together.
- A count never becomes smaller, and what was counted is there although the worker was killed.
- A reader sees an entry only when it is whole: its end is written last.
"""

import mmap
import struct
import time
from bisect import bisect_left
from collections.abc import Iterator
from operator import add
from typing import NamedTuple

from japy.core.request import Request
from japy.core.response import Response
from japy.logs.log import error_log

AREA = 1 << 20  # bytes; those that nobody has written to take no memory
WORD = 8
BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SUM = len(BOUNDS) + 1  # behind a number for each bound, and one for what is beyond
WIDTH = SUM + 1  # numbers of an entry
NUMBERS = struct.Struct(f"={WIDTH}q")
END = struct.Struct("=q")
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}
)
UNMATCHED = "unmatched"  # no pattern: those begin with a slash, or are a star
OTHER = "other"
MANY = 20_000  # labels that are kept of the dead; workers have room for some 5,000 each


class Labels(NamedTuple):
    """What answers are counted by."""

    method: str
    status: str
    route: str


REST = Labels(OTHER, OTHER, OTHER)  # what there is no room for
Counts = dict[Labels, tuple[int, ...]]


class Tally:
    """The counts of one worker, as its journal; the area must be empty."""

    def __init__(self, area: mmap.mmap) -> None:
        self.clock = time.monotonic  # of the journal: see `Journal`
        self._memory = area
        self._cells = memoryview(area).cast("q")
        self._spots: dict[tuple[str, str, int], int] = {}  # where the numbers of an entry begin
        self._end = WORD  # bytes that are in use
        self._rest = self._append(REST)

    def note(self, request: Request, response: Response) -> None:
        """Count an answer that was rendered: it is counted before its client has it."""
        try:
            seconds = self.clock() - request.arrival
            route = request.route
            method = request.method
            if method not in METHODS:
                method = OTHER
            key = (UNMATCHED if route is None else route.pattern, method, response.code)
            spot = self._spots.get(key) or self._open(key)
            cells = self._cells
            cells[spot + bisect_left(BOUNDS, seconds)] += 1
            cells[spot + SUM] += int(seconds * 1e9)
        except Exception:  # of what an application made of its Response
            error_log.exception("A request could not be counted")

    def settle(self) -> None:
        """Do nothing: all is counted by then."""

    def _open(self, key: tuple[str, str, int]) -> int:
        """Return where a new entry begins; where there is no room, that of the rest."""
        route, method, code = key
        spot = self._append(Labels(method, str(int(code)), route))
        if not spot:
            return self._rest
        self._spots[key] = spot
        return spot

    def _append(self, labels: Labels) -> int:
        text = " ".join(labels).encode(errors="replace")
        start = self._end + WORD + (len(text) + WORD - 1) // WORD * WORD
        end = start + WIDTH * WORD
        if end > len(self._memory):
            return 0
        END.pack_into(self._memory, self._end, len(text))
        self._memory[self._end + WORD : self._end + WORD + len(text)] = text
        self._end = end
        END.pack_into(self._memory, 0, end)
        return start // WORD


def read(area: mmap.mmap) -> Iterator[tuple[Labels, tuple[int, ...]]]:
    """Yield the counts that a worker has written."""
    (end,) = END.unpack_from(area, 0)
    pos = WORD
    while pos < end:
        (size,) = END.unpack_from(area, pos)
        pos += WORD
        method, status, route = area[pos : pos + size].decode().split(" ", 2)
        pos += (size + WORD - 1) // WORD * WORD
        yield Labels(method, status, route), NUMBERS.unpack_from(area, pos)
        pos += WIDTH * WORD


def join(counts: Counts, area: mmap.mmap) -> None:
    """Add the counts of a worker to others."""
    for labels, numbers in read(area):
        if not any(numbers):
            continue
        if labels not in counts and len(counts) >= MANY:
            labels = REST
        before = counts.get(labels)
        counts[labels] = numbers if before is None else tuple(map(add, before, numbers))
