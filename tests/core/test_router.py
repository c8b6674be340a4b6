"""What a router finds, refuses and keeps."""

from functools import partial, update_wrapper
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest

from japy import MethodNotAllowed, Request, Response, RouteNotFoundException
from japy.core.router import (
    MAX_RECENT,
    MAX_RECENT_SIZE,
    METHODS,
    Match,
    Route,
    RouteError,
    Router,
    allowed,
    missing,
)
from tests.support.router import CONVERTERS, slow_read

SAMPLE = UUID("c0ffee00-1234-5678-9abc-def012345678")


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def other(request: Request) -> Response:
    """Be another handler."""
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


def values(router: Router, path: str) -> list[object] | None:
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
    ("pattern", "path", "expected"),
    [
        ("/{x:int}", "/-12", [-12]),
        ("/{x:int}", "/%31", [1]),
        ("/{x:int}", "/1%2F", None),
        ("/{x:int}", "/%FF", None),
        ("/v{x:int}/{y:float}", "/v1/2.5", [1, 2.5]),
        ("/v{x:int}/{y:float}", "/v1/2", [1, 2.0]),
        ("/v{x:int}/{y:float}", "/v/2", None),
        ("/{x:uuid}", f"/{SAMPLE}", [SAMPLE]),
        ("/{x:str}", "/1", ["1"]),
        ("/f/{x:path}", "/f/a%2Fb/c%20d/%25", ["a/b/c d/%"]),
        ("/f/{x:path}", "/f/a/", ["a/"]),
        ("/f/{x:path}", "/f//", ["/"]),
        ("/f/{x:path}", "/f/", None),
        ("/f/{x:path}", "/f", None),
        ("/f/x-{x:path}", "/f/x-a/b", ["a/b"]),
        ("/f/x-{x:path}", "/f/x-/b", ["/b"]),
        ("/f/x-{x:path}", "/f/x-", None),
        ("{x:path}", "*", ["*"]),
        ("{x:path}", "/a", ["/a"]),
    ],
)
def test_a_parameter_may_have_a_type(
    pattern: str, path: str, expected: list[object] | None
) -> None:
    found = values(routed(pattern), path)
    assert found == expected
    assert list(map(type, found or ())) == list(map(type, expected or ()))


def test_a_malformed_pattern_is_refused_when_it_is_added() -> None:
    for pattern in ("/{", "/{x}y", "/{x}/{x}", "/{x:unknown}", "/{x:path}/y"):
        with pytest.raises(ValueError, match=r"pattern '.+': expected"):
            Router().add_route(pattern, answer)


def test_the_first_of_two_matching_routes_wins() -> None:
    for patterns in (("/{x}/b", "/a/{y}"), ("/a", "/{x}"), ("/a{x}", "/{x}"), ("/{x:int}", "/{y}")):
        router = routed(*patterns)
        for path in ("/a/b", "/a", "/ab", "/1"):
            expected = [slow_read(pattern, path) is not None for pattern in patterns]
            if any(expected):
                assert found(router, path) is router.routes[expected.index(True)]


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
    assert error.allow == ("DELETE", "GET", "HEAD", "OPTIONS", "PUT")
    error = found(router, "/p", "GET")
    assert isinstance(error, MethodNotAllowed)
    assert error.allow == ("DELETE", "OPTIONS", "POST", "PUT")
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


@pytest.mark.parametrize(
    ("handler", "shown"),
    [
        (lambda: None, "<lambda>()"),
        (lambda request, id: None, "<lambda>(request, id)"),
        (lambda request, *, id: None, "<lambda>(request, *, id)"),
        (partial(lambda request: None, 1), "functools.partial"),
    ],
)
def test_a_handler_can_be_called_with_a_request(handler: Any, shown: str) -> None:
    with pytest.raises(
        TypeError, match="expected a function of one argument, the request"
    ) as found:
        Router().add_route("/{id}", handler)
    assert shown in str(found.value)


@pytest.mark.parametrize(
    "handler",
    [
        lambda request: None,
        lambda request, id=1: None,
        lambda *args, **kwargs: None,
        partial(lambda id, request: None, 1),
        partial(lambda request, id: None, id=1),
        update_wrapper(lambda request: None, lambda request, user: None),
        repr,
        dict,
    ],
)
def test_what_else_it_takes_does_not_matter(handler: Any) -> None:
    assert Router().add_route("/", handler).handler is handler


