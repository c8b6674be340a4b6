"""How much of its core a process had, as the kernel counts it.

Knows /proc/PID/schedstat, which is about the first thread of a process.
"""

import time
from dataclasses import dataclass

from bench.load.process import PROC


@dataclass(frozen=True)
class Times:
    """For how long, in seconds since whenever."""

    clock: float
    ran: float  # had its core
    waited: float  # would have had work, but another process had its core

    def shares_since(self, before: "Times") -> tuple[float, float]:
        """Return which part of the time it ran, and which it waited."""
        span = self.clock - before.clock
        return (self.ran - before.ran) / span, (self.waited - before.waited) / span


def times_of(pid: str = "self") -> Times:
    """Return the times of a process so far."""
    ran, waited, _ = map(int, (PROC / pid / "schedstat").read_text().split())
    return Times(time.monotonic(), ran / 1e9, waited / 1e9)
