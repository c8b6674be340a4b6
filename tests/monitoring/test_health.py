"""Health: a path that says whether a worker should be sent requests, and is nobody else's."""

import pytest

from japy import Application, Request, Response
from japy.monitoring.health import add_health, bare
from japy.serving.importer import LoadError
from tests.support.handlers import get
from tests.support.wire import Server


def locked(request: Request) -> Response:
    """Be a hook that lets nobody in."""
    return Response("who are you?", 401)


def probe(server: Server) -> bytes:
    """Return the answer to a probe."""
    return server.exchange([get("/healthz")]).received


def test_it_says_that_it_serves_and_that_it_stops() -> None:
    app, state = Application(), [False]
    app.before_request(locked)
    app.router.add_route("/{anything}", lambda request: Response("the application's"))
    route = add_health(app, "/healthz", lambda: state[0])
    with Server(app) as server:
        bare(route)
        assert b" 200 OK\r\n" in probe(server)
        assert probe(server).endswith(b"\r\n\r\nok\n")
        state[0] = True
        assert b" 503 Service Unavailable\r\n" in probe(server)
        assert b"\r\nCache-Control: no-store\r\n" in probe(server)


@pytest.mark.parametrize("method", ["GET", "POST", None])
def test_a_route_of_the_application_is_not_replaced(method: str | None) -> None:
    app = Application()
    app.router.add_route("/healthz", locked, method=method)
    with pytest.raises(
        LoadError, match=r"^--health-path /healthz is a route of the application \("
    ):
        add_health(app, "/healthz", lambda: False)


def test_an_application_that_serves_already() -> None:
    app = Application()
    app.service()
    with pytest.raises(LoadError, match="--health-path /x cannot be added to the routes: "):
        add_health(app, "/x", lambda: False)
