r"""Patterns to handlers: built at start, frozen, then only matched.

Knows the grammar of patterns (literal text, `{name}`, `{{` and `}}`) and which of the matching
routes wins: the first one registered. Knows neither requests nor answers.

How it works: patterns share a tree over path segments. A request that names a route without
parameters is found by one lookup of "METHOD /path" in a dict that freezing fills with what the
tree would say; all others walk the tree, whose depth is the number of segments, not the number of
routes.

Invariants:
- The raw path is split on "/" first and each segment decoded once after that: "%2F" stays inside.
- After `freeze` nothing changes.
"""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from mypy_extensions import i64, mypyc_attr

from japy.core.errors import MethodNotAllowed, RouteNotFoundException
from japy.core.request import Request, decode
from japy.core.response import TOKEN

Handler = Callable[[Request], object]

PERCENT: Final = 37
# Paths with parameters whose match is kept, and the longest of them: 1 MiB in the worst case.
MAX_RECENT: Final = 1024
MAX_RECENT_SIZE: Final = 256
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@mypyc_attr(native_class=True, acyclic=True)
class Segment:
    """A part of a pattern between slashes: literal text, with a parameter after it or without."""

    def __init__(self, literal: bytes, name: str) -> None:
        self.literal: Final = literal
        self.name: Final = name  # empty for literal text

    def __eq__(self, other: object) -> bool:
        """Compare literal text and name."""
        return (
            isinstance(other, Segment) and self.literal == other.literal and self.name == other.name
        )

    def __hash__(self) -> int:
        """Hash literal text and name."""
        return hash((self.literal, self.name))


@mypyc_attr(native_class=True)
class Route:
    """A pattern, the methods it answers (none: any) and the handler."""

    def __init__(self, pattern: str, handler: Handler, methods: frozenset[str], order: int) -> None:
        self.pattern: Final = pattern
        self.handler: Final = handler
        self.methods: Final = methods
        self.order: Final = order  # place in the order of registration
        self.segments: Final = parse_pattern(pattern)
        self.names: Final = [segment.name for segment in self.segments if segment.name]
        self.spots: Final = [i for i in range(len(self.segments)) if self.segments[i].name]
        self._sent: Final = frozenset(method.encode("latin-1") for method in methods)

    @property
    def placeholder_cnt(self) -> int:
        """Number of parameters."""
        return len(self.names)

    def read(self, parts: list[bytes]) -> dict[str, str]:
        """Return the parameters by name, given the decoded segments of a path that matches."""
        values: dict[str, str] = {}
        for i in self.spots:
            segment = self.segments[i]
            part = parts[i]
            prefix = len(segment.literal)
            values[segment.name] = decode(part[prefix:] if prefix else part)
        return values

    def allows(self, method: bytes) -> bool:
        """Tell whether the route answers this method, as it is sent."""
        return not self._sent or method in self._sent

    def describe(self) -> str:
        """Return pattern and methods for a person."""
        return f"{self.pattern} {' '.join(sorted(self.methods)) or 'any method'}"

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
class Node:
    """A place in the tree of segments."""

    def __init__(self) -> None:
        self.literals: Final[dict[bytes, Node]] = {}
        self.parameter: Node | None = None  # behind a segment that is a parameter as a whole
        self.prefixes: Final[dict[bytes, Node]] = {}  # by the literal text before a parameter
        self.routes: Final[list[Route]] = []  # those whose pattern ends here


@mypyc_attr(native_class=True)
class Match:
    """A route and the decoded segments of the path that it matches."""

    def __init__(self, route: Route, parts: list[bytes]) -> None:
        self.route: Final = route
        self.parts: Final = parts

    def read(self) -> dict[str, str]:
        """Return the parameters by name."""
        return self.route.read(self.parts)


@mypyc_attr(native_class=True)
class Search:
    """One walk through the tree, and the best it has met so far."""

    def __init__(self, path: bytes, method: bytes) -> None:
        parts = path.split(b"/")
        if is_escaped(path):
            parts = [unquote_to_bytes(part) for part in parts]
        self.parts: Final = parts  # the segments, each decoded
        self.method: Final = method
        self.route: Route | None = None  # the first registered of those that match path and method
        self.others: list[Route] | None = None  # those that match the path only

    def walk(self, node: Node, depth: i64) -> None:
        """Meet every route below `node` that matches the parts from `depth` on.

        The depth of this recursion is that of the registered patterns, whatever a peer sends.
        """
        if depth == len(self.parts):
            for route in node.routes:
                self._meet(route)
            return
        part = self.parts[depth]
        below = node.literals.get(part)
        if below is not None:
            self.walk(below, depth + 1)
        if len(part) == 0:
            return
        below = node.parameter
        if below is not None:
            self.walk(below, depth + 1)
        if len(node.prefixes) > 0:
            self._walk_prefixes(node, depth)

    def _walk_prefixes(self, node: Node, depth: i64) -> None:
        part = self.parts[depth]
        for prefix, branch in node.prefixes.items():
            if len(part) > len(prefix) and part.startswith(prefix):
                self.walk(branch, depth + 1)

    def _meet(self, route: Route) -> None:
        if not route.allows(self.method):
            if self.others is None:
                self.others = []
            self.others.append(route)
        elif self.route is None or route.order < self.route.order:
            self.route = route


def is_escaped(path: bytes) -> bool:
    """Tell whether a path has a percent sign."""
    # PERF: `in` makes and drops a TypeError in CPython, `find` parses its arguments the slow way
    # (bench/micro, stage route).
    for i in range(len(path)):  # noqa: SIM110 - compiled, this is a C loop; any() is not
        if path[i] == PERCENT:
            return True
    return False


