"""Which routes a name or a handler stands for."""

import pytest

from japy import Request, Response
from japy.core.convert import STR
from japy.core.directory import Directory, show_name
from japy.core.pattern import parse_pattern
from japy.core.route import Handler, Route, RouteError


def show(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def change(request: Request) -> Response:
    """Be another handler."""
    return request.Response()


class Group:
    """Handlers whose methods are other objects each time."""

    def show(self, request: Request) -> Response:
        """Be a handler with the name of another one."""
        return request.Response()


def routed(pattern: str, handler: Handler = show, name: str | None = None) -> Route:
    """Return a route."""
    return Route(pattern, parse_pattern(pattern, {"str": STR}), handler, frozenset(), name)


def test_a_name_that_was_given_goes_before_that_of_a_handler() -> None:
    group = Group()
    routes = [routed("/a"), routed("/b", change, "show"), routed("/c", group.show)]
    directory = Directory(routes)
    assert directory.find("show") == [routes[1]]
    assert directory.find("change") == [routes[1]]
    assert Directory(routes[::2]).find("show") == routes[::2]


def test_a_handler_stands_for_its_routes() -> None:
    group = Group()
    routes = [routed("/a"), routed("/b", group.show, "b"), routed("/c"), routed("/d", Group().show)]
    directory = Directory(routes)
    assert directory.find(show) == [routes[0], routes[2]]
    assert directory.find(group.show) == [routes[1]]
    with pytest.raises(LookupError, match="there is no route 'show'"):
        directory.find(Group().show)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("shwo", "did you mean 'show'"), ("hom", "did you mean 'home'"), ("x", "no route 'x'$")],
)
def test_an_unknown_name_is_an_error_that_knows_a_better_one(name: str, hint: str) -> None:
    with pytest.raises(LookupError, match=hint):
        Directory([routed("/a"), routed("/", name="home")]).find(name)
    with pytest.raises(LookupError, match=r"no route 'change'$"):
        Directory([]).find(change)


def test_a_name_is_given_to_one_pattern() -> None:
    Directory([routed("/a", name="a"), routed("/a", change, "a"), routed("/b")]).check()
    routes = [routed("/a", name="a"), routed("/{x}", change, "a")]
    with pytest.raises(RouteError, match="route name 'a' stands for two patterns") as caught:
        Directory(routes).check()
    for route in routes:
        assert route.locate() in str(caught.value)


def test_a_handler_in_a_message_is_its_name() -> None:
    assert show_name("a") == "'a'"
    assert show_name(show) == "'show'"
