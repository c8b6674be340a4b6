"""Application: what users register handlers with.

Knows handlers, error handlers, hooks, and how what they return or raise becomes a Response. Knows
no socket and no process: `japy/serving/worker.py` serves an application, `run` gets it there.
"""

import asyncio
import contextvars
import inspect
import json as stdlib_json
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from japy.application import task
from japy.application.answer import answer_options, bad_answer, moved, to_response
from japy.application.codec import JSONCoder, JSONModule, json_module
from japy.application.extension import Extender, extend, own_name
from japy.application.form import read_form
from japy.application.life import Life
from japy.application.middleware import Chain
from japy.application.reaper import Reaper
from japy.application.routing import Routing
from japy.core.errors import BadRequest, MethodNotAllowed, RouteNotFoundException
from japy.core.limits import Limits
from japy.core.request import Codec, Request
from japy.core.response import Response
from japy.core.service import Service
from japy.logs.log import error_log, log_answer, log_cancellation, log_failure, log_refusal
from japy.serving.loop import new_loop

if TYPE_CHECKING:
    from japy.logs.log import Journal
    from japy.testing import TestClient

Watcher = Callable[[Request, BaseException], object]  # must not raise
ErrorHandler = Callable[[Any, Any], object]  # returns a Response, or an awaitable of one
MAX_ROUNDS = 100  # of done callbacks that were added by done callbacks
F = TypeVar("F", bound=Callable[..., object])


