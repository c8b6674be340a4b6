"""An application with handlers of every kind, each under a path of its own.

Knows what handlers may do: answer at once, wait, fail, return what is no Response, end the
connection. Refuses to know what a client is to get for that: `message.py` says so independently.

Invariants:
- What waits here waits for `release` and nothing else, so that whoever plays decides the order.
- What an echo says depends on its request alone.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import NamedTuple

from japy import Application, BadRequest, Limits, Request, Response

NOBODY = "nobody"
CONSTANT = Response("constant")
LARGE = bytes(range(256)) * 130  # more than japy copies into its output buffer
WIDE = 66_000  # a body that is more than japy reads in a turn
name: ContextVar[str] = ContextVar("name", default=NOBODY)


class Held(NamedTuple):
    """A handler that waits."""

    request: Request
    transport: object  # that the request came from
    end: asyncio.Future[None]  # of its waiting


class Refusal(BadRequest):
    """What a handler may raise."""

    status = 409


def echo(request: Request, more: object = None) -> Response:
    """Answer with all that was understood of a request."""
    seen = (request.method, request.path, request.raw_query, request.version, request.keep_alive)
    fields = dict(request.headers)
    return request.Response(repr((*seen, fields, request.body, name.get(), more)))


class Cast:
    """The application, and the handlers in it that wait.

    Args:
        limits: the application's.
        log_request: likewise.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        log_request: Callable[[Request], object] | None = None,
    ) -> None:
        self.app = Application(limits=limits, log_request=log_request)
        self.held: list[Held] = []  # first come first; some have been cancelled meanwhile
        self.asked: Counter[int] = Counter()  # done callbacks by number: how many were added
        self.told: Counter[int] = Counter()  # and how often each was called
        self._add_echoes()
        self._add_waiting()
        self._add_failures()
        self._add_waiting_failures()
        self._add_endings()

    def release(self, place: int) -> bool:
        """Let one of the waiting handlers go on; return whether there was one."""
        waiting = self.waiting()
        if not waiting:
            return False
        waiting[place % len(waiting)].end.set_result(None)
        return True

    def waiting(self) -> list[Held]:
        """Return what is waited for."""
        self.held = [held for held in self.held if not held.end.done()]
        return self.held

    def wait(self, request: Request) -> Awaitable[None]:
        """Return what ends when it is released."""
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held.append(Held(request, request.transport, end))
        return end

    def _add_echoes(self) -> None:
        app = self.app
        app.router.add_route("/sync", echo)
        app.router.add_route("/same", lambda request: CONSTANT)
        app.router.add_route("/large", lambda request: request.Response(body=LARGE))
        app.router.add_route("/done", self._done)
        app.router.add_route("/item/{x}", lambda request: echo(request, request.match_dict))
        app.router.add_route("/only", echo, method="GET")
        app.router.add_route("/narrow", echo, body_limit=10)
        app.router.add_route("/wide", echo, body_limit=WIDE)
        app.router.add_route("/future", lambda request: asyncio.ensure_future(self._later(request)))

        @app.route("/quick")
        async def quick(request: Request) -> Response:
            return echo(request)

        @app.route("/turn")
        async def turn(request: Request) -> Response:
            await asyncio.sleep(0)
            return echo(request)

        @app.route("/context")
        def context(request: Request) -> Response:
            answer = echo(request)
            name.set("me")
            return answer

        @app.route("/quick/context")
        async def quick_context(request: Request) -> Response:
            return context(request)

    def _add_waiting(self) -> None:
        app = self.app

        @app.route("/wait")
        async def wait(request: Request) -> Response:
            name.set("me")
            await self.wait(request)
            name.set(NOBODY)
            return echo(request)

        @app.route("/twice")
        async def twice(request: Request) -> Response:
            await self.wait(request)
            await self.wait(request)
            return echo(request)

        @app.route("/stay", handler_cancellation=False)
        async def stay(request: Request) -> Response:
            answer = self._done(request)
            await self.wait(request)
            return answer

        @app.route("/wait/done")
        async def wait_done(request: Request) -> Response:
            answer = self._done(request)
            await self.wait(request)
            return answer

    def _add_failures(self) -> None:
        app = self.app
        app.router.add_route("/odd", lambda request: object())
        app.router.add_route("/odd/number", lambda request: 5)

        @app.route("/fail")
        def fail(request: Request) -> Response:
            raise LookupError("on purpose")

        @app.route("/quick/fail")
        async def quick_fail(request: Request) -> Response:
            raise LookupError("on purpose")

        @app.route("/refuse")
        def refuse(request: Request) -> Response:
            raise Refusal("not now")

        @app.route("/cancelled")
        async def cancelled(request: Request) -> Response:
            raise asyncio.CancelledError

    def _add_waiting_failures(self) -> None:
        app = self.app
        app.add_error_handler(ZeroDivisionError, self._excuse)

        @app.route("/zero")
        async def zero(request: Request) -> int:
            return 1 // 0

        @app.route("/wait/fail")
        async def wait_fail(request: Request) -> Response:
            await self.wait(request)
            raise LookupError("on purpose")

        @app.route("/wait/odd")
        async def wait_odd(request: Request) -> object:
            await self.wait(request)
            return object()

        @app.route("/wait/cancelled")
        async def wait_cancelled(request: Request) -> Response:
            await self.wait(request)
            raise asyncio.CancelledError

    def _add_endings(self) -> None:
        app = self.app
        app.router.add_route("/none", lambda request: None)
        app.router.add_route("/dict", lambda request: {"a": 1})
        app.router.add_route("/bytes", lambda request: b"\0\xff")
        app.router.add_route("/pair", lambda request: ("made", 201, {"X-Made": "yes"}))
        app.router.add_route("/unchanged", lambda request: request.Response("kept", 304))
        app.router.add_route("/reset", lambda request: request.Response("kept", 205))
        app.router.add_route("/interim", lambda request: request.Response("kept", 102))

        @app.route("/close")
        def close(request: Request) -> Response:
            answer = echo(request)
            answer.headers["Connection"] = "close"
            return answer

        @app.route("/wait/close")
        async def wait_close(request: Request) -> Response:
            await self.wait(request)
            return close(request)

    async def _later(self, request: Request) -> Response:
        await asyncio.ensure_future(self.wait(request))
        return echo(request)

    def _done(self, request: Request) -> Response:
        number = len(self.asked)
        self.asked[number] += 1
        request.add_done_callback(lambda _: self.told.update([number]))
        return echo(request)

    async def _excuse(self, request: Request, error: ZeroDivisionError) -> Response:
        await self.wait(request)
        return echo(request)
