"""Lines for the person at the terminal: what happens to stdout, what goes wrong to stderr.

Knows neither loggers (`logs`) nor processes nor requests.

Invariant: a closed terminal or pipe never ends a server: what cannot be printed is dropped.
"""

import contextlib
import os
import sys
from typing import TextIO


def say(line: str) -> None:
    """Print a line to stdout at once."""
    _print(line, sys.stdout)


def complain(text: str) -> None:
    """Print a text to stderr at once."""
    _print(text, sys.stderr)


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:  # a process without a terminal, such as one started by pythonw
        return
    with contextlib.suppress(ValueError):  # the stream was closed by someone
        try:
            print(f"{text}\n", end="", file=stream, flush=True)  # one write: processes share it
        except OSError:
            drop_output(stream)


def drop_output(stream: TextIO) -> None:
    """Let a stream that nobody reads lead nowhere: else flushing it fails again at the end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
