"""Entrance: what a connection goes through before it is served: the PROXY protocol, and TLS.

Knows listening sockets, and how to stand in front of the protocol that serves. Refuses to know what
a header says (`preamble`), and what TLS is made of (`tls`).

Invariants:
- Without the PROXY protocol and TLS nothing stands in front: the loop makes what serves.
- With the PROXY protocol nothing is served before the header of a trusted peer has come, and
  nothing is answered if it does not.
- Who waits here counts as a connection. A header has the time of a head, and so has a handshake.

It is one for all that a worker serves: who a connection is for is said when that begins to listen.

Why TLS begins here and not in the loop: a transport that speaks TLS does not tell what waits in the
one below it, so nobody would notice a client that does not read. We know both.
"""

import asyncio
import math
import ssl
from collections.abc import Callable, Sized
from typing import Any, Protocol

from japy.core.limits import Limits
from japy.logs.log import error_log
from japy.serving.preamble import Name, PreambleError, read_preamble
from japy.serving.proxy import Proxies
from japy.serving.tls import Certificates, TLSError
from japy.settings.config import Config

GOODBYE_S = 30.0  # what a client gets to end TLS on its side, or to read what is left
BEGUN_S = 1.0  # what who has begun gets to come through when the server stops
SPARE = 64  # connections beyond the limit that are let in, to be told 503
LOOK_TICKS = 5  # between looks whether files of certificates have changed
Factory = Callable[[], Any]  # of what serves: core's classes are no subclasses of asyncio.Protocol


class Host(Protocol):
    """Who connections come to: a `core.service.Service`, or a service of another protocol."""

    turned_away: Any  # how many had no room, an integer

    @property
    def connections(self) -> Sized:
        """The connections that have come through."""

    @property
    def limits(self) -> Limits:
        """How many they may be, and how long heads may take."""


