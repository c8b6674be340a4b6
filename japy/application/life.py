"""Life: what an application does before it serves, beside serving, and after.

Knows startup and shutdown hooks, lifespans, and background tasks. Knows neither connections nor
processes: `japy/serving/worker.py` and `japy/testing.py` say when to start and when to stop.

How it works: everything from the first lifespan to the last runs in one task, which waits while the
application serves. So what must be entered and left in the same task (`asyncio.timeout`,
`asyncio.TaskGroup`, the cancel scopes of anyio) may be held open by a lifespan.

Invariants:
- What was entered is left, in the opposite order, whatever fails meanwhile.
- Shutdown hooks are called if, and only if, the whole startup has succeeded.
- No background task outlives a stop, unless it refuses to end, which is logged.
"""

import asyncio
import contextlib
import contextvars
import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

from japy.application.answer import described
from japy.core.signature import signature_of
from japy.logs.log import error_log

GRACE_S = 5.0  # what background tasks may take once the application is told to stop
UNWIND_S = 0.5  # what cancelled ones get to clean up in

Manager = contextlib.AbstractAsyncContextManager[object]


class Hook(NamedTuple):
    """A function of the application's, and what to call it in a message."""

    function: Callable[..., object]
    takes_app: bool
    title: str

    def call(self, app: object) -> object:
        """Call the function, with the application if it takes that."""
        return self.function(app) if self.takes_app else self.function()


