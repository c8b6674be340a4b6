"""What Application's constructor takes, and the members that Japronto's users know."""

import asyncio
import logging
from typing import Any

import pytest
import uvloop

from japy import (
    Application,
    BadRequest,
    Limits,
    Request,
    Response,
    RouteNotFoundException,
    Router,
)
from tests.support.handlers import get
from tests.support.wire import Answer, Server, read_answers


def ask(app: Application, path: str = "/", method: str = "GET") -> Answer:
    """Return the answer of an application to one request."""
    with Server(app) as server:
        data = get(path).replace(b"GET", method.encode(), 1)
        (answer,) = read_answers(server.exchange([data]).received)
    return answer


def hello(request: Request) -> Response:
    return request.Response("hello")


def app_of(handler: Any, **options: Any) -> Application:
    app = Application(**options)
    app.router.add_route("/", handler)
    return app


def test_options_are_named() -> None:
    with pytest.raises(TypeError):
        Application({"idle_timeout": 1})  # type: ignore[call-arg]  # that is what is tested
    with pytest.raises(TypeError):
        Application(nonsense=True)  # type: ignore[call-arg]  # that is what is tested


def test_reaper_settings_are_checked_at_once() -> None:
    app = Application(reaper_settings={"check_interval": 0.5, "idle_timeout": 2})
    assert (app.reaper.check_interval, app.reaper.idle_timeout) == (0.5, 2)
    assert Application().reaper.check_interval == 1
    assert Application().reaper.idle_timeout == 75
    with pytest.raises(TypeError, match="idle_timeot"):
        Application(reaper_settings={"idle_timeot": 2})
    with pytest.raises(ValueError, match="check_interval"):
        Application(reaper_settings={"check_interval": 0})


@pytest.mark.parametrize("limits", [{"body": 10}, {}, 10, Limits])
def test_limits_are_checked_at_once(limits: Any) -> None:
    with pytest.raises(TypeError, match=r"^limits: expected japy\.Limits\(\.\.\.\); got "):
        Application(limits=limits)
    assert Application(limits=Limits(body=10)).limits.body == 10


# The request log.


def test_requests_are_not_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ask(app_of(hello))
    assert caplog.messages == []


def test_log_request_logs_each_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "japy.access")
    ask(app_of(hello, log_request=True), "/missing")
    assert caplog.messages == ["192.0.2.1 GET /missing 404"]


def test_log_request_may_be_a_function_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    app = app_of(hello, log_request=lambda request: seen.append(request.path))
    ask(app)
    assert seen == ["/"]


def test_a_logger_that_fails_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    app = app_of(hello, log_request=lambda request: 1 / 0)
    assert ask(app).body == b"hello"
    assert "ZeroDivisionError" in caplog.text


def test_a_subclass_may_log_in_its_own_way() -> None:
    seen: list[str] = []

    class Quiet(Application):
        def default_request_logger(self, request: Request) -> None:
            seen.append(request.path)

    app = Quiet(log_request=True)
    app.router.add_route("/", hello)
    ask(app)
    assert seen == ["/"]


def test_the_default_logger_can_be_called(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "japy.access")

    class Polite(Application):
        def default_request_logger(self, request: Request) -> None:
            if request.path != "/health":
                super().default_request_logger(request)

    app = Polite(log_request=True)
    app.get("/health")(hello)
    ask(app, "/health")
    ask(app, "/other")
    assert caplog.messages == ["192.0.2.1 GET /other"]


@pytest.mark.parametrize("options", [{"protocol_factory": 5}, {"log_request": 5}])
def test_options_of_another_kind_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(options))}: expected .*; got 5"):
        Application(**options)


@pytest.mark.parametrize("verb", ["get", "post", "route"])
def test_a_decorator_without_parentheses_says_so(verb: str) -> None:
    with pytest.raises(TypeError, match=r'such as @app.get\("/hello"\)'):
        getattr(Application(), verb)(hello)


def test_patterns_and_methods_have_something_in_them() -> None:
    with pytest.raises(ValueError, match="pattern: expected"):
        Application().get("")(hello)
    with pytest.raises(ValueError, match="at least one"):
        Application().route("/", methods=[])(hello)


# Requests that are none.


