"""Blocking functions in threads: results, errors, context variables, cancellation."""

import asyncio
import contextvars
import threading
from typing import Any, assert_type

import pytest

from japy.application.thread import run_in_thread

name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


def add(a: int, b: int = 0) -> int:
    """Add in a thread that is not the main one."""
    assert threading.current_thread() is not threading.main_thread()
    return a + b


def test_arguments_and_result() -> None:
    async def use() -> int:
        result = await run_in_thread(add, 1, b=2)
        assert_type(result, int)
        return result

    assert asyncio.run(use()) == 3


@pytest.mark.parametrize("called", [None, 3])
def test_what_a_function_has_returned_is_no_function(called: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a function; got .*: pass the function and its"):
        asyncio.run(run_in_thread(called))


def test_a_function_may_have_a_parameter_of_any_name() -> None:
    def named(function: str, args: str) -> str:
        return function + args

    assert asyncio.run(run_in_thread(named, function="a", args="b")) == "ab"


def test_the_loop_goes_on_meanwhile() -> None:
    async def use() -> None:
        is_set = threading.Event()
        waiting = asyncio.create_task(run_in_thread(is_set.wait, 10))
        await asyncio.sleep(0)
        is_set.set()
        assert await waiting

    asyncio.run(use())


@pytest.mark.parametrize("error", [LookupError("on purpose"), SystemExit(1)])
def test_errors_are_passed_on(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def use() -> BaseException | None:
        try:
            await run_in_thread(fail)
        except BaseException as caught:
            return caught
        return None

    assert asyncio.run(use()) is error


def test_the_end_of_an_iterator_is_an_error_that_arrives() -> None:
    iterator = iter([1])

    async def use() -> None:
        assert await run_in_thread(next, iterator) == 1
        async with asyncio.timeout(10):
            with pytest.raises(RuntimeError, match="raised StopIteration"):
                await run_in_thread(next, iterator)

    asyncio.run(use())


def test_context_variables_go_in_and_not_out() -> None:
    def read_and_set() -> str:
        seen = name.get()
        name.set("thread")
        return seen

    async def use() -> None:
        name.set("caller")
        assert await run_in_thread(read_and_set) == "caller"
        assert name.get() == "caller"

    asyncio.run(use())


def test_who_waits_can_be_cancelled_and_the_function_runs_on() -> None:
    is_told, has_ended = threading.Event(), threading.Event()

    def block() -> None:
        is_told.wait(10)
        has_ended.set()

    async def use() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await run_in_thread(block)
        assert not has_ended.is_set()
        is_told.set()

    asyncio.run(use())
    assert has_ended.is_set()


def test_a_coroutine_function_needs_no_thread() -> None:
    async def use() -> None:
        pass

    with pytest.raises(TypeError, match=r"expected a function; await <function .*use.*> instead"):
        _ = asyncio.run(run_in_thread(use))
