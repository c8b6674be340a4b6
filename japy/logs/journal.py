"""AccessLog: what makes lines of answered requests, once their answers have left.

Knows which answers were written meanwhile and how long each took. Knows neither formats (`access`)
nor files (`writer`).

Invariants:
- No exception leaves this module: what fails is a line of the error log.
- A handler that was given to the logger `japy.access` gets all, and then nobody else gets any.
"""

import logging
import time
from pathlib import Path

from japy.core.request import Request
from japy.core.response import Response
from japy.logs.access import COMBINED_NAME, JSON_NAME, Entry, Form, about_entry, form, summary
from japy.logs.log import DefaultHandler, access_log, error_log, printable, worker_number
from japy.logs.setup import takes_access
from japy.logs.writer import Later, Writer
from japy.settings.config import Config


class AccessLog:
    """A journal of a worker's answers.

    Args:
        place: a file, or True for stdout.
        format: combined, json, or a format with atoms.
        call_later: calls a function after some seconds.
        is_taken: whether all goes to the logger `japy.access`, handlers or not.

    Raises:
        OSError: the file cannot be opened.
        FormatError: there is no such format.
    """

    def __init__(
        self, place: Path | bool, format: str, call_later: Later, is_taken: bool = False
    ) -> None:
        self.clock = time.monotonic  # of the journal: see `Journal`
        self._form: Form = form(format, worker_number())
        self._is_json = format == JSON_NAME
        self._writer = Writer(place if isinstance(place, Path) else None, call_later)
        self._is_taken = is_taken
        self._noted: list[tuple[Request, Response, int, int]] = []  # with status, size

    def note(self, request: Request, response: Response) -> None:
        """Take note of an answer that was rendered."""
        size = 0 if request.is_head else len(response.body)
        self._noted.append((request, response, response.code, size))

    def settle(self) -> None:
        """Log what was noted: it has left."""
        if not self._noted:
            return
        noted, self._noted = self._noted, []
        end, now = self.clock(), time.time()
        put = self._record if self._is_taken or is_taken_over(access_log) else self._write
        for request, response, code, size in noted:
            seconds = end - request.arrival if request.arrival else 0.0
            try:
                put(Entry(request, response, code, size, seconds, now))
            except Exception:  # of what an application made of its Response or its handler
                error_log.exception("A request could not be logged")

    def flush(self) -> None:
        """Write what waits to be written."""
        self._writer.flush()

    def reopen(self) -> None:
        """Open the file again."""
        self._writer.reopen()

    def close(self) -> None:
        """Write what is left; nothing can be noted any more."""
        self.settle()
        self._writer.close()

    def _write(self, entry: Entry) -> None:
        self._writer.add(self._form(entry))

    def _record(self, entry: Entry) -> None:
        """Log a record; the handler that formats it as JSON takes the rest from its attributes."""
        if access_log.isEnabledFor(logging.INFO):
            line = printable(summary(entry.request, entry.code))
            text = line if self._is_json else self._form(entry)
            access_log.info("%s", text, extra=about_entry(entry))


def open_access_log(config: Config, call_later: Later) -> AccessLog | None:
    """Return the access log that is wanted, if one is.

    Raises:
        OSError: its file cannot be opened.
        LogConfigError: the log configuration cannot be read.
    """
    if config.access_log is False:
        return None
    is_default = config.access_log_format == COMBINED_NAME
    is_json = config.log_format == "json" and is_default
    format = JSON_NAME if is_json else config.access_log_format
    return AccessLog(config.access_log, format, call_later, takes_access(config))


def is_taken_over(logger: logging.Logger) -> bool:
    """Tell whether somebody has given a logger a handler that is not ours."""
    return any(type(handler) is not DefaultHandler for handler in logger.handlers)