@mypyc_attr(native_class=True)
class Router:
    """The routes of an application."""

    def __init__(self) -> None:
        self.routes: Final[list[Route]] = []
        self.is_frozen = False
        self._root: Final = Node()
        self._static: Final[dict[bytes, Match]] = {}  # "METHOD /path" to the route that wins
        self._recent: dict[bytes, Match] = {}  # the same for paths with parameters, as they come

    def add_route(
        self,
        pattern: str,
        handler: Handler,
        method: str | None = None,
        methods: Iterable[str] | None = None,
    ) -> Route:
        """Add a route after those that are there.

        Args:
            pattern: literal text and `{name}` parameters, which end at a "/" or at the end.
            handler: any callable of one request that returns a Response or an awaitable of one.
            method: the one method to answer.
            methods: the methods to answer; without `method` and `methods`: any.

        Raises:
            ValueError: the pattern is malformed, a method is no token, or both `method` and
                `methods` are given.
            TypeError: the handler cannot be called.
            RuntimeError: the application serves already.
        """
        if self.is_frozen:
            raise RuntimeError("routes are fixed once the application serves; add them before")
        if method is not None and methods is not None:
            raise ValueError("expected method or methods; got both")
        if not callable(handler):
            raise TypeError(f"handler of {pattern}: expected a callable; got {handler!r}")
        if isinstance(methods, str):
            raise TypeError(f"methods: expected a list of str; got {methods!r}")
        names = [method] if method is not None else list(methods or ())
        for name in names:
            if TOKEN.fullmatch(name) is None:
                raise ValueError(f"method: expected a token; got {name!r}")
        allowed = frozenset(name.upper() for name in names)
        route = Route(pattern, handler, allowed, len(self.routes))
        self.routes.append(route)
        self._grow(route)
        return route

    def _grow(self, route: Route) -> None:
        node = self._root
        for segment in route.segments:
            node = self._branch(node, segment)
        node.routes.append(route)

    def _branch(self, node: Node, segment: Segment) -> Node:
        if segment.name and not segment.literal:
            if node.parameter is None:
                node.parameter = Node()
            return node.parameter
        branches = node.prefixes if segment.name else node.literals
        if segment.literal not in branches:
            branches[segment.literal] = Node()
        return branches[segment.literal]

    def freeze(self) -> None:
        """Fill the dict of paths without parameters; no route can be added afterwards."""
        self.is_frozen = True
        for route in self.routes:
            path = b"/".join(segment.literal for segment in route.segments)
            if route.names or unquote_to_bytes(path) != path:
                continue
            for method in sorted(route.methods | set(METHODS)):
                line = method.encode("latin-1") + b" " + path
                winner = self.search(line, len(method)).route
                if winner is not None and not winner.names:
                    self._static[line] = Match(winner, [])

    def find(self, line: bytes) -> Match | None:
        """Return what "METHOD /path" matches, if that can be told without a search."""
        match = self._static.get(line)
        return self._recent.get(line) if match is None else match

    def remember(self, line: bytes, match: Match) -> None:
        """Keep what a search has found, for as long as there is room for it."""
        # PERF: a search takes three times as long as a lookup (bench/micro, stage route).
        if len(line) > MAX_RECENT_SIZE:
            return
        if len(self._recent) >= MAX_RECENT:
            self._recent = {}
        self._recent[line] = match

    def search(self, line: bytes, method_size: i64) -> Search:
        """Walk the tree for the route that wins; GET serves HEAD (RFC 9110 §9.3.2).

        Args:
            line: method, a space, raw path.
            method_size: bytes of the method.
        """
        method = line[:method_size]
        path = line[method_size + 1 :]
        found = Search(path, method)
        found.walk(self._root, 0)
        if found.route is None and found.others is not None and method == b"HEAD":
            found = Search(path, b"GET")
            found.walk(self._root, 0)
        return found


def missing(search: Search) -> RouteNotFoundException:
    """Return the error of a search that found no route."""
    if search.others is None:
        return RouteNotFoundException()
    allow: set[str] = set()
    for route in search.others:
        allow |= route.methods
    if "GET" in allow:
        allow.add("HEAD")
    return MethodNotAllowed(tuple(sorted(allow)))


def parse_pattern(pattern: str) -> list[Segment]:
    """Return the segments of a pattern.

    Raises:
        ValueError: an unbalanced brace, text behind a parameter, or a name that comes twice.
    """
    segments = [parse_segment(part, pattern) for part in pattern.split("/")]
    names = [segment.name for segment in segments if segment.name]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"pattern {pattern!r}: expected different names; got {name!r} twice")
    return segments


def parse_segment(text: str, pattern: str) -> Segment:
    """Return one segment: literal text, or literal text and a parameter at its end."""
    literal = ""
    pos = 0
    while pos < len(text):
        char = text[pos]
        if text[pos : pos + 2] in ("{{", "}}"):
            literal += char
            pos += 2
        elif char == "{":
            end = text.find("}", pos)
            name = text[pos + 1 : end]
            if end < 0 or not name or "{" in name:
                raise ValueError(f"pattern {pattern!r}: expected a name and '}}' after '{{'")
            if end + 1 != len(text):
                raise ValueError(f"pattern {pattern!r}: expected '/' or the end after '}}'")
            return Segment(literal.encode(), name)
        elif char == "}":
            raise ValueError(f"pattern {pattern!r}: expected '{{' before '}}'")
        else:
            literal += char
            pos += 1
    return Segment(literal.encode(), "")
