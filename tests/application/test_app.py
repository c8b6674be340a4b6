"""The application: registering handlers, and how what they raise or return becomes an answer."""

import asyncio
import json
import logging
from collections.abc import Callable
from functools import partial

import pytest

from japy import (
    Application,
    BadRequest,
    Limits,
    MethodNotAllowed,
    Request,
    Response,
    RouteNotFoundException,
)
from tests.support.handlers import get
from tests.support.wire import Answer, Server, read_answers

Serve = Callable[[Application], Server]


def hello(request: Request) -> Response:
    """Be a handler."""
    return request.Response("hello")


def fail(request: Request) -> Response:
    """Be a handler that fails."""
    raise KeyError("on purpose")


def ask(app: Application, path: str = "/", method: str = "GET") -> Answer:
    """Return the answer of an application to one request."""
    data = get(path).replace(b"GET", method.encode(), 1)
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([data]).received)
    return answer


def app_of(handler: Callable[[Request], object], *, debug: bool = False) -> Application:
    """Return an application with one route."""
    app = Application(debug=debug)
    app.router.add_route("/", handler)
    return app


# Registering.


def test_a_decorator_registers_and_returns_the_handler() -> None:
    app = Application()
    decorated = app.route("/a", method="GET")(hello)
    assert decorated is hello
    app.route("/b", methods=["POST", "PUT"])(hello)
    app.route("/c/{x}")(hello)
    assert [route.describe() for route in app.router.routes] == [
        "/a GET",
        "/b POST PUT",
        "/c/{x} any method",
    ]
    assert ask(app, "/a").body == b"hello"


def test_a_bad_pattern_fails_where_it_is_registered() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Application().route("/{x")(hello)


def test_the_routes_are_fixed_once_served() -> None:
    app = app_of(hello)
    app.service()
    with pytest.raises(RuntimeError, match="add them before"):
        app.route("/late")(hello)
    app.service()  # every worker asks for its own


class Instance:
    """A handler with state."""

    def __call__(self, request: Request) -> Response:
        return hello(request)

    def method(self, request: Request) -> Response:
        return hello(request)

    @staticmethod
    def static(request: Request) -> Response:
        return hello(request)

    @classmethod
    def of_class(cls, request: Request) -> Response:
        return hello(request)


def with_text(text: str, request: Request) -> Response:
    """Be a handler once the text is known."""
    return request.Response(text)


@pytest.mark.parametrize(
    "handler",
    [
        hello,
        lambda request: request.Response("hello"),
        Instance(),
        Instance().method,
        Instance.static,
        Instance.of_class,
        partial(with_text, "hello"),
        partial(Instance().method),
    ],
)
def test_every_callable_is_a_handler(handler: Callable[[Request], object]) -> None:
    assert ask(app_of(handler)).body == b"hello"


def test_a_response_may_be_made_as_often_as_wanted() -> None:
    def handler(request: Request) -> Response:
        request.Response("first")
        with pytest.raises(LookupError):
            request.Response("x", encoding="no-such-encoding")
        return request.Response("last", 201)

    answer = ask(app_of(handler))
    assert (answer.status, answer.body) == (201, b"last")


def test_a_response_may_be_kept_and_sent_again(serve: Serve) -> None:
    kept = Response("kept", headers={"X-A": "b"})
    received = serve(app_of(lambda request: kept)).exchange([get("/") * 3]).received
    answers = read_answers(received)
    assert len(answers) == 3
    assert answers[0] == answers[1] == answers[2]


def test_the_application_is_known_to_its_requests() -> None:
    app = app_of(lambda request: request.Response(str(request.app is app)))
    assert ask(app).body == b"True"


# Errors.


