"""What connections go through: the PROXY protocol in front, TLS behind it, on both event loops."""

import asyncio
import functools
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import uvloop

from japy import Application, Request
from japy.core.protocol import Connection
from japy.serving.entrance import Entrance
from japy.serving.preamble import SIGNATURE
from japy.settings.config import Config
from tests.support.handlers import get
from tests.support.identity import Identities, common_name
from tests.support.wire import read_answers

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
LINE = b"PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n"
BLOCK = socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1") + b"\xc3\x50\x01\xbb"
BINARY = SIGNATURE + b"\x21\x11" + bytes([0, 12 + 5]) + BLOCK + b"\x04\x00\x02xx"
CHECK = SIGNATURE + b"\x20\x00\x00\x00"
CLIENT = "http 203.0.113.7 203.0.113.7:50000 192.0.2.1:443"


def new_app() -> Application:
    """Return an application that says where requests come from."""
    app = Application()

    @app.route("/")
    def where(request: Request) -> str:
        names = [request.transport.get_extra_info(name) for name in ("peername", "sockname")]
        return " ".join(
            [request.scheme, request.remote_addr, *(f"{name[0]}:{name[1]}" for name in names)]
        )

    @app.route("/who")
    def who(request: Request) -> str:
        certificate = request.transport.get_extra_info("peercert")
        return common_name(certificate) if certificate else "nobody"

    return app


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    """Return what runs a coroutine on an event loop."""

    def run(coro: Awaitable[None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(coro, 20))

    return run


class Place:
    """A server, and its address."""

    def __init__(self, entrance: Entrance, address: tuple[str, int]) -> None:
        self.entrance = entrance
        self.address = address

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the client's side of a connection."""
        return await asyncio.open_connection(*self.address)

    async def ask(self, *pieces: bytes) -> bytes:
        """Return what comes back until the end for bytes sent one after the other."""
        reader, writer = await self.connect()
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def serving(config: Config, factory: Callable[[], Any] | None = None) -> AsyncIterator[Place]:
    """Serve with an entrance."""
    app = new_app()
    app.limits = config.limits(app.limits)
    service = app.service(os.write, asyncio.get_running_loop().call_soon)
    entrance = Entrance(config)
    if config.proxy_headers:
        service.trace = entrance.trace
    factory = factory or functools.partial(Connection, service)
    server = await entrance.open(service, factory, host="127.0.0.1", port=0)
    async with server:
        yield Place(entrance, server.sockets[0].getsockname())
        for connection in list(service.connections):
            connection.close()
        entrance.close()


def body_of(answer: bytes) -> str:
    """Return the body of a single answer."""
    (found,) = read_answers(answer)
    return found.body.decode()


CLOSING = get("/", "Connection: close")
PROXIED = Config(proxy_protocol=True)


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["line", "binary"])
def test_the_header_says_where_a_connection_comes_from(
    run: Callable[[Awaitable[None]], None], header: bytes
) -> None:
    async def use() -> None:
        async with serving(PROXIED) as place:
            assert body_of(await place.ask(header + CLOSING)) == CLIENT
            assert body_of(await place.ask(header, CLOSING)) == CLIENT
            both = await place.ask(header + get("/") + CLOSING)
            assert [answer.body.decode() for answer in read_answers(both)] == [CLIENT, CLIENT]
            pieces = [bytes([byte]) for byte in header + CLOSING]
            assert body_of(await place.ask(*pieces)) == CLIENT

    run(use())


def test_checks_of_the_balancer_come_from_itself(run: Callable[[Awaitable[None]], None]) -> None:
    async def use() -> None:
        async with serving(PROXIED) as place:
            for header in (CHECK, b"PROXY UNKNOWN\r\n"):
                said = body_of(await place.ask(header + CLOSING))
                assert said.startswith("http 127.0.0.1 127.0.0.1:")

    run(use())


@pytest.mark.parametrize(
    "data", [CLOSING, b"PROXY TCP4 x\r\n" + CLOSING, SIGNATURE + b"\x11" + CLOSING, b"\r\n\r\n\r\n"]
)
def test_what_does_not_begin_with_a_header_is_not_answered(
    run: Callable[[Awaitable[None]], None], data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        async with serving(PROXIED) as place:
            assert await place.ask(data) == b""
            assert await place.ask(data) == b""
            place.entrance.tick()
            place.entrance.tick()

    run(use())
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "2 connections were closed for want of a PROXY header; the last from 127.0.0.1: expected"
    )


