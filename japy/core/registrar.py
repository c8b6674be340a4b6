"""Registrar: how handlers are registered by decorating them.

Knows the arguments of a route. Refuses to know what becomes of them: a router keeps routes.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from mypy_extensions import mypyc_attr

from japy.core.route import Handler, Route

H = TypeVar("H", bound=Handler)


@mypyc_attr(native_class=True)
class Registrar:
    """What routes can be added to."""

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
        """Add a route; see `Router.add_route`."""
        raise NotImplementedError

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

    def _register(
        self,
        pattern: str,
        method: str | None,
        methods: Iterable[str] | None,
        name: str | None,
        body_limit: int | None,
        handler_cancellation: bool | None,
    ) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self.add_route(
                pattern, handler, method, methods, name, body_limit, handler_cancellation
            )
            return handler

        return register
