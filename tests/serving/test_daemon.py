"""A service as a worker serves it: which connections it has, and how they end."""

import asyncio
import contextvars
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from japy import Limits, Service
from japy.serving.daemon import Daemon, servers_of
from japy.serving.entrance import Entrance
from japy.serving.link import Link
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import listen
from japy.supervisor.place import Listener

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name")
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Return what runs a coroutine on an event loop."""

    def run(coro: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(coro, 20))

    return run


class Echo(asyncio.Protocol):
    """A protocol that sends back."""

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


class Buffered(asyncio.BufferedProtocol):
    """The same with a buffer of its own."""

    def __init__(self) -> None:
        self.buffer = bytearray(100)

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return where to read to."""
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Send it back."""
        self.transport.write(bytes(self.buffer[:nbytes]))


class Streams(Service):
    """A handler that sends back, and fails when asked to."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send each line back."""
        while line := await reader.readline():
            if line == b"fail\n":
                raise LookupError("on purpose")
            writer.write(line)


class Protocols(Service):
    """The protocol above."""

    protocol_factory = Echo


class Buffers(Service):
    """The other protocol."""

    protocol_factory = Buffered


class Made(Service):
    """A server by the loop, with a helper of asyncio's."""

    async def make_servers(self, sockets: list[socket.socket]) -> list[asyncio.Server]:
        """Start one for each socket."""
        return [await asyncio.start_server(self.serve, sock=sock) for sock in sockets]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send each line back; who starts servers closes connections, too."""
        await Streams().handle(reader, writer)
        writer.close()


KINDS = [Streams, Protocols, Buffers, Made]


@asynccontextmanager
async def served(
    service: Service, limits: Limits | None = None
) -> AsyncIterator[tuple[Daemon, tuple[str, int]]]:
    """Serve a service on a port."""
    daemon = Daemon(service, "service 'x'", limits or Limits(), 8, Entrance(Config()))
    await daemon.start(lambda: None)
    here = listen("127.0.0.1", 0, 8)
    servers = await daemon.open([Listener(Bind("tcp", "127.0.0.1"), here)])
    await daemon.begin()
    yield daemon, here.getsockname()
    for server in servers:
        server.close()
    await daemon.finish()
    await daemon.life.stop(0.0)


async def gone(daemon: Daemon) -> None:
    """Wait until no connection is left."""
    while daemon.connections:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("kind", KINDS)
def test_connections_count_until_they_have_ended(kind: type[Service], run: Run) -> None:
    async def use() -> None:
        async with served(kind()) as (daemon, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            (link,) = daemon.connections
            assert not link.is_idle()
            link.drain()
            writer.write(b"again\n")
            assert await reader.readline() == b"again\n"
            writer.close()
            await gone(daemon)
            assert (daemon.accepted, daemon.turned_away) == (1, 0)

    run(use())


@pytest.mark.parametrize("end", [Link.abandon, Link.close])
@pytest.mark.parametrize("kind", KINDS)
def test_connections_can_be_ended(
    kind: type[Service], end: Callable[[Link], None], run: Run
) -> None:
    async def use() -> None:
        async with served(kind()) as (daemon, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"hello\n")
            await reader.readline()
            for link in daemon.connections:
                end(link)
            assert await read_end(reader) == b""
            await gone(daemon)
            writer.close()

    run(use())


async def read_end(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the end, whether that is a reset or not."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_room_for_so_many(kind: type[Service], run: Run) -> None:
    async def use() -> None:
        async with served(kind(), Limits(connections=1)) as (daemon, address):
            first = await asyncio.open_connection(*address)
            first[1].write(b"hello\n")
            await first[0].readline()
            second = await asyncio.open_connection(*address)
            assert await read_end(second[0]) == b""
            assert daemon.turned_away == 1
            first[1].close()
            await gone(daemon)
            third = await asyncio.open_connection(*address)
            third[1].write(b"hello\n")
            assert await third[0].readline() == b"hello\n"
            for _, writer in (second, third):
                writer.close()

    run(use())


def test_who_is_turned_away_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    daemon = Daemon(Streams(), "service 'x'", Limits(), 8, Entrance(Config()))
    daemon.turned_away = 2
    daemon.tick("")
    daemon.tick("")
    text = "service 'x': 2 connections beyond 16384 were closed (--limit-concurrency)"
    assert [record.getMessage() for record in caplog.records] == [text]


def test_a_handler_that_fails_is_logged_and_its_connection_closed(
    caplog: pytest.LogCaptureFixture, run: Run
) -> None:
    async def use() -> None:
        async with served(Streams()) as (daemon, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"fail\n")
            assert await reader.read() == b""
            writer.close()
            await gone(daemon)

    run(use())
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "service 'x' failed with a client at ('127.0.0.1'" in record.getMessage()
    text = logging.Formatter().format(record)
    assert "LookupError: on purpose" in text
    assert "daemon.py" not in text.replace("test_daemon.py", "")


def test_a_factory_that_fails_closes_the_connection(run: Run) -> None:
    class Fails(Service):
        def protocol_factory(self) -> asyncio.Protocol:
            raise LookupError("on purpose")

    async def use() -> None:
        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, told_: told.append(told_))
        async with served(Fails()) as (daemon, address):
            reader, writer = await asyncio.open_connection(*address)
            assert await read_end(reader) == b""
            writer.close()
            await gone(daemon)
        assert [str(each["exception"]) for each in told] == ["on purpose"]

    run(use())


class Hooked(Service):
    """A service that writes down what it is asked."""

    def __init__(self, broken: str = "") -> None:
        self.lines: list[str] = []
        self.broken = broken
        self.task: asyncio.Task[Any] | None = None

    def note(self, name: str) -> None:
        """Take note of a hook."""
        self.lines.append(name)
        if name == self.broken:
            raise LookupError("on purpose")

    async def pre_start(self) -> None:
        """Open what is closed in cleanup, in the same task."""
        NAME.set("set")
        self.task = asyncio.current_task()
        self.note("pre_start")

    def start(self) -> None:
        """Take note."""
        self.note(f"start {NAME.get()}")

    async def stop(self) -> None:
        """Take note."""
        self.note(f"stop {NAME.get()}")

    def cleanup(self) -> None:
        """Take note."""
        assert asyncio.current_task() is self.task
        self.note("cleanup")

    async def make_servers(self, sockets: list[socket.socket]) -> asyncio.Server:
        """Return one server, not in a list."""
        self.note(f"make_servers {NAME.get()}")
        return await asyncio.start_server(self.handle, sock=sockets[0])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say what connections see."""
        writer.write(NAME.get().encode())
        writer.close()


