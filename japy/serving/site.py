"""Site: an Application as a worker serves it.

Knows what the connections of an application need from the system, and what of them is looked at
once in a while. Knows neither when a worker stops nor who else is served.
"""

import array
import asyncio
import contextlib
import fcntl
import functools
import os
import socket
import struct
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from japy.application.app import Application
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.logs.journal import AccessLog
from japy.logs.log import error_log
from japy.monitoring.health import add_health, bare
from japy.monitoring.tally import Tally
from japy.monitoring.witness import journal_of
from japy.serving.drain import Ending
from japy.serving.entrance import Entrance
from japy.serving.link import Door, Links
from japy.settings.config import Config
from japy.supervisor.place import Listener


@dataclass(frozen=True)
class Audience:
    """Who is told of answers.

    Args:
        access: a log.
        tally: counts.
        is_stopping: asked for what probes are answered.
    """

    access: AccessLog | None
    tally: Tally | None
    is_stopping: Callable[[], bool]


class Site:
    """An application on its sockets.

    Args:
        app: what is served.
        config: how.
        entrance: what connections come through.
        loop: on which event loop.
        audience: who is told of answers.

    Raises:
        LoadError: the path for probes is the application's own.
    """

    def __init__(
        self,
        app: Application,
        config: Config,
        entrance: Entrance,
        loop: asyncio.AbstractEventLoop,
        audience: Audience,
    ) -> None:
        app.debug = app.debug or config.debug
        self.title = "application"
        self.life = app.life
        health = None
        if config.health_path is not None:
            health = add_health(app, config.health_path, audience.is_stopping)
        journal = journal_of(audience.access, audience.tally, health)
        self.service: Service = app.service(
            os.write, loop.call_soon, reset_at_close, count_unread, journal
        )
        if health is not None:
            bare(health)
        self._app = app
        self._links = Links(app.limits)  # connections of the application's own protocol
        self._backlog = config.backlog
        self._entrance = entrance
        self._turned_away = 0  # connections, as far as that was logged
        if config.proxy_headers:
            self.service.trace = entrance.trace

    @property
    def connections(self) -> list[Ending]:
        """The connections that have not ended."""
        return [*self.service.connections, *self._links.connections]

    @property
    def accepted(self) -> int:
        """How many requests have come, and connections of the application's own protocol."""
        return int(self.service.requests) + self._links.accepted

    @property
    def turned_away(self) -> int:
        """How many connections were beyond the limit."""
        return int(self.service.turned_away) + self._links.turned_away

    async def start(self, on_end: Callable[[], object]) -> None:
        """Run the startup of the application; see `Life.start`."""
        await self.life.start(on_end)
        self.service.rebase(self.life.context.copy())

    async def open(self, listeners: Sequence[Listener]) -> list[Any]:
        """Accept connections, in the context that the startup has left; return the servers."""
        loop = asyncio.get_running_loop()
        has_own = self._app.protocol_factory is not None
        factory = self._make if has_own else functools.partial(Connection, self.service)
        servers = []
        for listener in listeners:
            server = self._entrance.open(
                self.service, factory, sock=listener.socket, backlog=self._backlog
            )
            context = self.life.context.copy()
            servers.append(await loop.create_task(server, context=context))
        return servers

    def _make(self) -> Any:
        """Return what serves a connection by the application's own protocol."""
        assert self._app.protocol_factory is not None
        made: object = self._app.protocol_factory(self._app)
        return made if isinstance(made, Connection) else Door(self._links, lambda link: made)

    async def begin(self) -> None:
        """Begin to look for connections that have been idle for too long."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._app.reaper.check_interval, self._reap, loop)

    async def finish(self) -> None:
        """Do nothing: the end of connections is all that there is to it."""

    def abandon(self) -> None:
        """Take note that handlers are about to be cancelled."""
        self._app.is_stopping = True

    def tick(self, date: str) -> None:
        """Take note that another second has begun."""
        self.service.tick(date)
        self.tell()

    def tell(self) -> None:
        """Log how many were turned away since the last time."""
        count = self.turned_away - self._turned_away
        if count:
            self._turned_away += count
            most = self.service.limits.connections
            text = "%d connections beyond %d were answered with 503 (--limit-concurrency)"
            error_log.warning(text, count, most)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what has been idle for too long, and look again after a while."""
        reaper = self._app.reaper
        self.service.reap(reaper.check_interval, reaper.idle_timeout)
        loop.call_later(reaper.check_interval, self._reap, loop)


def reset_at_close(end: Any) -> None:
    """Have a socket end with a reset, and drop what its peer has not read."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def count_unread(number: int) -> int:
    """Return how many bytes the system keeps for the peer of a socket; 0 if it does not say."""
    size = array.array("i", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(number, termios.TIOCOUTQ, size)
    return size[0]
