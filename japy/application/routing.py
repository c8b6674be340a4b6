"""Routing: the methods of an application's router, within reach of `app.`.

Knows the router. Knows nothing of what answers: `app` does. The decorators are written out here as
well as in the core, where a compiled function would complain about a pattern that is none before it
could be explained.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from japy.core.route import Route
from japy.core.router import Handler, Router

H = TypeVar("H", bound=Handler)


class Routing:
    """What has a router.

    Attributes:
        router: the routes.
    """

    def __init__(self) -> None:
        self.router = Router()

    def add_route(
        self,
        pattern: str,
        handler: Handler,
        method: str | None = None,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Route:
        """Add a route after those that are there; see `Router.add_route` for the arguments."""
        return self.router.add_route(
            pattern, handler, method, methods, name, body_limit, handler_cancellation
        )

    def route(
        self,
        pattern: str,
        *,
        method: str | None = None,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler; see `Router.add_route` for the arguments."""
        return self._register(pattern, method, methods, name, body_limit, handler_cancellation)

    def get(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for GET, and for HEAD where no other one is."""
        return self._register(pattern, "GET", None, name, body_limit, handler_cancellation)

    def post(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for POST."""
        return self._register(pattern, "POST", None, name, body_limit, handler_cancellation)

    def put(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for PUT."""
        return self._register(pattern, "PUT", None, name, body_limit, handler_cancellation)

    def patch(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for PATCH."""
        return self._register(pattern, "PATCH", None, name, body_limit, handler_cancellation)

    def delete(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for DELETE."""
        return self._register(pattern, "DELETE", None, name, body_limit, handler_cancellation)

    def head(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for HEAD."""
        return self._register(pattern, "HEAD", None, name, body_limit, handler_cancellation)

    def options(
        self,
        pattern: str,
        *,
        name: str | None = None,
        body_limit: int | None = None,
        handler_cancellation: bool | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler for OPTIONS."""
        return self._register(pattern, "OPTIONS", None, name, body_limit, handler_cancellation)

    def include(self, router: Router, *, prefix: str = "") -> None:
        """Add the routes of another router, also those that it gets later; see `Router.include`."""
        self.router.include(router, prefix=prefix)

    def url_for(self, name: str | Handler, /, **params: Any) -> str:
        """Return the path of a route; see `Router.url_for`."""
        return self.router.url_for(name, **params)

    def _register(
        self,
        pattern: str,
        method: str | None,
        methods: Iterable[str] | None,
        name: str | None,
        body_limit: int | None,
        handler_cancellation: bool | None,
    ) -> Callable[[H], H]:
        require_pattern(pattern)
        return self.router.route(
            pattern,
            method=method,
            methods=methods,
            name=name,
            body_limit=body_limit,
            handler_cancellation=handler_cancellation,
        )


def require_pattern(pattern: object) -> None:
    """Raise TypeError for what is no pattern, as in `@app.get` without parentheses."""
    if not isinstance(pattern, str):
        name = getattr(pattern, "__name__", repr(pattern))
        raise TypeError(
            f'expected a pattern before the handler {name}, such as @app.get("/{name}")'
        )
