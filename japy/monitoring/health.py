"""Health: the path on which workers say whether they should be sent requests (`--health-path`).

Knows a route that stands before all hooks and middleware: who probes has no password, and is asked
for none. Knows nothing of balancers.

Invariant: a route of the application is never replaced by this one: then it cannot be served.
"""

from collections.abc import Callable

from japy.application.app import Application
from japy.core.request import Request
from japy.core.response import Response
from japy.core.route import Route
from japy.serving.importer import LoadError

NAME = "japy-health"
FRESH = {"Cache-Control": "no-store"}


def add_health(app: Application, path: str, is_stopping: Callable[[], bool]) -> Route:
    """Have an application answer 200 on a path, and 503 once the server is stopping.

    Args:
        app: one that does not serve yet.
        path: where.
        is_stopping: whether requests should go elsewhere.

    Raises:
        LoadError: the application has a route there, or serves already.
    """

    def answer(request: Request) -> Response:
        if is_stopping():
            return Response("stopping\n", 503, headers=FRESH)
        return Response("ok\n", headers=FRESH)

    own = next((route for route in app.router.routes if route.pattern == path), None)
    if own is not None:
        raise LoadError(
            f"--health-path {path} is a route of the application ({own.locate()}): choose a path "
            "that it does not have, or leave the option out."
        )
    try:
        route = app.router.add_route(path, answer, methods=("GET", "HEAD"), name=NAME)
        app.router.promote(route)  # or a route for any path would take its requests
    except (RuntimeError, ValueError) as error:
        raise LoadError(f"--health-path {path} cannot be added to the routes: {error}.") from None
    return route


def bare(route: Route) -> None:
    """Have requests come to a route without hooks and middleware, once these are in place."""
    route.endpoint = route.handler
