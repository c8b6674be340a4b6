"""A place where the hooks of a life write what they do, and the loops that it is tried on."""

import asyncio
import contextvars
import gc
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop

from japy.application.life import Life
from tests.support.ask import NewLoop

LOOPS: list[NewLoop] = [asyncio.new_event_loop, uvloop.new_event_loop]
Run = Callable[[Coroutine[Any, Any, None]], None]
name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


class Place:
    """Where hooks write what they do."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.life = Life(self)

    def hook(self, text: str, error: BaseException | None = None) -> Callable[[], None]:
        """Return a hook that writes a line, and raises if told to."""

        def write() -> None:
            self.lines.append(text)
            if error is not None:
                raise error

        return write

    def lifespan(
        self, text: str, error: BaseException | None = None
    ) -> Callable[[], AsyncIterator[None]]:
        """Return a lifespan that writes when it is entered and left, and raises then if told to."""

        async def life() -> AsyncIterator[None]:
            self.lines.append(f"enter {text}")
            try:
                yield
            except BaseException as thrown:
                self.lines.append(f"{text} sees {thrown!r}")
                raise
            finally:
                self.lines.append(f"leave {text}")
            if error is not None:
                raise error

        return life

    async def use(self) -> None:
        """Start and stop."""
        await self.life.start()
        self.lines.append("serve")
        await self.life.stop()


@contextmanager
def running_on(new_loop: NewLoop) -> Iterator[Run]:
    """Yield what runs a coroutine on a loop; fail if anything reaches its exception handler."""
    noise: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: noise.append(context))
        yield runner.run
    gc.collect()  # so that what nobody retrieved is heard
    assert noise == []


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as an error."""
    assert {record.name for record in caplog.records} <= {"japy.error"}
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def failure_of(record: logging.LogRecord) -> BaseException | None:
    """Return the exception of a log record."""
    return record.exc_info[1] if record.exc_info else None
