"""Drain: in a hurry what is idle is closed; else it may ask once more."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from japy import Application, Request, Response
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.serving.drain import POLL_S, Drain
from japy.serving.entrance import Entrance
from japy.settings.config import Config

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class Stage:
    """A server on a loop, and its drain."""

    def __init__(self, seconds: float, is_hurried: bool) -> None:
        self.app = Application()
        self.app.router.add_route("/", lambda request: request.Response(text="hello"))
        self.app.router.add_route("/wait", self.wait)
        self.app.router.add_route("/busy", self.keep_busy)
        self.service: Service = self.app.service(None, None, None)
        self.release = asyncio.Event()
        self.meanwhile: Callable[[], object] = list  # what happens while a handler is busy
        self.is_hurried = is_hurried
        self.has_ended = False
        entrance = Entrance(Config())
        self.drain = Drain(self.service, entrance, seconds, lambda: self.is_hurried, self.end)

    async def wait(self, request: Request) -> Response:
        """Answer when the test says so."""
        await self.release.wait()
        return request.Response(text="waited")

    def keep_busy(self, request: Request) -> Response:
        """Keep the loop from what it should do, until after the moment to close."""
        self.meanwhile()
        time.sleep(3 * POLL_S)
        return request.Response(text="busy")

    def end(self) -> None:
        """Take note that handlers are about to be cancelled."""
        self.has_ended = True


def on_stage(
    seconds: float,
    is_hurried: bool,
    act: Callable[[Stage, Callable[[], Awaitable[Streams]]], Awaitable[None]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Stage:
    """Run an act with a server."""

    async def use() -> Stage:
        loop = asyncio.get_running_loop()
        stage = Stage(seconds, is_hurried)
        server = await loop.create_server(
            lambda: Connection(stage.service),  # type: ignore[arg-type,return-value]  # see core.protocol: no subclass of asyncio.Protocol
            "127.0.0.1",
            0,
        )
        address = server.sockets[0].getsockname()
        async with server:
            await act(stage, lambda: asyncio.open_connection(*address[:2]))
        return stage

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(use())


async def answer(streams: Streams, request: bytes = GET) -> bytes:
    """Send a request and return head and body of the answer."""
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].split()[0])
    return head + await reader.readexactly(size)


def test_idle_connections_are_closed_at_once_in_a_hurry(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        clients = [await connect() for _ in range(2)]
        for client in clients:
            await answer(client)
        await stage.drain.run(asyncio.get_running_loop())
        for reader, writer in clients:
            assert await reader.read() == b""
            writer.close()

    on_stage(5, True, act)
    assert capsys.readouterr().out == (
        "Draining connections...\n2 idle connections closed immediately\n"
    )


def test_idle_connections_may_ask_once_more_if_others_serve(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        client, silent = await connect(), await connect()
        await answer(client)
        await answer(silent)
        drain = asyncio.create_task(stage.drain.run(asyncio.get_running_loop()))
        await asyncio.sleep(0.2)  # longer than the first look of the drain
        assert len(stage.service.connections) == 2
        assert b"Connection: close" in await answer(client)
        assert await client[0].read() == b""
        client[1].close()
        stage.is_hurried = True
        await drain
        assert await silent[0].read() == b""
        silent[1].close()

    on_stage(60, False, act)
    assert capsys.readouterr().out == (
        "Draining connections...\n2 idle connections closed behind their next answer\n"
        "1 idle connections closed immediately\n"
    )


def test_what_is_idle_to_the_end_is_closed_then() -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        client = await connect()
        await answer(client)
        await stage.drain.run(asyncio.get_running_loop())
        assert await client[0].read() == b""
        client[1].close()

    assert on_stage(0.1, False, act).has_ended


def test_what_is_busy_is_waited_for_and_then_killed(capsys: pytest.CaptureFixture[str]) -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        client = await connect()
        client[1].write(GET.replace(b"/ ", b"/wait "))
        await asyncio.sleep(0.05)
        await stage.drain.run(asyncio.get_running_loop())
        assert (await client[0].read()).startswith(b"HTTP/1.1 503 ")
        client[1].close()

    on_stage(0.1, False, act)
    text = capsys.readouterr().out
    assert "1 connections busy, read-end closed\n" in text
    assert "1 seconds remaining, 1 connections still busy\n" in text
    assert text.endswith("Forcefully killing 1 connections\n")


def test_without_connections_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        await stage.drain.run(asyncio.get_running_loop())

    on_stage(5, True, act)
    assert capsys.readouterr().out == ""


def test_what_has_come_but_was_not_read_yet_is_answered_in_a_hurry() -> None:
    async def act(stage: Stage, connect: Connect) -> None:
        loop = asyncio.get_running_loop()
        streams, other = await connect(), await connect()
        await answer(streams)
        number = streams[1].get_extra_info("socket").fileno()
        stage.meanwhile = lambda: os.write(number, GET)
        loop.call_later(POLL_S / 2, other[1].write, GET.replace(b"/", b"/busy", 1))
        await stage.drain.run(loop)
        assert b"Connection: close" in await streams[0].read()
        for _, writer in (streams, other):
            writer.close()
            await writer.wait_closed()

    on_stage(5, True, act, uvloop.new_event_loop)  # which serves timers before it reads
