"""In-memory client and transport: the one fake, for tests, benchmarks and users.

    async with app.test_client() as client:
        answer = await client.get("/")

    with app.test_client() as client:
        answer = client.get("/")

A client feeds a real Connection: parser, protocol, router and handlers are those that serve. Only
the socket is missing. Startup and shutdown hooks run when the client is entered and left.

Knows how bytes get from a client to a Connection and back; `japy/client.py` knows what they mean.

Invariants:
- Every call to a Connection comes from a callback of the loop, as a real loop's do, never from
  inside a task: the tasks in whose name handlers run have to become the current one.
- A paused or closed transport delivers nothing; what was sent waits, as in a kernel's buffer.
- When a client is left, its connections have ended, and no handler of theirs runs on.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Coroutine, Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from japy.application.app import Application
from japy.client import AnswerError as AnswerError
from japy.client import ClientResponse as ClientResponse
from japy.client import Incoming, Message, Options, Verbs, new_message
from japy.client import StatusError as StatusError
from japy.core.protocol import Connection
from japy.core.request import Request
from japy.core.response import Stamp
from japy.core.service import Service
from japy.jar import Jar
from japy.serving.loop import is_in_loop

PEER = ("192.0.2.1", 50000)  # RFC 5737: an address for examples
TIMEOUT_S = 5.0
GRACE_S = 0.01
UNWIND_S = 0.5  # what cancelled handlers get to clean up in
MAX_REDIRECTS = 20
IN_LOOP = "an event loop runs here: use `async with app.test_client()`, and await the requests"
NOT_ENTERED = "use `with app.test_client() as client`, or `async with` in a coroutine"
CLOSED = "the client is closed: use it inside of its with block"

T = TypeVar("T")


class MemoryTransport:
    """The transport of a Connection without a socket, and the way of a client's bytes to it.

    Override `take` and `take_end` to be told what the server sends.

    Args:
        loop: delivers what is sent.
        connection: what it is delivered to.
        peername: what the connection is told of its client.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connection: Connection, peername: object = PEER
    ) -> None:
        self.connection = connection
        self._loop = loop
        self._peername = peername
        self._waiting: deque[bytes | None] = deque()  # sent, not delivered yet; None: the EOF
        self._is_closed = False  # set by close and abort
        self._is_lost = False  # set once connection_lost was called
        self._is_paused = False  # set between pause_reading and resume_reading
        self._is_pumping = False  # set while a delivery is on the loop's list

    # What a Connection calls.

    def write(self, data: bytes) -> None:
        """Pass on to the client what the server sends."""
        if not self._is_closed:
            self.take(data)

    def close(self) -> None:
        """End the connection."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.clear()
            self._loop.call_soon(self.lose, None)

    abort = close

    def write_eof(self) -> None:
        """End the server's side; the client, when it sees that, ends its own."""
        self._waiting = deque([None])
        self._is_paused = False
        self._pump_soon()
        self.take_end()

    def pause_reading(self) -> None:
        """Deliver nothing until told to."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        self._is_paused = False
        self._pump_soon()

    def is_closing(self) -> bool:
        """Tell whether the server has ended the connection, or the client."""
        return self._is_closed

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for the client: it takes them at once."""
        return 0

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what is known of the connection."""
        return self._peername if name == "peername" else default

    # What a client overrides.

    def take(self, data: bytes) -> None:
        """Be told what the server sends."""

    def take_end(self) -> None:
        """Be told that nothing more will come, perhaps more than once."""

    # What a client calls.

    def open(self) -> None:
        """Tell the connection that it has begun."""
        self.connection.connection_made(self)

    def push(self, *pieces: bytes, eof: bool = False) -> None:
        """Put bytes on their way, each piece as one read, and perhaps the end of them."""
        self._waiting.extend(piece for piece in pieces if piece)
        if eof:
            self._waiting.append(None)
        self._pump_soon()

    def forget(self) -> None:
        """Take back what was not delivered yet."""
        self._waiting.clear()

    def lose(self, error: Exception | None) -> None:
        """Tell the connection that it has ended; to be called from a callback of the loop."""
        if not self._is_lost:
            self._is_lost = self._is_closed = True
            self.connection.connection_lost(error)
            self.take_end()

    def is_lost(self) -> bool:
        """Tell whether the connection knows that it has ended."""
        return self._is_lost

    def is_paused(self) -> bool:
        """Tell whether the server does not read for now."""
        return self._is_paused

    def is_pumping(self) -> bool:
        """Tell whether something is about to be delivered."""
        return self._is_pumping

    @property
    def undelivered(self) -> bytes:
        """What was sent and waits for `resume_reading`."""
        return b"".join(piece for piece in self._waiting if piece)

    def _pump_soon(self) -> None:
        if self._waiting and not self._is_pumping and not self._is_paused and not self._is_closed:
            self._is_pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._is_pumping = False
        if not self._waiting or self._is_paused or self._is_closed:
            return
        piece = self._waiting.popleft()
        if piece is not None:
            self.connection.data_received(piece)
        elif not self.connection.eof_received():
            self.close()
        self._pump_soon()


class Link(MemoryTransport):
    """A connection of a client, which awaits one answer at a time on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        super().__init__(loop, connection)
        self.incoming = Incoming()
        self.is_idle = False  # set between two requests
        self.failure: BaseException | None = None  # what a handler raised and nobody handled
        self.lost: asyncio.Future[None] = loop.create_future()
        self._reading: Iterator[None] = iter(())  # reads the answer; set by `ask`
        self._answered: asyncio.Future[ClientResponse] | None = None  # set by `ask`
        loop.call_soon(self.open)

    def take(self, data: bytes) -> None:
        """Keep what was received, and see whether the answer is there."""
        self.incoming.data += data
        self._read_on()

    def take_end(self) -> None:
        """See what the end makes of what was received."""
        self.incoming.is_ended = True
        self._read_on()
        if self.is_lost() and not self.lost.done():
            self.lost.set_result(None)

    def is_reusable(self) -> bool:
        """Tell whether another request may be sent, after an answer."""
        is_open = not self.incoming.is_ended and not self.is_closing()
        return is_open and self.incoming.is_reusable and not self.incoming.data

    async def ask(self, message: Message, data: bytes) -> ClientResponse:
        """Send a request and return its answer."""
        self.failure = None
        self._answered = self._loop.create_future()
        self._reading = self.incoming.answer(message)
        self.push(data)
        return await self._answered

    def disconnect(self) -> None:
        """Be gone, as a client that was killed."""
        self.forget()
        self._loop.call_soon(self.lose, None)

    def describe(self) -> str:
        """Say what the server has done so far."""
        sent, unread = self.incoming.describe(), len(self.undelivered)
        more = f" and has not read {unread} bytes of the request" if unread else ""
        return f"the server has sent {sent}{more}"

    def _read_on(self) -> None:
        """Read as far as possible, and pass the answer on when it is there."""
        if self._answered is None or self._answered.done():
            return
        try:
            next(self._reading)
        except StopIteration as stop:
            self._answered.set_result(stop.value)
        except AnswerError as error:
            self._answered.set_exception(error)


