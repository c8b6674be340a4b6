"""The task that a life is, and the background tasks beside it."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import Any

import anyio
import pytest

from tests.support.life import LOOPS, Place, Run, errors, failure_of, name, running_on


@pytest.fixture
def place() -> Place:
    """Return a place with a life."""
    return Place()


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Return what runs a coroutine on either loop."""
    with running_on(request.param) as run:
        yield run


# One task.


def test_a_lifespan_may_hold_open_what_belongs_to_its_task(place: Place, run: Run) -> None:
    async def groups() -> AsyncIterator[None]:
        async with (
            asyncio.timeout(60),
            asyncio.TaskGroup() as tasks,
            anyio.create_task_group() as g,
        ):
            done = asyncio.Event()
            tasks.create_task(done.wait())
            g.start_soon(anyio.sleep, 60)
            with anyio.CancelScope():
                yield
            done.set()
            g.cancel_scope.cancel()

    place.life.add_lifespan(groups)
    run(place.use())
    assert place.lines == ["serve"]


def ends_by_itself(place: Place, run: Run) -> list[Exception]:
    """Run a life until it ends without being told to; return what the stop raises."""
    place.life.add_shutdown(place.hook("down"))
    failures: list[Exception] = []

    async def use() -> None:
        ended = asyncio.Event()
        await place.life.start(ended.set)
        await ended.wait()
        try:
            await place.life.stop()
        except ExceptionGroup as caught:
            failures.extend(caught.exceptions)

    run(use())
    return failures


async def fail_soon() -> None:
    await asyncio.sleep(0.01)
    raise LookupError("on purpose")


def test_a_task_group_that_fails_ends_the_life(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def group() -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail_soon())
            yield

    place.life.add_lifespan(place.lifespan("outer"))
    place.life.add_lifespan(group)
    place.life.add_lifespan(place.lifespan("inner"))
    failures = ends_by_itself(place, run)
    assert isinstance(failures[0], ExceptionGroup)
    assert [str(error) for error in failures[0].exceptions] == ["on purpose"]
    assert place.lines[:3] == ["enter outer", "enter inner", "down"]
    assert place.lines[3].startswith("inner sees CancelledError(")
    assert place.lines[4:] == ["leave inner", "leave outer"]
    assert len(errors(caplog)) == 1


