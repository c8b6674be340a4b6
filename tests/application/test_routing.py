"""An application registers routes as its router does."""

from collections.abc import Callable

import pytest

from japy import Application, Request, Response, Router
from tests.support.handlers import get
from tests.support.wire import Answer, Server, read_answers

VERBS = ["get", "post", "put", "patch", "delete", "head", "options"]


def ask(app: Application, path: str) -> Answer:
    """Return the answer of an application to one request."""
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([get(path)]).received)
    return answer


def handler(request: Request) -> Response:
    return request.Response(request.method)


@pytest.mark.parametrize("verb", VERBS)
def test_each_method_has_a_decorator_that_returns_the_handler(verb: str) -> None:
    app = Application()
    register: Callable[..., Callable[[object], object]] = getattr(app, verb)
    assert register("/x", name="there")(handler) is handler
    (route,) = app.router.routes
    assert route.methods == {verb.upper()}
    assert route.handler is handler
    assert app.url_for("there") == "/x"


def test_route_takes_one_method_or_several_or_none() -> None:
    app = Application()
    assert app.route("/one", method="GET")(handler) is handler
    app.route("/two", methods=["GET", "POST"], name="two")(handler)
    app.route("/any")(handler)
    assert [route.methods for route in app.router.routes] == [{"GET"}, {"GET", "POST"}, set()]
    assert app.url_for("two") == "/two"


def test_included_routes_are_served_and_named() -> None:
    inner = Router(prefix="/users")
    app = Application()
    app.include(inner, prefix="/api")

    @inner.get("/{id:int}")
    def show(request: Request) -> Response:
        return request.Response(repr(request.match_dict["id"]))

    assert app.url_for("show", id=7) == app.url_for(show, id=7) == "/api/users/7"
    assert ask(app, "/api/users/7").body == b"7"
    assert ask(app, "/api/users/x").status == 404
