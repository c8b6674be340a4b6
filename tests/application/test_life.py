"""Hooks and lifespans: in which order they run, what cannot be one, what failures do."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from japy.application.life import Life
from tests.support.life import LOOPS, Place, Run, errors, failure_of, running_on


@pytest.fixture
def place() -> Place:
    """Return a place with a life."""
    return Place()


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Return what runs a coroutine on either loop."""
    with running_on(request.param) as run:
        yield run


# The order.


def test_everything_in_its_order(place: Place, run: Run) -> None:
    place.life.add_startup(place.hook("up 1"))
    place.life.add_lifespan(place.lifespan("outer"))
    place.life.add_shutdown(place.hook("down 1"))
    place.life.add_lifespan(place.lifespan("inner"))
    place.life.add_startup(place.hook("up 2"))
    place.life.add_shutdown(place.hook("down 2"))
    run(place.use())
    order = "enter outer, enter inner, up 1, up 2, serve, down 2, down 1, leave inner, leave outer"
    assert place.lines == order.split(", ")


def test_a_life_without_hooks(place: Place, run: Run) -> None:
    run(place.use())
    assert place.lines == ["serve"]


def test_it_can_be_started_again(place: Place, run: Run) -> None:
    place.life.add_startup(place.hook("up"))
    place.life.add_lifespan(place.lifespan("life"))
    run(place.use())
    place.life.add_startup(place.hook("up, too"))
    place.lines.clear()
    run(place.use())
    assert place.lines == ["enter life", "up", "up, too", "serve", "leave life"]


def test_hooks_may_be_synchronous_or_not_and_take_the_application_or_not(
    place: Place, run: Run
) -> None:
    seen: list[object] = []

    async def waits(app: object) -> None:
        await asyncio.sleep(0)
        seen.append(app)

    async def without() -> None:
        seen.append("without")

    def with_default(timeout: float = 5) -> None:
        seen.append(timeout)

    def with_keywords(app: object, *args: object, strict: bool = True, **more: object) -> None:
        seen.append((app, args, strict, more))

    class Pool:
        async def open(self, app: object, wait: bool = False) -> None:
            seen.append((app, wait))

    place.life.add_startup(waits)
    place.life.add_startup(without)
    place.life.add_startup(with_default)
    place.life.add_startup(with_keywords)
    place.life.add_startup(Pool().open)
    place.life.add_startup(functools.partial(with_default, timeout=1))
    place.life.add_startup(functools.wraps(waits)(lambda: seen.append("wraps")))
    place.life.add_startup(functools.wraps(waits)(lambda *args: seen.append(args)))
    place.life.add_startup(seen.append)
    place.life.add_startup(dict)  # a class without a signature
    run(place.use())
    more: dict[str, object] = {}
    expected = [place, "without", 5, (place, (), True, more), (place, False), 1]
    assert seen == [*expected, "wraps", (place,), place]


def test_lifespans_of_every_kind(place: Place, run: Run) -> None:
    @contextlib.asynccontextmanager
    async def decorated(app: Place) -> AsyncIterator[None]:
        app.lines.append("enter decorated")
        yield
        app.lines.append("leave decorated")

    class Resource:
        def __init__(self, app: Place) -> None:
            self.app = app

        async def __aenter__(self) -> "Resource":
            self.app.lines.append("enter class")
            return self

        async def __aexit__(self, *error: object) -> None:
            self.app.lines.append("leave class")

    place.life.add_lifespan(decorated)
    place.life.add_lifespan(Resource)
    place.life.add_lifespan(functools.partial(Resource, place))
    run(place.use())
    entered = ["enter decorated", "enter class", "enter class"]
    assert place.lines == [*entered, "serve", "leave class", "leave class", "leave decorated"]


# What cannot be.


async def coroutine_function() -> None:
    pass


def generator_function() -> Iterator[None]:
    yield


async def async_generator_function() -> AsyncIterator[None]:
    yield


def of_two(app: object, loop: object) -> None:
    pass


def of_keyword(*, app: object) -> None:
    pass


