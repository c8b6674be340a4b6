"""Routers in routers: prefixes, order, a live link; and the paths of named routes."""

import pytest

from japy import Request, Response
from japy.core.router import RouteError, Router


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def show(request: Request) -> Response:
    """Be another handler."""
    return request.Response()


def patterns(router: Router) -> list[str]:
    """Return the patterns of a router in order."""
    return [route.pattern for route in router.routes]


def won(router: Router, path: str) -> str | None:
    """Return the pattern that wins."""
    match = router.match("GET", path)
    return None if match is None else match.route.pattern


def test_a_prefix_stands_before_all_patterns() -> None:
    router = Router("/api/v{version:int}")
    router.add_route("/users/{id}", answer)
    router.add_route("/", answer)
    router.add_route("", answer)
    assert router.prefix == "/api/v{version:int}"
    assert patterns(router) == [f"/api/v{{version:int}}{rest}" for rest in ("/users/{id}", "/", "")]
    router.freeze()
    match = router.match("GET", "/api/v2/users/me")
    assert match is not None
    assert match.read() == {"version": 2, "id": "me"}
    assert won(router, "/api/v2") == "/api/v{version:int}"
    assert won(router, "/api/v2/") == "/api/v{version:int}/"
    assert won(router, "/users/me") is None


@pytest.mark.parametrize("prefix", ["api", "/", "/api/", "/{x", "/x}y"])
def test_a_malformed_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"'.+': expected"):
        Router(prefix)
    with pytest.raises(ValueError, match=r"'.+': expected"):
        Router().include(Router(), prefix=prefix)


def test_a_pattern_behind_a_prefix_begins_with_a_slash() -> None:
    with pytest.raises(ValueError, match="pattern 'users': expected '/'"):
        Router("/api").add_route("users", answer)
    router = Router()
    router.add_route("*", answer)
    with pytest.raises(ValueError, match=r"pattern '\*': expected '/'"):
        Router().include(router, prefix="/api")
    Router().include(router)


def test_a_prefix_may_use_a_converter_that_is_added_later() -> None:
    router = Router("/{x:hex}")
    with pytest.raises(ValueError, match="got 'hex'"):
        router.add_route("/a", answer)
    router.add_converter("hex", lambda text: int(text, 16), hex)
    router.add_route("/a", answer)
    match = router.match("GET", "/ff/a")
    assert match is not None
    assert match.read() == {"x": 255}


def test_routers_are_included_to_any_depth() -> None:
    root, middle, leaf = Router(), Router("/m"), Router("/l")
    leaf.add_route("/{x}", answer, name="leaf")
    middle.include(leaf, prefix="/p{n:int}")
    root.include(middle, prefix="/r")
    assert patterns(root) == ["/r/m/p{n:int}/l/{x}"]
    assert root.url_for("leaf", n=1, x="y") == "/r/m/p1/l/y"
    assert patterns(middle) == ["/m/p{n:int}/l/{x}"]
    assert patterns(leaf) == ["/l/{x}"]
    root.freeze()
    assert won(root, "/r/m/p1/l/y") == "/r/m/p{n:int}/l/{x}"


def test_what_an_included_router_gets_later_takes_the_place_of_the_include() -> None:
    root, middle, leaf = Router(), Router(), Router()
    root.add_route("/1", answer)
    root.include(middle)
    root.add_route("/{x}", answer)
    middle.include(leaf, prefix="/l")
    middle.add_route("/3", answer)
    leaf.add_route("/2", answer)
    assert patterns(root) == ["/1", "/l/2", "/3", "/{x}"]
    root.freeze()
    assert won(root, "/3") == "/3"
    assert [route.order for route in root.routes] == [0, 1, 2, 3]


def test_a_router_is_included_more_than_once() -> None:
    root, leaf = Router(), Router()
    leaf.add_route("/a", answer)
    root.include(leaf, prefix="/1")
    root.include(leaf, prefix="/2")
    root.freeze()
    assert patterns(root) == ["/1/a", "/2/a"]
    root.routes[0].endpoint = show
    assert root.routes[1].endpoint is answer
    assert leaf.routes[0].endpoint is answer


def test_a_router_of_two_applications_is_copied_for_each() -> None:
    leaf = Router()
    leaf.add_route("/a", answer)
    roots = [Router(), Router()]
    for root in roots:
        root.include(leaf)
        root.freeze()
        root.routes[0].endpoint = show
    assert roots[0].routes[0] == roots[1].routes[0]
    assert roots[0].routes[0] is not roots[1].routes[0]
    assert leaf.routes[0].endpoint is answer


def test_a_router_does_not_include_itself() -> None:
    one, two, three = Router(), Router(), Router()
    one.include(two)
    two.include(three)
    for inner, outer in ((one, one), (one, two), (one, three), (two, three)):
        with pytest.raises(ValueError, match="expected another router"):
            outer.include(inner)
    one.include(three, prefix="/again")


