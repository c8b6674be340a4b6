"""Report: the numbers of a server, for people and for metrics: a dict that JSON can have.

Knows what the board, the slots and the ledger hold. Knows neither who asks nor how it is shown.

Invariant: it reads, and changes nothing.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

from japy import __version__
from japy.serving.heap import resident
from japy.settings.config import Config
from japy.supervisor.board import Figure
from japy.supervisor.ledger import Ledger, Reason
from japy.supervisor.slot import Hand, Slot


class View(NamedTuple):
    """What a master lets others see at a time.

    Args:
        slots: the places of the workers.
        leaving: those that were told to stop.
        generation: how many reloads have been asked for.
        spoiled: the last generation that could not start.
        is_announced: whether all workers are of this generation, and serve.
        is_stopping: whether the server has been told to stop.
        said: why workers could not start, as last printed.
    """

    slots: list[Slot]
    leaving: list[Hand]
    generation: int
    spoiled: int
    is_announced: bool
    is_stopping: bool
    said: str

    @property
    def state(self) -> str:
        """What the server does, in a word."""
        if self.is_stopping:
            return "stopping"
        if self.is_announced:
            return "serving"
        if self.generation == 0:
            return "starting"
        return "reload failed" if self.spoiled == self.generation else "reloading"


@dataclass
class Server:
    """What does not change about a server.

    Args:
        config: its settings.
        urls: where it can be reached.
        target: what it serves.
    """

    config: Config
    urls: list[str]
    target: str

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._offset = time.time() - self._began  # so that a moment stays what it was

    def report(self, view: View, ledger: Ledger) -> dict[str, Any]:
        """Return the numbers of now."""
        hands = [hand for slot in view.slots for hand in slot.hands()] + view.leaving
        rows = [hand.row for hand in hands]

        def total(figure: Figure) -> int:
            return sum(row[figure] for row in rows)

        return {
            "pid": os.getpid(),
            "version": __version__,
            "target": self.target,
            "urls": self.urls,
            "state": view.state,
            "started": round(self._began + self._offset, 2),
            "age_s": round(time.monotonic() - self._began, 3),
            "rss": resident(),
            "reloads": view.generation,
            "wanted": len(view.slots),
            "connections": total(Figure.CONNECTIONS),
            "in_flight": total(Figure.BUSY),
            "requests": total(Figure.REQUESTS) + ledger.requests,
            "turned_away": total(Figure.TURNED_AWAY) + ledger.turned_away,
            "restarts": {reason.value: ledger.restarts[reason] for reason in Reason},
            "workers": [row for slot in view.slots for row in self._rows(slot)]
            + [self._about(hand, None) for hand in view.leaving],
        }

    def _rows(self, slot: Slot) -> list[dict[str, Any]]:
        """Return the numbers of who is in a slot; of nobody, if that is so."""
        return [self._about(hand, slot) for hand in slot.hands()] or [empty(slot)]

    def _about(self, hand: Hand, slot: Slot | None) -> dict[str, Any]:
        """Return the numbers of a worker; without a slot if it was told to stop."""
        born = hand.child.born + self._offset
        return {"started": round(born, 2), **about(hand, slot)}


def about(hand: Hand, slot: Slot | None) -> dict[str, Any]:
    """Return the numbers of a worker that do not need a calendar."""
    row = hand.row
    lag_s = row[Figure.LAG_US] / 1e6
    return {
        "worker": hand.number + 1,
        "pid": hand.child.pid,
        "state": state_of(hand, slot),
        "age_s": round(hand.child.age(), 3),
        "rss": row[Figure.RSS],
        "connections": row[Figure.CONNECTIONS],
        "in_flight": row[Figure.BUSY],
        "requests": row[Figure.REQUESTS],
        "lag_s": round(max(lag_s, hand.pulse.silent_s if hand.pulse.is_stalled() else 0), 6),
        "restarts": 0 if slot is None else slot.restarts,
        "why": "" if slot is None else slot.why,
    }


def empty(slot: Slot) -> dict[str, Any]:
    """Return the numbers of a place that waits for its next worker."""
    names = ("started", "age_s", "rss", "connections", "in_flight", "requests", "lag_s")
    return {
        "worker": slot.number + 1,
        "pid": None,
        "state": "waiting",
        **dict.fromkeys(names, 0),
        "restarts": slot.restarts,
        "why": slot.why,
    }


def state_of(hand: Hand, slot: Slot | None) -> str:
    """Return what a worker does, in a word."""
    if slot is None:
        return "leaving"
    if not hand.child.is_ready:
        return "starting"
    return "hangs" if hand.pulse.is_stalled() else "serving"
