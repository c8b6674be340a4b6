"""Patterns and the route that wins, also against a router that is slow and obvious."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import MethodNotAllowed, Request, Response, RouteNotFoundException
from japy.core.router import (
    MAX_RECENT,
    MAX_RECENT_SIZE,
    METHODS,
    Match,
    Route,
    Router,
    missing,
    parse_pattern,
)
from tests.support.router import slow_match


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def routed(*patterns: str) -> Router:
    """Return a frozen router with these patterns, for any method."""
    router = Router()
    for pattern in patterns:
        router.add_route(pattern, answer)
    router.freeze()
    return router


def found(router: Router, path: str, method: str = "GET") -> Route | RouteNotFoundException:
    """Return the route of a request, as a connection finds it, or the error."""
    line = f"{method} {path}".encode("latin-1")
    search = router.search(line, len(method))
    match = router.find(line)
    route = None if match is None else match.route
    assert route is None or route is search.route, "the shortcut disagrees with the tree"
    if search.route is not None and not search.route.names and "%" not in path:
        assert route is search.route or method not in METHODS
    return search.route or missing(search)


def values(router: Router, path: str) -> list[str] | None:
    """Return the parameters that a path is matched with, None without a match."""
    search = router.search(f"GET {path}".encode("latin-1"), 3)
    return None if search.route is None else list(search.route.read(search.parts).values())


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/", []),
        ("/", "", None),
        ("/", "//", None),
        ("/a", "/a", []),
        ("/a", "/a/", None),
        ("/a", "/A", None),
        ("/a", "/ab", None),
        ("/a/", "/a/", []),
        ("/a/", "/a", None),
        ("/a", "/%61", []),
        ("/a/b", "/a%2Fb", None),
        ("/a%2fb", "/a%252fb", []),
        ("/{x}", "/1", ["1"]),
        ("/{x}", "/", None),
        ("/{x}", "/1/", None),
        ("/{x}", "/1/2", None),
        ("/{x}/", "/1/", ["1"]),
        ("/{x}/b", "/1/b", ["1"]),
        ("/{x}/{y}", "/1/2", ["1", "2"]),
        ("/{x}/{y}", "/1/", None),
        ("/{x}/{y}", "//2", None),
        ("/pre-{x}", "/pre-1", ["1"]),
        ("/pre-{x}", "/pre-", None),
        ("/pre-{x}", "/pre", None),
        ("/pre-{x}", "/%70re-1", ["1"]),
        ("/{x}", "/a%2Fb", ["a/b"]),
        ("/{x}", "/a%2fb", ["a/b"]),
        ("/{x}", "/%25", ["%"]),
        ("/{x}", "/%2541", ["%41"]),
        ("/{x}", "/%", ["%"]),
        ("/{x}", "/%ff\xff", ["\ufffd\ufffd"]),
        ("/{{x}}", "/{x}", []),
        ("/{{{x}", "/{1", ["1"]),
        ("/{{}}{x}", "/{}1", ["1"]),
        ("/é", "/\xc3\xa9", []),
        ("/é", "/%c3%A9", []),
        ("/é{x}", "/%C3%A9%C3%A9", ["é"]),
        ("*", "*", []),
        ("/", "*", None),
        ("/{x}", "*", None),
        ("/a?b", "/a%3Fb", []),
        ("/{a b}", "/1", ["1"]),
    ],
)
def test_a_pattern_matches_whole_segments(
    pattern: str, path: str, expected: list[str] | None
) -> None:
    assert values(routed(pattern), path) == expected


@pytest.mark.parametrize(
    "pattern",
    ["/{", "/}", "/{x", "/x}", "/{}", "/{x}y", "/{x}{y}", "/{x}.json", "/{{x}", "/{x{y}}", "/{x}}"],
)
def test_a_malformed_pattern_is_refused_with_its_text(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern '.+': expected"):
        Router().add_route(pattern, answer)


def test_a_name_comes_once() -> None:
    with pytest.raises(ValueError, match="got 'x' twice"):
        Router().add_route("/{x}/{y}/{x}", answer)


def test_segments_say_what_they_are() -> None:
    segments = parse_pattern("/a/b-{c}")
    assert [(segment.literal, segment.name) for segment in segments] == [
        (b"", ""),
        (b"a", ""),
        (b"b-", "c"),
    ]
    again = parse_pattern("/a/b-{c}")
    assert segments == again
    assert hash(segments[2]) == hash(again[2])
    assert segments[1] != segments[2]


def test_the_first_of_two_matching_routes_wins() -> None:
    for patterns in (("/{x}", "/a"), ("/a", "/{x}"), ("/a{x}", "/{x}"), ("/{y}", "/a{x}")):
        router = routed(*patterns)
        path = "/ab" if "a{" in "".join(patterns) else "/a"
        assert found(router, path) is router.routes[0]


def test_a_later_route_takes_what_the_first_does_not() -> None:
    router = routed("/a/b/c", "/a/{x}/d", "/{y}/b/e", "/{z}/{w}/{v}")
    for i, path in enumerate(("/a/b/c", "/a/b/d", "/a/b/e", "/a/b/f")):
        assert found(router, path) is router.routes[i]
    assert values(router, "/a/b/d") == ["b"]
    assert values(router, "/a/b/e") == ["a"]


def test_a_route_may_be_limited_to_methods() -> None:
    router = Router()
    get = router.add_route("/", answer, "GET")
    many = router.add_route("/", answer, methods=["put", "POST"])
    other = router.add_route("/", answer)
    router.freeze()
    assert get.methods == {"GET"}
    assert many.methods == {"PUT", "POST"}
    assert other.methods == frozenset()
    assert found(router, "/", "GET") is get
    assert found(router, "/", "PUT") is many
    assert found(router, "/", "POST") is many
    for method in ("DELETE", "get", "OST", "GETS", "X"):
        assert found(router, "/", method) is other


def test_head_is_served_by_get_unless_it_has_a_route() -> None:
    router = Router()
    get = router.add_route("/a", answer, "GET")
    router.add_route("/b", answer, "GET")
    head = router.add_route("/b", answer, "HEAD")
    router.add_route("/c", answer, "POST")
    late = router.add_route("/{x}", answer, methods=["HEAD", "PATCH"])
    router.freeze()
    assert found(router, "/b", "HEAD") is head
    assert found(router, "/a", "HEAD") is late, "a route for HEAD goes before the fallback"
    assert found(router, "/a", "GET") is get
    assert found(router, "/c", "HEAD") is late


def test_a_wrong_method_is_told_which_are_right() -> None:
    router = Router()
    router.add_route("/a", answer, "GET")
    router.add_route("/{x}", answer, methods=["PUT", "DELETE"])
    router.add_route("/p", answer, "POST")
    router.freeze()
    error = found(router, "/a", "POST")
    assert isinstance(error, MethodNotAllowed)
    assert error.allow == ("DELETE", "GET", "HEAD", "PUT")
    error = found(router, "/p", "GET")
    assert isinstance(error, MethodNotAllowed)
    assert error.allow == ("DELETE", "POST", "PUT")
    error = found(router, "/a/b", "GET")
    assert isinstance(error, RouteNotFoundException)
    assert not isinstance(error, MethodNotAllowed)


def test_both_method_and_methods_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="method"):
        Router().add_route("/", answer, "GET", ["POST"])


@pytest.mark.parametrize("methods", [[""], ["G T"], ["GÄT"], ["GET\r\n"]])
def test_methods_that_nobody_can_send_are_refused(methods: list[str]) -> None:
    with pytest.raises(ValueError, match="method"):
        Router().add_route("/", answer, methods=methods)


def test_a_handler_can_be_called() -> None:
    with pytest.raises(TypeError):
        Router().add_route("/", "answer")  # type: ignore[arg-type]  # what is tested


def test_after_freezing_nothing_is_added() -> None:
    router = routed("/")
    with pytest.raises(RuntimeError, match="add them before"):
        router.add_route("/late", answer)


def test_a_route_describes_itself() -> None:
    router = Router()
    route = router.add_route("/a/{b}/{c}", answer, methods=["POST", "GET"])
    assert route.pattern == "/a/{b}/{c}"
    assert route.handler is answer
    assert route.placeholder_cnt == 2
    assert len(route.segments) == 4
    assert route.describe() == "/a/{b}/{c} GET POST"
    assert Router().add_route("/", answer).describe() == "/ any method"


def test_routes_are_equal_by_pattern_and_methods() -> None:
    def other(request: Request) -> Response:
        return request.Response("other")

    same: list[Callable[[Request], Response]] = [answer, other]
    one, two = (Router().add_route("/a", handler, "GET") for handler in same)
    assert one == two
    assert hash(one) == hash(two)
    assert one != Router().add_route("/a", answer)
    assert one != Router().add_route("/b", answer, "GET")
    assert one != "/a"


def test_parameters_have_no_fixed_number() -> None:
    pattern = "".join(f"/{{p{i}}}" for i in range(300))
    path = "".join(f"/{i}" for i in range(300))
    assert values(routed(pattern), path) == [str(i) for i in range(300)]


def test_a_path_deeper_than_every_pattern_is_not_found() -> None:
    router = routed("/{a}/{b}", "/x")
    assert values(router, "/a" * 4000) is None
    assert values(router, "/" * 4000) is None


def test_many_routes_are_all_found() -> None:
    router = routed(*(f"/{i}/{{x}}" for i in range(500)), *(f"/static/{i}" for i in range(500)))
    for i in range(500):
        assert found(router, f"/{i}/a") is router.routes[i]
        assert found(router, f"/static/{i}") is router.routes[500 + i]


def test_what_was_found_is_kept_as_far_as_there_is_room() -> None:
    router = routed("/{x}")
    for i in range(3 * MAX_RECENT):
        line = b"GET /%d" % i
        search = router.search(line, 3)
        assert search.route is not None
        assert router.find(line) is None
        router.remember(line, Match(search.route, search.parts))
        match = router.find(line)
        assert match is not None
        assert match.read() == {"x": str(i)}
    kept = [i for i in range(3 * MAX_RECENT) if router.find(b"GET /%d" % i) is not None]
    assert 1 <= len(kept) <= MAX_RECENT
    long = b"GET /" + b"a" * MAX_RECENT_SIZE
    router.remember(long, Match(router.routes[0], long[4:].split(b"/")))
    assert router.find(long) is None


PARTS = ["", "a", "b", "ab", "{x}", "{y}", "a{z}", "ab{v}", "%41"]
SENT = ["", "a", "b", "ab", "aa", "abc", "%61", "%2F", "a%2Fb", "A", "%41", "%2541"]
ROUTES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(PARTS), max_size=3, unique=True).map(lambda x: "/" + "/".join(x)),
        st.lists(st.sampled_from(["GET", "POST", "HEAD"]), max_size=2),
    ),
    max_size=8,
)
PATHS = st.lists(st.sampled_from(SENT), max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(ROUTES, PATHS, st.sampled_from(["GET", "POST", "HEAD", "X"]))
def test_the_tree_agrees_with_a_plain_scan(
    routes: list[tuple[str, list[str]]], path: str, method: str
) -> None:
    router = Router()
    for pattern, methods in routes:
        router.add_route(pattern, answer, methods=methods or None)
    router.freeze()
    expected = slow_match(routes, path, method)
    result = found(router, path, method)
    if isinstance(expected, int):
        assert result is router.routes[expected]
        route = router.routes[expected]
        read = route.read(router.search(f"{method} {path}".encode(), len(method)).parts)
        filled = route.pattern
        for name, value in read.items():
            filled = filled.replace(f"{{{name}}}", value)
        assert filled == "/".join(unquote(part) for part in path.split("/"))
    elif expected:
        assert isinstance(result, MethodNotAllowed)
        assert set(result.allow) == expected
    else:
        assert type(result) is RouteNotFoundException
