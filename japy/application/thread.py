"""Blocking functions beside the event loop.

Knows the threads of the loop's default executor. Knows no request.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that blocks, in a thread, and wait for what it returns.

    The function sees the context variables of the caller; what it sets there the caller does not
    see. The threads are those of the event loop's default executor: at most 32, fewer on a machine
    with few cores. Calls beyond that wait for their turn.

    A call under way cannot be ended from outside. Whoever waits for it can be cancelled, or run
    into `asyncio.timeout`: then the function runs on in its thread to its end, and what it returns
    or raises is dropped. A worker that stops waits for such threads until its master kills it, so
    give what blocks a time limit of its own (`timeout=` of most clients).

    Args:
        function: what to call. It must not touch the event loop or what belongs to it.
        args: passed on.
        kwargs: passed on.

    Raises:
        TypeError: the function is none, or a coroutine function, which needs no thread.
        BaseException: what the function raised.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"run_in_thread: expected a function; await {function!r} instead")
    given: object = function
    if not callable(given):
        advice = "pass the function and its arguments apart, run_in_thread(function, *args)"
        raise TypeError(f"run_in_thread: expected a function; got {given!r}: {advice}")
    return await asyncio.to_thread(contained, function, *args, **kwargs)


def contained(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function; StopIteration, which no future may hold, becomes a RuntimeError."""
    try:
        return function(*args, **kwargs)
    except StopIteration as error:
        raise RuntimeError(f"{function!r} raised StopIteration") from error