@pytest.mark.parametrize(
    ("add", "value", "message"),
    [
        (Life.add_startup, None, "startup hook: expected a function; got None"),
        (Life.add_shutdown, "close", "shutdown hook: expected a function; got 'close'"),
        (Life.add_lifespan, 1, "lifespan: expected a function; got 1"),
        (Life.add_startup, of_two, r"of_two \(.*\): expected no parameter but .*; got app, loop"),
        (Life.add_startup, of_keyword, "of_keyword .*: expected no parameter but .*; got app"),
        (Life.add_startup, async_generator_function, "one is a lifespan"),
        (Life.add_shutdown, generator_function, "one is a lifespan"),
        (Life.add_lifespan, coroutine_function, "expected an async generator; write `async def`"),
        (Life.add_lifespan, generator_function, "expected an async generator; write `async def`"),
        (
            Life.add_lifespan,
            contextlib.contextmanager(generator_function),
            "lifespan generator_function .*: expected an async generator; write `async def`",
        ),
        (
            Life.add_lifespan,
            contextlib.asynccontextmanager(coroutine_function),  # type: ignore[arg-type]  # the mistake
            "lifespan coroutine_function .*: expected an async generator; write `async def`",
        ),
    ],
)
def test_what_cannot_be_a_hook_is_refused_at_once(
    place: Place, add: Callable[[Life, object], None], value: object, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        add(place.life, value)


def test_a_lifespan_that_returns_something_else(place: Place, run: Run) -> None:
    place.life.add_lifespan(lambda: None)
    with pytest.raises(
        TypeError, match=r"lifespan .*<lambda> .*: expected .*; got NoneType, write"
    ):
        run(place.life.start())
    other = Place()
    other.life.add_lifespan(lambda: coroutine_function())
    with pytest.raises(TypeError, match="got coroutine, write `async def`"):
        run(other.life.start())


async def never(is_ready: bool = False) -> AsyncIterator[None]:
    if is_ready:
        yield


async def twice() -> AsyncIterator[None]:
    yield
    yield


@pytest.mark.parametrize("decorate", [lambda f: f, contextlib.asynccontextmanager])
def test_a_lifespan_that_does_not_yield(
    place: Place, run: Run, decorate: Callable[[object], Callable[..., object]]
) -> None:
    place.life.add_lifespan(decorate(never))
    with pytest.raises(
        RuntimeError, match=r"lifespan never \(.*\): expected one `yield`.*; got no"
    ):
        run(place.life.start())


@pytest.mark.parametrize("decorate", [lambda f: f, contextlib.asynccontextmanager])
def test_a_lifespan_that_yields_twice(
    place: Place,
    run: Run,
    caplog: pytest.LogCaptureFixture,
    decorate: Callable[[object], Callable[..., object]],
) -> None:
    place.life.add_lifespan(decorate(twice))
    with pytest.raises(ExceptionGroup) as caught:
        run(place.use())
    assert "lifespan twice" in str(caught.value.exceptions[0])
    assert str(caught.value.exceptions[0]).endswith("serves; got another one")
    assert len(errors(caplog)) == 1


def test_a_runtime_error_of_a_lifespan_stays_what_it_is(place: Place, run: Run) -> None:
    error = RuntimeError("no database")

    async def fail() -> AsyncIterator[None]:
        for failure in [error]:
            raise failure
        yield

    place.life.add_lifespan(fail)
    with pytest.raises(RuntimeError) as caught:
        run(place.life.start())
    assert caught.value is error


def test_it_cannot_be_started_twice_at_once(place: Place, run: Run) -> None:
    async def use() -> None:
        await place.life.start()
        with pytest.raises(RuntimeError, match="has started already: stop it first"):
            await place.life.start()
        with pytest.raises(RuntimeError, match=r"startup hook .*: hooks are fixed once"):
            place.life.add_startup(place.hook("late"))
        with pytest.raises(RuntimeError, match=r"lifespan .*: hooks are fixed once"):
            place.life.add_lifespan(place.lifespan("late"))
        await place.life.stop()
        await place.life.stop()

    run(use())


# Failures.


@pytest.mark.parametrize(
    "error", [LookupError("on purpose"), SystemExit(1), asyncio.CancelledError(), StopIteration()]
)
def test_a_startup_that_fails_is_undone(place: Place, run: Run, error: BaseException) -> None:
    place.life.add_lifespan(place.lifespan("outer"))
    place.life.add_lifespan(place.lifespan("inner"))
    place.life.add_startup(place.hook("fail", error))
    place.life.add_startup(place.hook("too late"))
    place.life.add_shutdown(place.hook("down"))
    raised: list[BaseException] = []

    async def use() -> None:
        try:
            await place.life.start()
        except BaseException as caught:
            raised.append(caught)
        assert "startup hook Place.hook.<locals>.write" in place.life.place
        await place.life.stop()

    run(use())
    assert place.lines[:3] == ["enter outer", "enter inner", "fail"]
    assert place.lines[3].startswith("inner sees")
    assert place.lines[4] == "leave inner"
    assert place.lines[5].startswith("outer sees")
    assert place.lines[6:] == ["leave outer"]
    if isinstance(error, StopIteration):  # which no coroutine can raise
        assert isinstance(raised[0], RuntimeError)
    else:
        assert raised == [error]


def test_a_lifespan_cannot_hide_that_the_startup_has_failed(place: Place, run: Run) -> None:
    async def hide() -> AsyncIterator[None]:
        with contextlib.suppress(LookupError):
            yield

    place.life.add_lifespan(hide)
    place.life.add_startup(place.hook("fail", LookupError("on purpose")))
    with pytest.raises(LookupError, match="on purpose"):
        run(place.life.start())


def test_a_startup_that_has_failed_can_be_tried_again(place: Place, run: Run) -> None:
    failures = [LookupError("on purpose")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    place.life.add_startup(fail_once)
    with pytest.raises(LookupError):
        run(place.life.start())
    run(place.use())
    assert place.lines == ["serve"]


def test_a_startup_that_is_cancelled_is_undone(place: Place, run: Run) -> None:
    async def hang() -> None:
        place.lines.append("hang")
        await asyncio.Event().wait()

    place.life.add_lifespan(place.lifespan("life"))
    place.life.add_startup(hang)
    place.life.add_shutdown(place.hook("down"))

    async def use() -> None:
        starting = asyncio.create_task(place.life.start())
        while "hang" not in place.lines:
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    run(use())
    assert place.lines == ["enter life", "hang", "life sees CancelledError()", "leave life"]


def test_what_fails_at_the_end_keeps_nothing_from_running(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = LookupError("1"), OSError("2"), ValueError("3")
    place.life.add_lifespan(place.lifespan("outer"))
    place.life.add_lifespan(place.lifespan("inner", third))
    place.life.add_shutdown(place.hook("down 1", second))
    place.life.add_shutdown(place.hook("down 2", first))
    with pytest.raises(ExceptionGroup, match="did not shut down cleanly") as caught:
        run(place.use())
    assert caught.value.exceptions == (first, second, third)
    assert place.lines[3:] == ["down 2", "down 1", "leave inner", "leave outer"]
    assert [failure_of(record) for record in caplog.records] == [first, second, third]
    assert errors(caplog)[0].startswith("shutdown hook Place.hook.<locals>.write (")
    assert errors(caplog)[2].startswith("lifespan Place.lifespan.<locals>.life (")


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(1)])
def test_what_is_no_exception_ends_nothing_else_either(
    place: Place, run: Run, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    place.life.add_lifespan(place.lifespan("outer"))
    place.life.add_lifespan(place.lifespan("inner", error))
    place.life.add_shutdown(place.hook("down 1"))
    place.life.add_shutdown(place.hook("down 2", error))
    with pytest.raises(ExceptionGroup) as caught:
        run(place.use())
    assert [failure.__cause__ for failure in caught.value.exceptions] == [error, error]
    assert place.lines[3:] == ["down 2", "down 1", "leave inner", "leave outer"]
    assert len(errors(caplog)) == 2


def test_a_stop_that_is_cancelled_interrupts_what_hangs(place: Place, run: Run) -> None:
    async def hang() -> None:
        place.lines.append("hang")
        await asyncio.Event().wait()

    place.life.add_lifespan(place.lifespan("life"))
    place.life.add_shutdown(place.hook("down"))
    place.life.add_shutdown(hang)

    async def use() -> None:
        await place.life.start()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await place.life.stop()
        assert place.lines[-1] == "leave life"

    run(use())
    assert place.lines[:3] == ["enter life", "hang", "down"]
