"""Hooks and middleware: their order, their answers, and what cannot be one."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from japy import Application, Request, Response
from japy.application.middleware import CallNext
from tests.support.handlers import get
from tests.support.onion import (
    CONSTANT,
    EVERY_PATH,
    application,
    ask,
    layer,
    only,
    texts,
    writer,
)
from tests.support.wire import Server


@pytest.fixture
def app() -> Application:
    """Return an application with a handler of each kind."""
    return application()


# The order.


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(("path", "code"), EVERY_PATH.items())
def test_every_answer_takes_the_whole_way(
    app: Application, wait: bool, path: str, code: int
) -> None:
    lines: list[str] = []
    app.after_response(writer(lines, "after 1", wait))
    app.add_middleware(layer(lines, "outer", wait))
    app.before_request(writer(lines, "before 1", False))
    app.add_middleware(layer(lines, "inner", False))
    app.after_response(writer(lines, "after 2", False))
    app.before_request(writer(lines, "before 2", wait))
    answer = only(app, path)
    assert answer.status == code
    way = f"before 1, before 2, outer in, inner in, inner out {code}, outer out {code}"
    assert lines == [*way.split(", "), "after 2", "after 1"]


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(("path", "code"), EVERY_PATH.items())
def test_hooks_need_no_middleware(app: Application, wait: bool, path: str, code: int) -> None:
    lines: list[str] = []
    app.before_request(writer(lines, "before", wait))
    app.after_response(writer(lines, "after", wait))
    assert only(app, path).status == code
    assert lines == ["before", "after"]


def test_automatic_answers_take_the_way_as_well() -> None:
    app = Application(redirect_slashes=True)
    lines: list[str] = []
    app.add_middleware(layer(lines, "mw"))
    app.router.add_route("/x", lambda request: request.Response("x"), method="POST")
    with Server(app) as server:
        wire = server.connect()
        wire.send(get("/x").replace(b"GET", b"OPTIONS"))
        wire.send(get("*").replace(b"GET", b"OPTIONS"))
        wire.send(get("/x/").replace(b"GET", b"POST"))
        assert [answer.status for answer in wire.answers()] == [204, 200, 308]
    assert lines[1::2] == ["mw out 204", "mw out 200", "mw out 308"]


def test_nothing_stands_before_a_handler_that_needs_nothing(app: Application) -> None:
    app.service()
    assert all(route.endpoint is route.handler for route in app.router.routes)


def test_what_is_synchronous_makes_no_coroutine(app: Application) -> None:
    lines: list[str] = []
    app.before_request(writer(lines, "before", False))
    app.after_response(writer(lines, "after", False))
    seen: list[object] = []
    app.router.add_route("/", lambda request: seen.append(request) or Response("x"))  # type: ignore[func-returns-value]  # for brevity
    only(app, "/")
    route = next(route for route in app.router.routes if route.pattern == "/")
    request: Any = seen[0]
    assert isinstance(route.endpoint(request), Response)


# Short ways.


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("value", ["no", ("no", 403), Response("no", 403), {"no": 403}])
def test_a_hook_before_can_answer(app: Application, wait: bool, value: object) -> None:
    lines: list[str] = []

    def refuse(request: Request) -> object:
        return value

    async def wait_and_refuse(request: Request) -> object:
        await asyncio.sleep(0)
        return value

    app.before_request(wait_and_refuse if wait else refuse)
    app.before_request(writer(lines, "before 2", False))
    app.add_middleware(layer(lines, "mw"))
    app.after_response(writer(lines, "after", wait))
    assert b"no" in only(app, "/slow").body
    assert lines == ["after"]


def test_a_middleware_can_answer(app: Application) -> None:
    lines: list[str] = []

    async def refuse(request: Request, call_next: CallNext) -> object:
        return "no", 403

    app.add_middleware(layer(lines, "outer"))
    app.add_middleware(refuse)
    app.add_middleware(layer(lines, "inner"))
    answer = only(app, "/sync")
    assert (answer.status, answer.body) == (403, b"no")
    assert lines == ["outer in", "outer out 403"]


def test_a_middleware_can_ask_again(app: Application) -> None:
    async def retry(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        return response if response.code < 500 else await call_next(request)

    failures = [LookupError("on purpose")]

    def flaky(request: Request) -> Response:
        if failures:
            raise failures.pop()
        return request.Response("at last")

    app.add_middleware(retry)
    app.router.add_route("/", flaky)
    assert only(app, "/").body == b"at last"


def test_middleware_of_every_kind(app: Application) -> None:
    lines: list[str] = []

    class Timing:
        def __init__(self, text: str) -> None:
            self.text = text

        async def __call__(self, request: Request, call_next: CallNext) -> Response:
            lines.append(self.text)
            return await call_next(request)

        async def method(self, request: Request, call_next: CallNext) -> Response:
            lines.append(f"method {self.text}")
            return await call_next(request)

    def synchronous(request: Request, call_next: CallNext) -> Awaitable[Response]:
        lines.append("synchronous")
        return call_next(request)

    async def with_options(level: int, request: Request, call_next: CallNext) -> Response:
        lines.append(f"level {level}")
        return await call_next(request)

    app.add_middleware(Timing("object"))
    app.add_middleware(Timing("object").method)
    app.add_middleware(functools.partial(with_options, 1))
    assert app.middleware(synchronous) is synchronous
    assert only(app, "/quick").body == b"quick nobody"
    assert lines == ["object", "method object", "level 1", "synchronous"]


def test_a_hook_after_can_change_the_answer_or_replace_it(app: Application) -> None:
    def change(request: Request, response: Response) -> None:
        response.headers["X-Path"] = request.path

    async def replace(request: Request, response: Response) -> Response:
        return Response(f"instead of {response.code}", headers={"X-Path": "new"})

    app.after_response(change)
    assert only(app, "/nowhere").fields["X-Path"] == "/nowhere"
    other = Application()
    other.after_response(replace)
    other.after_response(lambda request, response: response)
    assert only(other, "/nowhere")[::2] == (200, b"instead of 404")


# A Response that is made once.


def test_what_is_made_once_stays_as_it_was(app: Application) -> None:
    constants = [Response(text, 418) for text in ("before", "middleware", "after", "error")]

    def mark(request: Request, response: Response) -> None:
        response.headers["X-Path"] = request.path
        response.code = 299

    async def layer(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.headers["X-Layer"] = "1"
        return constants[1] if request.path == "/middleware" else response

    app.before_request(lambda request: constants[0] if request.path == "/before" else None)
    app.add_middleware(layer)
    app.after_response(mark)
    app.after_response(lambda request, r: constants[2] if request.path == "/after" else None)
    app.add_error_handler(LookupError, lambda request, error: constants[3])
    paths = ["/constant", "/before", "/middleware", "/after", "/fail"]
    answers = ask(app, *paths, *paths)
    assert [answer.fields["X-Path"] for answer in answers] == [*paths, *paths]
    assert {answer.status for answer in answers} == {299}
    assert texts(answers[:5]) == ["constant", "before", "middleware", "after", "error"]
    assert [response.code for response in (CONSTANT, *constants)] == [200, 418, 418, 418, 418]
    assert not any("X-Path" in response.headers for response in (CONSTANT, *constants))


# What cannot be.


def of_one(value: object) -> None:
    pass


async def of_two(request: Request, call_next: CallNext) -> None:
    pass


class Factory:
    """What other toolkits call a middleware: a class that is given the application."""

    def __init__(self, app: object) -> None:
        self.app = app


@pytest.mark.parametrize(
    ("add", "value", "message"),
    [
        (Application.before_request, None, "before_request: expected a function; got None"),
        (Application.after_response, 1, "after_response: expected a function; got 1"),
        (Application.add_middleware, "x", "middleware: expected a function; got 'x'"),
        (Application.before_request, of_two, r"of_two \(.*: expected a function of \(request\); "),
        (Application.after_response, of_one, r"of_one .* \(request, response\); too many"),
        (Application.add_middleware, of_one, r"of_one .* \(request, call_next\); too many"),
        (Application.add_middleware, Factory, r"Factory.* \(request, call_next\); too many"),
    ],
)
def test_what_cannot_be_called_is_refused_at_once(
    app: Application, add: Callable[[Application, object], None], value: object, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        add(app, value)


def test_nothing_can_be_added_once_the_application_serves(app: Application) -> None:
    app.service()
    for add in (app.before_request, app.after_response, app.add_middleware):
        with pytest.raises(RuntimeError, match="are fixed once the application serves; add them"):
            add(print)


def test_what_a_function_wraps_does_not_matter(app: Application) -> None:
    app.before_request(functools.wraps(of_two)(lambda request: None))
    app.add_middleware(functools.wraps(of_one)(lambda request, call_next: call_next(request)))


def test_a_function_without_a_signature_is_taken(app: Application) -> None:
    app.before_request({}.get)
    app.before_request(dict)


def test_requests_are_logged_with_the_final_answer(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "japy.access")
    app.debug = True
    app.after_response(lambda request, response: Response("gone", 410))
    only(app, "/sync")
    assert caplog.records[-1].getMessage().endswith("GET /sync 410")