class Entrance:
    """The way in to a worker.

    Args:
        config: what connections go through.

    Raises:
        TLSError: the files of the certificate cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self.waiting: set[Gate] = set()  # those who have not said where they come from
        self._config = config
        self._proxies = Proxies(config.forwarded_allow_ips)
        self.trace = self._proxies.trace  # where a request comes from, if proxies are believed
        self._certificates = Certificates(config) if config.ssl_certfile is not None else None
        self._refused = 0  # connections without a header since the last tick
        self._reason = ""  # why the last of them was refused
        self._ticks = 0

    async def open(
        self,
        host: Host,
        factory: Factory,
        /,
        *,
        tls: bool = True,
        proxy_protocol: bool = True,
        **options: Any,
    ) -> asyncio.Server:
        """Accept connections.

        Args:
            host: who they come to.
            factory: makes what serves one.
            tls: speak TLS, if there is a certificate.
            proxy_protocol: expect a header, if the settings say so.
            options: see `create_server` of event loops.
        """
        loop = asyncio.get_running_loop()
        certificates = self._certificates if tls else None
        proxies = self._proxies if proxy_protocol and self._config.proxy_protocol else None
        context = None if certificates is None else certificates.context
        if context is None and proxies is None:
            return await loop.create_server(factory, **options)
        gate = proxies, host, context, factory
        return await loop.create_server(lambda: Gate(self, *gate), **options)

    def has_room(self, host: Host) -> bool:
        """Tell whether one more connection may wait here."""
        count = len(host.connections) + len(self.waiting)
        return count < host.limits.connections + SPARE

    def refuse(self, address: str, reason: str) -> None:
        """Take note of a connection that is not served."""
        self._refused += 1
        self._reason = f"{address or 'a Unix socket'}: {reason}"

    def tick(self) -> None:
        """Take note that another second has passed."""
        for gate in list(self.waiting):
            gate.tick()
        self.tell()
        self._ticks += 1
        if self._certificates is not None and self._ticks % LOOK_TICKS == 0:
            renew(self._certificates)

    def tell(self) -> None:
        """Log how many connections were not served since the last time."""
        if self._refused:
            text = "%d connections were closed for want of a PROXY header; the last from %s"
            error_log.warning(text, self._refused, self._reason)
            self._refused = 0

    def drain(self) -> bool:
        """End those who have sent nothing; tell whether somebody is left who has begun."""
        for gate in list(self.waiting):
            gate.drain()
        return bool(self.waiting)

    def close(self) -> None:
        """End everybody here."""
        for gate in list(self.waiting):
            gate.abort()


def renew(certificates: Certificates) -> None:
    """Take what is new in the files of a certificate, and log what came of it."""
    try:
        if certificates.renew():
            error_log.info("The certificate was changed: new connections get the new one")
    except TLSError as error:
        error_log.error("%s The certificate that was there before stays in use.", error)


class Gate(asyncio.Protocol):
    """One connection that is not served yet.

    Args:
        entrance: what it goes through.
        proxies: whose headers count; None if no header is to come.
        host: who it comes to.
        context: what TLS is spoken with; None for no TLS.
        factory: makes what serves it.
    """

    def __init__(
        self,
        entrance: Entrance,
        proxies: Proxies | None,
        host: Host,
        context: ssl.SSLContext | None,
        factory: Factory,
    ) -> None:
        self._entrance = entrance
        self._proxies = proxies
        self._host = host
        self._context = context
        self._factory = factory
        self._transport: asyncio.Transport | None = None  # None before and after the connection
        self._address = ""  # of the peer; set by connection_made
        self._data = b""  # read, but not handed on
        self._is_eof = False
        self._seconds = 0.0  # for how long the header has been on its way
        self._due = math.inf  # when it is ended; set when the server stops
        self._names: dict[str, Name] = {}  # that the header tells
        # That makes it speak TLS; set once the header has come, if TLS is to be spoken.
        self._starting: asyncio.Task[asyncio.Transport | None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: Any) -> None:
        """Let in who is trusted, if there is room."""
        name = transport.get_extra_info("peername")
        self._address = str(name[0]) if isinstance(name, tuple) else ""
        if not self._entrance.has_room(self._host):
            self._host.turned_away += 1
            transport.abort()
        elif self._proxies is not None and not (name and self._proxies.trusts(self._address)):
            self._entrance.refuse(self._address, "it is not one of --forwarded-allow-ips")
            transport.abort()
        else:
            self._transport = transport
            self._entrance.waiting.add(self)

    def data_received(self, data: bytes) -> None:
        """Hand the connection on once its header is complete."""
        self._data += data
        if self._starting is not None and self._starting.done():  # so we are about to be told
            self._end_tls(self._starting)
        if self._transport is None or self._starting is not None:
            return
        if self._proxies is None and self._context is not None:  # not before: it has begun now
            self._start_tls(self._transport, self._context)
            return
        try:
            preamble = read_preamble(self._data, self._host.limits.head)
        except PreambleError as error:
            self._refuse(str(error))
            return
        if preamble is None:
            return
        self._data = self._data[preamble.size :]
        if preamble.source is not None and preamble.target is not None:
            self._names = {"peername": preamble.source, "sockname": preamble.target}
        if self._context is None:
            self._hand_on(self._transport)
        else:
            self._start_tls(self._transport, self._context)

    def eof_received(self) -> bool:
        """Close if the header cannot become complete any more."""
        self._is_eof = True
        if self._starting is None:
            self._refuse("it has ended")
        elif self._starting.done():
            self._end_tls(self._starting)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._entrance.waiting.discard(self)
        self._transport = None

    # What the entrance calls.

    def tick(self) -> None:
        """Take note that another second has passed; TLS has a clock of its own."""
        self._seconds += 1.0
        if self._seconds > self._host.limits.head_s and self._starting is None:
            what = "nothing" if self._proxies is None else "no header"
            self._refuse(f"{what} within {self._host.limits.head_s:g} seconds")

    def drain(self) -> None:
        """End the connection if nothing of it has come, or no more for a while."""
        now = asyncio.get_running_loop().time()
        self._due = min(self._due, now + BEGUN_S)
        if (self._starting is None and not self._data) or now >= self._due:
            self.abort()

    def abort(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    # The way on.

    def _refuse(self, reason: str) -> None:
        if self._proxies is None:
            self._tell_tls(reason)
        else:
            self._entrance.refuse(self._address, reason)
        self.abort()

    def _tell_tls(self, reason: str) -> None:
        error_log.info("TLS with %s could not begin: %s", self._address or "a client", reason)

    def _start_tls(self, raw: asyncio.Transport, context: ssl.SSLContext) -> None:
        """Speak TLS, beginning with what was read behind the header."""
        loop = asyncio.get_running_loop()
        left_s = self._host.limits.head_s - self._seconds
        raw.pause_reading()
        self._starting = loop.create_task(
            loop.start_tls(
                raw,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=max(left_s, 1.0),
                ssl_shutdown_timeout=GOODBYE_S,
            )
        )
        self._starting.add_done_callback(self._end_tls)
        # In the next turn the task above has had a protocol that speaks TLS take the place of this
        # one, to be told of the transport in the turn after. Then it is fed, before it can read.
        loop.call_soon(lambda: loop.call_soon(feed, raw, self._take()))

    def _end_tls(self, starting: "asyncio.Task[asyncio.Transport | None]") -> None:
        """Go on if TLS is spoken now; the loop has closed the connection if not."""
        error = None if starting.cancelled() else starting.exception()
        if error is not None:
            self._tell_tls(str(error) or type(error).__name__)
        if self._transport is None:  # it was handed on, or lost
            return
        transport = None if starting.cancelled() or error else starting.result()
        if transport is None or transport.is_closing():
            self.connection_lost(None)
        else:
            self._hand_on(transport)

    def _take(self) -> bytes:
        data, self._data = self._data, b""
        return data

    def _hand_on(self, transport: asyncio.Transport) -> None:
        """Have the connection served by whom it is for."""
        raw = self._transport
        self.connection_lost(None)
        try:
            protocol = self._factory()
            transport.set_protocol(protocol)
            if raw is not transport or self._names:
                protocol.connection_made(Relay(transport, raw, self._names))
            else:
                protocol.connection_made(transport)
        except BaseException:
            transport.abort()
            raise
        if self._data and not transport.is_closing():
            feed(transport, self._take())
        if self._is_eof and not transport.is_closing():
            protocol.eof_received()


class Relay:
    """A transport with the names that a PROXY header gives to its ends.

    Args:
        transport: that of the connection.
        raw: what that sends its bytes with, if it speaks TLS; else the same.
        names: of the ends, if a header has told them.
    """

    def __init__(self, transport: Any, raw: Any, names: dict[str, Name]) -> None:
        self._transport = transport
        self._raw = raw
        self._names = names
        self.write = transport.write  # found at once, as it is what is called most

    def close(self) -> None:
        """Close the connection, once: asked again, asyncio's TLS forgets what is left to send."""
        if not self._transport.is_closing():
            self._transport.close()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait to be sent, encrypted or not."""
        size: int = self._transport.get_write_buffer_size()
        if self._raw is not self._transport:
            size += self._raw.get_write_buffer_size()
        return size

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what is known of the connection: `peername` is the client."""
        if name in self._names:
            return self._names[name]
        return self._transport.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def feed(transport: asyncio.Transport, data: bytes) -> None:
    """Give bytes that were read already to the protocol of a transport."""
    protocol: Any = transport.get_protocol()
    if not hasattr(protocol, "get_buffer"):
        protocol.data_received(data)
        return
    while data:
        buffer = protocol.get_buffer(len(data))
        size = min(len(buffer), len(data))
        memoryview(buffer)[:size] = data[:size]  # which may be less than was asked for
        data = data[size:]
        protocol.buffer_updated(size)
