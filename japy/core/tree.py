"""The tree of patterns: which routes match a path, and which match all that another one matches.

Knows which of the matching routes wins: the first one registered. Refuses to know how routes come
together, and what is kept of a search.

How it works: patterns share a tree over path segments. A Search walks it with the segments of a
path; its cost grows with the number of segments and of different kinds of parameters at a place,
not with the number of routes. A Cover walks it with the segments of a pattern in the same way.

Invariants:
- Routes are added in the order of registration.
- The raw path is split on "/" first and each segment decoded once after that: "%2F" stays inside.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from mypy_extensions import i64, mypyc_attr

from japy.core.convert import STR, Converter
from japy.core.pattern import Segment
from japy.core.request import decode
from japy.core.route import Route, RouteError

PERCENT: Final = 37


@mypyc_attr(native_class=True)
class Fork:
    """What follows a literal text at the start of a segment, or a segment with no such text."""

    def __init__(self) -> None:
        self.plain: Node | None = None  # behind a parameter that is any text
        self.typed: Final[dict[Converter, Node]] = {}  # behind one with a converter
        self.rest: Node | None = None  # whose routes take the rest of a path


@mypyc_attr(native_class=True)
class Node:
    """A place in the tree of segments."""

    def __init__(self, order: i64) -> None:
        self.order: Final = order  # of the first route below
        self.literals: Final[dict[bytes, Node]] = {}
        self.parameter: Node | None = None  # behind a segment that is a plain parameter as a whole
        self.forks: Final[dict[bytes, Fork]] = {}  # all other parameters, by the text before them
        self.sizes: Final[list[int]] = []  # the different sizes of those texts, sorted
        self.is_forked = False  # set once there are forks
        self.answers: Final[dict[bytes, Route]] = {}  # by method, where a pattern ends here
        self.any_method: Route | None = None  # the first that answers all methods

    def grow(self, route: Route) -> None:
        """Add a route; its order is set."""
        node = self
        for segment in route.segments:
            node = node.branch(segment, route.order)
        if not route.sent and node.any_method is None:
            node.any_method = route
        for method in route.sent:
            node.answers.setdefault(method, route)

    def branch(self, segment: Segment, order: i64) -> "Node":
        """Return the place behind a segment."""
        if not segment.name:
            below = self.literals.get(segment.literal)
            if below is None:
                below = self.literals[segment.literal] = Node(order)
            return below
        if segment.converter is STR and not segment.literal:
            if self.parameter is None:
                self.parameter = Node(order)
            return self.parameter
        return self._fork(segment, order)

    def _fork(self, segment: Segment, order: i64) -> "Node":
        fork = self.forks.get(segment.literal)
        if fork is None:
            fork = self.forks[segment.literal] = Fork()
            self.is_forked = True
            if len(segment.literal) not in self.sizes:
                self.sizes.append(len(segment.literal))
                self.sizes.sort()
        if segment.is_path:
            if fork.rest is None:
                fork.rest = Node(order)
            return fork.rest
        if segment.converter is STR:
            if fork.plain is None:
                fork.plain = Node(order)
            return fork.plain
        below = fork.typed.get(segment.converter)
        if below is None:
            below = fork.typed[segment.converter] = Node(order)
        return below


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
        self.others: list[Node] | None = None  # the places of those that match the path only

    def walk(self, node: Node, depth: i64) -> None:
        """Meet the routes below `node` that match the parts from `depth` on.

        Those that come after what was met already are left out. The depth of this recursion is
        that of the registered patterns, whatever a peer sends.
        """
        if self.route is not None and self.route.order < node.order:
            return
        if depth == len(self.parts):
            self._meet(node)
            return
        part = self.parts[depth]
        below = node.literals.get(part)
        if below is not None:
            self.walk(below, depth + 1)
        if node.is_forked:
            self._walk_forks(node, part, depth)
        if len(part) == 0:
            return
        below = node.parameter
        if below is not None:
            self.walk(below, depth + 1)

    def _walk_forks(self, node: Node, part: bytes, depth: i64) -> None:
        # PERF: one lookup for each size of a prefix, not one comparison for each prefix
        # (bench/router, prefixes).
        for size in node.sizes:
            if size > len(part):
                return
            fork = node.forks.get(part[:size])
            if fork is not None:
                self._walk_fork(fork, part[size:], depth)

    def _walk_fork(self, fork: Fork, tail: bytes, depth: i64) -> None:
        """Go on behind each parameter that the rest of a segment can be."""
        if fork.rest is not None and (len(tail) > 0 or depth + 1 < len(self.parts)):
            self._meet(fork.rest)
        if len(tail) == 0:
            return
        if fork.plain is not None:
            self.walk(fork.plain, depth + 1)
        if len(fork.typed) == 0:
            return
        text = decode(tail)
        for converter, below in fork.typed.items():
            if converter.accepts(text):
                self.walk(below, depth + 1)

    def _meet(self, node: Node) -> None:
        route = node.answers.get(self.method)
        other = node.any_method
        if route is None or (other is not None and other.order < route.order):
            route = other
        if route is not None:
            if self.route is None or route.order < self.route.order:
                self.route = route
        elif len(node.answers) > 0:
            if self.others is None:
                self.others = []
            self.others.append(node)


@mypyc_attr(native_class=True)
class Cover:
    """A walk with a pattern: the routes that match every path which it matches.

    It is exact for the converters of japy. Of a user's, it knows that the same one accepts the
    same texts.
    """

    def __init__(self, route: Route) -> None:
        self.segments: Final = route.segments
        self.is_any: Final = not route.sent
        self.open: Final = set(route.sent)  # methods that none of the routes met so far answers
        self.routes: Final[list[Route]] = []  # which answer the others
        self.is_whole = False  # set once none is left: the route would never be reached

    def walk(self, node: Node, depth: i64) -> None:
        """Meet the routes below `node` that match whatever the segments from `depth` on match."""
        if self.is_whole:
            return
        if depth == len(self.segments):
            self._meet(node)
            return
        segment = self.segments[depth]
        if not segment.name:
            below = node.literals.get(segment.literal)
            if below is not None:
                self.walk(below, depth + 1)
        is_filled = bool(segment.literal or segment.name)
        if node.parameter is not None and is_filled and not segment.is_path:
            self.walk(node.parameter, depth + 1)
        for size in node.sizes:
            fork = node.forks.get(segment.literal[:size])
            if fork is not None and size <= len(segment.literal):
                self._walk_fork(fork, segment, size, depth)

    def _walk_fork(self, fork: Fork, segment: Segment, size: int, depth: i64) -> None:
        is_filled = bool(segment.name) or size < len(segment.literal)
        if fork.rest is not None and (is_filled or depth + 1 < len(self.segments)):
            self._meet(fork.rest)
        if segment.is_path or not is_filled:
            return
        if fork.plain is not None:
            self.walk(fork.plain, depth + 1)
        for converter, below in fork.typed.items():
            if is_covered(segment, size, converter):
                self.walk(below, depth + 1)

    def _meet(self, node: Node) -> None:
        if node.any_method is not None:
            self.routes.append(node.any_method)
            self.is_whole = True
        for method in sorted(self.open & node.answers.keys()):
            route = node.answers[method]
            if not any(route is other for other in self.routes):
                self.routes.append(route)
            self.open.remove(method)
        if not self.open and not self.is_any:
            self.is_whole = True


def is_covered(segment: Segment, size: int, converter: Converter) -> bool:
    """Tell whether a converter accepts whatever is behind the first bytes of a segment."""
    if not segment.name:
        return converter.covers_text(decode(segment.literal[size:]))
    return size == len(segment.literal) and converter.covers(segment.converter)


def plant(routes: list[Route], is_strict: bool) -> Node:
    """Return the tree of routes, each of which can be reached where that is asked."""
    root = Node(0)
    for order, route in enumerate(routes):
        route.order = order
        if is_strict:
            cover = Cover(route)
            cover.walk(root, 0)
            if cover.is_whole:
                raise RouteError(unreachable(route, cover.routes))
        root.grow(route)
    return root


def unreachable(route: Route, others: list[Route]) -> str:
    """Return the message about a route that other ones take everything from."""
    problem = "can never be reached: what it matches is taken by routes before it"
    advice = "Remove it, or add it before them."
    if any(other.segments == route.segments for other in others):
        problem, advice = "is there twice", "Remove one of them."
    lines = [f"  before it: {other.locate()}" for other in others]
    return "\n".join([f"route {route.describe()} {problem}", f"  {route.locate()}", *lines, advice])


def is_escaped(path: bytes) -> bool:
    """Tell whether a path has a percent sign."""
    # PERF: `in` makes and drops a TypeError in CPython, `find` parses its arguments the slow way
    # (bench/micro, stage route).
    for i in range(len(path)):  # noqa: SIM110 - compiled, this is a C loop; any() is not
        if path[i] == PERCENT:
            return True
    return False
