"""Lookout: the watcher of files as the master has it: who starts it, hears it and replaces it.

Knows one child at a time, and whether it is worth another. Knows nothing of files and of workers.

Invariant: news are told of whatever may have changed while nobody watched.
"""

import time
from collections.abc import Callable

from japy.logs.console import complain
from japy.logs.log import error_log
from japy.supervisor.process import Child
from japy.supervisor.slot import LONGEST_PAUSE_S, pause_after

NEVER = float("inf")


class Lookout:
    """The process that watches, from the first one to the last.

    Args:
        start: starts one; returns None if there is no room for it now.
        is_wanted: whether there is to be one.
    """

    def __init__(self, start: Callable[[], Child | None], is_wanted: bool) -> None:
        self.due = 0.0 if is_wanted else NEVER  # when the next is to start
        self._start = start
        self._child: Child | None = None
        self._failures = 0  # processes in a row that did not live long
        self._is_expecting = False  # set until it is said that a change is waited for
        self._is_over = False  # set once it was told to end
        self._has_gap = False  # set while nobody has watched for a time
        self._has_watched = False  # set once one has: then it is not the system that forbids it

    def children(self) -> list[Child]:
        """Return who watches: one process, or none."""
        return [] if self._child is None else [self._child]

    def is_ready(self) -> bool:
        """Tell whether a save is seen from now on."""
        return self._child is not None and self._child.is_ready

    def is_settled(self) -> bool:
        """Tell whether a save from now on is seen, if later, or nobody will ever see one."""
        return self.is_ready() or self._has_gap or self.is_blind()

    def is_blind(self) -> bool:
        """Tell whether nobody watches, and nobody will."""
        return self._child is None and self.due == NEVER

    def expect(self) -> None:
        """Say that a change is waited for, as soon as one would be seen."""
        self._is_expecting = True

    def is_vain(self) -> bool:
        """Tell whether a change is waited for that nobody will see."""
        return self._is_expecting and self.is_blind()

    def advance(self) -> None:
        """Start who is due; say what is to be said."""
        if self._is_expecting and self.is_ready():
            self._is_expecting = False
            complain("Waiting for a change: save a file to try again.")
        if self.due > time.monotonic():
            return
        self.due = NEVER
        self._child = self._start()
        if self._child is None:
            self._failures += 1
            self._rest()

    def has_news(self) -> bool:
        """Tell whether files may have changed since the last call."""
        child = self._child
        if child is None or not (child.has_news or (self._has_gap and child.is_ready)):
            return False
        child.has_news = self._has_gap = self._is_expecting = False
        return True

    def reap(self) -> None:
        """Take leave of a process that has ended."""
        child = self._child
        if child is None or not child.has_ended():
            return
        child.channel.close()
        self._child = None
        if self._is_over or not child.status():  # the latter: it has said why it cannot watch
            return
        self._has_watched = self._has_watched or child.is_ready
        if not self._has_watched:
            how = child.epitaph()
            complain(f"Files cannot be watched ({how}): changes of them have no effect.")
            return
        has_lasted = child.is_ready and child.age() > LONGEST_PAUSE_S
        self._failures = 0 if has_lasted else self._failures + 1
        self._has_gap = True
        pause = self._rest()
        text = "The process that watches files %s; another one starts in %.1f s"
        error_log.error(text, child.epitaph(), pause)

    def stop(self, seconds: float) -> None:
        """Tell it to end."""
        self._is_over = True
        self.due = NEVER
        if self._child is not None:
            self._child.stop(seconds)

    def _rest(self) -> float:
        """Put the next start off; return the seconds."""
        pause = pause_after(self._failures, LONGEST_PAUSE_S)
        self.due = time.monotonic() + pause
        return pause