def test_default_answers() -> None:
    app = app_of(fail)
    app.router.add_route("/post", hello, "POST")
    assert ask(app)[::2] == (500, b"Internal Server Error")
    assert ask(app, "/missing")[::2] == (404, b"Not Found")
    wrong = ask(app, "/post")
    assert (wrong.status, wrong.body) == (405, b"Method Not Allowed")
    assert wrong.fields["Allow"] == "OPTIONS, POST"
    assert wrong.fields["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (RouteNotFoundException(), 404, b"Not Found"),
        (MethodNotAllowed(("GET", "PUT")), 405, b"Method Not Allowed"),
        (BadRequest("no such page size"), 400, b"no such page size"),
        (BadRequest("too many", "of them", 422), 422, b"too many"),
    ],
)
def test_some_errors_are_answers(
    error: BaseException, status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(request: Request) -> Response:
        raise error

    answer = ask(app_of(handler))
    assert (answer.status, answer.body) == (status, body)
    assert caplog.records == []


def test_a_cancelled_handler_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def handler(request: Request) -> Response:
        raise asyncio.CancelledError

    answer = ask(app_of(handler))
    assert (answer.status, answer.body) == (503, b"Service unavailable")
    (record,) = caplog.records
    assert record.getMessage() == "GET / was cancelled"
    assert record.exc_info


@pytest.mark.parametrize("waits", [False, True])
def test_an_error_handler_may_be_asynchronous(waits: bool) -> None:
    async def explain(request: Request, error: Exception) -> Response:
        if waits:
            await asyncio.sleep(0)
        return request.Response(f"caught {error}", 418)

    app = app_of(fail)
    app.add_error_handler(Exception, explain)
    assert ask(app).status == 418
    assert ask(app, "/missing").status == 418


@pytest.mark.parametrize("answer", [None, "text", ValueError("again")])
def test_an_asynchronous_error_handler_is_not_asked_about_itself(answer: object) -> None:
    async def explain(request: Request, error: Exception) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    app = app_of(fail)
    app.add_error_handler(None, explain)
    assert ask(app)[::2] == (500, b"Internal Server Error")


def test_a_response_that_was_made_unusable_is_answered_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(request: Request) -> Response:
        response = request.Response("x", 201)
        response.code = 700
        return response

    assert ask(app_of(handler))[::2] == (500, b"Internal Server Error")
    assert len(caplog.records) == 1


def test_an_unhandled_error_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(app_of(fail)).status == 500
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("japy.error", logging.ERROR)
    assert record.getMessage() == "GET / failed"
    assert record.exc_text is not None
    assert "in fail" in record.exc_text
    assert "KeyError: 'on purpose'" in record.exc_text


def test_in_debug_mode_the_traceback_is_the_answer() -> None:
    answer = ask(app_of(fail, debug=True))
    assert answer.status == 500
    assert answer.body.startswith(b"Traceback (most recent call last):")
    assert answer.body.endswith(b"KeyError: 'on purpose'\n")


def test_error_handlers_are_tried_in_the_order_they_were_added() -> None:
    app = app_of(fail)
    app.add_error_handler(ZeroDivisionError, lambda request, error: request.Response("no"))
    app.add_error_handler(LookupError, lambda request, error: request.Response("base", 499))
    app.add_error_handler(KeyError, lambda request, error: request.Response("late"))
    assert ask(app)[::2] == (499, b"base")


def test_an_error_handler_is_given_the_request_and_the_error() -> None:
    seen: list[tuple[str, BaseException, object, dict[str, str]]] = []

    def handler(request: Request, error: BaseException) -> Response:
        seen.append((request.path, error, request.route, request.match_dict))
        return request.Response("handled")

    app = app_of(fail)
    app.add_error_handler(None, handler)
    assert ask(app).body == b"handled"
    assert ask(app, "/missing?x").body == b"handled"
    (first, second) = seen
    assert (first[0], second[0]) == ("/", "/missing")
    assert isinstance(first[1], KeyError)
    assert type(second[1]) is RouteNotFoundException
    assert first[2] is app.router.routes[0]
    assert second[2:] == (None, {})


def test_a_handler_of_missing_routes_gets_wrong_methods_too() -> None:
    app = Application()
    app.router.add_route("/", hello, "POST")
    app.add_error_handler(RouteNotFoundException, lambda request, error: request.Response("own"))
    assert ask(app, "/missing").body == b"own"
    assert ask(app, "/").body == b"own"


def test_an_error_handler_that_fails_is_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    def handler(request: Request, error: BaseException) -> Response:
        raise ValueError("worse")

    app = app_of(fail)
    app.add_error_handler(KeyError, handler)
    app.add_error_handler(None, lambda request, error: request.Response("not tried"))
    assert ask(app).status == 500
    (record,) = caplog.records
    assert record.exc_text is not None
    assert "KeyError: 'on purpose'" in record.exc_text
    assert "ValueError: worse" in record.exc_text


@pytest.mark.parametrize("returned", [None, "text", b"bytes", 404])
def test_an_error_handler_that_returns_no_response_is_answered_500(
    returned: object, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(fail)
    app.add_error_handler(None, lambda request, error: returned)
    assert ask(app).status == 500
    assert ask(app, "/missing").status == 500
    assert "expected a Response" in str(caplog.records[0].exc_info)


def test_a_handler_that_returns_no_response_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def forgetful(request: Request) -> int:
        return len(request.path)

    assert ask(app_of(forgetful)).status == 500
    text = str(caplog.records[0].exc_info)
    assert "forgetful" in text
    assert "test_app.py" in text
    assert "got int" in text


def test_a_response_that_cannot_be_made_is_an_error_of_the_handler() -> None:
    app = app_of(lambda request: request.Response("x", headers={"A": "b\r\nC: d"}))
    app.add_error_handler(ValueError, lambda request, error: request.Response(type(error).__name__))
    assert ask(app).body == b"ValueError"


# JSON.


def test_json_can_be_exchanged() -> None:
    class Tagged:
        @staticmethod
        def dumps(value: object) -> bytes:
            return b"tagged:" + json.dumps(value).encode()

        @staticmethod
        def loads(data: bytes) -> object:
            return json.loads(data)

    app = app_of(lambda request: request.Response(json={"a": 1}))
    assert app.json is json
    assert ask(app)[::2] == (200, b'{"a": 1}')
    app.json = Tagged
    assert app.json is Tagged
    answer = ask(app)
    assert answer.body == b'tagged:{"a": 1}'
    assert answer.fields["Content-Type"] == "application/json; charset=utf-8"


# Logs.


def test_requests_are_logged_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "japy.access")
    app = app_of(hello)
    app.debug = True
    server = Server(app)
    server.exchange([get("/?secret=1") + get("/none") + b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"])
    server.close()
    assert caplog.messages == [
        "192.0.2.1 GET / 200",
        "192.0.2.1 GET /none 404",
        "192.0.2.1 HEAD / 200",
    ]
    caplog.clear()
    app.debug = False
    ask(app)
    assert caplog.messages == []


def test_no_client_can_write_lines_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app = app_of(fail)
    app.router.add_route("/{x}", fail)
    app.debug = True
    server = Server(app)
    server.exchange([get("/%0AERROR%0D%1b[31m")])
    server.exchange([b"GET / HTTP/1.1\r\nHost: \x80\xff\r\n\r\n"])
    server.exchange([b"G\nX\r\n\r\n"])
    server.close()
    assert len(caplog.messages) >= 4
    assert all(message.isprintable() for message in caplog.messages)


def test_limits_are_those_of_the_constructor(serve: Serve) -> None:
    app = Application(limits=Limits(body=3))
    app.router.add_route("/", hello)
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    (answer,) = read_answers(serve(app).exchange([post]).received)
    assert answer.status == 413
    assert Application().limits.body == 16 * 1024 * 1024
