"""What japy writes to the log, and how what a client sent may stand there.

Knows the names of japy's loggers: `japy.error` and `japy.access`. Configures nothing: the command
does (`japy/console.py`), or whoever embeds japy.
"""

import asyncio
import contextlib
import logging
from typing import Any, Protocol

from japy.core.errors import BadRequest
from japy.core.request import Request
from japy.core.response import Response
from japy.frame import foreign

error_log = logging.getLogger("japy.error")
access_log = logging.getLogger("japy.access")


class Journal(Protocol):
    """Who is told of answers where that must not cost much (`Service.clock`, `written`)."""

    def clock(self) -> float:
        """Return seconds, from whatever beginning; called once for each read."""

    def note(self, request: Request, response: Response) -> object:
        """Take note of an answer that was rendered. Must not raise."""

    def settle(self) -> object:
        """Do what is to be done about the answers noted: they are written. Must not raise."""


def log_failure(request: Request, error: BaseException) -> None:
    """Log an error of a handler, with its traceback, which begins with the handler."""
    frames = foreign(error.__traceback__) or error.__traceback__
    where = request.method, printable(request.path)
    error_log.error("%s %s failed", *where, exc_info=(type(error), error, frames))


def log_cancellation(request: Request, error: asyncio.CancelledError) -> None:
    """Log a handler that was cancelled, unless its client has gone."""
    transport: Any = request.transport
    if not transport.is_closing():
        place = printable(request.path)
        frames = foreign(error.__traceback__)
        info = (type(error), error, frames)
        error_log.warning("%s %s was cancelled", request.method, place, exc_info=info)


def log_refusal(address: str, error: BadRequest) -> None:
    """Log a request that never came to a handler."""
    error_log.info("%s refused with %d: %s", address or "-", error.status, error)


def log_answer(request: Request, code: int | None) -> None:
    """Log a request that was answered, with the status if that is known."""
    what = [request.remote_addr or "-", request.method, printable(request.path)]
    access_log.info("%s", " ".join([*what, *([] if code is None else [str(code)])]))


def reopen() -> None:
    """Open the files of all logs again: what they were has been moved away."""
    names = list(logging.getLogger().manager.loggerDict)
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    files = {h for one in loggers for h in one.handlers if isinstance(h, logging.FileHandler)}
    for handler in files:
        with handler.lock or contextlib.nullcontext():
            if handler.stream is not None:  # else it opens with the first line
                handler.stream.close()
                handler.stream = handler._open()


def printable(text: str) -> str:
    """Return what a client sent as it may stand in a log: nothing in it ends or colours a line."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
