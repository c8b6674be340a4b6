"""Run a handler's coroutine as far as it goes without waiting, as a task, but without making one.

Most `async` handlers end without waiting for anything. Making a task for each of them and sending
it through the event loop costs more than the rest of the request. So a task is made in advance, a
stand-in: it waits at a gate, and a coroutine runs in its name (`asyncio.current_task`) and in its
context. If the coroutine ends at once, the stand-in is as good as new and serves again. If the
coroutine waits, the stand-in waits with it, and another one serves meanwhile.

Knows the order of these steps. Knows no asyncio: `application/task.py` hands in how to recruit a
stand-in, how to tell the event loop which task is the current one, and how to wait.

Invariants:
- A stand-in serves again only if nobody can tell: no reference to it is left, nobody tried to
  cancel it, and its context variables are what they were.
- The context variables of one coroutine are never seen by another.
- No exception of a coroutine passes through here but GeneratorExit: it is left at the gate.
"""

from collections.abc import Callable
from contextvars import Context
from sys import getrefcount
from typing import Final, Protocol

from mypy_extensions import mypyc_attr

MAX_SPARE: Final = 256  # stand-ins that are kept after a coroutine that waited


class Loop(Protocol):
    """What is needed of the event loop."""

    def call_soon(self, callback: Callable[..., object], /, *args: object) -> object: ...
    def is_closed(self) -> bool: ...


class Cancellable(Protocol):
    """What is needed of a task, and of the future that a coroutine waits for."""

    def cancel(self, msg: object, /) -> bool: ...


@mypyc_attr(native_class=True)
class Gate:
    """Where a stand-in waits for coroutines; to asyncio a future (hence the names it goes by)."""

    def __init__(self, loop: Loop) -> None:
        self._asyncio_future_blocking = True
        self.loop: Final = loop
        self.wake: Callable[[object], object] | None = None  # set when the task begins to wait
        self.is_busy = False  # set while a coroutine runs in the task's name
        self.is_waiting = False  # set when that coroutine waits for the event loop
        self.is_cancelled = False  # set when somebody cancels the task
        self.is_noticed = False  # set when somebody does with it what its next user would notice
        self.is_dead = False  # set when the task runs no more coroutines
        self.future: Cancellable | None = None  # what the coroutine waits for first
        self.standin: Standin | None = None  # the one that waits with its coroutine
        self.end: Callable[[Standin], object] | None = None  # called when that has ended
        self.value: object = None  # what the coroutine has returned
        self.error: BaseException | None = None  # what it has raised, or is to be raised in it

    def get_loop(self) -> object:
        """Return the loop of the task."""
        return self.loop

    def add_done_callback(self, wake: Callable[[object], object], *, context: object) -> None:
        """Keep how to wake the task."""
        self.wake = wake

    def cancel(self, msg: object = None) -> bool:
        """Take care of the cancellation, or return False: then the task ends when woken."""
        self.is_cancelled = True
        if self.future is not None:
            return self.future.cancel(msg)
        if not self.is_busy and self.wake is not None:
            self.loop.call_soon(self.wake, self)
        return self.is_busy and not self.is_waiting

    def result(self) -> None:
        """Let the task go on."""
        error = self.error
        if error is not None:
            self.error = None
            raise error

    def give_up(self, error: BaseException) -> None:
        """Run no more coroutines: the last one has ended in a way that ends the task as well."""
        self.is_dead = True
        self.is_busy = False  # so that whoever cancels the task wakes it
        self.is_cancelled = True
        self.error = error
        if self.is_waiting and not self.loop.is_closed():
            self.end_wait()

    def end_wait(self) -> None:
        """Be ready to be waited for again, and have the end of the coroutine passed on soon."""
        self._asyncio_future_blocking = True
        self.is_waiting = False
        self.future = None
        assert self.end is not None
        self.loop.call_soon(self.end, self.standin)
        self.standin = None


