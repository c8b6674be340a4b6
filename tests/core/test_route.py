"""What a route knows of itself and its handler, and what a match reads."""

import re
from collections.abc import Callable
from functools import partial, wraps
from json import JSONDecoder
from pathlib import Path
from typing import Any

import pytest

from japy import Request, Response
from japy.core.convert import BUILT_IN
from japy.core.pattern import parse_pattern
from japy.core.route import Handler, Match, Route, name_of, place_of

CONVERTERS = {converter.name: converter for converter in BUILT_IN}


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def other(request: Request) -> Response:
    """Be another handler."""
    return request.Response()


def marked(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Be a decorator that keeps to the rules."""

    @wraps(handler)
    def wrapper(request: Request) -> Response:
        return handler(request)

    return wrapper


@marked
def wrapped(request: Request) -> Response:
    """Be a handler in a decorator."""
    return request.Response()


class Group:
    """Handlers that share something."""

    def __init__(self, request: object = None) -> None:
        self.request = request

    def method(self, request: Request) -> Response:
        """Be a method."""
        return request.Response()

    @staticmethod
    def static(request: Request) -> Response:
        """Be a function in a class."""
        return request.Response()

    def __call__(self, request: Request) -> Response:
        """Be a handler."""
        return request.Response()


class Circle:
    """A handler that says it is around itself."""

    @property
    def __wrapped__(self) -> object:
        return self

    def __call__(self, request: Request) -> Response:
        """Be a handler."""
        return request.Response()


def routed(
    pattern: str, handler: Handler = answer, *methods: str, name: str | None = None
) -> Route:
    """Return a route."""
    return Route(pattern, parse_pattern(pattern, CONVERTERS), handler, frozenset(methods), name)


def test_a_route_describes_itself() -> None:
    route = routed("/a/{b}/{c}", answer, "POST", "GET")
    assert route.pattern == "/a/{b}/{c}"
    assert route.handler is answer
    assert route.endpoint is answer
    assert route.placeholder_cnt == 2
    assert len(route.segments) == 4
    assert route.describe() == "/a/{b}/{c} GET POST"
    assert routed("/").describe() == "/ any method"
    assert route.locate() == f"/a/{{b}}/{{c}} GET POST: answer, {route.place}"


def test_a_route_has_the_name_it_was_given_or_that_of_its_handler() -> None:
    assert (routed("/").name, routed("/").is_named) == ("answer", False)
    route = routed("/", name="home")
    assert (route.name, route.is_named) == ("home", True)


def test_what_is_called_may_be_changed() -> None:
    route = routed("/")
    route.endpoint = other
    assert route.endpoint is other
    assert route.handler is answer


def test_routes_are_equal_by_pattern_and_methods() -> None:
    one, two = routed("/a", answer, "GET"), routed("/a", other, "GET")
    assert one == two
    assert hash(one) == hash(two)
    assert one != routed("/a")
    assert one != routed("/b", answer, "GET")
    assert one != "/a"


def test_a_route_behind_a_prefix_is_another_one() -> None:
    route = routed("/{x}", answer, "GET")
    named = routed("", name="all")
    head = parse_pattern("/api/v{n:int}", CONVERTERS)
    behind = route.under("/api/v{n:int}", head)
    assert behind.describe() == "/api/v{n:int}/{x} GET"
    assert behind.segments == parse_pattern(behind.pattern, CONVERTERS)
    assert (behind.handler, behind.is_named) == (answer, False)
    assert named.under("/api", head[:2]).name == "all"
    assert named.under("/api", head[:2]).pattern == "/api"
    assert route.under("", []) is not route
    assert route.under("", []) == route


@pytest.mark.parametrize(
    ("pattern", "parts", "values"),
    [
        ("/a", [b"", b"a"], {}),
        ("/{x}", [b"", b"a"], {"x": "a"}),
        ("/a-{x}/{y}", [b"", b"a-b", b"\xff"], {"x": "b", "y": "\ufffd"}),
        ("/{x:int}/{y}", [b"", b"-07", b"7"], {"x": -7, "y": "7"}),
        ("/v{x:float}", [b"", b"v1.5"], {"x": 1.5}),
        ("/{x:path}", [b"", b"a"], {"x": "a"}),
        ("/f-{x:path}", [b"", b"f-", b"", b"a/b", b""], {"x": "//a/b/"}),
    ],
)
def test_values_are_read_from_the_segments_of_a_path(
    pattern: str, parts: list[bytes], values: dict[str, object]
) -> None:
    match = Match(routed(pattern), parts)
    read = match.read()
    assert read == values
    assert list(map(type, read.values())) == list(map(type, values.values()))
    read["x"] = "changed"
    assert match.read() == values


def line_of(text: str) -> int:
    """Return the line of this file that a text stands on."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


@pytest.mark.parametrize(
    ("handler", "name", "line"),
    [
        (answer, "answer", "def answer(request: Request) -> Response:"),
        (wrapped, "wrapped", "@marked"),
        (partial(answer), "answer", "def answer(request: Request) -> Response:"),
        (partial(partial(wrapped)), "wrapped", "@marked"),
        (Group().method, "method", "def method(self, request: Request) -> Response:"),
        (Group.static, "static", "@staticmethod"),
        (Group(), "Group", "def __call__(self, request: Request) -> Response:"),
        (partial(Group()), "Group", "def __call__(self, request: Request) -> Response:"),
        (Group, "Group", "def __init__(self, request: object = None) -> None:"),
    ],
)
def test_a_handler_has_a_name_and_a_place(handler: Handler, name: str, line: str) -> None:
    assert name_of(handler) == name
    assert place_of(handler) == f"{answer.__code__.co_filename}:{line_of(line)}"
    assert routed("/", handler).place == place_of(handler)


@pytest.mark.parametrize(
    ("handler", "name", "place"),
    [
        (print, "print", "<builtins>"),
        ([].append, "append", "<builtins>"),
        (str.upper, "upper", "<builtins>"),
        (int, "int", "<builtins>"),
        (partial(print), "print", "<builtins>"),
        (re.compile("a").match, "match", "<builtins>"),
        (type("Made", (), {}), "Made", f"<{__name__}>"),
    ],
)
def test_a_handler_that_was_not_written_in_python_has_its_module(
    handler: Any, name: str, place: str
) -> None:
    assert name_of(handler) == name
    assert re.fullmatch(r"<.+>", place_of(handler))
    assert place_of(handler) in (place, "<None>", f"<{type(handler).__module__}>")


def test_a_handler_that_wraps_itself_is_a_handler() -> None:
    assert name_of(Circle()) == "Circle"
    assert place_of(Circle()).startswith(f"{__file__}:")
    assert name_of(JSONDecoder().decode) == "decode"