def test_once_the_application_serves_nothing_is_added_anywhere() -> None:
    root, middle, leaf, free = Router(), Router(), Router(), Router()
    root.include(middle)
    middle.include(leaf)
    root.freeze()
    for router in (root, middle, leaf):
        with pytest.raises(RuntimeError, match="add them before"):
            router.add_route("/late", answer)
        with pytest.raises(RuntimeError, match="add them before"):
            router.get("/late")(answer)
        with pytest.raises(RuntimeError, match="add them before"):
            router.include(free)
    free.include(leaf)
    free.add_route("/", answer)


def test_what_is_included_may_serve_by_itself() -> None:
    root, leaf = Router(), Router()
    leaf.add_route("/a", answer)
    root.include(leaf, prefix="/l")
    root.freeze()
    assert not leaf.is_frozen
    leaf.freeze()
    assert won(leaf, "/a") == "/a"
    assert leaf.find(b"GET /a") is not None
    assert leaf.find(b"GET /l/a") is None


def test_converters_belong_to_the_router_that_names_them() -> None:
    root, leaf = Router(), Router()
    leaf.add_converter("n", lambda text: int(text, 16))
    root.add_converter("n", lambda text: int(text, 2))
    leaf.add_route("/{x:n}", answer)
    root.include(leaf, prefix="/{y:n}")
    root.add_route("/{x:n}/{y:n}/{z:n}", answer)
    root.freeze()
    match = root.match("GET", "/10/10")
    assert match is not None
    assert match.read() == {"y": 2, "x": 16}
    assert root.match("GET", "/2/10") is None
    with pytest.raises(ValueError, match="got 'n'"):
        Router().include(leaf, prefix="/{y:n}")


def test_prefix_and_pattern_have_different_parameters() -> None:
    root, leaf = Router(), Router()
    root.include(leaf, prefix="/{id}")
    leaf.add_route("/{id}", answer)
    with pytest.raises(ValueError, match=r"pattern '/\{id\}/\{id\}': expected different names"):
        root.freeze()
    with pytest.raises(ValueError, match="expected different names"):
        Router().include(leaf, prefix="/{id}")
    with pytest.raises(ValueError, match="expected nothing behind"):
        Router().include(leaf, prefix="/{rest:path}")


def test_routes_of_different_routers_that_clash_are_an_error_at_start() -> None:
    root, leaf = Router(), Router()
    leaf.add_route("/{x}", answer, "GET", name="one")
    root.include(leaf, prefix="/a")
    root.add_route("/a/b", show, "GET")
    with pytest.raises(RouteError, match="/a/b GET can never be reached") as caught:
        root.freeze()
    assert "/a/{x} GET: answer" in str(caught.value)
    twice = Router()
    twice.include(leaf, prefix="/1")
    twice.include(leaf, prefix="/2")
    twice.freeze()
    with pytest.raises(LookupError, match="give one of them a name"):
        twice.url_for("one", x="y")
    clash = Router()
    clash.include(leaf, prefix="/1")
    clash.add_route("/2", answer, name="one")
    with pytest.raises(RouteError, match="route name 'one' stands for two patterns"):
        clash.freeze()


def url_router() -> Router:
    """Return a router with routes to ask for."""
    router, users = Router(), Router("/users")
    router.add_route("/{{home}}", answer, name="home")
    users.get("/{id:int}")(show)
    users.put("/{id:int}")(show)
    users.get("/{id:int}/files/{rest:path}", name="file")(answer)
    router.include(users, prefix="/api")
    return router


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_route_has_a_path(is_frozen: bool) -> None:
    router = url_router()
    if is_frozen:
        router.freeze()
    assert router.url_for("home") == "/%7Bhome%7D"
    assert router.url_for("show", id=7) == "/api/users/7"
    assert router.url_for(show, id="-7") == "/api/users/-7"
    assert router.url_for("file", id=7, rest="a b/c") == "/api/users/7/files/a%20b/c"
    match = router.match("GET", router.url_for("file", id=7, rest="a b/%2F"))
    assert match is not None
    assert (match.route.name, match.read()) == ("file", {"id": 7, "rest": "a b/%2F"})


def test_parameters_of_any_name_have_values() -> None:
    router = Router()
    router.add_route("/{self}/{name}/{router}", answer)
    assert router.url_for("answer", self=1, name=2, router=3) == "/1/2/3"


def test_what_cannot_be_found_by_name_is_said() -> None:
    router = url_router()
    with pytest.raises(LookupError, match="there is no route 'shwo'; did you mean 'show'"):
        router.url_for("shwo", id=1)
    with pytest.raises(LookupError, match="there is no route 'patterns'"):
        router.url_for(patterns)
    with pytest.raises(
        LookupError, match=r"'answer' stands for .+ and .+; give one of them a name"
    ):
        router.url_for("answer")


def test_values_that_do_not_fit_are_said_with_their_route() -> None:
    router = url_router()
    route = r"^url_for 'show', /api/users/\{id:int\}: "
    with pytest.raises(ValueError, match=route + "expected a value for id"):
        router.url_for("show")
    with pytest.raises(ValueError, match=route + "expected no value for x"):
        router.url_for("show", id=1, x=2)
    with pytest.raises(ValueError, match=route + "id: expected a value for {id:int}; got 'x'"):
        router.url_for(show, id="x")