@mypyc_attr(native_class=True)
class Standin:
    """A task that waits at its gate, and the context that it runs in."""

    def __init__(
        self,
        task: Cancellable,
        gate: Gate,
        context: Context,
        pristine: Context,
        send: Callable[[object], object],
    ) -> None:
        self.task: Final = task
        self.gate: Final = gate
        self.context: Final = context
        self.pristine: Final = pristine  # what the context is equal to as long as it is untouched
        self.send: Final = send  # hands a coroutine to the task's own, which runs it
        self.run: Final = context.run
        # MYPYC: an attribute is read faster than a global that was imported.
        self._getrefcount: Final = getrefcount
        self.references = 0  # to the task while nobody else holds it; set by the driver
        self.on_end: Callable[[Standin, object, BaseException | None], object] | None = None

    def count_references(self) -> int:
        """Return how many references to the task there are."""
        return self._getrefcount(self.task)

    def is_as_new(self) -> bool:
        """Tell whether nobody can notice that the task serves again."""
        gate = self.gate
        return (
            not gate.is_cancelled
            and not gate.is_noticed
            and self.count_references() == self.references
            and self.context == self.pristine
        )

    def cancel(self) -> None:
        """Cancel the coroutine."""
        self.task.cancel(None)


@mypyc_attr(native_class=True)
class Driver:
    """Runs coroutines, each in the name of a stand-in.

    Args:
        recruit: returns a new stand-in on the running loop, in a copy of a context.
        enter: tells asyncio, given a loop and a task, which task is the current one.
        leave: tells asyncio that it no longer is.
        wait: lets a stand-in wait for what its coroutine has yielded to the event loop; once the
            coroutine has ended, `Gate.end_wait` is to be called.
        dismiss: lets the task of a stand-in end with what its coroutine has returned or raised.
        base: the context variables that coroutines begin with.
    """

    def __init__(
        self,
        recruit: Callable[[Context], Standin],
        enter: Callable[[object, object], object],
        leave: Callable[[object, object], object],
        wait: Callable[[Standin, object], object],
        dismiss: Callable[[Standin], object],
        base: Context,
    ) -> None:
        self._recruit: Final = recruit
        self._enter: Final = enter
        self._leave: Final = leave
        self._wait: Final = wait
        self._dismiss: Final = dismiss
        self._base = base
        self._on_end: Final = self._end
        self._next: Standin | None = None  # the one that served last
        self._spare: Final[list[Standin]] = []

    def rebase(self, base: Context) -> None:
        """Have coroutines begin with other context variables."""
        self._base = base
        self._next = None
        self._spare.clear()

    def run(self, coro: object, context: Context | None) -> object:
        """Run a coroutine up to its end or its first wait.

        Args:
            coro: the coroutine.
            context: the context variables that it begins with, if not those of all.

        Returns:
            What the coroutine returned; or a stand-in, whose `on_end` will be called with what it
            returned or raised.

        Raises:
            BaseException: what the coroutine raised.
        """
        standin = self._next
        if context is not None:
            standin = self._recruit(context)
        elif standin is None or standin.gate.is_cancelled:
            standin = self._another()
        if standin is self._next:
            self._next = None
        gate = standin.gate
        gate.is_busy = True
        self._enter(gate.loop, standin.task)
        try:
            yielded = standin.run(standin.send, coro)
        finally:
            self._leave(gate.loop, standin.task)
        if yielded is not gate:
            gate.is_waiting = True
            gate.standin = standin
            gate.end = self._on_end
            self._wait(standin, yielded)
            return standin
        value = gate.value
        error = gate.error
        if self._is_reset(standin):
            self._next = standin
        if error is not None:
            raise error
        return value

    def _end(self, standin: Standin) -> None:
        """Pass on what a coroutine that waited has returned or raised."""
        gate = standin.gate
        value = gate.value
        error = gate.error
        on_end = standin.on_end
        standin.on_end = None
        if self._is_reset(standin) and len(self._spare) < MAX_SPARE:
            self._spare.append(standin)
        if on_end is not None:
            on_end(standin, value, error)

    def _another(self) -> Standin:
        while len(self._spare) > 0:
            standin = self._spare.pop()
            if not standin.gate.is_cancelled:
                return standin
        standin = self._recruit(self._base)
        standin.references = standin.count_references()
        return standin

    def _is_reset(self, standin: Standin) -> bool:
        """Make a stand-in ready for another coroutine, or let its task end."""
        gate = standin.gate
        gate.is_busy = False
        if gate.is_dead:
            return False
        if standin.pristine is not self._base or not standin.is_as_new():
            self._dismiss(standin)
            return False
        gate.value = None
        gate.error = None
        return True
