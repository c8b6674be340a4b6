"""Routing: the methods of an application's router, within reach of `app.`.

Knows the router. Knows nothing of what answers: `japy/app.py` does.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from japy.core.router import Handler, Router

H = TypeVar("H", bound=Handler)


class Routing:
    """What has a router.

    Attributes:
        router: the routes.
    """

    def __init__(self) -> None:
        self.router = Router()

    def route(
        self,
        pattern: str,
        *,
        method: str | None = None,
        methods: Iterable[str] | None = None,
        name: str | None = None,
    ) -> Callable[[H], H]:
        """Register the decorated handler; see `Router.add_route` for the arguments."""
        require_pattern(pattern)
        return self.router.route(pattern, method=method, methods=methods, name=name)

    def get(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for GET, and for HEAD where no other one is."""
        require_pattern(pattern)
        return self.router.get(pattern, name=name)

    def post(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for POST."""
        require_pattern(pattern)
        return self.router.post(pattern, name=name)

    def put(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for PUT."""
        require_pattern(pattern)
        return self.router.put(pattern, name=name)

    def patch(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for PATCH."""
        require_pattern(pattern)
        return self.router.patch(pattern, name=name)

    def delete(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for DELETE."""
        require_pattern(pattern)
        return self.router.delete(pattern, name=name)

    def head(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for HEAD."""
        require_pattern(pattern)
        return self.router.head(pattern, name=name)

    def options(self, pattern: str, *, name: str | None = None) -> Callable[[H], H]:
        """Register the decorated handler for OPTIONS."""
        require_pattern(pattern)
        return self.router.options(pattern, name=name)

    def include(self, router: Router, *, prefix: str = "") -> None:
        """Add the routes of another router, also those that it gets later; see `Router.include`."""
        self.router.include(router, prefix=prefix)

    def url_for(self, name: str | Handler, /, **params: Any) -> str:
        """Return the path of a route; see `Router.url_for`."""
        return self.router.url_for(name, **params)


def require_pattern(pattern: object) -> None:
    """Raise TypeError for what is no pattern, as in `@app.get` without parentheses."""
    if not isinstance(pattern, str):
        name = getattr(pattern, "__name__", repr(pattern))
        raise TypeError(
            f'expected a pattern before the handler {name}, such as @app.get("/{name}")'
        )
