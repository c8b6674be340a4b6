"""Errors and context variables on the way through hooks and middleware."""

import asyncio
from collections.abc import Iterator

import pytest

from japy import Application, Request, Response
from japy.application.middleware import CallNext
from japy.core.errors import BadRequest, RouteNotFoundException
from tests.support.handlers import get
from tests.support.onion import (
    application,
    ask,
    layer,
    name,
    only,
    texts,
    writer,
)
from tests.support.wire import Server


@pytest.fixture
def app() -> Application:
    """Return an application with a handler of each kind."""
    return application()


# Errors.


class Broken(Exception):
    """What is raised on purpose."""


@pytest.fixture
def broken(app: Application) -> Application:
    """Return the application with an error handler for what is raised on purpose."""

    def answer(request: Request, error: Broken) -> Response:
        return request.Response(f"broken {error}", 599)

    app.add_error_handler(Broken, answer)
    return app


@pytest.mark.parametrize("wait", [False, True])
def test_the_error_of_a_hook_before_is_answered(broken: Application, wait: bool) -> None:
    lines: list[str] = []

    def fail(request: Request) -> None:
        raise Broken("hook")

    async def wait_and_fail(request: Request) -> None:
        await asyncio.sleep(0)
        raise Broken("hook")

    broken.before_request(wait_and_fail if wait else fail)
    broken.before_request(writer(lines, "before 2", False))
    broken.after_response(writer(lines, "after", wait))
    assert only(broken, "/sync")[::2] == (599, b"broken hook")
    assert lines == ["after"]


@pytest.mark.parametrize("on_the_way", ["in", "out"])
def test_the_error_of_a_middleware_is_answered(broken: Application, on_the_way: str) -> None:
    lines: list[str] = []

    async def fail(request: Request, call_next: CallNext) -> Response:
        if on_the_way == "out":
            await call_next(request)
        raise Broken("middleware")

    broken.add_middleware(layer(lines, "outer"))
    broken.add_middleware(fail)
    broken.after_response(writer(lines, "after", False))
    assert only(broken, "/slow")[::2] == (599, b"broken middleware")
    assert lines == ["outer in", "outer out 599", "after"]


def test_an_error_handler_may_wait(app: Application) -> None:
    async def answer(request: Request, error: Exception) -> Response:
        await asyncio.sleep(0)
        return request.Response(f"waited {name.get()}", 599)

    def set_name(request: Request) -> None:
        name.set("hook")

    app.add_error_handler(None, answer)
    app.before_request(set_name)
    app.after_response(writer([], "after", False))
    answers = ask(app, "/fail", "/slow/fail", "/nowhere", "/post")
    assert {answer[::2] for answer in answers} == {(599, b"waited hook")}


def test_what_a_client_did_wrong_keeps_its_status(app: Application) -> None:
    def refuse(request: Request) -> None:
        raise BadRequest("malformed_token")

    app.before_request(refuse)
    assert only(app, "/sync")[::2] == (400, b"malformed_token")


