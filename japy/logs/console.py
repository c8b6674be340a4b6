"""Lines for the person at the terminal: what happens to stdout, what goes wrong to stderr.

Knows neither loggers (`logs`) nor processes nor requests.

Invariants:
- A closed terminal or pipe, or a full disk, never ends a server: what cannot be printed is dropped.
- Nobody waits for a reader: who stops a terminal, or a pager, does not stop the server.
"""

import contextlib
import os
import select
import stat
import sys
import termios
from collections.abc import Iterator
from typing import TextIO

PATIENCE_MS = 200  # what a reader gets to make room, if it has had room the last time
STDIN = 0
PIECE = 4096  # what a pipe takes as one, where it has room at all, on Linux
_stuck: set[int] = set()  # file descriptors that had no room the last time


def say(line: str) -> None:
    """Print a line to stdout at once."""
    put(line, sys.stdout)


def complain(text: str) -> None:
    """Print a text to stderr at once."""
    put(text, sys.stderr)


def put(text: str, stream: TextIO | None) -> None:
    """Print a text to a stream at once, as far as that takes it."""
    if stream is None:  # a process without a terminal, such as one started by pythonw
        return
    with contextlib.suppress(ValueError):  # the stream was closed by someone
        try:
            stream.flush()
            number = file_of(stream)
            if number is None:
                print(text, file=stream, flush=True)
            else:
                _write(number, f"{text}\n".encode(stream.encoding, "backslashreplace"))
        except ConnectionError:
            drop_output(stream)
        except OSError:  # a full disk may have room again for what comes later
            return


@contextlib.contextmanager
def kept_terminal() -> Iterator[None]:
    """Leave the terminal in the modes that it has: who is killed in a debugger does not."""
    try:
        modes = termios.tcgetattr(STDIN)
    except (termios.error, OSError):  # there is none
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(termios.error, OSError):  # it is gone
            if os.tcgetpgrp(STDIN) == os.getpgrp():  # else that would stop us
                termios.tcsetattr(STDIN, termios.TCSANOW, modes)


def file_of(stream: TextIO) -> int | None:
    """Return the file descriptor of a stream; None for one in memory."""
    try:
        return stream.fileno()
    except (AttributeError, OSError):
        return None


def _write(number: int, data: bytes) -> None:
    """Write what there is room for; in one go to a file, as processes share it."""
    size = len(data) if stat.S_ISREG(os.fstat(number).st_mode) else PIECE
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    while data:
        if not poll.poll(0 if number in _stuck else PATIENCE_MS):
            _stuck.add(number)
            return
        _stuck.discard(number)
        data = data[os.write(number, data[:size]) :]


def drop_output(stream: TextIO) -> None:
    """Let a stream that nobody reads lead nowhere: else flushing it fails again at the end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