@pytest.mark.parametrize("pattern", ["a", "a/b", "a{x}", "*/", "http://x/", "%2Fa"])
def test_a_pattern_that_no_path_can_have_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"expected '/' at its start"):
        Router().add_route(pattern, answer)


def test_after_freezing_nothing_is_added() -> None:
    router = routed("/")
    with pytest.raises(RuntimeError, match="add them before"):
        router.add_route("/late", answer)


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


def test_a_router_answers_before_it_is_frozen() -> None:
    router, late = Router(), Router()
    router.include(late)
    first = router.add_route("/{x}", answer, "GET")
    assert router.search(b"GET /a", 3).route is first
    late.add_route("/a", answer, "GET")
    assert router.search(b"GET /a", 3).route == late.routes[0]


def test_freezing_twice_changes_nothing() -> None:
    router = routed("/a", "/{x}")
    routes = router.routes
    router.freeze()
    assert router.routes is routes
    assert router.is_frozen


def test_a_route_that_is_never_reached_is_an_error_at_start() -> None:
    router = Router()
    first = router.add_route("/users/{name}", answer, "GET")
    second = router.add_route("/users/{id:int}", other, "GET")
    with pytest.raises(RouteError, match="can never be reached") as caught:
        router.freeze()
    assert isinstance(caught.value, ValueError)
    for route in (first, second):
        assert f"{route.describe()}: {route.handler.__name__}, {__file__}:" in str(caught.value)
    assert not router.is_frozen


def test_a_name_for_two_patterns_is_an_error_at_start() -> None:
    router = Router()
    router.add_route("/a", answer, name="a")
    router.add_route("/b", answer, name="a")
    with pytest.raises(RouteError, match="route name 'a' stands for two patterns"):
        router.freeze()


def test_a_name_has_some_text() -> None:
    with pytest.raises(ValueError, match="name of /: expected some text"):
        Router().add_route("/", answer, name="")


def test_ten_thousand_routes_are_checked_fast_enough() -> None:
    router = Router()
    for i in range(2500):
        router.add_route(f"/static/{i}", answer, "GET")
        router.add_route(f"/api/{{a}}/{i}/{{b:int}}", answer, "GET")
        router.add_route(f"/p{i}-{{x}}", answer, "GET")
        router.add_route(f"/f{i}/{{x:path}}", answer, "GET")
    begin = perf_counter()
    router.freeze()
    assert perf_counter() - begin < 10  # a second, interpreted; a scan would take minutes
    assert found(router, "/f2499/a/b") is router.routes[-1]


def test_decorators_register_and_return_the_handler() -> None:
    router = Router()
    for method in ("get", "post", "put", "patch", "delete", "head", "options"):
        register = getattr(router, method)
        assert register(f"/{method}", name=f"{method}-it")(answer) is answer
        assert register("/all")(answer) is answer
    assert router.route("/many", methods=["get", "POST"], name="many")(answer) is answer
    assert router.route("/one", method="GET")(answer) is answer
    assert router.route("/any")(answer) is answer
    assert [(route.describe(), route.name) for route in router.routes[-3:]] == [
        ("/many GET POST", "many"),
        ("/one GET", "answer"),
        ("/any any method", "answer"),
    ]
    for i, method in enumerate(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")):
        assert router.routes[2 * i].describe() == f"/{method.lower()} {method}"
        assert router.routes[2 * i].name == f"{method.lower()}-it"
        assert router.routes[2 * i + 1].describe() == f"/all {method}"
    router.freeze()


def test_a_decorator_checks_what_add_route_checks() -> None:
    router = Router()
    with pytest.raises(ValueError, match="expected a name"):
        router.get("/{")(answer)
    with pytest.raises(ValueError, match="expected method or methods"):
        router.route("/", method="GET", methods=["POST"])(answer)
    with pytest.raises(ValueError, match="token"):
        router.route("/", method="G T")(answer)
    assert router.routes == []


def test_methods_are_not_one_string() -> None:
    with pytest.raises(TypeError, match="expected a list of str; got 'GET'"):
        Router().add_route("/", answer, methods="GET")


def test_what_a_path_is_known_with_is_sorted() -> None:
    router = Router()
    router.add_route("/a", answer, methods=["PUT", "GET"])
    router.add_route("/{x}", answer, methods=["X-IT", "PUT"])
    router.freeze()
    assert allowed(router.search(b"POST /a", 4)) == ("GET", "HEAD", "OPTIONS", "PUT", "X-IT")
    assert allowed(router.search(b"OPTIONS /b", 7)) == ("OPTIONS", "PUT", "X-IT")
    assert allowed(router.search(b"OPTIONS /b/c", 7)) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET /a/", b"/a"),
        (b"HEAD /a/", b"/a"),
        (b"GET /b", b"/b/"),
        (b"GET /%61/", b"/%61"),
        (b"GET /7", b"/7/"),
        (b"GET /x", None),
        (b"POST /a/", None),
        (b"GET /a//", None),
        (b"GET /", None),
        (b"GET //", b"/"),
        (b"GET *", None),
        (b"GET b", None),
    ],
)
def test_a_path_may_be_known_with_another_slash(line: bytes, expected: bytes | None) -> None:
    router = Router()
    for pattern in ("/a", "/b/", "/{x:int}/", "/"):
        router.add_route(pattern, answer, "GET")
    router.freeze()
    assert router.other_slash(line, line.index(b" ")) == expected