class AsyncClient(Verbs[Coroutine[Any, Any, ClientResponse]]):
    """A client of an application, for coroutines: requests at the same time have a connection each.

    Attributes:
        app: whom it asks.
        cookies: what is sent with each request by name: what answers have set, and what you put in.
        headers: what is sent with each request by name.
    """

    def __init__(self, app: Application, settings: "TestClient") -> None:
        self.app = app
        self.cookies = Jar()
        self.headers: dict[str, str] = {}
        self._settings = settings
        self._service: Service | None = None  # None before `start` and after `stop`
        self._links: list[Link] = []  # those that have not ended

    async def start(self) -> None:
        """Run the startup hooks."""
        app = self.app
        service: Service = app.service()
        before = app.lent_loop
        app.lent_loop, app.is_stopping = asyncio.get_running_loop(), False
        try:
            await app.life.start()
        except BaseException:
            app.lent_loop = before
            raise
        service.rebase(app.life.context.copy())
        service.stamp = Stamp(formatdate(time.time(), usegmt=True))
        self._service = service
        app.watchers.append(self._watch)

    async def stop(self) -> None:
        """End every connection, and run the shutdown hooks."""
        self._service = None
        try:
            await self._hang_up()
        finally:
            self.app.watchers.remove(self._watch)
            try:
                await self.app.life.stop()
            finally:
                self.app.lent_loop = None

    async def request(self, method: str, target: str, **options: Unpack[Options]) -> ClientResponse:
        """Send a request and return its answer; see `Options` for what may be given."""
        message = new_message(method, target, self.headers, options)
        history: list[ClientResponse] = []
        while True:
            answer = await self._exchange(message, options)
            self.cookies.take(message.target, answer.headers.getlist("Set-Cookie"))
            answer.history = history.copy()
            wanted = options.get("follow_redirects")
            is_following = self._settings.follow_redirects if wanted is None else wanted
            next_message = message.redirected(answer) if is_following else None
            if next_message is None:
                return answer
            history.append(answer)
            if len(history) > MAX_REDIRECTS:
                raise AnswerError(f"{method} {target}: more than {MAX_REDIRECTS} redirects")
            message = next_message

    async def raw(self, data: bytes, *, eof: bool = True, timeout: float | None = None) -> bytes:
        """Send bytes over a connection of their own; return all that comes until it ends.

        Args:
            data: what is sent.
            eof: say that nothing more will come. Without that it is the server who has to end.
            timeout: seconds to wait for the end.
        """
        link = self._connect()
        link.push(data, eof=eof)
        await self._wait(link, asyncio.shield(link.lost), "raw bytes", timeout)
        self._raise_failure(link)
        return bytes(link.incoming.data)

    async def _exchange(self, message: Message, options: Options) -> ClientResponse:
        data = message.encode(self.cookies.field(message.target, options.get("cookies")))
        idle = (each for each in self._links if each.is_idle and not each.is_closing())
        link = next(idle, None) or self._connect()
        link.is_idle = False
        name = f"{message.method} {message.target}"
        answer = await self._wait(link, link.ask(message, data), name, options.get("timeout"))
        link.is_idle = link.is_reusable()
        if not link.is_idle:
            link.push(eof=True)
        self._raise_failure(link)
        return answer

    async def _wait(self, link: Link, coming: Awaitable[T], name: str, limit: float | None) -> T:
        limit = self._settings.timeout if limit is None else limit
        task = asyncio.ensure_future(coming)
        try:
            await asyncio.wait([task], timeout=limit)
            if not task.done():  # a debugger may have stopped the loop: what is there by now counts
                await asyncio.wait([task], timeout=GRACE_S)
            if task.done():
                return task.result()
            raise AnswerError(f"no complete answer within {limit:g} s; {link.describe()}")
        except BaseException as error:
            task.cancel()
            link.disconnect()
            if not isinstance(error, AnswerError):
                raise
            raise AnswerError(f"{name}: {error}") from None

    def _connect(self) -> Link:
        if self._service is None:
            raise RuntimeError(CLOSED)
        link = Link(asyncio.get_running_loop(), Connection(self._service))
        self._links.append(link)
        link.lost.add_done_callback(lambda _: self._links.remove(link))
        return link

    async def _hang_up(self) -> None:
        """End the connections: those that are idle now, the others with their handlers."""
        links, loop = self._links.copy(), asyncio.get_running_loop()
        for link in links:
            if link.connection.is_idle():
                link.push(eof=True)
            else:
                loop.call_soon(link.connection.drain)
                loop.call_soon(link.connection.abandon)
        if links:
            await asyncio.wait([link.lost for link in links], timeout=UNWIND_S)
        for link in self._links.copy():
            link.disconnect()
            await link.lost

    def _watch(self, request: Request, error: BaseException) -> None:
        transport = request.transport
        if isinstance(transport, Link):
            transport.failure = error

    def _raise_failure(self, link: Link) -> None:
        if self._settings.raise_errors and link.failure is not None:
            raise link.failure


