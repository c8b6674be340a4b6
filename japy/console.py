"""Lines for the person at the terminal: what happens to stdout, what goes wrong to stderr.

Knows the default handlers of japy's loggers. Knows neither processes nor requests.

Invariants:
- A closed terminal or pipe never ends a server: what cannot be printed is dropped.
- Nothing is printed by a logger of japy's once the application has configured the root logger.
"""

import contextlib
import logging
import os
import sys
from typing import TextIO

ERROR_FORMAT = "[%(asctime)s] [%(process)d] %(levelname)s %(message)s"


class DefaultHandler(logging.StreamHandler[TextIO]):
    """A handler that is silent once the application has brought its own logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record unless a handler of the root logger gets it anyway."""
        if not logging.getLogger().handlers:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop what a closed stream does not take; report any other failure."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def say(line: str) -> None:
    """Print a line to stdout at once."""
    _print(line, sys.stdout)


def complain(text: str) -> None:
    """Print a text to stderr at once."""
    _print(text, sys.stderr)


def set_up_logging(debug: bool, logs_requests: bool = False) -> None:
    """Give `japy.error` (stderr) and `japy.access` (stdout) handlers, unless they have some.

    Args:
        debug: let both log what is of interest.
        logs_requests: let `japy.access` do so.
    """
    error_log = logging.getLogger("japy.error")
    access_log = logging.getLogger("japy.access")
    if lacks_handler(error_log):
        handler = DefaultHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(ERROR_FORMAT))
        error_log.addHandler(handler)
    if lacks_handler(access_log):
        access_log.addHandler(DefaultHandler(sys.stdout))
    if debug:
        error_log.setLevel(error_log.level or logging.INFO)
    if debug or logs_requests:
        access_log.setLevel(access_log.level or logging.INFO)


def lacks_handler(logger: logging.Logger) -> bool:
    """Tell whether a logger has no handler; ours, of the master, give way to an application's."""
    ours = [handler for handler in logger.handlers if isinstance(handler, DefaultHandler)]
    if len(ours) < len(logger.handlers):
        for handler in ours:
            logger.removeHandler(handler)
    return not logger.handlers


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:  # a process without a terminal, such as one started by pythonw
        return
    with contextlib.suppress(ValueError):  # the stream was closed by someone
        try:
            print(f"{text}\n", end="", file=stream, flush=True)  # one write: processes share it
        except OSError:
            _drop_output(stream)


def _drop_output(stream: TextIO) -> None:
    """Let a stream that nobody reads lead nowhere: else flushing it fails again at the end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
