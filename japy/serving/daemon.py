"""Daemon: a service of any protocol as a worker serves it.

Knows how connections of a protocol that japy does not speak are counted, waited for and ended.
Knows neither when a worker stops nor who else is served.

How connections are known: wherever a service makes a server, in `make_servers` or in a hook, it
asks the event loop for it (`create_server`), as libraries do on its behalf. `watch` has the loop
ask here first, and so a `Door` stands in front of each connection.

Invariant: `cleanup` is called once for each `pre_start` that was begun, whatever it came to.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from japy.application.frame import foreign
from japy.application.life import Life
from japy.core.limits import Limits
from japy.logs.log import error_log
from japy.serving.entrance import Entrance, Gate
from japy.serving.link import Door, Link, Links
from japy.serving.service import LINE, Sockets, way_of
from japy.supervisor.place import Listener

CLOSE_S = 0.5  # what the servers of a service get to say that they are closed
# Whose code runs: the servers that it makes are its own.
_running: "ContextVar[Daemon]" = ContextVar("japy_daemon")


class Stay(contextlib.AbstractAsyncContextManager[None]):
    """From `pre_start` to `cleanup`, in one task; no frame but ours is between that and them."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon

    async def __aenter__(self) -> None:
        await self._daemon.prepare()

    async def __aexit__(self, *error: object) -> None:
        await self._daemon.clean_up()


class Daemon(Links):
    """A service on its sockets.

    Args:
        service: what is served; see `japy.service`.
        title: what to call it in a message.
        limits: how many connections it may have.
        backlog: how many the kernel keeps waiting.
        entrance: what connections come through, if the service wants that.
    """

    def __init__(
        self, service: object, title: str, limits: Limits, backlog: int, entrance: Entrance
    ) -> None:
        super().__init__(limits)
        self.title = title
        self.life = Life(service)
        self.life.add_lifespan(lambda: Stay(self), f"cleanup of {title}")
        self._told_away = 0  # of those, how many were logged
        self._service: Any = service
        self._way = way_of(service)
        self._backlog = backlog
        self._entrance = entrance
        self._servers: list[Any] = []  # that make_servers has returned

    # The life of the service.

    async def start(self, on_end: Callable[[], object]) -> None:
        """Run `pre_start`; see `Life.start`."""
        watch(asyncio.get_running_loop())
        await self.life.start(on_end)

    async def prepare(self) -> None:
        """Run `pre_start`, and `cleanup` if that fails; a failure of that too is seldom news."""
        _running.set(self)
        try:
            await self._call("pre_start")
        except BaseException:
            try:
                await self.clean_up()
            except Exception as error:
                error_log.warning("cleanup of %s raised %r, too", self.title, error)
            raise

    async def clean_up(self) -> None:
        """Run `cleanup`."""
        await self._call("cleanup", is_news=False)

    async def begin(self) -> None:
        """Run `start`: connections are accepted."""
        await self._inside(self._call("start"))

    async def finish(self) -> None:
        """Run `stop`: no new connections come."""
        try:
            await self._inside(self._call("stop"))
        except (SystemExit, KeyboardInterrupt) as error:  # with these, its task would end the loop
            raise RuntimeError(f"stop of {self.title} raised {type(error).__name__}") from error
        for server in self._servers:
            if hasattr(server, "wait_closed"):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(server.wait_closed(), CLOSE_S)

    async def _call(self, name: str, is_news: bool = True) -> None:
        """Run a hook.

        Args:
            name: which.
            is_news: whether it is what a message is about, should the hook fail.
        """
        hook = getattr(self._service, name, None)
        if hook is None:
            return
        if is_news:
            self.life.place = f"{name} of {self.title}"
        result = hook()
        if inspect.isawaitable(result):
            await result

    async def _inside(self, coro: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a coroutine that runs in the context variables of the service."""
        loop = asyncio.get_running_loop()
        ended: list[BaseException] = []

        async def contain() -> Any:
            try:
                return await coro
            except (SystemExit, KeyboardInterrupt) as error:  # in a task they would end the loop
                ended.append(error)

        result = await loop.create_task(contain(), context=self.life.context)
        if ended:
            raise ended[0]
        return result

    # Its servers.

    async def open(self, listeners: Sequence[Listener]) -> list[Any]:
        """Accept connections; return the servers."""
        self.life.place = f"{self._way} of {self.title}"
        if self._way == "make_servers":
            sockets = Sockets((listener.bind.name, listener.socket) for listener in listeners)
            made = servers_of(await self._inside(self._service.make_servers(sockets)), self.title)
            self._servers += made
            return made
        make = self._make_stream if self._way == "handle" else self._make_protocol
        return [await self._inside(self._listen(listener, make)) for listener in listeners]

    async def _listen(self, listener: Listener, make: Callable[[Link], Any]) -> asyncio.Server:
        return await self._entrance.open(
            self,
            lambda: Door(self, make),
            tls=getattr(self._service, "tls", False),
            proxy_protocol=getattr(self._service, "proxy_protocol", False),
            sock=listener.socket,
            backlog=self._backlog,
        )

    def _make_protocol(self, link: Link) -> Any:
        return self._service.protocol_factory()

    def _make_stream(self, link: Link) -> asyncio.BaseProtocol:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=getattr(self._service, "limit", LINE), loop=loop)

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link.task = loop.create_task(self._handle(reader, writer, link), name=self.title)

        return asyncio.StreamReaderProtocol(reader, begin, loop=loop)

    async def _handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link
    ) -> None:
        """Have the service serve a connection, and close that."""
        try:
            await self._service.handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            error_log.info("%s: a client has left: %s", self.title, error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            name = writer.get_extra_info("peername") or "a Unix socket"
            info = (type(error), error, foreign(error.__traceback__))
            error_log.error("%s failed with a client at %s", self.title, name, exc_info=info)
        finally:
            writer.close()

    # Its connections.

    def abandon(self) -> None:
        """Take note that connections are about to be ended."""

    def tick(self, date: str) -> None:
        """Take note that another second has begun."""
        self.tell()

    def tell(self) -> None:
        """Log how many were turned away since the last time."""
        count = self.turned_away - self._told_away
        if count:
            self._told_away += count
            most = self.limits.connections
            text = "%s: %d connections beyond %d were closed (--limit-concurrency)"
            error_log.warning(text, self.title, count, most)


def servers_of(made: Any, title: str) -> list[Any]:
    """Return the servers that `make_servers` has returned, one or a collection of them.

    Raises:
        TypeError: it has returned something else.
    """
    servers = list(made) if isinstance(made, Iterable) and not hasattr(made, "close") else [made]
    for server in servers:
        if not callable(getattr(server, "close", None)):
            raise TypeError(
                f"make_servers of {title}: expected servers to be returned; got {made!r}"
            )
    return servers


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Have a loop tell a service of each connection to the servers that its own code makes."""
    for name in ("create_server", "create_unix_server"):
        if name not in vars(loop):
            setattr(loop, name, watched(getattr(loop, name)))


def watched(create: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of a loop that puts a door in front of what a service serves."""

    def create_watched(factory: Callable[[], Any], *args: Any, **options: Any) -> Any:
        daemon = _running.get(None)
        if daemon is None:
            return create(factory, *args, **options)

        def enter() -> Any:
            made = factory()
            return made if isinstance(made, (Door, Gate)) else Door(daemon, lambda link: made)

        return create(enter, *args, **options)

    return create_watched
