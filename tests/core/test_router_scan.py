"""A router against one that is slow and obvious, for random patterns and paths."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from japy import MethodNotAllowed, Request, Response, RouteNotFoundException
from japy.core.router import Router, missing
from tests.support.router import Row, decoded, reachable, routed, slow_match, slow_read, spelled

SAMPLE = UUID("c0ffee00-1234-5678-9abc-def012345678")
PARTS = ["", "a", "b", "ab", "%41", "12", "{x}", "{y}", "a{z}", "ab{v}"]
TYPED = ["{i:int}", "1{j:int}", "{f:float}", "{u:uuid}", "{e:even}", "a{c:colour}", "{s:str}"]
LAST = ["{r:path}", "a{p:path}"]
SENT = ["", "a", "b", "ab", "aa", "abc", "%61", "%2F", "a%2Fb", "A", "%41", "%2541", "12", "%31"]
SENT += ["1", "-1", "1.5", "13", "1-1", "ared", "alime", str(SAMPLE), str(SAMPLE).upper(), "%FF"]
METHODS = ["GET", "POST", "HEAD"]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Return a pattern and its methods."""
    parts = draw(st.lists(st.sampled_from([*PARTS, *TYPED]), max_size=3, unique=True))
    last = draw(st.sampled_from(["", "", *LAST]))
    methods = draw(st.lists(st.sampled_from(METHODS), max_size=2, unique=True))
    return "/" + "/".join([*parts, last] if last else parts), methods


PATHS = st.lists(st.sampled_from(SENT), max_size=4).map(lambda parts: "/" + "/".join(parts))


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


@given(st.lists(rows(), max_size=8), PATHS, st.sampled_from([*METHODS, "X"]))
def test_the_tree_agrees_with_a_plain_scan(table: list[Row], path: str, method: str) -> None:
    kept = reachable(table, answer)
    router = routed(kept, answer)
    line = f"{method} {path}".encode()
    search = router.search(line, len(method))
    shortcut = router.find(line)
    assert shortcut is None or shortcut.route is search.route
    expected = slow_match(table, path, method)  # with those that no request should miss
    if isinstance(expected, int):
        assert table[expected] in kept
        assert search.route is router.routes[kept.index(table[expected])]
        assert search.route.read(search.parts) == slow_read(table[expected][0], path)
    elif expected:
        error = missing(search)
        assert isinstance(error, MethodNotAllowed)
        assert set(error.allow) == expected
    else:
        assert type(missing(search)) is RouteNotFoundException


@given(rows(), PATHS)
def test_text_put_back_into_a_pattern_is_the_path(row: Row, path: str) -> None:
    pattern = "/".join(
        part.partition(":")[0] + "}" if ":" in part else part for part in row[0].split("/")
    )
    search = routed([(pattern, [])], answer).search(f"GET {path}".encode(), 3)
    if search.route is not None:
        assert spelled(pattern, search.route.read(search.parts)) == decoded(path)


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "": TEXT,
    "str": TEXT,
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "uuid": st.uuids(),
    "even": st.integers().map(lambda number: 2 * number),
    "colour": st.sampled_from([0xFF0000, 0x00FF00]),
    "path": TEXT | st.lists(TEXT, min_size=1).map("/".join),
}


@given(rows(), st.data())
def test_the_path_of_a_route_leads_to_it_with_the_same_values(
    row: Row, data: st.DataObject
) -> None:
    router = routed([row], answer)
    kinds = {segment.name: segment.converter.name for segment in router.routes[0].segments}
    values = {name: data.draw(VALUES[kind]) for name, kind in kinds.items() if name}
    path = path_or_error(router, values)
    if isinstance(path, ValueError):
        assert "//" in str(path) or {".", ".."} & set(spelled(row[0], values).split("/"))
        return
    match = router.match("GET" if not row[1] else row[1][0], path)
    assert match is not None
    assert match.route is router.routes[0]
    assert match.read() == values


def path_or_error(router: Router, values: dict[str, Any]) -> str | ValueError:
    """Return the path of the one route, or why it has none with these values."""
    try:
        return router.url_for("answer", **values)
    except ValueError as error:
        return error
