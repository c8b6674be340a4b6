"""Application: what users register handlers with.

Knows handlers, error handlers and how what they return or raise becomes a Response. Knows no
socket and no process: `japy/worker.py` serves an application, `run` gets it there.
"""

import asyncio
import inspect
import json as stdlib_json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

from japy import task
from japy.core.errors import BadRequest, MethodNotAllowed, RouteNotFoundException
from japy.core.limits import Limits
from japy.core.request import STANDARD, Codec, Request
from japy.core.response import Response
from japy.core.router import METHODS, Handler, Router
from japy.core.service import Service

error_log = logging.getLogger("japy.error")
access_log = logging.getLogger("japy.access")

ErrorHandler = Callable[[Request, Any], object]  # returns a Response, or an awaitable of one
H = TypeVar("H", bound=Handler)


class JSONModule(Protocol):
    """A module or object that encodes and decodes JSON, as `json` and `orjson` do."""

    def dumps(self, value: Any, /) -> str | bytes: ...
    def loads(self, data: bytes, /) -> Any: ...


class Application:
    """A set of routes and what belongs to them.

    Args:
        debug: log each request and show tracebacks in answers of status 500.
        limits: what a peer is held to.
    """

    def __init__(self, *, debug: bool = False, limits: Limits | None = None) -> None:
        self.debug = debug
        self.limits = limits or Limits()
        self.is_stopping = False  # set by the worker once it cancels what does not end by itself
        self.router = Router()
        self._codec = STANDARD
        self._json: JSONModule = stdlib_json
        self._error_handlers: list[tuple[type[BaseException] | None, ErrorHandler]] = []

    @property
    def json(self) -> JSONModule:
        """What `request.json` and `request.Response(json=…)` use: any object with dumps and loads.

        The standard library's `json` by default; assign `orjson` for speed.
        """
        return self._json

    @json.setter
    def json(self, module: JSONModule) -> None:
        self._json = module
        self._codec = Codec(module.dumps, module.loads)

    def route(
        self, pattern: str, *, method: str | None = None, methods: Iterable[str] | None = None
    ) -> Callable[[H], H]:
        """Register the decorated handler; see `Router.add_route` for the arguments."""

        def register(handler: H) -> H:
            self.router.add_route(pattern, handler, method, methods)
            return handler

        return register

    def add_error_handler(self, kind: type[BaseException] | None, handler: ErrorHandler) -> None:
        """Answer errors of a kind (None: every kind) with `handler(request, error)`.

        Handlers are tried in the order in which they were added.
        """
        self._error_handlers.append((kind, handler))

    def run(
        self,
        host: str = "0.0.0.0",
        port: int = 8080,
        *,
        worker_num: int | None = None,
        reload: bool = False,
        debug: bool = False,
    ) -> None:
        """Serve until a signal ends it.

        Args:
            host: address to listen on.
            port: port to listen on; 0 for any free one.
            worker_num: number of worker processes; 1 if not given.
            reload: start the workers again whenever a source file changes.
            debug: as the constructor's.
        """
        from japy.runner import run_application  # the application does not need it to be served

        run_application(self, host, port, worker_num or 1, reload, debug)

    # What the connections of a worker ask for.

    def service(
        self, log_requests: bool = False, write: Callable[[int, bytes], int] | None = None
    ) -> Service:
        """Freeze the routes and return what connections share; `write` may be `os.write`."""
        if not self.router.is_frozen:
            if not any(route.pattern == "*" for route in self.router.routes):
                self.router.add_route("*", answer_options, method="OPTIONS")
            self.router.freeze()
        return Service(
            self,
            self.router,
            self.limits,
            self._codec,
            task.driver(),
            self._settle,
            self.error_handler,
            self.default_error_handler,
            log_refusal,
            log_answer if log_requests else None,
            write,
        )

    def _settle(self, request: Request, result: Any) -> object:
        """Return the coroutine that a handler's result stands for, or the Response."""
        if inspect.iscoroutine(result):
            return result
        if inspect.isawaitable(result):
            return wait_for(result)
        return self.error_handler(request, bad_result(request, result))

    def error_handler(self, request: Request, error: BaseException) -> object:
        """Return the answer to an error, or a coroutine that will return it.

        It is the first matching handler's, or the default one.
        """
        for kind, handler in self._error_handlers:
            if kind is not None and not isinstance(error, kind):
                continue
            try:
                answer = handler(request, error)
            except BaseException as second:
                second.__context__ = second.__context__ or error
                return self.default_error_handler(request, second)
            if inspect.isawaitable(answer):
                return self._wait_for_answer(request, answer)
            return self._checked(request, answer)
        return self.default_error_handler(request, error)

    async def _wait_for_answer(self, request: Request, awaitable: Awaitable[object]) -> Response:
        """Wait for the answer of an asynchronous error handler; it is not asked about itself."""
        try:
            answer = await awaitable
        except BaseException as second:
            return self.default_error_handler(request, second)
        return self._checked(request, answer)

    def _checked(self, request: Request, answer: object) -> Response:
        if isinstance(answer, Response):
            return answer
        return self.default_error_handler(request, bad_result(request, answer))

    def default_error_handler(self, request: Request, error: BaseException) -> Response:
        """Return the answer to an error that no handler of the application's took."""
        if isinstance(error, MethodNotAllowed):
            return Response("Method Not Allowed", 405, headers={"Allow": ", ".join(error.allow)})
        if isinstance(error, RouteNotFoundException):
            return Response("Not Found", 404)
        if isinstance(error, asyncio.CancelledError):
            if not self.is_stopping:
                log_cancellation(request, error)
            return Response("Service unavailable", 503)
        if isinstance(error, BadRequest):
            return Response(error.name, error.status)
        error_log.error("%s %s failed", request.method, printable(request.path), exc_info=error)
        text = "Internal Server Error"
        if self.debug:
            text = "".join(traceback.format_exception(error))
        return Response(text, 500)


async def wait_for(awaitable: Awaitable[object]) -> object:
    """Wait for what is awaitable but no coroutine: a future, or an object with `__await__`."""
    return await awaitable


def bad_result(request: Request, result: object) -> TypeError:
    """Return the error of a handler whose answer is no Response."""
    handler = request.route.handler if request.route is not None else None
    name = getattr(handler, "__qualname__", repr(handler))
    try:  # raised, so that it has a traceback like any other
        raise TypeError(
            f"handler {name}: expected a Response; got {type(result).__name__}, "
            "return request.Response(...)"
        )
    except TypeError as error:
        return error


def answer_options(request: Request) -> Response:
    """Answer `OPTIONS *`: what the server can do at all (RFC 9110 §9.3.7)."""
    return Response(headers={"Allow": ", ".join(METHODS)})


def log_cancellation(request: Request, error: BaseException) -> None:
    """Log a handler that was cancelled, unless its client has gone."""
    transport: Any = request.transport
    if not transport.is_closing():
        place = printable(request.path)
        error_log.warning("%s %s was cancelled", request.method, place, exc_info=error)


def log_refusal(address: str, error: BadRequest) -> None:
    """Log a request that never came to a handler."""
    error_log.info("%s refused with %d: %s", address or "-", error.status, error)


def log_answer(request: Request, response: Response) -> None:
    """Log a request that was answered."""
    place = printable(request.path)
    access_log.info("%s %s %s %d", request.remote_addr or "-", request.method, place, response.code)


def printable(text: str) -> str:
    """Return what a client sent as it may stand in a log: nothing in it ends or colours a line."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