class SyncClient(Verbs[ClientResponse]):
    """A client of an application, for functions; made by `Application.test_client`.

    It has an event loop, which runs while an answer is awaited, and when it is entered and left.

    Attributes:
        app, cookies, headers: as those of AsyncClient.
    """

    def __init__(self, app: Application, settings: "TestClient") -> None:
        app.life.require_stopped()  # or the runner would end the event loop of who serves it
        self._client = AsyncClient(app, settings)
        self._runner = asyncio.Runner(loop_factory=lambda: app.loop)
        self._is_closed = False
        self.app = app
        self.cookies = self._client.cookies
        self.headers = self._client.headers

    def start(self) -> None:
        """Run the startup hooks."""
        try:
            self._run(self._client.start())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """End every connection, run the shutdown hooks, and end the event loop."""
        try:
            self._run(self._client.stop())
        finally:
            self._end()

    def request(self, method: str, target: str, **options: Unpack[Options]) -> ClientResponse:
        """Send a request and return its answer; see `Options` for what may be given."""
        return self._run(self._client.request(method, target, **options))

    def raw(self, data: bytes, *, eof: bool = True, timeout: float | None = None) -> bytes:
        """Send bytes over a connection of their own; see `AsyncClient.raw`."""
        return self._run(self._client.raw(data, eof=eof, timeout=timeout))

    def _run(self, coro: Coroutine[Any, Any, T]) -> T:
        try:
            if is_in_loop():
                raise RuntimeError(IN_LOOP)
            if self._is_closed:
                raise RuntimeError(CLOSED)
            return self._runner.run(coro)
        finally:
            coro.close()  # if it has not begun

    def _end(self) -> None:
        self._is_closed = True
        self._runner.close()


