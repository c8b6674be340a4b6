"""Links: when a connection is over, and who gets in."""

import asyncio
import contextlib
from typing import Any

from japy import Limits
from japy.serving.link import Door, Link, Links


class Pair:
    """A server's connection over a real socket, and its client."""

    def __init__(self, links: Links, factory: Any) -> None:
        self.links = links
        self.factory = factory

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: Door(self.links, self.factory), "127.0.0.1", 0
        )
        address = self.server.sockets[0].getsockname()
        reader, self.writer = await asyncio.open_connection(*address)
        return reader, self.writer

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()
        self.server.close()


class Silent(asyncio.Protocol):
    """A protocol that says when it has begun."""

    def connection_made(self, transport: Any) -> None:
        """Say so."""
        transport.write(b"!")


def test_a_link_is_over_once_its_transport_and_its_handler_are() -> None:
    links = Links(Limits())

    async def use() -> None:
        async with Pair(links, lambda link: Silent()) as (reader, _):
            assert await reader.read(1) == b"!"
            (link,) = links.connections
            link.task = asyncio.create_task(asyncio.sleep(60))
            link.close()
            assert not link.is_over()
            link.abandon()
            await asyncio.wait({link.task})
            assert link.is_over()
            assert links.connections == []
            assert links.accepted == 1

    asyncio.run(use())


def test_a_link_without_a_handler_is_closed_behind_what_it_has_sent() -> None:
    links = Links(Limits())

    async def use() -> None:
        async with Pair(links, lambda link: Silent()) as (reader, _):
            while not links.connections:
                await asyncio.sleep(0)
            links.connections[0].abandon()
            assert await reader.read() == b"!"

    asyncio.run(use())


def test_nobody_gets_in_beyond_the_limit() -> None:
    links = Links(Limits(connections=1))

    async def use() -> None:
        async with Pair(links, lambda link: Silent()) as (first, _):
            await first.read(1)
            async with Pair(links, lambda link: Silent()) as (second, _):
                with contextlib.suppress(ConnectionResetError):
                    assert await second.read() == b""
            assert (links.accepted, links.turned_away) == (1, 1)

    asyncio.run(use())


def test_nothing_is_known_of_what_is_under_way() -> None:
    link = Link(None)
    link.drain()
    assert not link.is_idle()
