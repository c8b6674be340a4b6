"""What the connections of one worker share: the application, the rules, the clock, the buffers.

Knows what a connection asks of the world outside the core, as callables that are handed in. Knows
nothing of when they are called: that is `protocol.py`.
"""

from collections.abc import Callable
from contextvars import Context
from types import CoroutineType
from typing import TYPE_CHECKING, Final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from japy.core.codec import Codec
from japy.core.drive import Driver, Standin
from japy.core.errors import BadRequest, RouteNotFoundException
from japy.core.headers import Headers
from japy.core.limits import Limits
from japy.core.outlet import Outlet
from japy.core.parser import Parser
from japy.core.request import Origin, Request
from japy.core.response import Response, Stamp
from japy.core.router import Match, Router, missing

if TYPE_CHECKING:
    from japy.core.protocol import Connection


TURN_S: Final = 0.001  # some hundred plain requests, and far less than anybody notices
STRIDE: Final = 16  # PERF: a look at the clock costs a tenth of a plain request


@mypyc_attr(native_class=True)
class Scratch:
    """What a connection is lent while it handles what was read: buffers, and context variables.

    Args:
        limits: what a peer is held to.
        base: the context variables that each request begins with.
    """

    def __init__(self, limits: Limits, base: Context) -> None:
        self.parser: Final = Parser(limits)
        self.out: Final = BytesWriter()
        self.base: Final = base
        # PERF: most applications begin with no variable set. Then the number tells whether that is
        # still so, for less than half of what the comparison costs (bench/micro, plaintext).
        self.is_empty: Final = len(base) == 0
        self.context = base.copy()  # what requests are handled in, one after the other
        self.run = self.context.run
        self.start: i64 = 0  # where the head that is looked at begins
        self.is_used = False  # set once a request has changed the context
        self._receive: Final = receive  # MYPYC: an attribute is read faster than a global

    def turn(self, connection: "Connection", data: bytes) -> None:
        """Have a connection handle what was read, each request in context variables of its own."""
        # PERF: a context that nobody has changed serves again, and to see that it is unchanged
        # takes some 10 ns; a context for each request would take 80 (bench/micro, plaintext).
        self.run(self._receive, connection, data, self)
        while self.is_used:
            self.renew()
            if connection.tail:
                self.run(self._receive, connection, b"", self)

    def check(self) -> None:
        """Take note of whether the request that was handled has changed the context."""
        try:
            if self.context != self.base:
                self.is_used = True
        except Exception:  # a value that cannot be compared is another one
            self.is_used = True

    def changed(self) -> Context | None:
        """Return a copy of the context if it was changed."""
        self.check()
        return self.context.copy() if self.is_used else None

    def renew(self) -> None:
        """Go on with a context that nobody has changed."""
        self.context = self.base.copy()
        self.run = self.context.run
        self.is_used = False


def receive(connection: "Connection", data: bytes, scratch: Scratch) -> None:
    """Be `Connection.receive` as a function: one object, not one for each call."""
    connection.receive(data, scratch)


