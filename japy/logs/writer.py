"""Writer: lines on their way to a file, or to stdout, gathered and written in one go.

Knows a file descriptor. Knows neither what the lines say nor a loop: it is handed what calls it
later.

Invariants:
- The lines of several processes may share a file: a flush is one write at its end (O_APPEND).
- Nobody waits for a reader: what a pipe or a terminal does not take stays here for a while.
- A full disk or a closed pipe never ends a server: lines are dropped whole, and counted.
"""

import contextlib
import errno
import os
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path

from japy.logs.log import error_log

FLUSH_S = 0.1  # what a line waits at most where it can be written
MUCH = 64 * 1024  # bytes that are written at once
MAX_HELD = 1024 * 1024  # bytes that wait for room; lines beyond are dropped
PIECE = 4096  # POSIX: what a pipe takes as one, on Linux
PATIENCE_S = 0.5  # what the reader of a pipe gets in all when the process ends
STDOUT = 1
STANDARD = {"/dev/stdout": STDOUT, "/dev/stderr": 2}  # sockets cannot be opened by these names
GONE = (errno.EBADF, errno.ENXIO)  # beside those of ConnectionError: there is no reader
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC

Later = Callable[[float, Callable[[], object]], object]


class Writer:
    """Lines to a place.

    Args:
        path: a file, which is made if it is not there; None for stdout.
        call_later: calls a function after some seconds.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path | None, call_later: Later) -> None:
        self._path = None if path is None or str(path) in STANDARD else path
        self._fd = STDOUT if path is None else STANDARD.get(str(path), -1)
        self._call_later = call_later
        self._lines: list[str] = []  # since the last flush
        self._size = 0  # characters of them
        self._held = b""  # what did not find room, or the disk was full for
        self._dropped = 0  # lines
        self._is_due = False  # set while a flush is to come
        self._is_failing = False  # set while the system refuses to write
        self._is_closed = False  # set once nobody reads any more
        if self._path is not None:
            self._fd = os.open(self._path, FLAGS, 0o666)
        self._is_file = self._is_regular()

    def add(self, line: str) -> None:
        """Have a line written soon."""
        if self._is_closed:
            return
        if len(self._held) + self._size > MAX_HELD:
            self._dropped += 1
            return
        self._lines.append(line)
        self._size += len(line)
        if self._size > MUCH and not self._held:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self._call_later(FLUSH_S, self._on_time)

    def flush(self, patience_s: float = 0.0) -> None:
        """Write what can be written now.

        Args:
            patience_s: how long to wait for a reader.
        """
        data = self._held
        if self._lines:
            data += ("\n".join(self._lines) + "\n").encode("utf-8", "backslashreplace")
            self._lines.clear()
            self._size = 0
        self._held = data
        if data and not self._is_closed:
            self._push(time.monotonic() + patience_s if patience_s else 0.0)

    def reopen(self) -> None:
        """Open the file again: somebody has moved it; if that fails, go on with the old one."""
        self.flush()
        if self._path is None:
            return
        try:
            fd = os.open(self._path, FLAGS, 0o666)
        except OSError as error:
            text = "%s cannot be opened again (%s): the file it was goes on"
            error_log.error(text, self._path, error.strerror)
            return
        os.close(self._fd)
        self._fd = fd
        self._is_closed = False
        self._is_file = self._is_regular()

    def close(self) -> None:
        """Write what is left, and close the file; nothing can be added any more."""
        self.flush(PATIENCE_S)
        self._dropped += self._held.count(b"\n")
        self._held = b""
        self._tell_dropped("when their worker ended")
        self._is_closed = True
        if self._path is not None and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _on_time(self) -> None:
        self._is_due = False
        self.flush()
        if self._held and not self._is_closed:
            self._is_due = True
            self._call_later(FLUSH_S, self._on_time)

    def _push(self, deadline: float) -> None:
        try:
            while self._held and self._has_room(deadline):
                data = self._held if self._is_file else piece(self._held)
                self._held = self._held[os.write(self._fd, data) :]
        except BlockingIOError:  # a pipe was filled by somebody else meanwhile
            return
        except OSError as error:
            self._fail(error)
            return
        if not self._held:
            self._recover()

    def _has_room(self, deadline: float) -> bool:
        """Tell whether a write would not wait, at the deadline at last; to a file it never does."""
        if self._is_file:
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        left = max(0.0, deadline - time.monotonic()) if deadline else 0.0
        return bool(poll.poll(left * 1000))

    def _fail(self, error: OSError) -> None:
        if isinstance(error, ConnectionError) or error.errno in GONE:
            self._is_closed = True
            self._held = b""
        elif not self._is_failing:
            self._is_failing = True
            text = "The access log cannot be written (%s): see to %s, lines are kept for a while"
            error_log.error(text, error.strerror, self._path or "stdout")

    def _recover(self) -> None:
        self._is_failing = False
        self._tell_dropped("before it could be written again")

    def _tell_dropped(self, when: str) -> None:
        if self._dropped:
            error_log.warning("The access log has lost %d lines %s", self._dropped, when)
        self._dropped = 0

    def _is_regular(self) -> bool:
        with contextlib.suppress(OSError):  # stdout was closed: the first write tells
            return stat.S_ISREG(os.fstat(self._fd).st_mode)
        return False


def piece(data: bytes) -> bytes:
    """Return the lines that fit into one piece, or the first line if it is longer."""
    if len(data) <= PIECE:
        return data
    end = data.rfind(b"\n", 0, PIECE) + 1 or data.find(b"\n") + 1
    return data[:end] if end else data
