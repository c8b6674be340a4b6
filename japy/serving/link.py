"""Link: a connection of a protocol that japy does not speak: that it is there, and how it ends.

How connections are known: a `Door` stands where the protocol of a new connection belongs, until
there is a transport: that is noted, and the door leaves. Nothing stands between the two after that.

Invariant: a connection counts until its transport has closed and sent what it had, and its handler
has ended.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from japy.core.limits import Limits


class Link:
    """A connection of a service."""

    def __init__(self, transport: Any) -> None:
        self.is_draining = False  # set once this should be its last exchange; nobody here looks
        self.task: asyncio.Task[None] | None = None  # its stream handler, if that serves it
        self._transport = transport

    def is_idle(self) -> bool:
        """Tell whether nothing is under way: whoever does not know the protocol cannot know."""
        return False

    def is_over(self) -> bool:
        """Tell whether nothing is left of it."""
        if self.task is not None and not self.task.done():
            return False
        return self._transport.is_closing() and not self._transport.get_write_buffer_size()

    def drain(self) -> None:
        """Do nothing: it is the service's business to tell its peers."""

    def abandon(self) -> None:
        """Cancel what serves it, or close it behind what it has sent."""
        if self.task is None or self.task.done():
            self._transport.close()
        else:
            self.task.cancel()

    def close(self) -> None:
        """End it at once."""
        self._transport.abort()


class Door(asyncio.Protocol):
    """What stands for the protocol of a connection until there is one."""

    def __init__(self, links: "Links", factory: Callable[[Link], Any]) -> None:
        self._links = links
        self._factory = factory

    def connection_made(self, transport: Any) -> None:
        """Take note of the connection, and leave it to its protocol."""
        link = self._links.enter(transport)
        if link is None:
            transport.abort()
            return
        try:
            protocol = self._factory(link)
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
        except BaseException:
            transport.abort()
            raise


class Links:
    """The connections of a service.

    Args:
        limits: how many there may be.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.accepted = 0
        self.turned_away = 0  # beyond the limit
        self._links: set[Link] = set()

    @property
    def connections(self) -> list[Link]:
        """Those that have not ended."""
        self._links = {link for link in self._links if not link.is_over()}
        return list(self._links)

    def enter(self, transport: Any) -> Link | None:
        """Take note of a new connection; return None if there is no room for it."""
        most = self.limits.connections
        if len(self._links) >= most and len(self.connections) >= most:
            self.turned_away += 1
            return None
        self.accepted += 1
        link = Link(transport)
        self._links.add(link)
        return link
