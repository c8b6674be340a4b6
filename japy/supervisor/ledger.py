"""Ledger: what is left of workers that are gone: what they have counted, and why they had to go.

Knows rows that are not written any more. Knows no process: the master says who is gone and why.

Invariant: with what the living count, no sum ever becomes smaller.
"""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from japy.monitoring.tally import Counts, join
from japy.supervisor.board import Figure, Row
from japy.supervisor.slot import Slot


class Reason(Enum):
    """Why a worker is replaced; the value is what it is called in metrics."""

    CRASH = "crash"
    HANG = "hang"
    STARTUP = "startup"  # it could not start
    RELOAD = "reload"
    REQUESTS = "limit-max-requests"
    RSS = "worker-max-rss"
    LIFETIME = "worker-max-lifetime"


class Ledger:
    """What the master remembers of those that are gone."""

    def __init__(self) -> None:
        self.requests = 0  # that they have handled
        self.turned_away = 0  # connections beyond their limits
        self.restarts: Counter[Reason] = Counter()
        self._counts: Counts = {}  # of answers, if anybody counts them

    def bury(self, row: Row) -> None:
        """Keep what a worker has counted: it is gone."""
        self.requests += row[Figure.REQUESTS]
        self.turned_away += row[Figure.TURNED_AWAY]
        if row.area is not None:
            join(self._counts, row.area)

    def sum(self, rows: Iterable[Row]) -> Counts:
        """Return the answers that the dead and the living have counted."""
        counts = self._counts.copy()
        for row in rows:
            if row.area is not None:
                join(counts, row.area)
        return counts

    def replace(self, slot: Slot, reason: Reason, detail: str = "") -> None:
        """Take note that the worker of a slot is replaced."""
        self.restarts[reason] += 1
        slot.restarts += 1
        slot.why = f"{reason.value}: {detail}" if detail else reason.value

    def wear(self, slot: Slot) -> None:
        """Take note that the worker of a slot has handed over as was planned."""
        wish = slot.wish.removeprefix("--")
        self.replace(slot, Reason(wish) if wish else Reason.RELOAD)
