"""Leftover: tasks and threads that a worker has to wait for at its end, and where they are.

Knows how coroutines and threads tell their frames. Knows nothing of what a worker serves. Ending
them is the event loop's affair: it has cancelled all tasks, and waits for them, and for the threads
of its default executor.
"""

import asyncio
import sys
import threading
import traceback
import types
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from japy.application.frame import is_ours
from japy.logs.log import error_log

PATIENCE_S = 0.5  # what cancelled tasks get to clean up in
POOLS = ("asyncio_", "uvloop_")  # how loops name the threads of their default executors
IDLE = "_worker"  # the function in which they wait for work
MACHINERY = ("asyncio", "concurrent", "threading", "uvloop")


def warn_later(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop that is about to end say what it still waits for after a while, if anything."""
    loop.call_later(PATIENCE_S, warn, loop)


def warn(loop: asyncio.AbstractEventLoop) -> None:
    """Say what a loop that is about to end still waits for."""
    places = sorted({*places_of_tasks(loop), *places_of_threads()})
    if places:
        error_log.warning("Does not end: %s", "; ".join(places))


def places_of_tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """Yield where the tasks of a loop are, except for those of asyncio's own."""
    for task in asyncio.all_tasks(loop):
        place = place_of(frames_of(task.get_coro()))
        if place:
            yield f"task {task.get_name()} {place}"


def places_of_threads() -> Iterator[str]:
    """Yield where the threads are that work for a loop."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        top = frames.get(thread.ident or 0)
        if top is None or not thread.name.startswith(POOLS) or top.f_code.co_name == IDLE:
            continue
        outwards = [frame for frame, _ in traceback.walk_stack(top)]
        place = place_of(reversed(outwards)) or "in a function that is not Python's"
        yield f"thread {thread.name} {place}"


def frames_of(coro: Any) -> Iterator[types.FrameType]:
    """Yield the frames of a coroutine and of what it waits for, the outermost first."""
    while coro is not None:
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "gi_frame", None)
        if frame is not None:
            yield frame
        coro = getattr(coro, "cr_await", None) or getattr(coro, "gi_yieldfrom", None)


def place_of(frames: Iterable[types.FrameType]) -> str:
    """Return the place that the innermost of some frames is at; empty if none is the user's."""
    place = ""
    for frame in frames:
        module = str(frame.f_globals.get("__name__")).partition(".")[0]
        if module not in MACHINERY and not is_ours(frame):
            code = frame.f_code
            name = PurePath(code.co_filename).name
            place = f"in {name}, line {frame.f_lineno}, in {code.co_qualname}"
    return place
