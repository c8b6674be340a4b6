"""All that a worker serves: in which order it starts and ends, and what it adds up to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from japy import Application, Limits, Request, Service
from japy.serving.ensemble import alone, ensemble_of
from japy.serving.house import House, loop_of
from japy.serving.importer import LoadError
from japy.serving.site import Audience
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import listen
from japy.supervisor.place import Listener


class Note(Service):
    """A service that writes its hooks down."""

    def __init__(self, name: str, lines: list[str], broken: str = "") -> None:
        self.bind = name
        self.lines = lines
        self.broken = broken

    def note(self, hook: str) -> None:
        """Write down a hook."""
        self.lines.append(f"{hook} {self.bind}")
        if hook == self.broken:
            raise LookupError("on purpose")

    def pre_start(self) -> None:
        """Take note."""
        self.note("pre_start")

    def start(self) -> None:
        """Take note."""
        self.note("start")

    def stop(self) -> None:
        """Take note."""
        self.note("stop")

    def cleanup(self) -> None:
        """Take note."""
        self.note("cleanup")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one line back."""
        writer.write(await reader.readline())


def new_app(lines: list[str]) -> Application:
    """Return an application that writes down when it lives."""
    app = Application()

    @app.lifespan
    async def life() -> AsyncIterator[None]:
        lines.append("enter")
        yield
        lines.append("leave")

    @app.route("/")
    def hello(request: Request) -> str:
        return "hello"

    return app


def listeners(*names: str) -> list[Listener]:
    """Return sockets for names."""
    return [
        Listener(Bind("tcp", "127.0.0.1", name=name), listen("127.0.0.1", 0, 8)) for name in names
    ]


def new_house(value: object, sockets: list[Listener]) -> House:
    """Return a house."""
    ensemble = ensemble_of(value)
    assert ensemble is not None
    return House(ensemble, Config(), sockets, Limits(), Audience(None, None, lambda: False))


async def ask(listener: Listener, data: bytes, answer: bytes) -> None:
    """Send bytes to a socket, and wait for bytes."""
    reader, writer = await asyncio.open_connection(*listener.socket.getsockname())
    writer.write(data)
    await reader.readuntil(answer)
    writer.close()


def test_the_order_and_the_numbers() -> None:
    lines: list[str] = []
    sockets = listeners("b", "http", "a")
    house = new_house([Note("a", lines), new_app(lines), Note("b", lines)], sockets)

    async def use() -> None:
        await house.start(lambda: None)
        servers = await house.open(sockets)
        await house.begin()
        house.tick("")
        await ask(sockets[1], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"hello")
        await ask(sockets[0], b"x\n", b"x\n")
        reader, writer = await asyncio.open_connection(*sockets[2].socket.getsockname())
        while house.requests < 3 or len(house.connections) > 1:
            await asyncio.sleep(0.001)
        assert house.turned_away == 0
        assert house.foreign(sockets) == 0b101
        for server in servers:
            server.close()
        assert await house.finish() == []
        house.abandon()
        for link in house.connections:
            link.abandon()
        assert await reader.read() == b""
        writer.close()
        assert house.running() == []
        assert await house.end(0.0) == []

    with asyncio.Runner(loop_factory=lambda: house.loop) as runner:
        runner.run(use())
    order = (
        "pre_start a, enter, pre_start b, start a, start b, stop a, stop b, "
        "cleanup b, leave, cleanup a"
    )
    assert lines == order.split(", ")


def run_broken(broken: str, lines: list[str]) -> tuple[str, list[Any]]:
    """Start and end a house whose second member is broken; return where, and what was raised."""
    sockets = listeners("a", "b")
    house = new_house([Note("a", lines), Note("b", lines, broken)], sockets)
    failures: list[Any] = []

    async def use() -> None:
        servers: list[Any] = []
        try:
            await house.start(lambda: None)
            servers = await house.open(sockets)
            await house.begin()
            failures.extend(await house.finish())
        except LookupError as error:
            failures.append(error)
        failures.extend(await house.end(0.0))
        for server in servers:
            server.close()
        for listener in sockets:
            listener.socket.close()

    with asyncio.Runner(loop_factory=lambda: house.loop) as runner:
        runner.run(use())
    return house.place, failures


@pytest.mark.parametrize("broken", ["pre_start", "start", "stop", "cleanup"])
def test_whoever_fails_all_are_cleaned_up(broken: str) -> None:
    lines: list[str] = []
    place, failures = run_broken(broken, lines)
    assert [type(failure) for failure in failures] == [LookupError]
    assert lines[-2:] == ["cleanup b", "cleanup a"]
    if broken in ("pre_start", "start"):
        assert place == f"{broken} of service 'b'"


def test_sockets_that_nobody_asks_for_are_a_load_error() -> None:
    sockets = listeners("c")
    with pytest.raises(LoadError, match="No service takes --bind c="):
        new_house([Note("a", [])], sockets)
    sockets[0].socket.close()


def test_applications_share_a_loop() -> None:
    one, other = Application(), Application()
    ensemble = ensemble_of({"one": one, "other": other})
    assert ensemble is not None
    assert loop_of(ensemble) is one.loop is other.loop
    assert loop_of(alone(one)) is one.loop
    one.loop.close()
    only = ensemble_of([Note("a", [])])
    assert only is not None
    loop_of(only).close()


def test_nobody_waits_for_another_to_stop() -> None:
    told = asyncio.Event()

    class First(Note):
        """A service that waits for the other one."""

        async def stop(self) -> None:  # type: ignore[override]  # Note's is no coroutine
            """Wait."""
            await told.wait()

    class Second(Note):
        """The other one."""

        def stop(self) -> None:
            """Let the first go on."""
            told.set()

    sockets = listeners("a", "b")
    house = new_house([First("a", []), Second("b", [])], sockets)

    async def use() -> None:
        await house.start(lambda: None)
        assert await asyncio.wait_for(house.finish(), 10) == []
        await house.end(0.0)
        for listener in sockets:
            listener.socket.close()

    with asyncio.Runner(loop_factory=lambda: house.loop) as runner:
        runner.run(use())