def test_hooks_come_in_their_order_and_see_what_the_first_has_set(run: Run) -> None:
    service = Hooked()

    async def use() -> None:
        async with served(service) as (_, address):
            reader, writer = await asyncio.open_connection(*address)
            assert await reader.read() == b"set"
            writer.close()

    run(use())
    order = "pre_start, make_servers set, start set, stop set, cleanup"
    assert service.lines == order.split(", ")


def test_cleanup_comes_also_if_pre_start_has_failed(run: Run) -> None:
    service = Hooked("pre_start")

    async def use() -> None:
        daemon = Daemon(service, "service 'x'", Limits(), 8, Entrance(Config()))
        with pytest.raises(LookupError):
            await daemon.start(lambda: None)
        assert daemon.life.place == "pre_start of service 'x'"

    run(use())
    assert service.lines == ["pre_start", "cleanup"]


def test_a_cleanup_that_fails_as_well_does_not_hide_why(
    caplog: pytest.LogCaptureFixture, run: Run
) -> None:
    class Half(Service):
        async def pre_start(self) -> None:
            raise LookupError("on purpose")

        async def cleanup(self) -> None:
            raise AttributeError("pool")

    async def use() -> None:
        daemon = Daemon(Half(), "service 'x'", Limits(), 8, Entrance(Config()))
        with pytest.raises(LookupError) as caught:
            await daemon.start(lambda: None)
        assert caught.value.__context__ is None

    run(use())
    (record,) = caplog.records
    assert record.getMessage() == "cleanup of service 'x' raised AttributeError('pool'), too"


def test_a_service_needs_no_hooks(run: Run) -> None:
    class Bare:
        async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Do nothing."""

    async def use() -> None:
        daemon = Daemon(Bare(), "service 'x'", Limits(), 8, Entrance(Config()))
        await daemon.start(lambda: None)
        await daemon.begin()
        await daemon.finish()
        await daemon.life.stop(0.0)

    run(use())


class Closed:
    """What is enough of a server."""

    def close(self) -> None:
        """Do nothing."""


def test_what_make_servers_may_return() -> None:
    one, two = Closed(), Closed()
    assert servers_of(one, "x") == [one]
    assert servers_of([one, two], "x") == [one, two]
    assert servers_of({one: "handler"}, "x") == [one]  # as API-Hour's containers do
    assert servers_of([], "x") == []
    for made in (None, 5, [one, None]):
        with pytest.raises(TypeError, match="make_servers of x: expected servers to be returned"):
            servers_of(made, "x")


def test_servers_of_others_are_none_of_its_business(run: Run) -> None:
    async def use() -> None:
        async with served(Made()) as (daemon, _):
            server = await asyncio.start_server(Made().serve, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            assert daemon.connections == []
            writer.close()
            server.close()

    run(use())
