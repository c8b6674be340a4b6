"""What japy writes to the log, and how what a client sent may stand there.

Knows the names of japy's loggers, `japy.error` and `japy.access`, and what their records tell of a
request. Configures nothing: the command does (`japy/logs/setup.py`), or whoever embeds japy.
"""

import asyncio
import logging
from typing import Any, Protocol, TextIO

from japy.application.frame import foreign
from japy.core.errors import BadRequest
from japy.core.request import Request
from japy.core.response import Response
from japy.logs.access import about, summary
from japy.logs.console import put

error_log = logging.getLogger("japy.error")
access_log = logging.getLogger("japy.access")
_worker: int | None = None  # set in workers only


class DefaultHandler(logging.StreamHandler[TextIO]):
    """A handler that is silent once the application has brought its own logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record unless a handler of the root logger gets it anyway."""
        if logging.getLogger().handlers:
            return
        try:
            put(self.format(record), self.stream)
        except Exception:  # of a message that does not go with its arguments
            self.handleError(record)


class Journal(Protocol):
    """Who is told of answers where that must not cost much (`Service.clock`, `written`)."""

    def clock(self) -> float:
        """Return seconds, from whatever beginning; called once for each read."""

    def note(self, request: Request, response: Response) -> object:
        """Take note of an answer that was rendered. Must not raise."""

    def settle(self) -> object:
        """Do what is to be done about the answers noted: they are written. Must not raise."""


def set_worker(number: int) -> None:
    """Say which worker this process is."""
    global _worker
    _worker = number


def worker_number() -> int | None:
    """Return which worker this process is; None if it is none."""
    return _worker


def log_failure(request: Request, error: BaseException) -> None:
    """Log an error of a handler, with its traceback, which begins with the handler."""
    frames = foreign(error.__traceback__) or error.__traceback__
    where = request.method, printable(request.path)
    info = (type(error), error, frames)
    error_log.error("%s %s failed", *where, exc_info=info, extra=about(request))


def log_cancellation(request: Request, error: asyncio.CancelledError) -> None:
    """Log a handler that was cancelled, unless its client has gone."""
    transport: Any = request.transport
    if not transport.is_closing():
        place = printable(request.path)
        frames = foreign(error.__traceback__)
        info = (type(error), error, frames)
        told = about(request)
        error_log.warning("%s %s was cancelled", request.method, place, exc_info=info, extra=told)


def log_refusal(address: str, error: BadRequest) -> None:
    """Log a request that never came to a handler."""
    told = {"client": address or None, "status": error.status}
    error_log.info("%s refused with %d: %s", address or "-", error.status, error, extra=told)


def log_answer(request: Request, code: int | None) -> None:
    """Log a request that was answered, with the status if that is known."""
    if access_log.isEnabledFor(logging.INFO):
        told = about(request) | ({} if code is None else {"status": code})
        access_log.info("%s", printable(summary(request, code)), extra=told)


def printable(text: str) -> str:
    """Return what a client sent as it may stand in a log: nothing in it ends or colours a line."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def reopen() -> None:
    """Open the files of all handlers again: somebody has moved them."""
    names = list(logging.Logger.manager.loggerDict)
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, logging.FileHandler) and handler.stream is not None:
            reopen_file(handler)


def reopen_file(handler: logging.FileHandler) -> None:
    """Open the file of a handler again, or say why it goes on with the old one."""
    try:
        stream = handler._open()
    except OSError as error:
        text = "%s cannot be opened again (%s): the file it was goes on"
        error_log.error(text, handler.baseFilename, error.strerror)
        return
    old = handler.setStream(stream)
    if old is not None:
        old.close()