def test_a_subclass_may_answer_malformed_requests() -> None:
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno: "

    class Polite(Application):
        def protocol_error_handler(self, error: str) -> bytes:
            return raw + error.encode()

    app = Polite()
    app.router.add_route("/", hello)
    with Server(app) as server:
        exchange = server.exchange([get("/") + b"G(T / HTTP/1.1\r\n\r\n" + get("/")])
    assert exchange.received.count(b"HTTP/1.1 200 OK") == 1
    assert exchange.received.endswith(raw + b"malformed_headers")
    assert exchange.is_closed


def test_such_an_answer_waits_for_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    async def later(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response("later")

    class Polite(Application):
        def protocol_error_handler(self, error: str) -> bytes:
            return error.encode()

    app = Polite()
    app.router.add_route("/", later)
    with Server(app) as server:
        exchange = server.exchange([get("/") + b"G(T / HTTP/1.1\r\n\r\n"])
    assert exchange.received.endswith(b"latermalformed_headers")
    assert exchange.is_closed


@pytest.mark.parametrize("before", ["", "/", "/later"])
def test_an_empty_one_closes_without_a_word(before: str) -> None:
    async def later(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response("Hello world!\n")

    class Silent(Application):
        def protocol_error_handler(self, error: str) -> bytes:
            return b""

    app = Silent()
    app.router.add_route("/", hello)
    app.router.add_route("/later", later)
    data = get(before) if before else b""
    with Server(app) as server:
        exchange = server.exchange([data + b"G(T / HTTP/1.1\r\n\r\n"])
    answers = read_answers(exchange.received)
    assert [answer.status for answer in answers] == [200] * bool(before)
    assert exchange.is_closed


def test_one_that_fails_is_logged_and_not_used(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Application):
        def protocol_error_handler(self, error: str) -> bytes:
            raise LookupError("in the handler")

    with Server(Broken()) as server:
        (answer,) = read_answers(server.exchange([b"G(T / HTTP/1.1\r\n\r\n"]).received)
    assert (answer.status, answer.body) == (400, b"malformed_headers")
    assert "in the handler" in caplog.text


def test_the_default_one_returns_a_whole_answer() -> None:
    raw = Application().protocol_error_handler("malformed_body")
    (answer,) = read_answers(raw)
    assert (answer.status, answer.body) == (400, b"malformed_body")
    assert answer.fields["Content-Type"] == "text/plain; charset=utf-8"


# Errors.


def test_an_error_handler_needs_a_class_and_a_callable() -> None:
    app = Application()
    with pytest.raises(TypeError, match="exception class"):
        app.add_error_handler(42, hello)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError, match="exception class"):
        app.add_error_handler(int, hello)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError, match="callable"):
        app.add_error_handler(ValueError, "hello")  # type: ignore[arg-type]  # that is what is tested


def test_a_bad_request_raised_by_a_handler_is_answered_with_its_line() -> None:
    def handler(request: Request) -> Response:
        raise BadRequest("expected a number", "for the log")

    answer = ask(app_of(handler))
    assert (answer.status, answer.body) == (400, b"expected a number")


def test_a_body_that_is_no_json_is_the_client_s_fault() -> None:
    app = app_of(lambda request: request.Response(json=request.json))
    data = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{"
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([data]).received)
    assert answer.status == 400
    assert b"JSON" in answer.body
    assert b"\n" not in answer.body


# Answers that nobody wrote a handler for.


