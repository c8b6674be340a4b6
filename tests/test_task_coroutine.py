"""What coroutines in handlers may do and what they may be: all that asyncio and anyio allow.

Every test runs on asyncio's loop and on uvloop's, and asks several times.
"""

import asyncio
import gc
import types
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pytest

from japy import Request, Response
from tests.support.ask import OnLoop, ask, bodies, serve
from tests.support.handlers import get

# What a coroutine may do.


def test_a_coroutine_may_yield_nothing_many_times(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        for _ in range(5):
            await asyncio.sleep(0)
        return request.Response("fine")

    assert ask(app, handler) == ["fine", "fine"]


@types.coroutine
def nonsense() -> Generator[object, None, None]:
    """Yield to the event loop what it does not understand."""
    yield 5


def test_what_the_loop_does_not_understand_is_an_error(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        if request.query_string == "0":
            with pytest.raises(RuntimeError):
                await nonsense()
        elif request.query_string == "1":
            await nonsense()
        return request.Response("fine")

    assert ask(app, handler, 3) == ["fine", "Internal Server Error", "fine"]


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "kind", [LookupError, StopIteration, StopAsyncIteration, GeneratorExit, SystemExit]
)
def test_whatever_a_coroutine_raises_is_answered(
    app: OnLoop, waits: bool, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: Request) -> Response:
        if waits:
            await asyncio.sleep(0)
        if request.query_string != "1":
            raise kind
        return request.Response("fine")

    assert ask(app, handler, 3) == ["Internal Server Error", "fine", "Internal Server Error"]
    assert len(caplog.records) == 2


def test_a_coroutine_may_use_asynchronous_generators(app: OnLoop) -> None:
    async def numbers() -> AsyncIterator[int]:
        for i in range(3):
            await asyncio.sleep(0)
            yield i

    @asynccontextmanager
    async def resource() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield "open"

    async def handler(request: Request) -> Response:
        async with resource() as state:
            return request.Response(state + "".join([str(i) async for i in numbers()]))

    assert ask(app, handler) == ["open012", "open012"]


def test_a_coroutine_may_wait_for_threads(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        return request.Response(await asyncio.to_thread(lambda: "from a thread"))

    assert ask(app, handler) == ["from a thread"] * 2


def test_what_a_handler_made_is_freed_once_it_has_ended(app: OnLoop) -> None:
    class Large:
        pass

    alive: weakref.WeakSet[Large] = weakref.WeakSet()

    async def handler(request: Request) -> Response:
        mine = Large()
        alive.add(mine)
        if request.query_string != "1":
            await asyncio.sleep(0)
        return request.Response(str(len(alive)))

    with serve(app, handler) as server:
        wire = server.connect()
        for i in range(3):
            wire.send(get(f"/?{i}"))
            gc.collect()
            assert len(alive) == 0
        assert bodies(wire) == ["1"] * 3


def test_many_handlers_wait_at_once(app: OnLoop) -> None:
    waiting = 0

    async def handler(request: Request) -> Response:
        nonlocal waiting
        waiting += 1
        await gate.wait()
        return request.Response(request.query_string)

    gate = asyncio.Event()
    with serve(app, handler) as server:
        wires = [server.connect() for _ in range(100)]
        for wire in wires:
            wire.send(b"".join(get(f"/?{i}") for i in range(10)))
        assert waiting == 1000
        server.call(gate.set)
        for wire in wires:
            assert bodies(wire) == [str(i) for i in range(10)]


# Every kind of callable.


class Instance:
    """An object with a coroutine function as `__call__`, and a bound method."""

    async def __call__(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response("fine")

    async def method(self, request: Request) -> Response:
        return request.Response("fine")


async def plain(request: Request) -> Response:
    """Be a coroutine function."""
    return request.Response("fine")


async def slow(request: Request) -> Response:
    """Be a coroutine function that waits."""
    await asyncio.sleep(0)
    return request.Response("fine")


class Awaiting:
    """An awaitable that is no coroutine."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def __await__(self) -> Generator[Any, None, Response]:
        return slow(self.request).__await__()


def future(request: Request) -> Awaitable[Response]:
    """Return a future that is done."""
    result = asyncio.get_running_loop().create_future()
    result.set_result(request.Response("fine"))
    return result


@types.coroutine
def old_style(request: Request) -> Generator[Any, Any, Response]:
    """Be a generator-based coroutine."""
    return (yield from slow(request).__await__())


@pytest.mark.parametrize(
    "handler",
    [
        plain,
        slow,
        partial(plain),
        partial(slow),
        Instance(),
        Instance().method,
        lambda request: plain(request),
        lambda request: slow(request),
        Awaiting,
        future,
        old_style,
        lambda request: asyncio.ensure_future(slow(request)),
        lambda request: asyncio.shield(slow(request)),
    ],
)
def test_every_callable_that_returns_an_awaitable_is_a_handler(
    app: OnLoop, handler: Callable[[Request], Any]
) -> None:
    assert ask(app, handler, 3) == ["fine"] * 3


@pytest.mark.parametrize("returned", [200, True, {1}, b"".join, asyncio.sleep, iter(())])
@pytest.mark.parametrize("kind", ["sync", "quick", "slow"])
def test_what_is_no_response_is_answered_500(
    app: OnLoop, returned: object, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def quick(request: Request) -> object:
        return returned

    async def late(request: Request) -> object:
        await asyncio.sleep(0)
        return returned

    handlers: dict[str, Callable[[Request], object]]
    handlers = {"sync": lambda request: returned, "quick": quick, "slow": late}
    assert ask(app, handlers[kind]) == ["Internal Server Error"] * 2
    assert f"got {type(returned).__name__}" in str(caplog.records[0].exc_info)


def test_a_coroutine_that_returns_a_coroutine_is_no_handler(app: OnLoop) -> None:
    async def handler(request: Request) -> object:
        inner = slow(request)
        inner.close()  # or Python warns of it
        return inner

    assert ask(app, handler) == ["Internal Server Error"] * 2


# anyio.


def test_anyio_scopes_and_groups(app: OnLoop) -> None:
    async def child(parts: list[str]) -> None:
        await anyio.sleep(0)
        parts.append("child")

    async def handler(request: Request) -> Response:
        parts: list[str] = []
        with anyio.move_on_after(0.001) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        async with anyio.create_task_group() as group:
            group.start_soon(child, parts)
        with anyio.fail_after(60):
            parts.append(await anyio.to_thread.run_sync(lambda: "thread"))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep(0)
        assert scope.cancelled_caught
        return request.Response(" ".join(parts))

    assert ask(app, handler, 3) == ["child thread"] * 3


def test_anyio_scopes_without_a_wait(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        with anyio.move_on_after(60), anyio.CancelScope():
            pass
        return request.Response(anyio.get_cancelled_exc_class().__name__)

    assert ask(app, handler, 3) == ["CancelledError"] * 3
