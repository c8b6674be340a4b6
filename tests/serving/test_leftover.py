"""Leftover: what holds a worker at its end is named, what does not is not."""

import asyncio
import logging
import re
import threading
import time

import pytest

from japy.serving.leftover import places_of_tasks, places_of_threads, warn


async def wait_for_it(event: asyncio.Event) -> None:
    async def inner() -> None:
        await event.wait()

    await inner()


def test_tasks_are_found_where_they_wait(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        task = loop.create_task(wait_for_it(event), name="poll")
        sleeper = loop.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        places = [place for place in places_of_tasks(loop) if "poll" in place]
        assert len(places) == 1
        found = r"task poll in test_leftover\.py, line \d+, in wait_for_it\.<locals>\.inner"
        assert re.fullmatch(found, places[0])
        with caplog.at_level(logging.WARNING):
            warn(loop)
        assert places[0] in caplog.text
        event.set()
        sleeper.cancel()
        await asyncio.wait({task, sleeper})

    asyncio.run(main())


def test_threads_are_found_where_they_are_unless_they_are_idle() -> None:
    begun, end = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        end.wait()

    async def main() -> None:
        work = asyncio.create_task(asyncio.to_thread(block))
        try:
            while not begun.is_set():
                await asyncio.sleep(0.01)
            places = list(places_of_threads())
        finally:
            end.set()
        (place,) = places
        found = r"thread asyncio_\d in test_leftover\.py, line \d+, in test_threads.*block"
        assert re.fullmatch(found, place)
        await work
        deadline = time.monotonic() + 20
        while list(places_of_threads()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_where_nothing_is_left_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        warn(loop)
    finally:
        loop.close()
    assert not caplog.records
