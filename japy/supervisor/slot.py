"""Slot: the place of one worker, and who is in it, comes to it, and wants to leave it.

Knows when the next worker may start. Knows no processes: `master` starts and ends them.
"""

import time
from dataclasses import dataclass

from japy.supervisor.board import Row
from japy.supervisor.process import Child
from japy.supervisor.pulse import Pulse

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0  # before a worker that has died is replaced
SERVED_PAUSE_S = 1.0  # the longest one behind a worker that has served: its code does start


@dataclass(eq=False)
class Hand:
    """A worker, as the master sees it."""

    child: Child
    row: Row
    pulse: Pulse
    generation: int  # how many reloads had been asked for when it started
    number: int = 0  # of its slot


class Slot:
    """The place of one worker."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.hand: Hand | None = None  # who is in it; None while it waits for the next
        self.successor: Hand | None = None  # who takes over once ready; None while nobody does
        self.wish = ""  # why who is in it is to be replaced; empty if it is not
        self.failures = 0  # workers in a row that did not live long
        self.restarts = 0  # workers that have been replaced here
        self.why = ""  # why the last of them was; empty if none was
        self.due = 0.0  # when the next worker may start, by the monotonic clock

    def rest(self, longest_s: float = LONGEST_PAUSE_S) -> float:
        """Put the next start off, for longer from failure to failure; return the seconds."""
        pause = pause_after(self.failures, longest_s)
        self.failures += 1
        self.due = time.monotonic() + pause
        return pause

    def is_due(self) -> bool:
        """Tell whether a worker may start now."""
        return self.due <= time.monotonic()

    def is_serving(self) -> bool:
        """Tell whether there is somebody who accepts connections."""
        hand = self.hand
        return hand is not None and hand.child.is_ready and not hand.pulse.is_stalled()

    def hands(self) -> list[Hand]:
        """Return who is there."""
        return [hand for hand in (self.hand, self.successor) if hand is not None]


def pause_after(failures: int, longest_s: float) -> float:
    """Return the seconds before the next start, given how many in a row have failed before."""
    return min(FIRST_PAUSE_S * 2.0 ** min(failures, 10), longest_s)
