"""Pulse: whether the event loop of a worker still turns, and what is done if not.

Knows the beats on the board and how to ask a process where it is: a signal makes it write the
stacks of its threads, whatever it is busy with. Knows nothing of who takes its place.

Invariants:
- Silence is counted in steps of what the master itself was awake for: a machine that slept, or a
  master that was stopped, kills nobody.
- Time before a worker is ready does not count as silence; it has a limit of its own.
- Who is in a debugger is not killed.
- A worker that was told to end has the same limit, until its loop has ended.
"""

import logging
import re
from enum import Enum

from japy.settings.config import Config
from japy.supervisor.board import Figure, Row
from japy.supervisor.process import Child

log = logging.getLogger("japy.error")

BEAT_S = 0.25  # from one beat to the next
LOOK_S = 0.25  # from one look to the next, at most
STALL_S = 1.0  # silence after which others accept what comes to a worker
DUMP_S = 0.4  # what a process gets to write its stacks
# Files of debuggers, in a stack.
DEBUGGERS = re.compile(r'File "[^"]*/(?:(?:pdb|bdb|pydevd)\.py|debugpy/[^"]*)", line')


class Stage(Enum):
    """What is awaited."""

    BEAT = "beat"
    WARNING = "warning"  # the stacks, for the warning
    END = "end"  # the limit
    DEATH = "death"  # the stacks, for the obituary


class Pulse:
    """The pulse of one worker.

    Args:
        child: its process.
        row: its numbers.
        config: the limits.
        now: the monotonic clock.
    """

    def __init__(self, child: Child, row: Row, config: Config, now: float) -> None:
        self.silent_s = 0.0  # how long no beat has come
        self._child = child
        self._row = row
        self._start_s = config.timeout_startup
        self._limit_s = config.timeout_worker_healthcheck
        self._stage = Stage.BEAT
        self._beats = 0
        self._looked = now  # when the last look was
        self._mark = 0  # since when it says where it is; set as the next
        self._due = 0.0  # when the stacks are there; set with the stages that wait for them
        self._is_debugged = False  # set while it is in a debugger, which has been said

    def is_stalled(self) -> bool:
        """Tell whether the worker does not accept connections now."""
        return self._beats > 0 and self.silent_s >= STALL_S

    def patience_s(self) -> float:
        """Return the seconds between two looks."""
        return min(LOOK_S, self._limit_s / 8)

    def look(self, now: float) -> None:
        """Look at the board; warn, or end the worker."""
        passed = min(now - self._looked, 2 * LOOK_S)
        self._looked = now
        if self._row[Figure.IS_OVER]:
            return
        if self._child.is_ready and self._row[Figure.BEATS] != self._beats:
            self._beats = self._row[Figure.BEATS]
            self._recover()
            return
        self.silent_s += passed
        if self._stage in (Stage.WARNING, Stage.DEATH):
            if now >= self._due:
                self._tell()
        elif not self._child.is_ready:
            if self.silent_s >= self._start_s:
                self._ask(Stage.DEATH, now)
        elif self.silent_s >= self._limit_s:
            self._ask(Stage.DEATH, now)
        elif self.silent_s >= self._limit_s / 2 and self._stage is Stage.BEAT:
            self._ask(Stage.WARNING, now)

    def _recover(self) -> None:
        if self._stage is Stage.END:
            text = "Worker (pid %d) goes on after %.1f s"
            log.warning(text, self._child.pid, self.silent_s)
        self._stage = Stage.BEAT
        self.silent_s = 0.0
        self._is_debugged = False

    def _ask(self, stage: Stage, now: float) -> None:
        self._mark = self._child.ask_stack()
        self._stage = stage
        self._due = now + DUMP_S

    def _wait_for_debugger(self) -> None:
        """Give a worker the whole time again: somebody looks around in it."""
        if not self._is_debugged:
            text = "Worker (pid %d) is in a debugger: it serves nobody, but is not killed for that"
            log.warning(text, self._child.pid)
        self._is_debugged = True
        self._stage = Stage.BEAT
        self.silent_s = 0.0

    def _tell(self) -> None:
        """Log where the worker is, and end it if it was to be ended."""
        stack = self._child.stack(self._mark).rstrip()
        self._child.close_report()
        if DEBUGGERS.search(stack):
            self._wait_for_debugger()
            return
        where = f" and is here:\n{stack}" if stack else " and does not say where it is"
        if self._stage is Stage.WARNING:
            self._stage = Stage.END
            text = (
                "Worker (pid %d) has blocked its event loop for %.1f s%s\n"
                "It is killed after %g s (--timeout-worker-healthcheck)"
            )
            log.warning(text, self._child.pid, self.silent_s, where, self._limit_s)
            return
        self._stage = Stage.BEAT
        self.silent_s = 0.0
        if self._child.is_ready:
            reason = "has blocked its event loop for too long (--timeout-worker-healthcheck)"
            log.error("Worker (pid %d) %s%s\nIt is killed", self._child.pid, reason, where)
        else:  # the master tells it: once, however many hang at the same place
            reason = f"was not ready within {self._start_s:g} s (--timeout-startup)"
            self._child.fault = f"Worker (pid {self._child.pid}) {reason}{where}\nIt was killed."
        self._child.kill()
