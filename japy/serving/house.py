"""House: all that one worker serves, Applications and services, each on the sockets that are its.

Knows in which order they start and end, and adds their numbers up. Knows no process and no signal.

The order: every startup and `pre_start`; then connections are accepted; then every `start`. At the
end no connection is accepted any more; then every `stop`, while connections end; then shutdown and
`cleanup`, the other way round.

Invariant: whatever was started is ended, whoever fails.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from japy.core.limits import Limits
from japy.logs.log import error_log
from japy.serving.daemon import Daemon
from japy.serving.drain import Ending
from japy.serving.ensemble import Ensemble, EnsembleError, applications_of, share
from japy.serving.entrance import Entrance
from japy.serving.importer import LoadError
from japy.serving.loop import new_loop
from japy.serving.site import Audience, Site
from japy.settings.config import Config
from japy.supervisor.place import Listener

MAX_BITS = 62  # that fit into a number on the board


class House:
    """What a worker serves.

    Args:
        ensemble: who that is.
        config: how.
        listeners: the sockets of the worker.
        limits: what peers of services are held to; an Application has its own.
        audience: who is told of answers.

    Raises:
        LoadError: the sockets are not what is served asks for.
        TLSError: the files of the certificate cannot be used.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        config: Config,
        listeners: Sequence[Listener],
        limits: Limits,
        audience: Audience,
    ) -> None:
        self.loop = loop_of(ensemble)
        self.entrance = Entrance(config)
        self.sites: list[Site] = []
        self._tenants: list[Site | Daemon] = []  # all of them, in the order in which they start
        self._last: Site | Daemon | None = None  # who has done something last
        try:
            shares = share(ensemble, [listener.bind for listener in listeners])
        except EnsembleError as error:
            raise LoadError(str(error)) from None
        applications = applications_of(ensemble)
        for member in ensemble:
            if member.served in applications:
                app = applications[applications.index(member.served)]
                self.sites.append(Site(app, config, self.entrance, self.loop, audience))
                self._tenants.append(self.sites[-1])
            else:
                host = limits, config.backlog, self.entrance
                self._tenants.append(Daemon(member.served, member.title, *host))
        self._whose = {
            bind: tenant
            for tenant, binds in zip(self._tenants, shares, strict=True)
            for bind in binds
        }

    # Numbers.

    @property
    def connections(self) -> list[Ending]:
        """The connections that have not ended."""
        return [link for tenant in self._tenants for link in tenant.connections]

    @property
    def requests(self) -> int:
        """How many requests have come, and connections to services."""
        return sum(tenant.accepted for tenant in self._tenants)

    @property
    def turned_away(self) -> int:
        """How many connections were beyond a limit."""
        return sum(tenant.turned_away for tenant in self._tenants)

    def foreign(self, listeners: Sequence[Listener]) -> int:
        """Return a bit for each socket where HTTP is not spoken, the lowest for the first."""
        return sum(
            1 << i
            for i, listener in enumerate(listeners[:MAX_BITS])
            if not isinstance(self._whose[listener.bind], Site)
        )

    @property
    def place(self) -> str:
        """What ran last, for a message about its failure."""
        return "" if self._last is None else self._last.life.place

    # The beginning.

    async def start(self, on_end: Callable[[], object]) -> None:
        """Run what comes before the first connection; see `Life.start`."""
        for tenant in self._tenants:
            self._last = tenant
            await tenant.start(on_end)

    async def open(self, listeners: Sequence[Listener]) -> list[Any]:
        """Accept connections on some sockets; return the servers."""
        servers = []
        for tenant in self._tenants:
            own = [one for one in listeners if self._whose[one.bind] is tenant]
            if own:
                self._last = tenant
                servers += await tenant.open(own)
        return servers

    async def begin(self) -> None:
        """Run what comes once connections are accepted."""
        for tenant in self._tenants:
            self._last = tenant
            await tenant.begin()

    def tick(self, date: str) -> None:
        """Take note that another second has begun."""
        for tenant in self._tenants:
            tenant.tick(date)
        self.entrance.tick()

    def tell(self) -> None:
        """Log what of the last second has not been logged."""
        for tenant in self._tenants:
            tenant.tell()
        self.entrance.tell()

    # The end.

    async def finish(self) -> list[Exception]:
        """Run what comes once no more connections are accepted; log and return what it raised.

        It begins in order, but nobody waits for another: the time that is left is the same for all.
        """
        coros = [tenant.finish() for tenant in self._tenants]
        failures: list[Exception] = []
        results = await asyncio.gather(*coros, return_exceptions=True)
        for tenant, result in zip(self._tenants, results, strict=True):
            if isinstance(result, Exception):
                error_log.error("%s failed", tenant.life.place, exc_info=result)
                failures.append(result)
        return failures

    def abandon(self) -> None:
        """Take note that what still serves is about to be cancelled."""
        for tenant in self._tenants:
            tenant.abandon()

    def running(self) -> list[str]:
        """Return the names of the background tasks that have not ended."""
        return sorted(task.get_name() for tenant in self._tenants for task in tenant.life.running())

    async def end(self, grace_s: float) -> list[Exception]:
        """Run what comes last; return what it raised, which has been logged.

        Args:
            grace_s: seconds until background tasks are cancelled.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        failures: list[Exception] = []
        self.tell()
        for tenant in reversed(self._tenants):
            try:
                await tenant.life.stop(max(0.0, deadline - loop.time()))
            except ExceptionGroup as group:
                failures += group.exceptions
        return failures


def loop_of(ensemble: Ensemble) -> asyncio.AbstractEventLoop:
    """Return the event loop that serves: the first Application's, which others get, too."""
    applications = applications_of(ensemble)
    if not applications:
        return new_loop()
    loop = applications[0].loop
    for app in applications[1:]:
        app.lent_loop = loop
    return loop
