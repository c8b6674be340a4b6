"""The tree finds what a plain scan over all routes finds: the first registered that matches.

Parameters put back into the pattern give the path; patterns are refused with ValueError or match
themselves.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from japy import MethodNotAllowed, Request, Response
from japy.core.router import Router, missing
from tests.support.router import slow_match

LITERALS = st.text("abé", max_size=2)
SEGMENTS = st.one_of(
    LITERALS.map(lambda text: (text, False)), LITERALS.map(lambda text: (text, True))
)
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=4)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "X"])
ROUTES = st.lists(st.tuples(PATTERNS, st.lists(METHODS, max_size=2)), max_size=10)
SENT = st.lists(
    st.text("abé%/?", max_size=3).map(lambda text: quote(text, safe="")), min_size=1, max_size=4
).map(lambda parts: "/" + "/".join(parts))


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def spelled(segments: list[tuple[str, bool]]) -> str:
    """Return a pattern with a parameter behind every segment that is to have one."""
    parts = [text + (f"{{p{i}}}" if has else "") for i, (text, has) in enumerate(segments)]
    return "/" + "/".join(parts)


@given(ROUTES, SENT, METHODS)
def test_the_tree_agrees_with_a_scan(
    routes: list[tuple[list[tuple[str, bool]], list[str]]], path: str, method: str
) -> None:
    table = [(spelled(segments), methods) for segments, methods in routes]
    router = Router()
    for pattern, methods in table:
        router.add_route(pattern, answer, methods=methods or None)
    router.freeze()
    line = f"{method} {path}".encode()
    search = router.search(line, len(method))
    expected = slow_match(table, path, method)
    shortcut = router.find(line)
    assert shortcut is None or shortcut.route is search.route
    if not isinstance(expected, int):
        assert search.route is None
        error = missing(search)
        assert set(getattr(error, "allow", ())) == expected
        assert isinstance(error, MethodNotAllowed) is bool(expected)
        return
    route = router.routes[expected]
    assert search.route is route
    filled = route.pattern
    for name, value in route.read(search.parts).items():
        filled = filled.replace(f"{{{name}}}", value)
    assert filled == "/".join(unquote(part) for part in path.split("/"))


@given(st.text("a{}/", max_size=12))
def test_a_pattern_is_refused_or_matches_itself(pattern: str) -> None:
    router = Router()
    try:
        route = router.add_route(pattern, answer)
    except ValueError:
        return
    router.freeze()
    path = "/".join(
        quote(segment.literal) + ("x" if segment.name else "") for segment in route.segments
    )
    search = router.search(f"GET {path}".encode(), 3)
    assert search.route is route
    assert set(route.read(search.parts).values()) <= {"x"}


@given(st.binary(max_size=20))
def test_any_path_is_found_or_not(path: bytes) -> None:
    router = Router()
    router.add_route("/{x}", answer)
    router.add_route("/a/b", answer)
    router.freeze()
    search = router.search(b"GET " + path, 3)
    if search.route is not None:
        read = search.route.read(search.parts)
        assert all(isinstance(value, str) and value for value in read.values())
        assert path.startswith(b"/")
