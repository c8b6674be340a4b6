r"""Patterns to handlers: built at start, frozen, then only matched.

Knows how routers and their routes come together, what is kept of a search, and the names of routes.
Knows neither requests nor answers; the grammar of patterns is in `pattern.py`, which of several
routes wins in `tree.py`.

How it works: a request that names a route without parameters is found by one lookup of
"METHOD /path" in a dict that freezing fills with what the tree would say; all others walk the tree,
whose depth is the number of segments, not the number of routes.

Invariants:
- The order of registration is that of `add_route` and `include` as they were called; what an
  included router gets later takes the place of its `include`.
- A router never changes the routes of another one: it has copies of those that it includes.
- After `freeze` nothing changes, and every route can be reached.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, final
from urllib.parse import unquote_to_bytes

from mypy_extensions import i64, mypyc_attr

from japy.core.convert import BUILT_IN, CustomConverter
from japy.core.directory import Directory, show_name
from japy.core.errors import MethodNotAllowed, RouteNotFoundException
from japy.core.limits import MAX_BODY, check
from japy.core.pattern import Segment, check_prefix, fill, join, parse_pattern
from japy.core.registrar import Registrar
from japy.core.response import TOKEN
from japy.core.route import Handler as Handler
from japy.core.route import Match as Match
from japy.core.route import Route as Route
from japy.core.route import RouteError as RouteError
from japy.core.signature import signature_of
from japy.core.tree import Node, Search, plant

# Paths with parameters whose match is kept, and the longest of them: 1 MiB in the worst case.
MAX_RECENT: Final = 1024
MAX_RECENT_SIZE: Final = 256
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
TOO_LATE: Final = "routes are fixed once the application serves; add them before"


@mypyc_attr(native_class=True)
class Inclusion:
    """A router in another one, behind a prefix."""

    def __init__(self, router: "Router", prefix: str, segments: list[Segment]) -> None:
        self.router: Final = router
        self.prefix: Final = prefix  # that of the outer router, too
        self.segments: Final = segments  # of the prefix; none where that is empty

    def routes(self) -> list[Route]:
        """Return the routes of the router as they are now, behind the prefix."""
        return [route.under(self.prefix, self.segments) for route in self.router.routes]


@final
@mypyc_attr(native_class=True)
class Router(Registrar):
    """The routes of an application, or a group of them that applications include.

    Args:
        prefix: what all patterns begin with: a pattern that begins with "/" and does not end so.

    Attributes:
        prefix: as the argument.
        is_frozen: whether the routes are fixed and ready to be matched.
        has_limits: whether a route has a body limit of its own; known once frozen.
    """

    def __init__(self, prefix: str = "") -> None:
        check_prefix(prefix)
        self.prefix: Final = prefix
        self.is_frozen = False
        self.has_limits = False
        self._is_fixed = False  # set once this router, or one that includes it, is frozen
        self._items: Final[list[Route | Inclusion]] = []
        self._converters: Final = {converter.name: converter for converter in BUILT_IN}
        self._routes: Final[list[Route]] = []  # all of them, once frozen
        self._root = Node(0)  # empty until frozen
        self._directory: Directory | None = None  # set by freeze
        self._static: Final[dict[bytes, Match]] = {}  # "METHOD /path" to the route that wins
        self._recent: dict[bytes, Match] = {}  # the same for paths with parameters, as they come

    @property
    def routes(self) -> list[Route]:
        """The routes in the order of registration, those of included routers among them."""
        if self.is_frozen:
            return self._routes
        found: list[Route] = []
        for item in self._items:
            if isinstance(item, Inclusion):
                found += item.routes()
            else:
                found.append(item)
        return found

    # What is done before the application serves.

    def add_converter(
        self, name: str, parse: Callable[[str], Any], format: Callable[[Any], str] = str
    ) -> None:
        """Have patterns that are added from now on say `{parameter:name}`.

        Args:
            name: of the converter.
            parse: returns the value of a text, which is never empty; raises ValueError or
                LookupError where there is none, and the route does not match. It is called more
                than once for a request, and always has to say the same.
            format: returns the text of a value, for `url_for`.

        Raises:
            ValueError: there is a converter of that name, or the name cannot stand in a pattern.
            TypeError: one of the functions cannot be called.
            RuntimeError: the application serves already.
        """
        self._check_open()
        if not name or not set(name).isdisjoint("{}:/"):
            raise ValueError(
                f"converter: expected a name without '{{', '}}', ':', '/'; got {name!r}"
            )
        if name in self._converters:
            raise ValueError(
                f"converter: expected a new name; got {name!r}, which is there already"
            )
        if not callable(parse) or not callable(format):
            raise TypeError(f"converter {name!r}: expected callables; got {parse!r}, {format!r}")
        self._converters[name] = CustomConverter(name, parse, format)

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
        """Add a route after those that are there.

        Args:
            pattern: literal text and parameters, which end at a "/" or at the end: `{name}` or
                `{name:converter}`, of which there are str, int, float, uuid, path and those of
                `add_converter`.
            handler: any callable of one request that returns a Response or an awaitable of one.
            method: the one method to answer.
            methods: the methods to answer; without `method` and `methods`: any.
            name: what `url_for` finds the route by; that of the handler if not given.
            body_limit: longest request body in bytes, in the place of `Limits.body`.
            handler_cancellation: whether a handler that waits is cancelled when its client is gone,
                in the place of what the application says.

        Raises:
            ValueError: the pattern is malformed or begins without "/", a method is no token, the
                name is empty, both `method` and `methods` are given, or the limit is negative.
            TypeError: the handler cannot be called with a request, or the limit is no number.
            RuntimeError: the application serves already.
        """
        self._check_open()
        require_handler(pattern, handler)
        if name == "":
            raise ValueError(f"name of {pattern}: expected some text; got none")
        allowed = read_methods(method, methods)
        whole = join(self.prefix, pattern)
        if not whole:
            raise ValueError("pattern: expected '/' or more; got ''")
        segments = parse_pattern(whole, self._converters)
        if segments[0].literal and whole != "*":  # what OPTIONS may ask about (RFC 9112 §3.2.4)
            raise ValueError(f"pattern {whole!r}: expected '/' at its start")
        route = Route(whole, segments, handler, allowed, name)
        route.body_limit = read_limit(body_limit)
        route.handler_cancellation = handler_cancellation
        self._items.append(route)
        return route

    def promote(self, route: Route) -> None:
        """Have a route that was added to this router be looked at before all others."""
        self._check_open()
        others = [item for item in self._items if item is not route]
        self._items.clear()
        self._items.append(route)
        self._items.extend(others)

    def include(self, router: "Router", *, prefix: str = "") -> None:
        """Add the routes of another router, also those that it gets later.

        Args:
            router: any other one; it may include routers itself, and be included more than once.
            prefix: what the patterns are behind: one that begins with "/" and does not end so.

        Raises:
            ValueError: a prefix or, behind it, a pattern is malformed, or the router includes this
                one.
            RuntimeError: the application serves already.
        """
        self._check_open()
        check_prefix(prefix)
        if router.reaches(self):
            raise ValueError("include: expected another router; got one that includes this one")
        whole = join(self.prefix, prefix)
        segments = parse_pattern(whole, self._converters) if whole else []
        inclusion = Inclusion(router, whole, segments)
        inclusion.routes()  # a pattern that cannot stand behind the prefix raises
        self._items.append(inclusion)

    def reaches(self, router: "Router") -> bool:
        """Tell whether this router is another one, or includes it."""
        return any(inner is router for inner in self._family())

    def _family(self) -> "list[Router]":
        """Return this router and all that it includes, each of them once."""
        found: list[Router] = [self]
        for router in found:
            for item in router._items:
                if isinstance(item, Inclusion) and not any(item.router is one for one in found):
                    found.append(item.router)
        return found

    def _check_open(self) -> None:
        if self._is_fixed:
            raise RuntimeError(TOO_LATE)

    def freeze(self) -> None:
        """Make the routes ready to be matched; no route can be added afterwards.

        Raises:
            RouteError: a route can never be reached, or two patterns have the same name.
            ValueError: a pattern cannot stand behind the prefix of a router that includes it.
        """
        if self.is_frozen:
            return
        routes = self.routes
        directory = Directory(routes)
        directory.check()
        self._root = plant(routes, is_strict=True)
        self._directory = directory
        self._routes.extend(routes)
        self.has_limits = any(route.body_limit is not None for route in routes)
        self.is_frozen = True
        for router in self._family():
            router._is_fixed = True
        self._fill_static()

    def _fill_static(self) -> None:
        """Fill the dict of paths without parameters."""
        for route in self._routes:
            path = b"/".join([segment.literal for segment in route.segments])
            if route.names or unquote_to_bytes(path) != path:
                continue
            methods = route.methods or frozenset(METHODS)
            for method in methods | {"HEAD"} if "GET" in methods else methods:
                line = method.encode("latin-1") + b" " + path
                self._keep_static(line, len(method))

    def _keep_static(self, line: bytes, method_size: i64) -> None:
        try:
            winner = self.search(line, method_size).route
        except Exception:  # of a user's converter that works only while the application serves
            return
        if winner is not None and not winner.names:
            self._static[line] = Match(winner, [])

    # What a connection asks.

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
        root = self._root if self.is_frozen else plant(self.routes, is_strict=False)
        found = Search(path, method)
        found.walk(root, 0)
        if found.route is None and found.others is not None and method == b"HEAD":
            found = Search(path, b"GET")
            found.walk(root, 0)
        return found

    def other_slash(self, line: bytes, method_size: i64) -> bytes | None:
        """Return the raw path with its last slash added or removed, if that has a route.

        Args:
            line: method, a space, raw path, which has no route itself.
            method_size: bytes of the method.
        """
        path = line[method_size + 1 :]
        if path == b"/" or not path.startswith(b"/"):
            return None
        other = path[:-1] if path.endswith(b"/") else path + b"/"
        search = self.search(line[: method_size + 1] + other, method_size)
        return None if search.route is None else other

    # What a person asks.

    def match(self, method: str, path: str) -> Match | None:
        """Return the route that wins for a method and a path, percent-encoded as clients send it.

        A query behind the path is ignored.
        """
        sent = method.encode()
        line = sent + b" " + path.partition("?")[0].encode()
        search = self.search(line, len(sent))
        return None if search.route is None else Match(search.route, search.parts)

    def url_for(self, _name: str | Handler, /, **params: Any) -> str:
        """Return the path of a route, percent-encoded.

        Args:
            _name: of the route, or of its handler where no route has that name; or the handler.
            params: values of all parameters of the pattern.

        Raises:
            LookupError: there is no such route, or there are several with different patterns.
            ValueError: a parameter is missing, not expected, or has a value that the pattern would
                not match.
        """
        # MYPYC: a parameter may not have the name of an argument, even of a positional one.
        directory = self._directory or Directory(self.routes)
        found = directory.find(_name)
        route = found[0]
        for other in found:
            if other.segments != route.segments:
                raise LookupError(
                    f"url_for: {show_name(_name)} stands for {route.pattern} and {other.pattern}; "
                    "give one of them a name of its own"
                )
        try:
            return fill(route.segments, params)
        except ValueError as error:
            raise ValueError(f"url_for {show_name(_name)}, {route.pattern}: {error}") from error


def require_handler(pattern: str, handler: object) -> None:
    """Raise TypeError unless a handler can be called with a request."""
    if not callable(handler):
        raise TypeError(f"handler of {pattern}: expected a callable; got {handler!r}")
    signature = signature_of(handler)
    try:
        if signature is not None:
            signature.bind(None)
    except TypeError:
        name = getattr(handler, "__qualname__", None) or repr(handler)
        raise TypeError(
            f"handler of {pattern}: expected a function of one argument, the request, whose "
            f"match_dict has what stands in the path; got {name}{signature}"
        ) from None


def read_methods(method: str | None, methods: Iterable[str] | None) -> frozenset[str]:
    """Return methods as a route has them; none for any."""
    if method is not None and methods is not None:
        raise ValueError("expected method or methods; got both")
    if isinstance(methods, str):
        raise TypeError(f"methods: expected a list of str; got {methods!r}")
    names = [method] if method is not None else list(methods or ())
    if methods is not None and not names:
        raise ValueError("methods: expected at least one; got none, leave it out for any method")
    for name in names:
        if TOKEN.fullmatch(name) is None:
            raise ValueError(f"method: expected a token; got {name!r}")
    return frozenset(name.upper() for name in names)


def read_limit(body_limit: object) -> int | None:
    """Return the body limit of a route."""
    if body_limit is None:
        return None
    if isinstance(body_limit, bool) or not isinstance(body_limit, int):
        raise TypeError(f"body_limit: expected a number of bytes; got {body_limit!r}")
    check("body_limit", body_limit, 0, MAX_BODY)
    return body_limit


def allowed(search: Search) -> tuple[str, ...]:
    """Return the methods that a path is known with, sorted; none where it is not known.

    OPTIONS is one of them: where no route answers it, the application does.
    """
    if search.others is None:
        return ()
    methods = {"OPTIONS"}
    for node in search.others:
        for route in node.answers.values():
            methods |= route.methods
    if "GET" in methods:
        methods.add("HEAD")
    return tuple(sorted(methods))


def missing(search: Search) -> RouteNotFoundException:
    """Return the error of a search that found no route."""
    if search.others is None:
        return RouteNotFoundException()
    return MethodNotAllowed(allowed(search))
