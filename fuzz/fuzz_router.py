"""The tree finds what a plain scan over all routes finds: the first registered that matches.

Parameters put back into the pattern give the path; patterns are refused with ValueError or match
themselves.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from japy import MethodNotAllowed, Request, Response
from japy.core.router import Router, missing
from tests.support.router import (
    decoded,
    reachable,
    routed,
    slow_match,
    slow_read,
    spelled,
)

LITERALS = st.text("abé1-", max_size=2)
KINDS = st.sampled_from([None, None, "", "", "int", "float", "uuid", "even", "colour"])
PATTERNS = st.lists(st.tuples(LITERALS, KINDS), min_size=1, max_size=4)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "X"])
ROUTES = st.lists(
    st.tuples(PATTERNS, st.booleans(), st.lists(METHODS, max_size=2, unique=True)), max_size=10
)
TEXTS = st.one_of(st.text("abé%/?", max_size=3), st.text("ab1-.0", max_size=4), st.just("ared"))
SENT = st.lists(TEXTS.map(lambda text: quote(text, safe="")), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def written(segments: list[tuple[str, str | None]], is_open: bool) -> str:
    """Return a pattern with the parameters that segments are to have; an open one goes on."""
    parts = [
        text if kind is None else f"{text}{{p{i}:{kind or 'str'}}}"
        for i, (text, kind) in enumerate(segments)
    ]
    return "/" + "/".join([*parts, "{rest:path}"] if is_open else parts)


@given(ROUTES, SENT, METHODS)
def test_the_tree_agrees_with_a_scan(
    routes: list[tuple[list[tuple[str, str | None]], bool, list[str]]], path: str, method: str
) -> None:
    table = [(written(segments, is_open), methods) for segments, is_open, methods in routes]
    kept = reachable(table, answer)
    router = routed(kept, answer)
    line = f"{method} {path}".encode()
    search = router.search(line, len(method))
    expected = slow_match(table, path, method)  # with those that no request should miss
    shortcut = router.find(line)
    assert shortcut is None or shortcut.route is search.route
    if not isinstance(expected, int):
        assert search.route is None
        error = missing(search)
        assert set(getattr(error, "allow", ())) == expected
        assert isinstance(error, MethodNotAllowed) is bool(expected)
        return
    route = router.routes[kept.index(table[expected])]
    assert search.route is route
    assert route.read(search.parts) == slow_read(route.pattern, path)


@given(PATTERNS, SENT)
def test_parameters_put_back_give_the_path(
    segments: list[tuple[str, str | None]], path: str
) -> None:
    pattern = written([(text, None if kind is None else "") for text, kind in segments], False)
    search = routed([(pattern, [])], answer).search(f"GET {path}".encode(), 3)
    if search.route is not None:
        assert spelled(pattern, search.route.read(search.parts)) == decoded(path)


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
