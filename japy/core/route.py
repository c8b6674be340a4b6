"""Route: a pattern, the methods it answers, and who answers; and a Match of a route with a path.

Knows how the segments of a path become values, and where the handler was written. Knows no other
route: which of several wins is for `tree.py`.
"""

from collections.abc import Callable
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, final

from mypy_extensions import i64, mypyc_attr

from japy.core.convert import STR
from japy.core.pattern import Segment, join, join_segments
from japy.core.request import decode

Handler = Callable[[Any], object]  # Any: a user's annotation may be narrower than Request
MAX_WRAPPED: Final = 100  # wrappers around a function, for one that wraps itself


class RouteError(ValueError):
    """Routes that cannot stand together; the message says which, and where they were written."""


@final
@mypyc_attr(native_class=True)
class Route:
    """A pattern, the methods it answers (none: any) and the handler.

    Attributes:
        pattern: as it was registered, behind the prefixes of its routers.
        handler: as it was registered.
        endpoint: what is called; middleware puts itself before the handler.
        methods: in upper case; empty for any.
        name: what `url_for` knows the route by: the name it was given, or that of its handler.
        is_named: whether it was given a name.
        body_limit: longest request body in bytes; None for `Limits.body`.
        handler_cancellation: whether a waiting handler is cancelled when its client is gone; None
            for what the application says.
        order: place in the order of registration, once the application serves.
    """

    def __init__(
        self,
        pattern: str,
        segments: list[Segment],
        handler: Handler,
        methods: frozenset[str],
        name: str | None,
    ) -> None:
        self.pattern: Final = pattern
        self.handler: Final = handler
        self.endpoint = handler
        self.methods: Final = methods
        self.is_named: Final = name is not None
        self.name: Final = name_of(handler) if name is None else name
        self.body_limit: int | None = None
        self.handler_cancellation: bool | None = None
        self.origin: Route | None = None  # what this is a copy of, behind a prefix
        self.order: i64 = 0
        self.segments: Final = segments
        self.names: Final = [segment.name for segment in segments if segment.name]
        self.spots: Final = [i for i in range(len(segments)) if segments[i].name]
        self.is_plain: Final = all(segment.converter is STR for segment in segments)
        self.sent: Final = frozenset(method.encode("latin-1") for method in methods)

    @property
    def placeholder_cnt(self) -> int:
        """Number of parameters."""
        return len(self.names)

    @property
    def place(self) -> str:
        """File and line of the handler, or in angle brackets the module of one that has none."""
        return place_of(self.handler)

    def read(self, parts: list[bytes]) -> dict[str, Any]:
        """Return the parameters by name, given the decoded segments of a path that matches."""
        values: dict[str, Any] = {}
        for i in self.spots:
            segment = self.segments[i]
            part = parts[i]
            prefix = len(segment.literal)
            values[segment.name] = decode(part[prefix:] if prefix else part)
        if not self.is_plain:
            self._convert(values, parts)
        return values

    def _convert(self, values: dict[str, Any], parts: list[bytes]) -> None:
        """Put values in the place of texts."""
        for i in self.spots:
            segment = self.segments[i]
            text: str = values[segment.name]
            if segment.is_path:
                text = "/".join([text, *[decode(part) for part in parts[i + 1 :]]])
            values[segment.name] = segment.converter.parse(text)

    def under(self, prefix: str, head: list[Segment]) -> "Route":
        """Return the same route behind a prefix, given as text and as segments."""
        pattern = join(prefix, self.pattern)
        segments = join_segments(head, self.segments, pattern)
        name = self.name if self.is_named else None
        route = Route(pattern, segments, self.handler, self.methods, name)
        route.body_limit = self.body_limit
        route.handler_cancellation = self.handler_cancellation
        route.origin = self.origin or self
        return route

    def describe(self) -> str:
        """Return pattern and methods for a person."""
        return f"{self.pattern} {' '.join(sorted(self.methods)) or 'any method'}"

    def locate(self) -> str:
        """Return pattern, methods, handler and its place for a person."""
        return f"{self.describe()}: {name_of(self.handler)}, {self.place}"

    def __eq__(self, other: object) -> bool:
        """Compare pattern and methods, as Japronto does."""
        return (
            isinstance(other, Route)
            and self.pattern == other.pattern
            and self.methods == other.methods
        )

    def __hash__(self) -> int:
        """Hash pattern and methods."""
        return hash((self.pattern, self.methods))


@mypyc_attr(native_class=True)
class Match:
    """A route and the decoded segments of the path that it matches."""

    def __init__(self, route: Route, parts: list[bytes]) -> None:
        self.route: Final = route
        self.parts: Final = parts

    def read(self) -> dict[str, Any]:
        """Return the parameters by name; a new dict with new values each time."""
        return self.route.read(self.parts)


def unwrap(handler: object) -> object:
    """Return what a person has written: without partials, decorators and what methods are bound to.

    A decorator is known by the `__wrapped__` that functools.wraps leaves.
    """
    inner: object = handler
    for _ in range(MAX_WRAPPED):
        if isinstance(inner, partial):
            inner = inner.func
        elif isinstance(inner, MethodType):
            inner = inner.__func__
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        else:
            break
    return inner


def name_of(handler: object) -> str:
    """Return the name of a handler: its own, its function's, or that of its class."""
    for named in (handler, unwrap(handler)):
        name: object = getattr(named, "__name__", None)
        if isinstance(name, str):
            return name
    return type(unwrap(handler)).__name__


def place_of(handler: object) -> str:
    """Return file and line of a handler, or its module where Python does not keep them."""
    inner = unwrap(handler)
    if isinstance(inner, type):
        inner = inner.__dict__.get("__init__")
    elif not isinstance(inner, FunctionType):
        inner = unwrap(type(inner).__call__)
    code = getattr(inner, "__code__", None)
    if isinstance(code, CodeType):
        return f"{code.co_filename}:{code.co_firstlineno}"
    module = getattr(unwrap(handler), "__module__", None)
    return f"<{module or type(handler).__module__}>"