class Life:
    """The hooks of an application, and its background tasks.

    Hooks may be added while the application is not started. It may be started again after a stop.

    Attributes:
        context: the context variables that startup sees and sets; requests begin with them.
        place: what of the startup ran last, for a message about its failure.
    """

    def __init__(self, app: object) -> None:
        self.context = contextvars.copy_context()
        self.place = ""
        self._app = app
        self._startup: list[Hook] = []
        self._shutdown: list[Hook] = []
        self._lifespans: list[Hook] = []
        self._background: set[asyncio.Task[Any]] = set()  # those that have not ended
        self._task: asyncio.Task[None] | None = None  # set by start, None again after the end
        self._told = asyncio.Event()  # set by stop
        self._is_up = False  # set once the startup has succeeded
        self._grace_s = 0.0  # set by stop
        self._error: BaseException | None = None  # why the startup failed
        self._failures: list[Exception] = []  # what went wrong after the startup

    # Hooks.

    def add_startup(self, function: Callable[..., object]) -> None:
        """Call a function before serving, after those that were added before."""
        self._startup.append(self._hook("startup hook", function))

    def add_shutdown(self, function: Callable[..., object]) -> None:
        """Call a function after serving, before those that were added before."""
        self._shutdown.append(self._hook("shutdown hook", function))

    def add_lifespan(self, function: Callable[..., object], title: str = "") -> None:
        """Enter what a function returns before the startup hooks, leave it after the last hook.

        Args:
            function: an async generator function, or one that returns an asynchronous context
                manager.
            title: what to call it in a message, if not by its name.
        """
        hook = self._new_hook("lifespan", function)
        hook = hook._replace(title=title or hook.title)
        inner = inspect.unwrap(function)
        if inspect.isgeneratorfunction(inner) or inspect.iscoroutinefunction(inner):
            raise TypeError(
                f"{hook.title}: expected an async generator; write `async def`, and `yield` where "
                "the application serves"
            )
        self._lifespans.append(hook)

    def _hook(self, kind: str, function: Callable[..., object]) -> Hook:
        hook = self._new_hook(kind, function)
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise TypeError(f"{hook.title}: expected no yield; a function with one is a lifespan")
        return hook

    def _new_hook(self, kind: str, function: Callable[..., object]) -> Hook:
        if not callable(function):
            raise TypeError(f"{kind}: expected a function; got {function!r}")
        title = f"{kind} {described(function)}"
        if self._task is not None:
            raise RuntimeError(f"{title}: hooks are fixed once the application has started")
        return Hook(function, takes_app(title, function), title)

    # Start and stop.

    def require_stopped(self) -> None:
        """Raise RuntimeError if the application is served."""
        if self._task is not None:
            raise RuntimeError("the application has started already: stop it first")

    async def start(self, on_end: Callable[[], object] | None = None) -> None:
        """Enter the lifespans and call the startup hooks.

        Args:
            on_end: called if the life ends before it is told to, as when a task group that a
                lifespan holds open fails.

        Raises:
            RuntimeError: the application has started already.
            BaseException: what a hook or lifespan raised, once what was entered has been left.
        """
        self.require_stopped()
        loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        self._told = asyncio.Event()
        self._is_up = False
        ready: asyncio.Future[None] = loop.create_future()
        live = self._live(ready, on_end or do_nothing)
        task = self._task = loop.create_task(live, name="japy-life", context=self.context)
        await self._wait_for(ready, task)
        if not self._is_up:
            self._task = None
            error, self._error = self._error, None
            assert error is not None
            raise error

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """Wait for the background tasks, call the shutdown hooks and leave the lifespans.

        Does nothing if the application has not started.

        Args:
            grace_s: seconds to wait until background tasks are cancelled.

        Raises:
            ExceptionGroup: what hooks and lifespans raised. All of it has been logged.
        """
        task = self._task
        if task is None:
            return
        self._grace_s = grace_s
        self._told.set()
        await self._wait_for(task, task)
        self._task = None
        failures, self._failures = self._failures, []
        if failures:
            raise ExceptionGroup("the application did not shut down cleanly", failures)

    async def _wait_for(self, event: "asyncio.Future[None]", task: "asyncio.Task[None]") -> None:
        """Wait for an event or the end of the task; cancelled meanwhile, cancel the task first."""
        try:
            await asyncio.wait({event, task}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            self._task = self._error = None
            self._failures.clear()
            raise

    # The one task. It raises nothing: SystemExit, for one, would pass through the event loop.

    async def _live(self, ready: "asyncio.Future[None]", on_end: Callable[[], object]) -> None:
        entered: list[tuple[str, Manager]] = []
        error: BaseException | None = None
        try:
            await self._begin(entered)
            self._is_up = True
            ready.set_result(None)
            await self._told.wait()
        except BaseException as raised:
            error = raised
        if not self._is_up:
            self._error = error
        elif not self._told.is_set():
            self._grace_s = 0.0
            on_end()
        error = await self._end_background(error, self._grace_s if self._is_up else 0.0)
        if self._is_up:
            error = await self._shut_down(error)
        error = await self._leave(entered, error)
        error = await self._end_background(error, 0.0)
        for task in self.running():
            error_log.error("background task %s does not end: it is left behind", task.get_name())
        if not self._is_up:
            self._error = error or self._error
        elif error is None and not self._told.is_set() and not self._failures:
            failure = RuntimeError("a lifespan has ended while the application served")
            self._fail("lifespan", failure)

    async def _begin(self, entered: list[tuple[str, Manager]]) -> None:
        for hook in self._lifespans:
            self.place = hook.title
            manager = manager_of(hook, hook.call(self._app))
            with one_yield(hook.title):
                await manager.__aenter__()
            entered.append((hook.title, manager))
        for hook in self._startup:
            self.place = hook.title
            result = hook.call(self._app)
            if inspect.isawaitable(result):
                await result

    async def _shut_down(self, error: BaseException | None) -> BaseException | None:
        """Call the shutdown hooks; return what interrupted them, or what did so before."""
        for hook in reversed(self._shutdown):
            try:
                result = hook.call(self._app)
                if inspect.isawaitable(result):
                    await result
            except BaseException as raised:
                error = self._take(hook.title, raised) or error
        return error

    async def _leave(
        self, entered: list[tuple[str, Manager]], error: BaseException | None
    ) -> BaseException | None:
        """Leave the lifespans; return the error that the outermost one has let through.

        Before the application is up, an error goes outwards from one to the next, as it does
        through nested `with` statements. After that the failure of one is none of the others'.
        """
        for title, manager in reversed(entered):
            try:
                with one_yield(title):
                    kind = None if error is None else type(error)
                    trace = None if error is None else error.__traceback__
                    if await manager.__aexit__(kind, error, trace):
                        error = None
            except BaseException as raised:
                error = self._take(title, raised) if self._is_up else raised
        return error

    def _take(self, title: str, raised: BaseException) -> BaseException | None:
        """Log a failure after the startup; return it if it is the cancellation of everything."""
        assert self._task is not None
        if isinstance(raised, asyncio.CancelledError) and self._task.cancelling():
            return raised
        failure = raised
        if not isinstance(failure, Exception):  # sys.exit, or awaiting a task that was cancelled
            failure = RuntimeError(f"{title} raised {type(raised).__name__}")
            failure.__cause__ = raised
        self._fail(title, failure)
        return None

    def _fail(self, title: str, failure: Exception) -> None:
        error_log.error("%s failed", title, exc_info=failure)
        self._failures.append(failure)

    # Background tasks.

    def spawn(self, coro: Coroutine[Any, Any, Any], *, name: str | None) -> asyncio.Task[Any]:
        """Run a coroutine in the background: keep it, log its error, wait for it at the stop.

        A coroutine that never ends by itself delays each stop by the whole time that background
        tasks may take; a lifespan can start it before its `yield`, and cancel it after.

        Raises:
            TypeError: this is no coroutine.
            RuntimeError: no event loop runs in this thread.
        """
        given: object = coro  # whatever the caller's types say
        if not isinstance(given, Coroutine):
            advice = f"; call it: {name_of(given)}(...)" if callable(given) else ""
            raise TypeError(f"spawn: expected a coroutine; got {given!r}{advice}")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            coro.close()
            raise RuntimeError(
                "spawn: no event loop runs here; call it in a startup hook, a lifespan or a "
                "handler, not while a module is imported and not in another thread"
            ) from None
        task = loop.create_task(contained(coro), name=name or name_of(coro))
        self._background.add(task)

        def end(task: asyncio.Task[Any]) -> None:
            coro.close()  # it has not begun if the task was cancelled at once
            self._background.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                error_log.error("background task %s failed", task.get_name(), exc_info=error)

        task.add_done_callback(end)
        return task

    def running(self) -> "set[asyncio.Task[Any]]":
        """Return the background tasks of this event loop that have not ended."""
        loop = asyncio.get_running_loop()
        return {task for task in self._background if not task.done() and task.get_loop() is loop}

    async def _end_background(
        self, error: BaseException | None, grace_s: float
    ) -> BaseException | None:
        """Wait for the background tasks, then cancel them; return what interrupted this."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        try:
            while (tasks := self.running()) and (left := deadline - loop.time()) > 0:
                await asyncio.wait(tasks, timeout=left)
        except asyncio.CancelledError as interruption:
            error = interruption
        deadline = loop.time() + UNWIND_S
        cancelled: set[asyncio.Task[Any]] = set()
        try:
            while (tasks := self.running()) and (left := deadline - loop.time()) > 0:
                for task in tasks - cancelled:
                    task.cancel()
                cancelled |= tasks
                await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError as interruption:
            error = interruption
        return error


def do_nothing() -> None:
    """Be a callback for those who have none."""


def name_of(value: object) -> str:
    """Return what to call a function or a coroutine in a message."""
    return str(getattr(value, "__qualname__", None) or repr(value))


def takes_app(title: str, function: Callable[..., object]) -> bool:
    """Tell whether a hook wants the application: whether it has a parameter without a default.

    A parameter with one is not meant for it: hooks may be such as `pool.close(timeout=5)`.
    """
    signature = own_or_wrapped(function)
    if signature is None:
        return False
    parameters = signature.parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind not in variable
    ]
    if len(needed) > 1 or any(each.kind is each.KEYWORD_ONLY for each in needed):
        names = ", ".join(each.name for each in needed)
        raise TypeError(f"{title}: expected no parameter but the application; got {names}")
    return bool(needed)


def own_or_wrapped(function: Callable[..., object]) -> inspect.Signature | None:
    """Return the signature of a function; if it passes on what comes, that of what it wraps."""
    own = signature_of(function)
    if own is None:
        return None
    kinds = {parameter.kind for parameter in own.parameters.values()}
    is_passed_on = inspect.Parameter.VAR_POSITIONAL in kinds
    return signature_of(function, follow_wrapped=True) if is_passed_on else own


def manager_of(hook: Hook, result: object) -> Manager:
    """Return what a lifespan enters, given what its function has returned."""
    if inspect.isasyncgen(result):
        generator = result
        return contextlib.asynccontextmanager(lambda: generator)()
    if isinstance(result, contextlib.AbstractAsyncContextManager):
        return result
    if inspect.iscoroutine(result):
        result.close()
    raise TypeError(
        f"{hook.title}: expected an async generator or an asynchronous context manager; got "
        f"{type(result).__name__}, write `async def`, and `yield` where the application serves"
    )


@contextlib.contextmanager
def one_yield(title: str) -> Iterator[None]:
    """Name the lifespan whose generator did not yield, or did so twice."""
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("generator didn't"):
            raise
        found = "none" if str(error).endswith("yield") else "another one"
        raise RuntimeError(
            f"{title}: expected one `yield`, where the application serves; got {found}"
        ) from None


async def contained(coro: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine; what would end the process is an error like any other."""
    try:
        return await coro
    except (SystemExit, KeyboardInterrupt) as error:
        raise RuntimeError(f"{name_of(coro)} raised {type(error).__name__}") from error