def test_a_time_limit_that_is_reached_ends_the_life(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def limited() -> AsyncIterator[None]:
        async with asyncio.timeout(0.01):
            yield

    place.life.add_lifespan(limited)
    assert [type(error) for error in ends_by_itself(place, run)] == [TimeoutError]
    assert len(errors(caplog)) == 1


def test_a_scope_that_ends_silently_is_a_failure_as_well(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def limited() -> AsyncIterator[None]:
        with anyio.move_on_after(0.01):
            yield

    place.life.add_lifespan(limited)
    failures = ends_by_itself(place, run)
    assert [str(error) for error in failures] == [
        "a lifespan has ended while the application served"
    ]
    assert len(errors(caplog)) == 1


def test_a_life_that_is_never_stopped_ends_with_its_loop(place: Place) -> None:
    place.life.add_lifespan(place.lifespan("life"))
    place.life.add_shutdown(place.hook("down"))
    with asyncio.Runner() as runner:
        runner.run(place.life.start())
    assert place.lines == ["enter life", "down", "life sees CancelledError()", "leave life"]


# Context variables.


def test_requests_can_see_what_startup_has_set(place: Place, run: Run) -> None:
    async def life() -> AsyncIterator[None]:
        name.set("lifespan")
        yield
        place.lines.append(name.get())

    def hook() -> None:
        place.lines.append(name.get())
        name.set("startup")

    place.life.add_lifespan(life)
    place.life.add_startup(hook)

    async def use() -> None:
        await place.life.start()
        place.lines.append(place.life.context[name])
        assert name.get() == "nobody"
        await place.life.stop()

    run(use())
    assert place.lines == ["lifespan", "startup", "startup"]


# Background tasks.


def spawn(place: Place, coro: Coroutine[Any, Any, Any], text: str | None = None) -> None:
    """Run a coroutine in the background, and keep no reference to it."""
    place.life.spawn(coro, name=text)


def test_a_background_task_is_waited_for_before_the_shutdown_hooks(place: Place, run: Run) -> None:
    async def work() -> None:
        await asyncio.sleep(0.01)
        place.lines.append("worked")

    place.life.add_startup(lambda: spawn(place, work()))
    place.life.add_shutdown(place.hook("down"))
    run(place.use())
    assert place.lines == ["serve", "worked", "down"]


def test_a_background_task_is_kept_though_nobody_else_does(place: Place, run: Run) -> None:
    async def wait_for_what_nobody_holds() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place.lines.append("waiting")
        asyncio.get_running_loop().call_later(0.01, future.set_result, None)
        await future
        place.lines.append("worked")

    async def use() -> None:
        spawn(place, wait_for_what_nobody_holds())
        await asyncio.sleep(0)
        gc.collect()
        while place.life.running():
            await asyncio.sleep(0)

    run(use())
    assert place.lines == ["waiting", "worked"]


def test_background_tasks_that_take_too_long_are_cancelled(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def hang(text: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            place.lines.append(text)
            if text == "first":
                spawn(place, hang("of the first"))

    async def use() -> None:
        await place.life.start()
        spawn(place, hang("first"))
        spawn(place, hang("second"))
        await asyncio.sleep(0)
        await place.life.stop(0.01)

    place.life.add_shutdown(place.hook("down"))
    run(use())
    assert sorted(place.lines[:3]) == ["first", "of the first", "second"]
    assert place.lines[3:] == ["down"]
    assert errors(caplog) == []


def test_what_background_tasks_and_shutdown_hooks_spawn_is_awaited(place: Place, run: Run) -> None:
    async def work(left: int) -> None:
        await asyncio.sleep(0)
        place.lines.append(f"work {left}")
        if left:
            spawn(place, work(left - 1))

    async def last() -> None:
        place.lines.append("last begins")
        try:
            await asyncio.Event().wait()
        finally:
            place.lines.append("last ends")

    async def hook() -> None:
        spawn(place, last())
        await asyncio.sleep(0)

    async def use() -> None:
        await place.life.start()
        spawn(place, work(2))
        await place.life.stop()

    place.life.add_shutdown(hook)
    place.life.add_lifespan(place.lifespan("life"))
    run(use())
    worked = ["enter life", "work 2", "work 1", "work 0"]
    assert place.lines == [*worked, "last begins", "leave life", "last ends"]


def test_a_background_task_that_refuses_to_end_is_left_behind(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    released = asyncio.Event()

    async def refuse() -> None:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()

    async def use() -> None:
        await place.life.start()
        spawn(place, refuse(), "stubborn")
        await asyncio.sleep(0)
        await place.life.stop(0)
        released.set()

    place.life.add_shutdown(place.hook("down"))
    run(use())
    assert place.lines == ["down"]
    assert errors(caplog) == ["background task stubborn does not end: it is left behind"]


def test_background_tasks_of_a_startup_that_fails_are_cancelled(place: Place, run: Run) -> None:
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            place.lines.append("cancelled")

    async def start() -> None:
        spawn(place, hang())
        await asyncio.sleep(0)
        raise LookupError("on purpose")

    place.life.add_lifespan(place.lifespan("life"))
    place.life.add_startup(start)
    with pytest.raises(LookupError):
        run(place.life.start())
    assert place.lines[1] == "cancelled"
    assert place.lines[-1] == "leave life"


@pytest.mark.parametrize("error", [LookupError("on purpose"), SystemExit(1), KeyboardInterrupt()])
def test_the_error_of_a_background_task_is_logged_once(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    async def fail() -> None:
        raise error

    async def use() -> None:
        task = place.life.spawn(fail(), name="mail")
        with pytest.raises((LookupError, RuntimeError)):
            await task
        await asyncio.sleep(0)

    run(use())
    assert errors(caplog) == ["background task mail failed"]
    failure = failure_of(caplog.records[0])
    assert failure is error or (failure is not None and failure.__cause__ is error)


def test_a_background_task_that_is_cancelled_is_silent(
    place: Place,
    run: Run,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    async def use() -> None:
        place.life.spawn(asyncio.sleep(60), name=None).cancel()
        begun = place.life.spawn(asyncio.sleep(60), name=None)
        await asyncio.sleep(0)
        assert begun.get_name() == "sleep"
        begun.cancel()
        await asyncio.wait([begun])

    run(use())
    gc.collect()
    assert errors(caplog) == []
    assert [str(warning.message) for warning in recwarn] == []


def test_what_a_background_task_returns_and_the_context_it_runs_in(place: Place, run: Run) -> None:
    async def read() -> str:
        return name.get()

    async def use() -> None:
        name.set("request")
        task = place.life.spawn(read(), name="reader")
        name.set("later")
        assert task.get_name() == "reader"
        assert await task == "request"

    run(use())


async def nothing() -> None:
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (nothing, r"got <function .*; call it: nothing\(...\)"),
        (None, "expected a coroutine; got None$"),
    ],
)
def test_only_coroutines_are_spawned(place: Place, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        place.life.spawn(value, name=None)


def test_without_a_loop_nothing_is_spawned(place: Place, recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(RuntimeError, match="no event loop runs here; call it in a startup hook"):
        place.life.spawn(nothing(), name=None)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_tasks_of_another_loop_are_nobodys_business(place: Place) -> None:
    other = asyncio.new_event_loop()

    async def begin() -> Awaitable[object]:
        return place.life.spawn(asyncio.sleep(60), name=None)

    task = other.run_until_complete(begin())
    with asyncio.Runner() as runner:
        runner.run(place.use())
    assert isinstance(task, asyncio.Task)
    task.cancel()
    other.run_until_complete(asyncio.wait([task]))
    other.close()
