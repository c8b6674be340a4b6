"""Which route of a tree matches a path, and which ones leave nothing to another one."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Request, Response
from japy.core.convert import BUILT_IN, Converter, CustomConverter
from japy.core.pattern import parse_pattern
from japy.core.route import Route, RouteError
from japy.core.tree import Node, Search, plant
from tests.support.router import CONVERTERS, slow_read

KNOWN: dict[str, Converter] = {
    **{converter.name: converter for converter in BUILT_IN},
    **{name: CustomConverter(name, *pair) for name, pair in CONVERTERS.items()},
}
UUID = "c0ffee00-1234-5678-9abc-def012345678"


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def routed(row: str) -> Route:
    """Return the route of a pattern with its methods before it."""
    *methods, pattern = row.split(" ")
    return Route(pattern, parse_pattern(pattern, KNOWN), answer, frozenset(methods), None)


def planted(*rows: str) -> Node:
    """Return the tree of routes, each of which can be reached."""
    return plant([routed(row) for row in rows], is_strict=True)


def walked(root: Node, path: str, method: str = "GET") -> Search:
    """Return a search that has been done."""
    search = Search(path.encode(), method.encode())
    search.walk(root, 0)
    return search


def found(root: Node, path: str, method: str = "GET") -> str | None:
    """Return the pattern that wins."""
    route = walked(root, path, method).route
    return None if route is None else route.pattern


def test_a_value_that_does_not_convert_leaves_the_path_to_others() -> None:
    root = planted(
        "/{x:uuid}", "/{x:even}", "/{x:int}", "/{x:float}", "/red", "/{x:colour}", "/{x}"
    )
    for path, pattern in {
        UUID: "/{x:uuid}",
        "12": "/{x:even}",
        "13": "/{x:int}",
        "1.5": "/{x:float}",
        "red": "/red",
        "lime": "/{x:colour}",
        "%31%32": "/{x:even}",
        "1" * 5000: "/{x}",
        "blue": "/{x}",
    }.items():
        assert found(root, "/" + path) == pattern
    assert found(root, "/") is None


def test_the_rest_of_a_path_is_one_segment_or_more() -> None:
    root = planted("/a/{x:path}", "/b-{x:path}", "/c/")
    for path in ("/a/b", "/a/b/c", "/a//", "/a//b", "/a/b/", "/a/%2F", "/a/..//."):
        assert found(root, path) == "/a/{x:path}"
    for path in ("/b-a", "/b-a/b", "/b-/", "/b-//"):
        assert found(root, path) == "/b-{x:path}"
    for path in ("/a", "/a/", "/b-", "/b", "/", "/c", ""):
        assert found(root, path) is None


def test_the_first_of_all_kinds_wins() -> None:
    rows = ["/a/{x:int}", "/a/1{x}", "/a/{x:path}", "/{x}/{y:float}", "/{x}/b", "/{x:path}"]
    root = planted(*rows)
    for path, row in {
        "/a/12": 0,
        "/a/1x": 1,
        "/a/b": 2,
        "/a/1/2": 2,
        "/b/1.5": 3,
        "/b/b": 4,
        "/b/c": 5,
        "/b": 5,
    }.items():
        assert found(root, path) == rows[row]


def test_of_many_prefixes_each_is_found() -> None:
    rows = [f"/p{i}-{{x}}" for i in range(300)] + [f"/q{i}-{{x:int}}" for i in range(300)]
    root = planted(*rows, "/{x:path}")
    for i in range(300):
        assert found(root, f"/p{i}-a") == f"/p{i}-{{x}}"
        assert found(root, f"/q{i}-7") == f"/q{i}-{{x:int}}"
        assert found(root, f"/q{i}-a") == "/{x:path}"


def test_methods_of_all_patterns_that_match_are_known() -> None:
    root = planted("GET /a/{x:int}", "POST PUT /{x}/{y}", "DELETE /{x:path}", "HEAD /a/b")
    search = walked(root, "/a/1", "X")
    assert search.route is None
    assert search.others is not None
    assert {method for node in search.others for method in node.answers} == {
        *(b"GET", b"POST", b"PUT", b"DELETE")
    }
    assert found(root, "/a/1", "PUT") == "/{x}/{y}"
    assert found(root, "/a/1", "DELETE") == "/{x:path}"
    assert walked(planted("/a"), "/b").others is None


@pytest.mark.parametrize(
    "rows",
    [
        ("/a", "/a"),
        ("/a", "GET /a"),
        ("GET /a", "GET /a"),
        ("GET POST /a", "POST /a"),
        ("GET /a", "POST /{x}", "GET POST /a"),
        ("/{x}", "/{y}"),
        ("/{x}", "/{y:str}"),
        ("/{x}", "/a"),
        ("/{x}", "/a-{y}"),
        ("/{x}", "/{y:uuid}"),
        ("/{x}", "/{y:even}"),
        ("/a{x}", "/ab"),
        ("/a{x}", "/ab{y:int}"),
        ("/{x:int}", "/12"),
        ("/{x:int}", "/-12"),
        ("/v{x:int}", "/v12"),
        ("/{x:int}", "/{y:int}"),
        ("/{x:float}", "/{y:int}"),
        ("/{x:float}", "/1.5"),
        ("/{x:uuid}", f"/{UUID}"),
        ("/{x:even}", "/{y:even}"),
        ("/{x:path}", "/a/b/c"),
        ("/{x:path}", "/{y}/{z:int}"),
        ("/{x:path}", "/a/{y:path}"),
        ("/a/{x:path}", "/a/{y:path}"),
        ("/a/{x:path}", "/a/b-{y:path}"),
        ("/a-{x:path}", "/a-/b"),
        ("/a-{x:path}", "/a-/"),
        ("/{x:path}", "//a"),
        ("/é{x}", "/éa"),
    ],
)
def test_a_route_that_is_never_reached_is_refused(rows: Sequence[str]) -> None:
    routes = [routed(row) for row in rows]
    with pytest.raises(RouteError) as caught:
        plant(routes, is_strict=True)
    for route in routes:
        assert route.locate() in str(caught.value)
    plant(routes, is_strict=False)


@pytest.mark.parametrize(
    "rows",
    [
        ("GET /a", "POST /a"),
        ("GET /a", "HEAD /a"),
        ("GET /a", "GET POST /a"),
        ("GET /a", "/a"),
        ("GET /a", "POST /a", "/a"),
        ("/a", "/a/"),
        ("/a", "/A"),
        ("/a", "/{x}"),
        ("/{x}", "/"),
        ("/{x}", "/{y:path}"),
        ("/{x}/{y}", "/{y:path}"),
        ("/a{x}", "/a"),
        ("/a{x}", "/{y}"),
        ("/{x:int}", "/{y:float}"),
        ("/{x:int}", "/1.5"),
        ("/{x:int}", "/1{y:int}"),
        ("/{x:int}", "/-{y:int}"),
        ("/{x:int}", "/{y}"),
        ("/1{x:int}", "/{y:int}"),
        ("/{x:uuid}", "/{y:int}"),
        ("/{x:even}", "/{y:int}"),
        ("/{x:int}", "/{y:even}"),
        ("/{x:even}", "/12"),
        ("/{x:even}", "/{y:colour}"),
        ("/{x:path}", "/"),
        ("/a/{x:path}", "/a"),
        ("/a/{x:path}", "/a/"),
        ("/a-{x:path}", "/a-"),
        ("/a-{x:path}", "/{y:path}"),
        ("/{x}/b", "/a/{y}"),
        ("*", "/{x:path}"),
    ],
)
def test_a_route_that_is_reached_is_not(rows: Sequence[str]) -> None:
    planted(*rows)


def test_a_route_taken_by_several_names_them_all() -> None:
    rows = ["GET HEAD /a/{x}", "DELETE /x", "POST /{x}/b", "GET POST HEAD /a/b"]
    with pytest.raises(RouteError, match="/a/b GET HEAD POST can never be reached") as caught:
        planted(*rows)
    assert str(caught.value).count("before it: ") == 2
    assert "DELETE" not in str(caught.value)


def test_a_route_that_is_there_twice_is_called_so() -> None:
    with pytest.raises(RouteError, match=r"/\{x\} any method is there twice"):
        planted("/{x}", "/{x}")


SEGMENTS = ["a", "1", "1-", "-", "{x}", "{x:int}", "{x:float}", "{x:uuid}", "{x:path}", "", UUID]
LITERALS = ["", "a", "1", "-", "1-"]
TEXTS = ["a", "~", "7", "-7", "7.5", "-7.5", "1", "-", "1-", "a~", UUID]
SAMPLES = sorted({"", *TEXTS, *(before + text for before in LITERALS for text in TEXTS)})
SHORT = [
    "".join("/" + part for part in parts) for n in (1, 2) for parts in product(SAMPLES, repeat=n)
]
PATTERN = st.lists(
    st.tuples(st.sampled_from(LITERALS), st.sampled_from(SEGMENTS)).map("".join),
    min_size=1,
    max_size=2,
)


def named(parts: Sequence[str]) -> str:
    """Return a pattern whose parameters have different names."""
    return "".join("/" + part.replace("{x", f"{{x{i}") for i, part in enumerate(parts))


@given(PATTERN, PATTERN)
def test_a_route_is_refused_if_and_only_if_another_one_takes_all_its_paths(
    one: Sequence[str], two: Sequence[str]
) -> None:
    try:
        first, second = routed(named(one)), routed(named(two))
    except ValueError:  # something behind the rest of a path
        return
    taken = [
        slow_read(first.pattern, path)
        for path in SHORT
        if slow_read(second.pattern, path) is not None
    ]
    assert taken, "no sample is like the second pattern"
    try:
        plant([first, second], is_strict=True)
    except RouteError:
        assert None not in taken
    else:
        assert None in taken or has_longer(second.pattern, first.pattern)


def has_longer(pattern: str, other: str) -> bool:
    """Tell whether a pattern matches paths with more segments than the samples and the other."""
    return ":path}" in pattern and ":path}" not in other