def test_who_is_not_trusted_is_not_heard(
    run: Callable[[Awaitable[None]], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        config = Config(proxy_protocol=True, forwarded_allow_ips=(ip_network("10.0.0.0/8"),))
        async with serving(config) as place:
            assert await place.ask(LINE + CLOSING) == b""
            place.entrance.tick()

    run(use())
    assert "127.0.0.1: it is not one of --forwarded-allow-ips" in caplog.text


def test_a_header_has_the_time_of_a_head(
    run: Callable[[Awaitable[None]], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def use() -> None:
        async with serving(Config(proxy_protocol=True, timeout_request_head=3)) as place:
            reader, writer = await place.connect()
            writer.write(LINE[:-1])
            while not place.entrance.waiting:
                await asyncio.sleep(0.01)
            for _ in range(3):
                place.entrance.tick()
            assert place.entrance.waiting
            place.entrance.tick()
            assert await ended(reader)
            assert not place.entrance.waiting
            writer.close()

    run(use())
    assert "no header within 3 seconds" in caplog.text


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the end; tell whether nothing has come before it."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def test_who_waits_counts_and_is_closed_with_the_others(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def use() -> None:
        async with serving(Config(proxy_protocol=True, limit_concurrency=1)) as place:
            streams = [await place.connect() for _ in range(65)]
            while len(place.entrance.waiting) < 65:
                await asyncio.sleep(0.01)
            assert await place.ask(LINE + CLOSING) == b""
            place.entrance.close()
            for reader, writer in streams:
                assert await ended(reader)
                writer.close()
            assert body_of(await place.ask(LINE + CLOSING)) == CLIENT
            reader, writer = await place.connect()
            writer.write(LINE + get("/"))
            assert await reader.readuntil(b"443")
            assert b" 503 " in await place.ask(LINE + CLOSING)
            writer.close()

    run(use())


def test_an_end_before_the_header_is_the_end(run: Callable[[Awaitable[None]], None]) -> None:
    async def use() -> None:
        async with serving(PROXIED) as place:
            reader, writer = await place.connect()
            writer.write(LINE[:10])
            writer.write_eof()
            assert await ended(reader)
            assert not place.entrance.waiting
            writer.close()

    run(use())


def test_fields_are_believed_of_who_is_a_proxy_behind_the_balancer(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def use() -> None:
        config = Config(proxy_protocol=True, proxy_headers=True)
        forged = get("/", "X-Forwarded-For: 6.6.6.6", "Connection: close")
        async with serving(config) as place:
            assert body_of(await place.ask(LINE + forged)) == CLIENT
            nearer = LINE.replace(b"203.0.113.7", b"127.0.0.1")
            assert body_of(await place.ask(nearer + forged)).startswith("http 6.6.6.6 127.0.0.1:")

    run(use())


class Wishes(asyncio.BufferedProtocol):
    """A protocol that owns its buffer, which is small: it sends back what comes."""

    def connection_made(self, transport: Any) -> None:
        """Greet by name."""
        self.transport = transport
        self.buffer = bytearray(7)
        transport.write(str(transport.get_extra_info("peername")).encode())

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return where to put what comes."""
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Send it back."""
        self.transport.write(bytes(self.buffer[:nbytes]))

    def eof_received(self) -> bool:
        """End."""
        return False


def test_other_protocols_are_served_behind_it_as_well(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def use() -> None:
        async with serving(PROXIED, Wishes) as place:
            reader, writer = await place.connect()
            writer.write(LINE + b"a text that is long")
            writer.write_eof()
            assert await reader.read() == b"('203.0.113.7', 50000)a text that is long"
            writer.close()

    run(use())


def test_without_it_nothing_stands_in_front(run: Callable[[Awaitable[None]], None]) -> None:
    async def use() -> None:
        async with serving(Config()) as place:
            assert body_of(await place.ask(CLOSING)).startswith("http 127.0.0.1 ")
            assert b" 400 " in await place.ask(LINE + CLOSING)

    run(use())


# TLS.


class Tunnel:
    """The client's side of TLS, whose bytes the test sends: pieces are cut where it wants."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")

    async def shake(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
    ) -> None:
        """Shake hands, with bytes in front of the first message; keep back the last message."""
        while True:
            try:
                self.end.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(first + self.outgoing.read())
                first = b""
                self.incoming.write(await reader.read(1 << 16))
            else:
                return

    async def rest(self, reader: asyncio.StreamReader) -> bytes:
        """Return what comes until the end."""
        found = b""
        while True:
            try:
                data = self.end.read(1 << 16)
            except ssl.SSLWantReadError:
                data = await reader.read(1 << 16)
                if not data:
                    return found
                self.incoming.write(data)
                continue
            except ssl.SSLZeroReturnError:
                return found
            if not data:
                return found
            found += data


@pytest.fixture
def identities(tmp_path: Path) -> Identities:
    """Return an authority."""
    return Identities(tmp_path)


def secured(identities: Identities, **settings: Any) -> Config:
    """Return the settings of a server with TLS."""
    one = identities.new("one")
    return Config(ssl_certfile=one.certfile, ssl_keyfile=one.keyfile, **settings)


@pytest.mark.parametrize("header", [b"", LINE, BINARY], ids=["none", "line", "binary"])
@pytest.mark.parametrize("ends", [False, True], ids=["waits", "says goodbye"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_spoken_behind_the_header(
    run: Callable[[Awaitable[None]], None],
    identities: Identities,
    header: bytes,
    ends: bool,
    version: ssl.TLSVersion,
    request: pytest.FixtureRequest,
) -> None:
    if ends and version is ssl.TLSVersion.TLSv1_3 and "asyncio" in request.node.name:
        pytest.skip("asyncio tells of the client's end before it tells that TLS is spoken")
    client = identities.client()
    client.maximum_version = version

    async def use() -> None:
        config = secured(identities, proxy_protocol=bool(header))
        async with serving(config) as place:
            reader, writer = await place.connect()
            tunnel = Tunnel(client)
            await tunnel.shake(reader, writer, header)
            tunnel.end.write(CLOSING)
            if ends:  # with the last message of the handshake, the request and the end in one read
                with pytest.raises(ssl.SSLWantReadError):
                    tunnel.end.unwrap()
            writer.write(tunnel.outgoing.read())
            said = body_of(await tunnel.rest(reader))
            assert said.startswith("https 203" if header else "https 127.0.0.1")
            writer.close()
            assert not place.entrance.waiting

    run(use())


def test_a_transport_that_was_closed_may_be_closed_and_asked_again(
    run: Callable[[Awaitable[None]], None], identities: Identities
) -> None:
    sizes = []

    class Leaving(asyncio.Protocol):
        """Answers with the end; the peer does not say goodbye."""

        transport: Any

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            for end in (self.transport.close, self.transport.close, self.transport.abort):
                end()
                sizes.append(self.transport.get_write_buffer_size())

    async def use() -> None:
        async with serving(secured(identities), Leaving) as place:
            reader, writer = await place.connect()
            tunnel = Tunnel(identities.client())
            await tunnel.shake(reader, writer, b"")
            tunnel.end.write(CLOSING)
            writer.write(tunnel.outgoing.read())
            await tunnel.rest(reader)
            writer.close()

    run(use())
    assert len(sizes) == 3


def test_what_is_no_tls_behind_the_header_is_closed(
    run: Callable[[Awaitable[None]], None], identities: Identities
) -> None:
    async def use() -> None:
        async with serving(secured(identities, proxy_protocol=True)) as place:
            assert b"HTTP" not in await place.ask(LINE + CLOSING)
            while place.entrance.waiting:
                await asyncio.sleep(0.01)
            reader, writer = await place.connect()
            writer.write(LINE + b"\x16\x03\x01")
            writer.write_eof()
            assert await ended(reader)
            while place.entrance.waiting:
                await asyncio.sleep(0.01)
            writer.close()

    run(use())


def test_handlers_see_the_certificate_of_the_client(
    run: Callable[[Awaitable[None]], None], identities: Identities
) -> None:
    config = secured(identities, ssl_ca_certs=identities.ca_certs, ssl_cert_reqs="optional")

    async def ask(place: Place, client: ssl.SSLContext) -> str:
        reader, writer = await asyncio.open_connection(*place.address, ssl=client)
        writer.write(get("/who", "Connection: close"))
        answer = await reader.read()
        writer.close()
        return body_of(answer)

    async def use() -> None:
        async with serving(config) as place:
            assert await ask(place, identities.client()) == "nobody"
            assert await ask(place, identities.client(identities.new("ann"))) == "ann"

    run(use())


def test_new_files_are_taken_while_it_serves(
    run: Callable[[Awaitable[None]], None],
    identities: Identities,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = secured(identities)
    two = identities.new("two")
    caplog.set_level(logging.INFO)

    async def shown(place: Place) -> str:
        _, writer = await asyncio.open_connection(*place.address, ssl=identities.client())
        name = common_name(writer.get_extra_info("peercert"))
        writer.close()
        return name

    def look(place: Place) -> None:
        for _ in range(5):
            place.entrance.tick()

    async def use() -> None:
        assert config.ssl_certfile is not None
        assert config.ssl_keyfile is not None
        async with serving(config) as place:
            assert await shown(place) == "one"
            config.ssl_certfile.write_bytes(two.chain)
            look(place)
            assert await shown(place) == "one"
            config.ssl_keyfile.write_bytes(two.key)
            look(place)
            assert await shown(place) == "two"

    run(use())
    assert "The certificate that was there before stays in use." in caplog.text
    assert "The certificate was changed" in caplog.text