def test_options_says_what_a_path_is_known_with() -> None:
    app = Application()
    app.get("/")(hello)
    app.post("/")(hello)
    answer = ask(app, method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.fields["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert ask(app, "/none", "OPTIONS").status == 404
    refused = ask(app, method="DELETE")
    assert (refused.status, refused.fields["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_a_route_for_options_is_asked_itself() -> None:
    app = Application()
    app.get("/")(hello)
    app.options("/")(lambda request: request.Response("mine"))
    assert ask(app, method="OPTIONS").body == b"mine"


def test_error_handlers_are_not_asked_about_options() -> None:
    app = app_of(hello)
    app.get("/x")(hello)
    app.add_error_handler(None, lambda request, error: request.Response("caught", 200))
    assert ask(app, "/x", "OPTIONS").status == 204
    assert ask(app, "/x", "DELETE").body == b"caught"


def test_slashes_are_strict_unless_asked_for() -> None:
    app = app_of(hello)
    app.get("/a")(hello)
    assert ask(app, "/a/").status == 404


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/a/", "/a"),
        ("/a/?x=%2F&y", "/a?x=%2F&y"),
        ("/b", "/b/"),
        ("/u/%C3%A9/", "/u/%C3%A9"),
    ],
)
def test_slashes_are_redirected_on_demand(asked: str, location: str) -> None:
    app = Application(redirect_slashes=True)
    app.get("/a")(hello)
    app.get("/b/")(hello)
    app.get("/u/{name}")(hello)
    answer = ask(app, asked)
    assert (answer.status, answer.fields["Location"]) == (308, location)


def test_a_redirect_never_leaves_the_server() -> None:
    app = Application(redirect_slashes=True)
    app.get("/{x}")(hello)
    app.get("//{host}")(hello)
    for path in ("//evil.example/", "/\\evil.example/", "/%5Cevil.example/", "/\x80/?\x80"):
        answer = ask(app, path)
        assert answer.status == 308
        location = answer.fields["Location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert location.isascii()


def test_what_has_no_twin_is_not_redirected() -> None:
    app = Application(redirect_slashes=True)
    app.post("/a")(hello)
    assert ask(app, "/").status == 404
    assert ask(app, "/b/").status == 404
    assert ask(app, "/a/").status == 404  # a redirect would lead a GET to a 405


def test_shadowed_routes_stop_the_start() -> None:
    app = Application()
    app.get("/{name}")(hello)
    app.get("/about")(hello)
    with pytest.raises(ValueError, match=r"/about.*test_app_options\.py:\d+"):
        app.service()


# The rest.


def test_state_takes_any_attribute() -> None:
    app = Application()
    app.state.database = 42
    assert app.state.database == 42
    with pytest.raises(AttributeError):
        _ = app.state.nothing


def test_the_loop_is_made_once_and_is_uvloop_s() -> None:
    app = Application()
    loop = app.loop
    assert isinstance(loop, uvloop.Loop)
    assert app.loop is loop
    loop.close()
    assert not app.loop.is_closed()
    app.loop.close()


def test_the_router_is_a_router() -> None:
    assert isinstance(Application().router, Router)


def test_a_handler_for_every_error_sees_missing_routes_and_wrong_methods() -> None:
    seen: list[tuple[type, object, dict[str, Any]]] = []

    def catch(request: Request, error: Exception) -> Response:
        seen.append((type(error), request.route, request.match_dict))
        assert isinstance(error, RouteNotFoundException)
        return request.Response("caught", 404)

    app = Application()
    app.get("/x")(hello)
    app.add_error_handler(None, catch)
    assert ask(app, "/y").body == b"caught"
    assert ask(app, "/x", "PUT").body == b"caught"
    assert [(route, match) for _, route, match in seen] == [(None, {}), (None, {})]


# Error handlers of a subclass.


class BrokenHandlers(Application):
    """Fails in the way that the query says."""

    def error_handler(self, request: Request, error: BaseException) -> object:
        if request.query_string == "raise":
            raise LookupError("in the error handler")
        if request.query_string == "text":
            return "text"
        return self.later(request)

    async def later(self, request: Request) -> object:
        await asyncio.sleep(0)
        if request.query_string == "later":
            raise LookupError("in the error handler")
        return None


@pytest.mark.parametrize("path", ["/", "/missing"])
@pytest.mark.parametrize("way", ["raise", "text", "later", "none"])
@pytest.mark.parametrize("with_hooks", [False, True])
def test_error_handlers_of_a_subclass_lose_no_connection(
    way: str, path: str, with_hooks: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = BrokenHandlers()
    app.get("/")(lambda request: 1 / 0)
    if with_hooks:
        app.before_request(lambda request: None)
    with Server(app) as server:
        exchange = server.exchange([get(f"{path}?{way}") * 2])
    answers = read_answers(exchange.received)
    assert [answer[::2] for answer in answers] == [(500, b"Internal Server Error")] * 2
    assert not exchange.is_closed
    assert len(caplog.records) == 2