class TestClient:
    """What `Application.test_client` returns; `with` and `async with` make a client of it.

    Args:
        app: whom to ask.
        raise_errors: as of `Application.test_client`.
        follow_redirects: likewise.
        timeout: likewise.
    """

    __test__ = False  # pytest takes it for a test case otherwise

    def __init__(
        self,
        app: Application,
        *,
        raise_errors: bool = False,
        follow_redirects: bool = False,
        timeout: float = TIMEOUT_S,
    ) -> None:
        self.raise_errors = raise_errors
        self.follow_redirects = follow_redirects
        self.timeout = timeout
        self._app = app
        self._sync: SyncClient | None = None  # set between enter and exit
        self._async: AsyncClient | None = None  # likewise

    if not TYPE_CHECKING:  # a checker would believe in every name

        def __getattr__(self, name: str) -> object:
            """Say where a client comes from to who asks for what only that has."""
            raise AttributeError(f"a client that is not entered has no {name!r}: {NOT_ENTERED}")

    def __enter__(self) -> SyncClient:
        """Start the application on an event loop of the client's own."""
        client = SyncClient(self._app, self)
        client.start()
        self._sync = client
        return client

    def __exit__(self, *failure: object) -> None:
        """Stop the application."""
        client, self._sync = self._sync, None
        assert client is not None
        client.stop()

    async def __aenter__(self) -> AsyncClient:
        """Start the application on the running event loop."""
        client = AsyncClient(self._app, self)
        await client.start()
        self._async = client
        return client

    async def __aexit__(self, *failure: object) -> None:
        """Stop the application."""
        client, self._async = self._async, None
        assert client is not None
        await client.stop()