class Application(Routing):
    """A set of routes and what belongs to them.

    Args:
        reaper_settings: `check_interval` and `idle_timeout`, seconds: how often connections are
            looked at (1), and how long one may be idle (75).
        log_request: True to log each answered request, or a function of the request to call.
        protocol_factory: makes the protocol of a connection, given the application, in place of
            the HTTP one.
        debug: log each request and show tracebacks in answers of status 500.
        limits: what a peer is held to.
        handler_cancellation: cancel a handler that waits when its client is gone; False lets it
            finish. A route may say otherwise.
        redirect_slashes: send a client that asks for `/x/` to `/x` if only that is there, and the
            other way round (status 308).

    Attributes:
        state: a place for what belongs to the application: attributes of any name.
        debug: as the argument; `japy run --debug` sets it.
    """

    def __init__(
        self,
        *,
        reaper_settings: Mapping[str, float] | None = None,
        log_request: bool | Callable[[Request], object] | None = None,
        protocol_factory: Callable[["Application"], asyncio.BaseProtocol] | None = None,
        debug: bool = False,
        limits: Limits | None = None,
        handler_cancellation: bool = True,
        redirect_slashes: bool = False,
    ) -> None:
        if protocol_factory is not None and not callable(protocol_factory):
            raise TypeError(f"protocol_factory: expected a callable; got {protocol_factory!r}")
        if not (log_request is None or isinstance(log_request, bool) or callable(log_request)):
            raise TypeError(f"log_request: expected True or a function; got {log_request!r}")
        if not isinstance(limits, Limits | None):
            raise TypeError(f"limits: expected japy.Limits(...); got {limits!r}")
        super().__init__()
        self.debug = debug
        self.limits = limits or Limits()
        self.reaper = Reaper.of(reaper_settings)
        self.protocol_factory = protocol_factory
        self.handler_cancellation = handler_cancellation
        self.redirect_slashes = redirect_slashes
        self.state: Any = SimpleNamespace()
        self.is_stopping = False  # set by the worker once it cancels what does not end by itself
        self.extenders: dict[str, Extender] = {}
        self.life = Life(self)
        self.watchers: list[Watcher] = []  # told of each error that nobody handled
        self._chain = Chain(self)
        self._log_request = log_request
        self._json: JSONModule = stdlib_json
        self._codec = self._new_codec()
        self._error_handlers: list[tuple[type[BaseException] | None, ErrorHandler]] = []
        self.lent_loop: asyncio.AbstractEventLoop | None = None  # a test's, while that is served
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_pid = 0  # of the process that the loop was made in

    @property
    def json(self) -> JSONModule:
        """What `request.json` and `request.Response(json=…)` use: an object with dumps and loads.

        The standard library's `json` by default. Assign a module such as `orjson`, an object with
        dumps and loads or with encode and decode, or "orjson" or "msgspec", for speed.
        """
        return self._json

    @json.setter
    def json(self, choice: JSONModule | JSONCoder | str) -> None:
        self._json = json_module(choice)
        self._codec = self._new_codec()

    def _new_codec(self) -> Codec:
        return Codec(self._json.dumps, self._json.loads, partial(read_form, self.limits))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that serves; made on first use, and never taken along into a fork."""
        if self.lent_loop is not None:
            return self.lent_loop
        if self._loop is None or self._loop_pid != os.getpid() or self._loop.is_closed():
            self._loop = new_loop()
            self._loop_pid = os.getpid()
        return self._loop

    @property
    def has_loop(self) -> bool:
        """Whether somebody in this process has asked for `loop`."""
        return self._loop is not None and self._loop_pid == os.getpid()

    @property
    def logs_requests(self) -> bool:
        """Whether each answered request is to be logged."""
        return self.debug or bool(self._log_request)

    # Errors.

    def add_error_handler(self, kind: type[BaseException] | None, handler: ErrorHandler) -> None:
        """Answer errors of a kind (None: every kind) with `handler(request, error)`.

        Handlers are tried in the order in which they were added.
        """
        if kind is not None and not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(f"add_error_handler: expected an exception class or None; got {kind!r}")
        if not callable(handler):
            raise TypeError(f"add_error_handler: expected a callable; got {handler!r}")
        self._error_handlers.append((kind, handler))

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
                return self._wait_for_answer(request, handler, answer)
            return self._checked(request, handler, answer)
        return self.default_error_handler(request, error)

    async def _wait_for_answer(
        self, request: Request, handler: ErrorHandler, awaitable: Awaitable[object]
    ) -> Response:
        """Wait for the answer of an asynchronous error handler; it is not asked about itself."""
        try:
            answer = await awaitable
        except BaseException as second:
            return self.default_error_handler(request, second)
        return self._checked(request, handler, answer)

    def _checked(self, request: Request, handler: ErrorHandler, answer: object) -> Response:
        if type(answer) is Response:
            return answer
        try:  # raised, so that it has a traceback like any other
            raise bad_answer(handler, answer)
        except TypeError as error:
            return self.default_error_handler(request, error)

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
            try:
                return Response(error.name, error.status)
            except (TypeError, ValueError) as unusable:  # it was raised with what cannot be sent
                error = unusable
        log_failure(request, error)
        for watcher in self.watchers:
            watcher(request, error)
        if not self.debug:
            return Response("Internal Server Error", 500)
        from japy.debug import page  # not needed outside of debug mode

        return page.answer(request, error)

    def recover(self, request: Request, error: BaseException) -> object:
        """Return the answer to an error, or a coroutine that will return it, whatever happens.

        The handlers of errors may be those of a subclass, and fail in ways that ours do not.
        """
        try:
            answer = self.error_handler(request, error)
            if isinstance(answer, Response):
                return answer
            if inspect.isawaitable(answer):
                return self._wait_for_any(request, answer)
            log_failure(request, bad_answer(self.error_handler, answer))
        except BaseException as second:
            log_failure(request, second)
        return Response("Internal Server Error", 500)

    async def _wait_for_any(self, request: Request, awaitable: Awaitable[object]) -> Response:
        try:
            answer = await awaitable
            if isinstance(answer, Response):
                return answer
            log_failure(request, bad_answer(self.error_handler, answer))
        except BaseException as error:
            log_failure(request, error)
        return Response("Internal Server Error", 500)

    # What belongs to each request.

    def extend_request(
        self, handler: Callable[..., Any], *, name: str | None = None, property: bool = False
    ) -> None:
        """Give requests an attribute.

        Args:
            handler: what is called, with the request as its first argument.
            name: of the attribute; that of the handler if not given.
            property: call the handler each time the attribute is read, with the request alone;
                otherwise the attribute is a method, called with what the caller passes.

        Raises:
            ValueError: requests have that attribute by themselves.
        """
        if not callable(handler):
            raise TypeError(f"extend_request: expected a callable; got {handler!r}")
        chosen = own_name(handler) if name is None else name
        extend(chosen)
        self.extenders[chosen] = Extender(handler, property)

    def before_request(self, hook: F) -> F:
        """Call the decorated function with each request before its handler.

        What it returns, if not None, is the answer: then the handler is not called.
        """
        self._chain.add_before(hook)
        return hook

    def after_response(self, hook: F) -> F:
        """Call the decorated function with each request and its Response, before that is sent.

        It may change the Response, or return another one. The hook that was added first is the
        last to see the Response.
        """
        self._chain.add_after(hook)
        return hook

    def middleware(self, middleware: F) -> F:
        """Add the decorated middleware; see `add_middleware`."""
        self.add_middleware(middleware)
        return middleware

    def add_middleware(self, middleware: Callable[..., object]) -> None:
        """Wrap every answer in `async def middleware(request, call_next)`.

        `await call_next(request)` returns the Response of what is inside, whatever happened there.
        The first middleware that was added is the outermost.
        """
        self._chain.add_middleware(middleware)

    # Life.

    def on_startup(self, hook: F) -> F:
        """Call the decorated function in each worker before it serves."""
        self.life.add_startup(hook)
        return hook

    def on_shutdown(self, hook: F) -> F:
        """Call the decorated function in each worker after its last answer."""
        self.life.add_shutdown(hook)
        return hook

    def lifespan(self, manager: F) -> F:
        """Enter the decorated asynchronous context manager before serving, and leave it after."""
        self.life.add_lifespan(manager)
        return manager

    def spawn(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None
    ) -> asyncio.Task[Any]:
        """Run a coroutine in the background.

        An exception of it is logged. When the worker stops, it is waited for, before the shutdown
        hooks are called.
        """
        return self.life.spawn(coro, name=name)

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

        Raises:
            TypeError, ValueError: an argument is none of these.
        """
        from japy.supervisor.runner import run_application  # only who serves needs it

        run_application(self, host, port, worker_num or 1, reload, debug)

    def test_client(
        self, *, raise_errors: bool = False, follow_redirects: bool = False, timeout: float = 5.0
    ) -> "TestClient":
        """Return what `with` and `async with` make a client of that asks this application.

        It asks in process, without a socket; see `japy.testing`.

        Args:
            raise_errors: raise in the test what a handler raises and no error handler takes,
                instead of returning the answer of status 500.
            follow_redirects: what requests do that do not say so themselves.
            timeout: seconds to wait for an answer.
        """
        from japy.testing import TestClient  # not needed to serve

        return TestClient(
            self, raise_errors=raise_errors, follow_redirects=follow_redirects, timeout=timeout
        )

    # Logging.

    def default_request_logger(self, request: Request) -> None:
        """Log an answered request to `japy.access`; a subclass may do so in its own way."""
        log_answer(request, None)

    def protocol_error_handler(self, error: str) -> bytes:
        """Return the whole answer to a request that is none; a subclass may return another one.

        The connection is closed behind it, also if it is empty.

        Args:
            error: its short name, such as `malformed_headers`.
        """
        head = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: "
        kind = "Content-Type: text/plain; charset=utf-8"
        return f"{head}{len(error.encode())}\r\n{kind}\r\n\r\n{error}".encode()

    # What the connections of a worker ask for.

    def service(
        self,
        write: Callable[[int, bytes], int] | None = None,
        call_soon: Callable[[Callable[[], object]], object] | None = None,
        cut: Callable[[object], object] | None = None,
        count: Callable[[int], int] | None = None,
        journal: "Journal | None" = None,
    ) -> Service:
        """Freeze the routes and return what connections share.

        Args:
            write: as `call_soon`, `cut` and `count`, see `Service`.
            journal: told of each answer; None for nobody.
        """
        if not self.router.is_frozen:
            if not any(route.pattern == "*" for route in self.router.routes):
                self.router.add_route("*", answer_options, method="OPTIONS")
            self.router.freeze()
            self._chain.wrap_routes(self.router.routes)
        self._codec = self._new_codec()  # the limits may be others since
        base = contextvars.copy_context()
        return Service(
            self,
            self.router,
            self.limits,
            self._codec,
            task.driver(base),
            self._settle,
            self.recover,
            self._chain.wrap_missing(self._answer_missing),
            self.default_error_handler,
            self._refused,
            self._witness(journal),
            None if journal is None else journal.clock,
            None if journal is None else journal.settle,
            self._end_request,
            self.handler_cancellation,
            base,
            write,
            call_soon,
            time.monotonic,
            cut,
            count,
        )

    def _settle(self, request: Request, result: Any) -> object:
        """Return the coroutine that a handler's result stands for, or the Response."""
        try:
            if inspect.iscoroutine(result):
                return result
            if inspect.isawaitable(result):
                return task.wait_for(result)
            handler = None if request.route is None else request.route.handler
            return to_response(result, self._codec, handler)
        except BaseException as error:
            return self.recover(request, error)

    def _answer_missing(self, request: Request, error: RouteNotFoundException) -> object:
        """Return the answer to a request without a route, or a coroutine that will return it."""
        if isinstance(error, MethodNotAllowed):
            if request.method == "OPTIONS":
                return Response(code=204, headers={"Allow": ", ".join(error.allow)})
        elif self.redirect_slashes:
            path = self.router.other_slash(request.line, request.method_size)
            if path is not None:
                return moved(path, request.raw_query)
        return self.recover(request, error)

    def _refused(self, address: str, error: BadRequest) -> bytes | None:
        """Take note of a request that never came to a handler; return an answer of the user's."""
        log_refusal(address, error)
        if type(self).protocol_error_handler is Application.protocol_error_handler:
            return None
        try:
            return bytes(self.protocol_error_handler(error.name))
        except BaseException:
            error_log.exception("protocol_error_handler failed")
            return None

    def _witness(self, journal: "Journal | None") -> Callable[[Request, Response], object] | None:
        """Return what is told of each answer: the journal takes the place of our own logger."""
        if journal is None:
            return self._answered if self.logs_requests else None
        ours = Application.default_request_logger
        has_own = callable(self._log_request) or type(self).default_request_logger is not ours
        if not self.logs_requests or not has_own:
            return journal.note

        def both(request: Request, response: Response) -> None:
            journal.note(request, response)
            self._answered(request, response)

        return both

    def _answered(self, request: Request, response: Response) -> None:
        try:
            if callable(self._log_request):
                self._log_request(request)
            elif type(self).default_request_logger is Application.default_request_logger:
                log_answer(request, response.code)
            else:
                self.default_request_logger(request)
        except BaseException as error:  # as above
            log_failure(request, error)

    def _end_request(self, request: Request) -> None:
        """Call the done callbacks of a request, each whatever happens to the others."""
        for _ in range(MAX_ROUNDS):  # a callback may add another one
            if request.has_callbacks:
                self._call_back(request)

    def _call_back(self, request: Request) -> None:
        for callback, context in request.take_callbacks():
            try:
                result = context.run(callback, request)
                if inspect.isawaitable(result):
                    context.run(self.spawn, task.as_coroutine(result), name="japy-done-callback")
            except BaseException as error:  # whatever it is: answers of others are on their way
                log_failure(request, error)
