"""Directory: which routes a name stands for.

Knows the names that routes were given and those of their handlers. Refuses to know where routes
come from, and how a path is made.

Invariant: a name that a route was given goes before the name of a handler.
"""

from difflib import get_close_matches
from typing import Final

from mypy_extensions import mypyc_attr

from japy.core.route import Handler, Route, RouteError, name_of


@mypyc_attr(native_class=True)
class Directory:
    """Routes by name."""

    def __init__(self, routes: list[Route]) -> None:
        self._named: Final[dict[str, list[Route]]] = {}  # by the name they were given
        self._handled: Final[dict[str, list[Route]]] = {}  # by the name of the handler
        for route in routes:
            self._handled.setdefault(name_of(route.handler), []).append(route)
            if route.is_named:
                self._named.setdefault(route.name, []).append(route)

    def check(self) -> None:
        """Raise RouteError where a name was given to different patterns."""
        for name, routes in self._named.items():
            for route in routes:
                # A router that is included twice has its names twice: `url_for` tells.
                is_copy = route.origin is not None and route.origin is routes[0].origin
                if route.segments != routes[0].segments and not is_copy:
                    raise RouteError(
                        f"route name {name!r} stands for two patterns\n"
                        f"  {routes[0].locate()}\n  {route.locate()}\nGive one another name."
                    )

    def find(self, name: str | Handler) -> list[Route]:
        """Return the routes of a name or of a handler; at least one."""
        if isinstance(name, str):
            found = self._named.get(name) or self._handled.get(name) or []
        else:
            same = self._handled.get(name_of(name)) or []
            found = [route for route in same if route.handler == name]
        if found:
            return found
        known = [*self._named, *self._handled]
        near = get_close_matches(name if isinstance(name, str) else name_of(name), known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LookupError(f"url_for: there is no route {show_name(name)}{hint}")


def show_name(name: str | Handler) -> str:
    """Return what a route was asked for by, for a message."""
    return repr(name if isinstance(name, str) else name_of(name))
