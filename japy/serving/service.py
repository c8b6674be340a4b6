"""Service: a server of any protocol, as its author writes it.

Knows what an author may give and what to make of it. Knows no worker: `daemon` runs it.

Invariants:
- What is served gives exactly one thing that counts: `make_servers`, else `protocol_factory`, else
  `handle`; a service of the first kind may well have methods of the other names for itself.
- Nothing of an author's is called here but a class without arguments.
"""

import asyncio
import inspect
import socket
import typing
from collections.abc import Callable, Coroutine, Iterable
from types import FunctionType, ModuleType
from typing import Any

LINE = 64 * 1024  # bytes that a stream handler's reader takes at once, as asyncio's do
WAYS = ("make_servers", "protocol_factory", "handle")  # of serving, in the order that they count
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, object]]
Factory = Callable[[], asyncio.BaseProtocol]


class Sockets(list[socket.socket]):
    """The listening sockets of a service, in the order of `--bind`."""

    def __init__(self, pairs: Iterable[tuple[str, socket.socket]]) -> None:
        self._pairs = list(pairs)
        super().__init__(one for _, one in self._pairs)

    def named(self, name: str) -> list[socket.socket]:
        """Return the sockets of the binds with a name."""
        return [one for known, one in self._pairs if known == name]


class Service:
    """A server of any protocol. A subclass gives one of these:

    - `async def make_servers(self, sockets)`: start servers on listening sockets and return them:
      a list of objects with `close()`, as `loop.create_server(..., sock=...)` returns them, or one
      of them alone. It is called again, with other sockets, when a worker accepts what comes to one
      that has died.
    - `protocol_factory`: called for each connection, returns an asyncio protocol.
    - `async def handle(self, reader, writer)`: serves one connection, which ends with it.

    and any of the hooks below, as plain or asynchronous methods.

    Attributes:
        bind: the names of the binds that it serves, if it has some: `--bind NAME=...`.
        tls: speak TLS by the `--ssl-...` options (not with `make_servers`).
        proxy_protocol: expect a PROXY header if `--proxy-protocol` is given (nor this).
    """

    bind: str | tuple[str, ...] = ()
    tls: bool = False
    proxy_protocol: bool = False

    def pre_start(self) -> object:
        """Do what has to be done before the first connection; an error ends the start."""

    def start(self) -> object:
        """Do what has to be done once connections are accepted; an error ends the start."""

    def stop(self) -> object:
        """Tell connections to end: no new ones come, and those there are have a little time."""

    def cleanup(self) -> object:
        """Give back what pre_start has taken; called last, whatever has happened."""


class StreamService(Service):
    """A function that serves a connection.

    Args:
        handle: `async def handle(reader, writer)`; the connection ends with it.
        bind: as the other arguments, see `Service`.
        limit: bytes that the reader takes at once: the longest line.
    """

    def __init__(
        self,
        handle: Handler,
        *,
        bind: str | tuple[str, ...] = (),
        limit: int = LINE,
        tls: bool = False,
        proxy_protocol: bool = False,
    ) -> None:
        if not callable(handle):
            raise TypeError(f"StreamService: expected a coroutine function; got {handle!r}")
        self.handle = handle
        self.limit = limit
        self.bind = bind
        self.tls = tls
        self.proxy_protocol = proxy_protocol


class ProtocolService(Service):
    """A function that makes the protocol of a connection.

    Args:
        factory: called without arguments, such as the class of the protocol.
        bind: as the other arguments, see `Service`.
    """

    def __init__(
        self,
        factory: Factory,
        *,
        bind: str | tuple[str, ...] = (),
        tls: bool = False,
        proxy_protocol: bool = False,
    ) -> None:
        if not callable(factory):
            raise TypeError(f"ProtocolService: expected a callable; got {factory!r}")
        self.protocol_factory = factory
        self.bind = bind
        self.tls = tls
        self.proxy_protocol = proxy_protocol


def way_of(service: object) -> str:
    """Return the name of what a service gives, the first that counts; empty if it gives nothing."""
    return next((name for name in WAYS if callable(getattr(service, name, None))), "")


def called(service: object) -> str:
    """Return what to call a service in a message."""
    value = service
    if isinstance(service, (StreamService, ProtocolService)):
        value = getattr(service, way_of(service))
    return str(getattr(value, "__qualname__", None) or type(value).__qualname__)


def to_service(value: object) -> object | None:
    """Return the service that a value is or stands for; None if it is none.

    A class is called; a protocol's class is a factory, a coroutine function of two parameters a
    stream handler, and a function that is annotated to return a protocol a factory, too.
    """
    if isinstance(value, type):
        if issubclass(value, asyncio.BaseProtocol):
            return ProtocolService(value)
        return value() if gives(value) else None
    if inspect.iscoroutinefunction(value) and takes_streams(value):
        return StreamService(value)
    if isinstance(value, FunctionType):
        return ProtocolService(value) if makes_protocols(value) else None
    if isinstance(value, Service) or (gives(value) and not isinstance(value, ModuleType)):
        return value
    return None


def gives(value: object) -> bool:
    """Tell whether a value or the instances of a class are services, though of no class of ours.

    A method `handle` alone has to be a stream handler: that name is a common one.
    """
    if isinstance(value, type) and issubclass(value, Service):
        return True
    way = way_of(value)
    return bool(way) and (way != "handle" or is_coroutine(getattr(value, way)))


def is_coroutine(function: object) -> bool:
    """Tell whether calling an object makes a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  # the method, not whether there is one
    )


def takes_streams(function: Callable[..., object]) -> bool:
    """Tell whether a function can be called with a reader and a writer."""
    try:
        inspect.signature(function).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True


def makes_protocols(function: Callable[..., object]) -> bool:
    """Tell whether a function says that it returns a protocol."""
    try:
        made = typing.get_type_hints(function).get("return")
    except Exception:  # whatever stands in the annotations
        return False
    return isinstance(made, type) and issubclass(made, asyncio.BaseProtocol)
