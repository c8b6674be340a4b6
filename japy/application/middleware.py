"""What stands between a connection and a handler: hooks, and the onion of middleware.

Knows in which order they are called and what becomes of their errors. Knows neither routes nor
connections: it is given what answers a request, and returns what does so in its place.

The way of a request: hooks before, middleware inwards, handler, middleware outwards, hooks after.
What a hook before answers takes the short way to the hooks after. What was added first is the
outermost: it is the first to see the request, and the last to see the answer, even if that is a 500
because another hook has failed.

Invariants:
- Every answer takes this way: of a handler, of an error handler, 404, 405, OPTIONS, a redirect.
- What is inside of a middleware or hook never raises into it, but for the end of the request's own
  coroutine (`is_end`): it has been answered.
- A Response that a function of the application's has returned is copied before another one gets it:
  one that is made once, for all requests, stays as it was.
- An application without hooks and middleware is served as if this module did not exist.
"""

import asyncio
import inspect
import types
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, cast

from japy.application.answer import described, kind, to_response
from japy.core.request import Request
from japy.core.response import Response
from japy.core.router import Route
from japy.core.signature import signature_of

if TYPE_CHECKING:
    from japy.application.app import Application

CallNext = Callable[[Request], Awaitable[Response]]  # what a middleware is given
Function = Callable[..., object]  # a hook or a middleware
Missing = Callable[[Request, Any], object]  # what answers a request without a route


class Chain:
    """The hooks and middleware of an application."""

    def __init__(self, app: "Application") -> None:
        self._app = app
        self._before: list[Function] = []
        self._middleware: list[Function] = []
        self._after: list[Function] = []
        self._is_fixed = False  # set once the application serves

    def add_before(self, hook: Function) -> None:
        """Call a hook with each request, after the hooks that were added before."""
        self._check("before_request", hook, "request")
        self._before.append(hook)

    def add_after(self, hook: Function) -> None:
        """Call a hook with each request and its answer, before the hooks that were added before."""
        self._check("after_response", hook, "request", "response")
        self._after.append(hook)

    def add_middleware(self, middleware: Function) -> None:
        """Put a middleware around each answer, inside of those that were added before."""
        self._check("middleware", middleware, "request", "call_next")
        self._middleware.append(middleware)

    def wrap_routes(self, routes: Iterable[Route]) -> None:
        """Put what there is before the handlers; nothing can be added afterwards."""
        self._is_fixed = True
        if self._is_used():
            for route in routes:
                route.endpoint = self._way_to(route.handler)

    def wrap_missing(self, answer: Missing) -> Missing:
        """Return what answers requests without a route, given what does so without this module."""
        if not self._is_used():
            return answer

        def wrapped(request: Request, error: Any) -> object:
            return self._way_to(lambda request: answer(request, error))(request)

        return wrapped

    def _is_used(self) -> bool:
        return bool(self._before or self._middleware or self._after)

    def _way_to(self, handler: Function) -> Callable[[Request], object]:
        passage = Passage(self._app, self._before, self._middleware, self._after, handler)
        return passage.walk if self._middleware else passage.begin

    def _check(self, name: str, function: Function, *arguments: str) -> None:
        """Raise unless this can be added."""
        if not callable(function):
            raise TypeError(f"{name}: expected a function; got {function!r}")
        if self._is_fixed:
            raise RuntimeError(
                f"{name} {described(function)}: hooks and middleware are fixed once the "
                "application serves; add them before"
            )
        signature = signature_of(function)
        try:
            if signature is not None:
                signature.bind(*arguments)
        except TypeError as error:
            expected = ", ".join(arguments)
            raise TypeError(
                f"{name} {described(function)}: expected a function of ({expected}); {error}"
            ) from None


