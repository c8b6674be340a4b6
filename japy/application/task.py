"""The tasks in whose name handlers run: how `japy/core/drive.py` meets asyncio.

Knows how asyncio runs tasks, and nothing of HTTP. Entering and leaving a task is what asyncio
offers to other implementations of tasks (documentation, "Extending: task lifetime support").
"""

import asyncio
import contextlib
import contextvars
import inspect
import sys
import types
from asyncio import AbstractEventLoop, Task
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from japy.core.drive import Driver, Gate, Standin

NAME = "japy-handler"  # of a task; giving it one spares asyncio to make one up

Step = Callable[[], object]
Runner = Generator[object, Any, object]

enter: Callable[[Any, Any], object] = asyncio.tasks._enter_task
leave: Callable[[Any, Any], object] = asyncio.tasks._leave_task


class HandlerTask(Task[object]):
    """A task that tells its gate of uses that its next user would notice."""

    gate: Gate | None = None  # None until the task waits there

    def add_done_callback(self, fn: Any, /, *, context: Any = None) -> None:
        """Call a function when the task ends, which then must happen with this coroutine."""
        self._be_noticed()
        super().add_done_callback(fn, context=context)

    def set_name(self, value: object, /) -> None:
        """Give the task a name, which the next one must not have."""
        self._be_noticed()
        super().set_name(value)

    def __hash__(self) -> int:
        """Serve as a key, weak ones included, that the next task must not be found by."""
        self._be_noticed()
        return object.__hash__(self)

    def _be_noticed(self) -> None:
        if self.gate is not None:
            self.gate.is_noticed = True


# PERF: interpreted on purpose. CPython's `yield from` takes the value of an ended coroutine without
# making a StopIteration; compiled code has to catch one (bench/micro, stage async).
@types.coroutine
def run_each(gate: Gate) -> Runner:
    """Run the coroutines that are sent in, one after the other, until None is sent.

    Args:
        gate: where what a coroutine returns or raises is left.

    Yields:
        The gate when a coroutine has ended; else what a coroutine yields to the event loop.
    """
    coro = yield gate
    while coro is not None:
        try:
            gate.value = yield from coro
        except GeneratorExit as error:  # also how a generator is told to end
            gate.give_up(error)
            raise
        except BaseException as error:
            gate.error = error
        if gate.is_waiting:
            gate.end_wait()
        coro = yield gate
    return gate.value


async def stand_in(runner: Any) -> object:
    """Be the coroutine of a stand-in's task."""
    return await runner


if sys.version_info >= (3, 12):

    def begin(loop: AbstractEventLoop, runner: Runner, context: contextvars.Context) -> HandlerTask:
        """Return a task that has run up to its gate."""
        coro = stand_in(runner)
        return HandlerTask(coro, loop=loop, name=NAME, context=context, eager_start=True)

else:
    caught: list[Step] = []

    def catch(step: Step, *, context: contextvars.Context) -> None:
        """Be `call_soon` for as long as a task is made."""
        caught.append(step)

    def begin(loop: AbstractEventLoop, runner: Runner, context: contextvars.Context) -> HandlerTask:
        """Return a task that has run up to its gate.

        A task hands its first step to `loop.call_soon` when it is made. Here that call is caught
        for as long as the constructor runs, and the step is taken at once.
        """
        loop.call_soon = catch  # type: ignore[method-assign,assignment]  # undone below
        try:
            task = HandlerTask(stand_in(runner), loop=loop, name=NAME, context=context)
        finally:
            del loop.call_soon
        context.run(caught.pop())
        return task


def recruit(base: contextvars.Context) -> Standin:
    """Return a stand-in on the running loop, whose context is a copy of another one."""
    loop = asyncio.get_running_loop()
    gate = Gate(loop)
    context = base.copy()
    runner = run_each(gate)
    task: Any = begin(loop, runner, context)
    task._log_destroy_pending = False  # it waits at its gate when the loop is closed
    task.gate = gate
    return Standin(task, gate, context, base, runner.send)


def wait(standin: Standin, yielded: Any) -> None:
    """Let the task of a stand-in wait for what its coroutine has yielded, as asyncio would."""
    gate = standin.gate
    wake = gate.wake
    assert wake is not None
    if getattr(yielded, "_asyncio_future_blocking", None):
        yielded._asyncio_future_blocking = False
        yielded.add_done_callback(wake, context=standin.context)
        gate.future = yielded
        if gate.is_cancelled:
            yielded.cancel()
        return
    if gate.is_cancelled:
        gate.error = asyncio.CancelledError()
    elif yielded is not None:
        gate.error = RuntimeError(f"coroutine yielded {yielded!r} to the event loop")
    loop: Any = gate.loop
    loop.call_soon(wake, gate, context=standin.context)


def dismiss(standin: Standin) -> None:
    """Let the task of a stand-in end as its coroutine has, for those who hold it.

    The error must not keep itself by way of the frames of its traceback: they hold the gate, and
    each knows who has called it, as far as here and beyond. So the task gives a CancelledError
    back, the gate forgets the task, and the traceback the frames that waking adds.
    """
    gate = standin.gate
    error = gate.error
    trace = None if error is None else error.__traceback__
    task: Any = standin.task
    wake = gate.wake
    assert wake is not None
    with contextlib.suppress(SystemExit, KeyboardInterrupt):  # a task ends with these, but loudly
        standin.context.run(wake, gate)
    gate.wake = None
    if task.cancelled():
        task._make_cancelled_error()
    if error is not None:
        error.__traceback__ = trace
    error = trace = None
    task._log_traceback = False  # whoever runs the coroutine gets its error anyway


def driver(base: contextvars.Context) -> Driver:
    """Return a driver for one worker, whose coroutines begin with these context variables."""
    return Driver(recruit, enter, leave, wait, dismiss, base)


async def wait_for(awaitable: Awaitable[object]) -> object:
    """Wait for what is awaitable but no coroutine: a future, or an object with `__await__`."""
    return await awaitable


def as_coroutine(awaitable: Awaitable[object]) -> Coroutine[Any, Any, object]:
    """Return a coroutine that waits for what is awaitable."""
    return awaitable if inspect.iscoroutine(awaitable) else wait_for(awaitable)