@pytest.mark.parametrize("error", [Broken("after"), RouteNotFoundException(), StopIteration()])
def test_the_error_of_a_hook_after_is_a_500_and_the_others_run(
    broken: Application, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    lines: list[str] = []
    calls: list[Request] = []

    def fail(request: Request, response: Response) -> None:
        calls.append(request)
        raise error

    broken.after_response(fail)
    broken.after_response(writer(lines, "after", False))
    assert only(broken, "/sync")[::2] == (500, b"Internal Server Error")
    assert lines == ["after"]
    assert len(calls) == 1
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is not None
    assert record.exc_info[1].__cause__ is error
    assert ".fail (" in str(record.exc_info[1])


def test_a_hook_after_that_returns_something_else(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    app.after_response(lambda request, response: "text")
    assert only(app, "/sync").status == 500
    assert "expected a Response or None; got str" in caplog.text


def test_a_middleware_that_forgets_to_return_is_told_so(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    async def forget(request: Request, call_next: CallNext) -> None:
        await call_next(request)

    lines: list[str] = []
    app.add_middleware(layer(lines, "outer"))
    app.add_middleware(forget)
    assert only(app, "/sync").status == 500
    assert lines == ["outer in", "outer out 500"]
    assert "forget (" in caplog.text
    assert "got None: return what call_next has returned" in caplog.text


@pytest.mark.parametrize("wait", [False, True])
def test_a_value_that_is_no_answer_is_reported_with_who_returned_it(
    app: Application, caplog: pytest.LogCaptureFixture, wait: bool
) -> None:
    async def wrong(request: Request, call_next: CallNext) -> object:
        return 1

    def hook(request: Request) -> object:
        return object() if request.path == "/sync" else None

    app.before_request(hook)
    if wait:
        app.add_middleware(wrong)
    assert [answer.status for answer in ask(app, "/sync", "/slow")] == [500, 500 if wait else 200]
    assert ".hook (" in caplog.text
    assert (".wrong (" in caplog.text) is wait


def test_a_time_limit_can_be_put_around_a_handler(app: Application) -> None:
    cancelled: list[str] = []

    @app.route("/hang")
    async def hang(request: Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("handler")

    async def limit(request: Request, call_next: CallNext) -> object:
        try:
            async with asyncio.timeout(0.01):
                return await call_next(request)
        except TimeoutError:
            return "too slow", 504

    app.add_middleware(limit)
    app.add_middleware(layer([], "inner"))
    assert only(app, "/hang")[::2] == (504, b"too slow")
    assert cancelled == ["handler"]


def test_a_client_that_goes_away_cancels_the_whole_way(app: Application) -> None:
    lines: list[str] = []

    async def watch(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except asyncio.CancelledError:
            lines.append("cancelled")
            raise

    @app.route("/hang")
    async def hang(request: Request) -> None:
        lines.append("hang")
        await asyncio.Event().wait()

    app.add_middleware(watch)
    app.after_response(writer(lines, "after", False))
    with Server(app) as server:
        wire = server.connect()
        wire.send(get("/hang"))
        wire.disconnect()
    assert lines == ["hang", "cancelled"]


def test_done_callbacks_are_called(app: Application) -> None:
    lines: list[str] = []

    def add(request: Request) -> None:
        request.add_done_callback(lambda request: lines.append("done"))

    app.before_request(add)
    app.add_middleware(layer(lines, "mw"))
    only(app, "/sync")
    assert lines == ["mw in", "mw out 200", "done"]


# Context variables.


@pytest.fixture(params=["sync", "async", "async that waits", "middleware"])
def naming(request: pytest.FixtureRequest, app: Application) -> Iterator[Application]:
    """Return the application with something that sets the context variable for each request."""

    def hook(request: Request) -> None:
        assert name.get() == "nobody"
        name.set(request.query.get("name", "?"))

    async def async_hook(request: Request) -> None:
        hook(request)

    async def waiting_hook(request: Request) -> None:
        hook(request)
        await asyncio.sleep(0)

    async def middleware(request: Request, call_next: CallNext) -> Response:
        hook(request)
        return await call_next(request)

    hooks = {"sync": hook, "async": async_hook, "async that waits": waiting_hook}
    if request.param in hooks:
        app.before_request(hooks[request.param])
    else:
        app.add_middleware(middleware)
    yield app
    assert name.get() == "nobody"


def test_what_is_set_is_seen_inside_and_by_nobody_else(naming: Application) -> None:
    paths = ["/sync", "/quick", "/slow", "/slow", "/sync", "/quick", "/sync"]
    answers = ask(naming, *(f"{path}?name={i}" for i, path in enumerate(paths)))
    assert texts(answers) == [f"{path[1:]} {i}" for i, path in enumerate(paths)]


@pytest.mark.parametrize("wait", [False, True])
def test_what_is_set_is_seen_by_the_hooks_after(naming: Application, wait: bool) -> None:
    seen: list[str] = []

    def note(request: Request, response: Response) -> None:
        seen.append(name.get())

    async def wait_and_note(request: Request, response: Response) -> None:
        await asyncio.sleep(0)
        note(request, response)

    naming.after_response(wait_and_note if wait else note)
    paths = ["/sync", "/quick", "/slow", "/fail", "/slow/fail", "/nowhere", "/post"]
    ask(naming, *(f"{path}?name={i}" for i, path in enumerate(paths)))
    assert sorted(seen) == [str(i) for i in range(len(paths))]


def test_what_a_handler_sets_is_seen_on_the_way_out(app: Application) -> None:
    async def read(request: Request, call_next: CallNext) -> object:
        before = name.get()
        await call_next(request)
        return f"{before} {name.get()}"

    def set_name(request: Request) -> Response:
        name.set(request.query["name"])
        return request.Response("")

    async def wait_and_set(request: Request) -> Response:
        await asyncio.sleep(0)
        return set_name(request)

    app.add_middleware(read)
    app.router.add_route("/set", set_name)
    app.router.add_route("/wait", wait_and_set)
    answers = ask(app, "/set?name=1", "/wait?name=2", "/set?name=3", "/wait?name=4")
    assert texts(answers) == ["nobody 1", "nobody 2", "nobody 3", "nobody 4"]


def test_what_is_awaited_runs_in_a_task_of_its_own(app: Application) -> None:
    tasks: list[object] = []

    async def note(request: Request, response: Response | None = None) -> None:
        tasks.append(asyncio.current_task())
        async with asyncio.timeout(1):
            await asyncio.sleep(0)

    app.before_request(note)
    app.after_response(note)
    app.router.add_route("/", lambda request: note(request))
    only(app, "/")
    assert len(tasks) == 3
    assert len(set(map(id, tasks))) == 1
    assert tasks[0] is not None


@pytest.mark.parametrize("wait", [False, True])
def test_what_a_handler_awaits_may_be_cancelled(
    wait: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()
    seen: list[int] = []

    @app.get("/")
    async def handler(request: Request) -> None:
        if wait:
            await asyncio.sleep(0)
        inner = asyncio.get_running_loop().create_future()
        inner.cancel()
        await inner

    @app.middleware
    async def watch(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        seen.append(response.code)
        return response

    app.after_response(lambda request, response: response.headers.add("X-Seen", "1"))
    with app.test_client() as client:
        answer = client.get("/")
    assert (answer.code, answer.headers["X-Seen"], seen) == (503, "1", [503])


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_would_end_the_process_is_an_error_of_the_handler(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()

    @app.get("/")
    def handler(request: Request) -> None:
        raise kind

    app.after_response(lambda request, response: response.headers.add("X-Seen", "1"))
    with app.test_client() as client:
        answer = client.get("/")
    assert (answer.code, answer.headers["X-Seen"]) == (500, "1")