@mypyc_attr(native_class=True)
class Service:
    """What the connections of one worker share.

    Args:
        app: what `request.app` is.
        router: the routes, frozen.
        limits: what a peer is held to.
        codec: how `request.json` and `request.Response(json=…)` work.
        driver: runs the coroutines of handlers.
        settle: given a request and what its handler returned, where that is no Response: returns
            what it stands for, a Response or a coroutine that will return one. Must not raise.
        recover: given a request and what its handler raised, returns the Response, or a coroutine
            that will return one. Must not raise.
        missed: given a request and why no route was found, returns what answers it: a Response,
            or a coroutine that will return one. Must not raise.
        unusable: given a request and why its Response cannot be rendered, returns another one.
        refused: told of each request that never came to a handler: peer address and reason; may
            return the bytes of another answer than japy's own. Must not raise.
        answered: told of each request and its rendered Response; None to spare the call.
        clock: returns seconds; None if nobody asks when a request came.
        written: told that the answers which `answered` was told of have been written; None to
            spare the call.
        end: calls the done callbacks of a request, if it has some. Must not raise.
        handler_cancellation: whether handlers that wait are cancelled when their client is gone,
            if their route does not say.
        base: the context variables that each request begins with.
        write: `os.write`, or None where transports have no file descriptor.
        call_soon: calls a function in the next turn of the event loop; None if turns do not matter.
        now: returns seconds of a clock that only goes on, by which a turn is measured.
        cut: given the socket of a transport, has the end of its connection be a reset.
        count: returns how many bytes the system keeps for the peer of a descriptor.
    """

    def __init__(
        self,
        app: object,
        router: Router,
        limits: Limits,
        codec: Codec,
        driver: Driver,
        settle: Callable[[Request, object], object],
        recover: Callable[[Request, BaseException], object],
        missed: Callable[[Request, RouteNotFoundException], object],
        unusable: Callable[[Request, Exception], Response],
        refused: Callable[[str, BadRequest], bytes | None],
        answered: Callable[[Request, Response], object] | None,
        clock: Callable[[], float] | None,
        written: Callable[[], object] | None,
        end: Callable[[Request], object],
        handler_cancellation: bool,
        base: Context,
        write: Callable[[int, bytes], int] | None,
        call_soon: Callable[[Callable[[], object]], object] | None,
        now: Callable[[], float],
        cut: Callable[[object], object] | None,
        count: Callable[[int], int] | None,
    ) -> None:
        self.app: Final = app
        self.router: Final = router
        self.limits: Final = limits
        self.codec: Final = codec
        self.driver: Final = driver
        self.settle: Final = settle
        self.recover: Final = recover
        self.missed: Final = missed
        self.unusable: Final = unusable
        self.refused: Final = refused
        self.answered: Final = answered
        self.clock: Final = clock
        self.written: Final = written
        self.end: Final = end
        self.handler_cancellation: Final = handler_cancellation
        self.write: Final = write
        self.call_soon: Final = call_soon
        self.now: Final = now
        self.cut: Final = cut
        self.count: Final = count
        self.coroutine_type: Final = CoroutineType  # MYPYC: an attribute is faster than a global
        self.base = base
        self.connections: Final[set[Connection]] = set()
        self.lingering: Final[list[Outlet]] = []  # those that wait for the end of their peer
        self.turned_away: i64 = 0  # connections beyond the limit
        self.requests: i64 = 0  # heads that were handled
        # Tells where a request comes from, see Peer; set by a worker that is to believe proxies.
        self.trace: Callable[[Origin, Headers], Origin] | None = None
        self.stamp = Stamp("")  # set by the worker's clock
        # Seconds after which what a connection has pipelined waits until others had their turn, and
        # how many of its requests are handled from one look at the clock to the next.
        self.turn_s = TURN_S
        self.stride: i64 = STRIDE
        self._spare: Scratch | None = Scratch(limits, base)  # None while lent

    def tick(self, date: str) -> None:
        """Take note that another second has begun.

        Args:
            date: of that second, as in a `Date` field.
        """
        self.stamp = Stamp(date)
        for outlet in self.lingering.copy():
            outlet.linger()
        for connection in list(self.connections):
            connection.tick()

    def rebase(self, base: Context) -> None:
        """Have requests begin with other context variables, from the next read on."""
        self.base = base
        self._spare = Scratch(self.limits, base)
        self.driver.rebase(base)

    def reap(self, interval_s: float, timeout_s: float) -> None:
        """Close the connections that have been quiet for too long.

        Args:
            interval_s: seconds since the last call.
            timeout_s: seconds that a connection may be quiet.
        """
        for connection in list(self.connections):
            connection.reap(interval_s, timeout_s)

    def borrow(self) -> Scratch:
        """Return buffers that nobody uses; a handler may feed another connection (test client)."""
        spare = self._spare
        if spare is None:
            return Scratch(self.limits, self.base)
        self._spare = None
        return spare

    def give_back(self, scratch: Scratch) -> None:
        """Take buffers back."""
        scratch.out.truncate(0)
        if scratch.base is self.base:
            self._spare = scratch

    def search(self, request: Request) -> Match | None:
        """Search the route of a request whose path has parameters, or has not been seen before."""
        search = self.router.search(request.line, request.method_size)
        if search.route is None:
            return None
        match = Match(search.route, search.parts)
        self.router.remember(request.line, match)
        return match

    def body_limit(self, request: Request) -> int:
        """Return the longest body that a request may have: that of its route, or of all."""
        if not self.router.has_limits:
            return self.limits.body
        try:
            match = self.router.find(request.line) or self.search(request)
        except Exception:  # of a user's converter: raised again, and answered, behind the body
            match = None
        limit = None if match is None else match.route.body_limit
        return self.limits.body if limit is None else limit

    def cancels(self, request: Request) -> bool:
        """Tell whether the handler of a request is cancelled when its client is gone."""
        choice = None if request.route is None else request.route.handler_cancellation
        return self.handler_cancellation if choice is None else choice

    def miss(self, request: Request) -> object:
        """Return what answers a request that has no route."""
        search = self.router.search(request.line, request.method_size)
        return self.missed(request, missing(search))

    def resolve(
        self, request: Request, result: object, scratch: Scratch | None
    ) -> Response | Standin:
        """Return the answer that a handler's result stands for, or who waits for it.

        Args:
            request: what is answered.
            result: what its handler has returned.
            scratch: what the request is handled in; None once its handler has waited.
        """
        while True:
            if isinstance(result, (Response, Standin)):
                return result
            result = self.settle(request, result)
            if isinstance(result, Response):
                return result
            try:
                result = self.driver.run(result, None if scratch is None else scratch.changed())
            except BaseException as error:
                result = self.recover(request, error)