class Passage:
    """The way of requests to one handler, and of its answers back.

    Args:
        app: whose error handlers answer what is raised.
        before: hooks.
        middleware: the outermost first.
        after: hooks.
        handler: what is at the end.
    """

    def __init__(
        self,
        app: "Application",
        before: list[Function],
        middleware: list[Function],
        after: list[Function],
        handler: Function,
    ) -> None:
        self._app = app
        self._before = before
        self._after = after[::-1]
        self._handler = handler
        self._inside: CallNext = self._handle
        for layer in reversed(middleware):
            self._inside = self._layer(layer, self._inside)

    def begin(self, request: Request) -> object:
        """Return the answer; or, once there is something to be awaited, the coroutine of the rest.

        So what is synchronous as a whole needs no task, and nobody has to tell beforehand what is.
        """
        walk = self.walk(request)
        try:
            walk.send(None)
        except StopIteration as end:
            return end.value
        return walk

    # One function on purpose: a coroutine more for each hook would double what it costs.
    async def walk(self, request: Request) -> Response:
        """Return the answer to a request."""
        response: Response | None = None
        try:
            for hook in self._before:
                result = hook(request)
                if result is not None:
                    response = await self._taken(hook, result)
                    if response is not None:
                        break
        except BaseException as error:
            response = await self._recover(request, error)
        if response is None:
            response = await self._inside(request)
        for hook in self._after:
            try:
                result = hook(request, response)
                if result is not None and result is not response:
                    response = await self._replaced(hook, response, result)
            except BaseException as error:
                if is_end(error):
                    raise
                response = self._failed(hook, request, error)
        return response

    async def _handle(self, request: Request) -> Response:
        """Return what the handler answers."""
        try:
            result = self._handler(request)
            if isinstance(result, Response):
                return result.copy()
            return await self._taken(self._handler, result) or Response(code=204)
        except BaseException as error:
            return await self._recover(request, error)

    def _layer(self, middleware: Function, inside: CallNext) -> CallNext:
        """Return what calls a middleware: the `call_next` of the one around it."""

        async def call_next(request: Request) -> Response:
            try:
                response = await self._taken(middleware, middleware(request, inside))
                if response is not None:
                    return response
                # Of all mistakes this is the one that everybody makes.
                text = "expected an answer; got None: return what call_next has returned"
                raise TypeError(f"middleware {described(middleware)}: {text}")
            except BaseException as error:
                return await self._recover(request, error)

        return call_next

    async def _taken(self, function: Function, result: object) -> Response | None:
        """Return the answer that the result of a function stands for; None stands for none."""
        value = await settled(result)
        return None if value is None else to_response(value, self._app._codec, function).copy()

    async def _replaced(self, hook: Function, response: Response, result: object) -> Response:
        """Return the answer that a hook after leaves."""
        value = await settled(result)
        if value is None or value is response:
            return response
        if isinstance(value, Response):
            return value.copy()
        raise TypeError(f"expected a Response or None; got {kind(value)}")

    async def _recover(self, request: Request, error: BaseException) -> Response:
        """Return what the error handlers answer; raise what ends the request as a whole."""
        if is_end(error):
            raise error
        return cast(Response, await settled(self._app.recover(request, error))).copy()

    def _failed(self, hook: Function, request: Request, error: BaseException) -> Response:
        """Return the answer in place of one that a hook after has failed with."""
        failure = RuntimeError(f"after_response {described(hook)} failed")
        failure.__cause__ = error
        return self._app.default_error_handler(request, failure)


def is_end(error: BaseException) -> bool:
    """Tell whether an error is the end of the request's own coroutine.

    It is cancelled when its client goes, when the worker stops, and by `asyncio.timeout`. What a
    handler awaits may be cancelled, too: that is an error like any other.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, GeneratorExit)


async def settled(result: object) -> object:
    """Return a value, or what an awaitable stands for."""
    while not isinstance(result, Response) and inspect.isawaitable(result):
        # What is awaited may ask for its task. So first let `begin` return: the connection has
        # coroutines run in the name of one, and this one goes on from here.
        if asyncio.current_task() is None:
            await pause()
        result = await result
    return result


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Return to who runs the coroutine."""
    yield
