"""Loggers that are left as they were, whatever is done to them meanwhile."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept(*names: str) -> Iterator[None]:
    """Restore loggers in the end; files that were opened for them meanwhile are closed."""
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.handlers.copy(), logger.propagate) for logger in loggers]
    yield
    for logger, (level, handlers, propagate) in zip(loggers, before, strict=True):
        for handler in logger.handlers:
            if handler not in handlers and isinstance(handler, logging.FileHandler):
                handler.close()
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
        logger.disabled = False
