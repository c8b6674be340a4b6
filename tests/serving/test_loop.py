"""Loop: an application gets a loop of the kind that was chosen."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
import uvloop

from japy import Application
from japy.serving.loop import borrow, choose_loop, close_servers, is_in_loop, new_loop


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    choose_loop("uvloop")


def test_uvloop_is_the_default() -> None:
    loop = new_loop()
    loop.close()
    assert isinstance(loop, uvloop.Loop)


def test_asyncio_where_it_was_chosen() -> None:
    choose_loop("asyncio")
    app = Application()
    loop = app.loop
    loop.close()
    assert not isinstance(loop, uvloop.Loop)
    assert isinstance(loop, asyncio.SelectorEventLoop)


def test_a_loop_runs_or_not() -> None:
    async def ask() -> bool:
        return is_in_loop()

    assert asyncio.run(ask())
    assert not is_in_loop()


def test_who_was_accepted_as_the_server_closes_is_served() -> None:
    choose_loop("asyncio")

    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"hello")
            transport.close()

    async def serve() -> list[bytes]:
        loop = asyncio.get_running_loop()
        heard = []
        for turns in range(6):
            server = await loop.create_server(Greeter, "127.0.0.1", 0)
            with socket.create_connection(server.sockets[0].getsockname()) as client:
                client.settimeout(20)
                for _ in range(turns):
                    await asyncio.sleep(0)
                await close_servers([server])
                await asyncio.sleep(0.05)  # what was accepted has been greeted, the rest is gone
                try:
                    heard.append(client.recv(100))
                except ConnectionResetError:
                    heard.append(b"never accepted" if turns < 2 else b"lost")
        return heard

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert set(runner.run(serve())) <= {b"hello", b"never accepted"}


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_a_borrowed_socket_may_be_shut_down(name: str) -> None:
    choose_loop(name)
    failures: list[object] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: failures.append(context))
        accepted = asyncio.Event()
        with socket.create_server(("127.0.0.1", 0)) as own:
            borrowed = borrow(own)
            server = await loop.create_server(lambda: Greeted(accepted), sock=borrowed)
            with socket.create_connection(own.getsockname()):
                await asyncio.wait_for(accepted.wait(), 20)
            own.shutdown(socket.SHUT_RDWR)
            await asyncio.sleep(0.05)  # nothing tells that nothing happens
            await close_servers([server])
            borrowed.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve())
    assert failures == []


class Greeted(asyncio.Protocol):
    """A protocol that tells that it has a connection."""

    def __init__(self, accepted: asyncio.Event) -> None:
        self._accepted = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell, and leave."""
        self._accepted.set()
        transport.close()