def test_a_person_asks_for_a_match_as_text() -> None:
    router = Router()
    router.get("/é/{x:int}")(answer)
    for is_frozen in (False, True):
        if is_frozen:
            router.freeze()
        match = router.match("GET", "/é/5?a=b")
        assert match is not None
        assert (match.route, match.read()) == (router.routes[0], {"x": 5})
        assert router.match("HEAD", "/%C3%A9/5") is not None
        assert router.match("POST", "/é/5") is None
        assert router.match("GET", "/é/x") is None


def test_values_are_not_shared_by_requests() -> None:
    router = Router()
    router.add_converter("list", lambda text: text.split(","))
    router.get("/{x:list}")(answer)
    router.freeze()
    search = router.search(b"GET /a,b", 3)
    assert search.route is not None
    router.remember(b"GET /a,b", Match(search.route, search.parts))
    match = router.find(b"GET /a,b")
    assert match is not None
    match.read()["x"].append("c")
    assert match.read() == {"x": ["a", "b"]}


def test_a_converter_is_there_for_patterns_that_come_after_it() -> None:
    router = Router()
    with pytest.raises(ValueError, match="got 'even'"):
        router.add_route("/{x:even}", answer)
    router.add_converter("even", *CONVERTERS["even"])
    router.add_converter("colour", *CONVERTERS["colour"])
    router.add_route("/{x:even}", answer)
    router.add_route("/{x:colour}", answer)
    router.freeze()
    assert values(router, "/12") == [12]
    assert values(router, "/13") is None
    assert values(router, "/red") == [0xFF0000]
    assert values(router, "/blue") is None
    with pytest.raises(RuntimeError, match="add them before"):
        router.add_converter("late", str)


@pytest.mark.parametrize("name", ["", "a:b", "a{", "}", "/", "int", "str", "path"])
def test_a_converter_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(ValueError, match="converter: expected a"):
        Router().add_converter(name, str)


def test_a_converter_is_two_functions() -> None:
    with pytest.raises(TypeError, match="converter 'x': expected callables"):
        Router().add_converter("x", "y")  # type: ignore[arg-type]  # what is tested


def test_a_converter_that_fails_at_start_is_asked_again_later() -> None:
    table: dict[str, str] = {}
    is_ready: list[bool] = []

    def look(text: str) -> str:
        assert is_ready
        return table[text]

    router = Router()
    router.add_converter("page", look)
    router.add_route("/{x:page}", answer)
    router.add_route("/about", answer)
    router.freeze()
    assert router.find(b"GET /about") is None
    is_ready.append(True)
    assert router.search(b"GET /about", 3).route is router.routes[1]
    table["about"] = "page"
    assert router.search(b"GET /about", 3).route is router.routes[0]


def test_a_route_may_be_looked_at_before_all_others() -> None:
    router = Router()
    whole = router.add_route("/{x}", answer)
    first = router.add_route("/about", answer)
    router.promote(first)
    assert [route.pattern for route in router.routes] == ["/about", "/{x}"]
    router.freeze()
    assert router.search(b"GET /about", 3).route is first
    assert router.search(b"GET /other", 3).route is whole
    with pytest.raises(RuntimeError):
        router.promote(whole)
