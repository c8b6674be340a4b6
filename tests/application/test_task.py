"""The task that a handler runs in: to the handler, it is a task as any other.

Every test runs on asyncio's loop and on uvloop's, and asks several times, so that a request meets
whatever the one before has left behind.
"""

import asyncio
import contextvars
import gc
import sys
import weakref
from typing import Any

import pytest

from japy import Request, Response
from japy.core import COMPILED
from tests.support.ask import OnLoop, ask, bodies, serve
from tests.support.handlers import get

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

# The current task.


def test_a_handler_runs_in_a_task(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        before = asyncio.current_task()
        assert isinstance(before, asyncio.Task)
        assert before in asyncio.all_tasks()
        assert not before.done()
        assert before.get_loop() is asyncio.get_running_loop()
        await asyncio.sleep(0)
        assert asyncio.current_task() is before
        return request.Response("fine")

    assert ask(app, handler) == ["fine", "fine"]


def test_outside_of_coroutines_there_is_no_task(app: OnLoop) -> None:
    tasks = []

    def handler(request: Request) -> Response:
        tasks.append(asyncio.current_task())
        return request.Response()

    async def quick(request: Request) -> Response:
        return request.Response()

    app.router.add_route("/quick", quick)
    with serve(app, handler) as server:
        server.connect().send(get("/quick") + get("/") + get("/quick") + get("/"))
        server.call(lambda: tasks.append(asyncio.current_task()))
    assert tasks == [None, None, None]


@pytest.mark.parametrize("waits", [False, True])
def test_a_task_that_is_kept_ends_like_its_handler(app: OnLoop, waits: bool) -> None:
    kept: list[asyncio.Task[object]] = []

    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        assert task not in kept
        kept.append(task)
        if waits:
            await asyncio.sleep(0)
        if len(kept) == 3:
            raise LookupError("on purpose")
        return request.Response("fine")

    assert ask(app, handler, 4) == ["fine", "fine", "Internal Server Error", "fine"]
    assert all(task.done() for task in kept)
    assert [type(task.exception()) for task in kept] == [
        type(None),
        type(None),
        LookupError,
        type(None),
    ]
    assert isinstance(kept[0].result(), Response)


@pytest.mark.parametrize("waits", [False, True])
def test_a_callback_on_the_task_is_called(app: OnLoop, waits: bool) -> None:
    called: list[str] = []

    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        query = request.query_string or ""
        task.add_done_callback(lambda _: called.append(query))
        if waits:
            await asyncio.sleep(0)
        return request.Response("fine")

    with serve(app, handler) as server:
        wire = server.connect()
        wire.send(get("/?0"))
        assert called == ["0"]
        wire.send(get("/?1"))
        assert called == ["0", "1"]


def test_what_is_kept_by_weak_reference_to_the_task_is_not_inherited(app: OnLoop) -> None:
    notes: weakref.WeakKeyDictionary[asyncio.Task[Any], str] = weakref.WeakKeyDictionary()

    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        return request.Response(notes.setdefault(task, request.query_string or ""))

    assert ask(app, handler) == ["0", "1"]


def test_a_name_is_not_inherited(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        name = task.get_name()
        task.set_name("mine")
        return request.Response("new" if name != "mine" else "old")

    assert ask(app, handler) == ["new", "new"]


# Context variables.


def test_context_variables_are_of_one_request(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        found = variable.get()
        variable.set("changed")
        if request.query_string != "1":
            await asyncio.sleep(0)
        return request.Response(f"{found} {variable.get()}")

    outer = variable.set("outer")
    try:
        assert ask(app, handler, 4) == ["outer changed"] * 4
    finally:
        variable.reset(outer)


def test_concurrent_requests_have_their_own_context(app: OnLoop) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        variable.set(request.query_string or "")
        await gate.wait()
        return request.Response(f"{request.query_string}={variable.get()}")

    with serve(app, handler) as server:
        wire = server.connect()
        wire.send(b"".join(get(f"/?{i}") for i in range(20)))
        server.call(gate.set)
        assert bodies(wire) == [f"{i}={i}" for i in range(20)]


def test_children_inherit_the_context(app: OnLoop) -> None:
    async def child() -> str:
        return variable.get()

    async def handler(request: Request) -> Response:
        variable.set(request.query_string or "")
        return request.Response(await asyncio.create_task(child()))

    assert ask(app, handler) == ["0", "1"]


def test_a_variable_that_was_reset_is_as_before(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        token = variable.set("x")
        await asyncio.sleep(0)
        variable.reset(token)
        return request.Response(variable.get())

    assert ask(app, handler, 3) == ["unset"] * 3


# Timeouts, groups, cancellation.


def test_a_timeout_ends_a_wait(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return request.Response("timed out")
        return request.Response("never")

    assert ask(app, handler, 3) == ["timed out"] * 3


def test_a_timeout_that_is_over_already_ends_the_first_wait(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        try:
            async with asyncio.timeout(-1):
                await asyncio.sleep(0)
                await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            return request.Response("timed out")
        return request.Response("never")

    assert ask(app, handler, 3) == ["timed out"] * 3


def test_a_timeout_that_does_not_come_leaves_nothing(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        async with asyncio.timeout(60):
            if request.query_string != "1":
                await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return request.Response("in time")

    assert ask(app, handler, 3) == ["in time"] * 3


def test_wait_for_and_gather_and_shield(app: OnLoop) -> None:
    async def child(value: str) -> str:
        await asyncio.sleep(0)
        return value

    async def handler(request: Request) -> Response:
        parts = list(await asyncio.gather(child("a"), child("b")))
        parts.append(await asyncio.wait_for(child("c"), 60))
        parts.append(await asyncio.shield(child("d")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        return request.Response("".join(parts))

    assert ask(app, handler) == ["abcd", "abcd"]


def test_a_task_group_runs_its_children(app: OnLoop) -> None:
    async def child(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def handler(request: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(i)) for i in range(3)]
        return request.Response(str(sum(task.result() for task in tasks)))

    assert ask(app, handler, 3) == ["3"] * 3


def test_a_failing_child_ends_its_group_and_not_the_request(app: OnLoop) -> None:
    async def fail() -> None:
        raise LookupError("on purpose")

    async def handler(request: Request) -> Response:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.Event().wait()
        except* LookupError:
            pass
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return request.Response("lives on")

    assert ask(app, handler, 3) == ["lives on"] * 3


def test_a_handler_that_cancels_itself_is_answered_503(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        if request.query_string in ("0", "1"):
            task.cancel()
        await asyncio.sleep(0)
        return request.Response("fine")

    assert ask(app, handler, 4) == ["Service unavailable"] * 2 + ["fine"] * 2


def test_a_handler_that_cancels_itself_and_ends_harms_nobody(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        if request.query_string == "0":
            task.cancel()
        else:
            await asyncio.sleep(0)
        return request.Response("fine")

    assert ask(app, handler, 3)[1:] == ["fine", "fine"]


def test_a_handler_may_catch_its_cancellation(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("why")
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()
        task.uncancel()
        await asyncio.sleep(0)
        assert task.cancelling() == 0
        return request.Response("went on")

    assert ask(app, handler, 3) == ["went on"] * 3


def test_others_may_cancel_a_handler(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        if request.query_string == "0":
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return request.Response("never")

    assert ask(app, handler) == ["Service unavailable"] * 2


def test_a_late_cancellation_does_not_hit_the_next_request(app: OnLoop) -> None:
    async def handler(request: Request) -> Response:
        task = asyncio.current_task()
        assert task is not None
        if request.query_string == "0":
            asyncio.get_running_loop().call_soon(task.cancel)
            return request.Response("first")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return request.Response("next")

    with serve(app, handler) as server:
        wire = server.connect()
        wire.send(get("/?0") + get("/?1") + get("/?2"))
        assert bodies(wire) == ["first", "next", "next"]


@pytest.mark.skipif(
    sys.version_info >= (3, 12) and not COMPILED,
    reason="frames know who called them, and interpreted ones of the core hold the error",
)
def test_what_a_cancelled_handler_held_does_not_wait_for_the_collector(app: OnLoop) -> None:
    loads: list[weakref.ref[Load]] = []

    async def handler(request: Request) -> Response:
        load = Load()
        loads.append(weakref.ref(load))
        await asyncio.Event().wait()
        return request.Response("never")

    with serve(app, handler) as server:
        gc.collect()
        gc.disable()
        try:
            wire = server.connect()
            wire.send(get("/") * 3)
            wire.disconnect()
            server.run()
            assert [load() for load in loads] == [None] * 3
        finally:
            gc.enable()


class Load:
    """Something large."""
