"""The driver: coroutines up to their first wait, in the name of a task that serves again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from japy import Application, Request, Response
from tests.support.handlers import get
from tests.support.wire import Server

Serve = Callable[[Application], Server]


@pytest.fixture
def ids(serve: Serve) -> Callable[[Callable[[], Coroutine[Any, Any, None]], int], list[int]]:
    """Return what runs a coroutine in that many requests, and tells which task each ran in."""

    def collect(body: Callable[[], Coroutine[Any, Any, None]], times: int) -> list[int]:
        found: list[int] = []

        async def handler(request: Request) -> Response:
            found.append(id(asyncio.current_task()))
            await body()
            return request.Response()

        app = Application()
        app.router.add_route("/", handler)
        server = serve(app)
        wire = server.connect()
        for _ in range(times):
            wire.send(get("/"))
        server.until(lambda: wire.has_answers(times))
        return found

    return collect


async def nothing() -> None:
    """End without waiting."""


async def fail() -> None:
    """End with an exception."""
    raise LookupError("on purpose")


kept: list[object] = []


async def keep() -> None:
    """Keep the task."""
    kept.append(asyncio.current_task())


def test_one_task_serves_coroutines_that_do_not_wait(ids: Any) -> None:
    assert len(set(ids(nothing, 20))) == 1
    assert len(set(ids(fail, 20))) == 1


def test_a_task_that_somebody_holds_serves_nobody_else(ids: Any) -> None:
    assert len(set(ids(keep, 20))) == 20
    kept.clear()


def test_coroutines_that_wait_at_the_same_time_have_their_own_tasks(serve: Serve) -> None:
    tasks: set[object] = set()
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        tasks.add(asyncio.current_task())
        await gate.wait()
        return request.Response()

    app = Application()
    app.router.add_route("/", handler)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/") * 30)
    assert len(tasks) == 30
    server.call(gate.set)
    assert wire.has_answers(30)


def test_nothing_is_left_on_the_loop_but_tasks_at_their_gates(serve: Serve) -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response()

    app = Application()
    app.router.add_route("/", handler)
    server = serve(app)
    server.connect().send(get("/") * 10)
    counts = []
    for _ in range(3):
        server.connect().send(get("/") * 10)
        counts.append(len(asyncio.all_tasks(server.loop)))
    assert counts[0] == counts[2], "the number of waiting tasks does not grow"


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_ends_leaves_no_noise(
    new_loop: Callable[[], asyncio.AbstractEventLoop], capsys: pytest.CaptureFixture[str]
) -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response()

    app = Application()
    app.router.add_route("/", handler)
    with Server(app, new_loop) as server:
        server.connect().send(get("/") * 3)
    del server
    assert capsys.readouterr().err == ""
