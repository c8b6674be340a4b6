"""Patterns to segments and segments to paths."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.convert import BUILT_IN, Converter, CustomConverter
from japy.core.pattern import (
    Segment,
    check_prefix,
    fill,
    join,
    join_segments,
    parse_pattern,
)
from tests.support.router import slow_read

SAMPLE = UUID("c0ffee00-1234-5678-9abc-def012345678")
HEX = CustomConverter("hex", lambda text: int(text, 16), lambda value: f"{value:x}")
CONVERTERS: dict[str, Converter] = {one.name: one for one in (*BUILT_IN, HEX)}


def parse(pattern: str) -> list[Segment]:
    """Return the segments of a pattern, which may name the converter `hex`."""
    return parse_pattern(pattern, CONVERTERS)


def filled(pattern: str, **values: object) -> str:
    """Return the path of a pattern with these values."""
    return fill(parse(pattern), values)


def test_segments_say_what_they_are() -> None:
    segments = parse("/a/b-{c}")
    assert [(segment.literal, segment.name) for segment in segments] == [
        (b"", ""),
        (b"a", ""),
        (b"b-", "c"),
    ]
    again = parse("/a/b-{c}")
    assert segments == again
    assert hash(segments[2]) == hash(again[2])
    assert segments[1] != segments[2]
    assert segments[1] != "a"


def test_a_parameter_may_name_a_converter() -> None:
    segments = parse("/{a}/{b:str}/v{c:int}/{d:hex}/x-{e:path}")
    assert [segment.name for segment in segments] == ["", "a", "b", "c", "d", "e"]
    kinds = [segment.converter.name for segment in segments]
    assert kinds == ["str", "str", "str", "int", "hex", "path"]
    assert [segment.is_path for segment in segments] == [False] * 5 + [True]
    assert parse("/{a}") == parse("/{a:str}")
    assert parse("/{a}") != parse("/{a:int}")


@pytest.mark.parametrize(
    "pattern",
    [
        *("/{", "/}", "/{x", "/x}", "/{}", "/{x}y", "/{x}{y}", "/{x}.json", "/{{x}", "/{x{y}}"),
        *("/{x}}", "/{:int}", "/{x:int", "/{x:{int}}", "/{x:int}y", "/{x:a/b}"),
    ],
)
def test_a_malformed_pattern_is_refused_with_its_text(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern '.+': expected"):
        parse(pattern)


@pytest.mark.parametrize("pattern", ["/{x}/{y}/{x}", "/{x}/{x:int}"])
def test_a_name_comes_once(pattern: str) -> None:
    with pytest.raises(ValueError, match="got 'x' twice"):
        parse(pattern)


@pytest.mark.parametrize("pattern", ["/{x:}", "/{x:INT}", "/{x: int}", "/{x:int:int}"])
def test_an_unknown_converter_is_refused_with_those_there_are(pattern: str) -> None:
    with pytest.raises(ValueError, match="of float, hex, int, path, str, uuid; got") as caught:
        parse(pattern)
    assert repr(pattern) in str(caught.value)


@pytest.mark.parametrize("pattern", ["/{x:path}/", "/{x:path}/a", "/a-{x:path}/{y}"])
def test_nothing_comes_behind_the_rest_of_a_path(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"expected nothing behind \{x:path\}") as caught:
        parse(pattern)
    assert repr(pattern) in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "/a", "/a/b", "/{x:unknown}", "/{{", "/a//b"])
def test_a_prefix_begins_with_a_slash_and_does_not_end_with_one(prefix: str) -> None:
    check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["a", "/", "/a/", "{x}", " ", "*", "/{", "/a}", "/{x}y"])
def test_other_prefixes_are_refused_with_their_text(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"'.+': expected"):
        check_prefix(prefix)


def test_a_pattern_stands_behind_a_prefix() -> None:
    for prefix, pattern in (("/a", "/b"), ("/a", ""), ("/a", "/"), ("", "b"), ("/{x}", "/{y}")):
        whole = join(prefix, pattern)
        assert whole == prefix + pattern
        head = parse(prefix) if prefix else []
        assert join_segments(head, parse(pattern), whole) == parse(whole)


@pytest.mark.parametrize("pattern", ["b", "*", "{x}"])
def test_a_pattern_behind_a_prefix_begins_with_a_slash(pattern: str) -> None:
    with pytest.raises(ValueError, match="expected '/' at its start, behind '/a'"):
        join("/a", pattern)


def test_prefix_and_pattern_do_not_share_a_name() -> None:
    with pytest.raises(ValueError, match=r"'/\{x\}/\{x\}': expected different names"):
        join_segments(parse("/{x}"), parse("/{x}"), "/{x}/{x}")


@pytest.mark.parametrize(
    ("pattern", "values", "path"),
    [
        ("/", {}, "/"),
        ("/a/", {}, "/a/"),
        ("*", {}, "*"),
        ("/{{x}}", {}, "/%7Bx%7D"),
        ("/a b/@é", {}, "/a%20b/@%C3%A9"),
        ("/100%/{x}", {"x": "100%"}, "/100%25/100%25"),
        ("/{x}", {"x": "a/b?c#d e"}, "/a%2Fb%3Fc%23d%20e"),
        ("/{x}", {"x": "é+&"}, "/%C3%A9%2B%26"),
        ("/{x}", {"x": 5}, "/5"),
        ("/{x}", {"x": "..."}, "/..."),
        ("/v{x:int}", {"x": 5}, "/v5"),
        ("/{x:int}", {"x": "-5"}, "/-5"),
        ("/{x:float}", {"x": 1e-7}, "/0.0000001"),
        ("/{x:uuid}", {"x": SAMPLE}, f"/{SAMPLE}"),
        ("/{x:hex}", {"x": 255}, "/ff"),
        ("/f/{x:path}", {"x": "a/b c//d/"}, "/f/a/b%20c//d/"),
        ("/f/{x:path}", {"x": "/a"}, "/f//a"),
        ("/f/.{x:path}", {"x": "a/.b"}, "/f/.a/.b"),
    ],
)
def test_a_path_is_made_of_values(pattern: str, values: dict[str, object], path: str) -> None:
    assert filled(pattern, **values) == path


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("/{x}", ""),
        ("/{x}", None),
        ("/{x}", b"a"),
        ("/{x}", "."),
        ("/{x}", ".."),
        ("/.{x}", "."),
        ("/{x}", "\ud800"),
        ("/{x:path}", ""),
        ("/{x:path}", "a/../b"),
        ("/{x:path}", "./a"),
        ("/{x:path}", "a/."),
        ("/f/.{x:path}", "./a"),
        ("/{x:int}", "a"),
        ("/{x:int}", True),
        ("/{x:int}", 1.5),
        ("/{x:int}", None),
        ("/{x:float}", float("nan")),
        ("/{x:uuid}", "a"),
        ("/{x:hex}", "a"),
        ("/{x:hex}", None),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(pattern: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"^x: expected .+; got .+"):
        filled(pattern, x=value)


def test_a_path_is_never_taken_for_a_host() -> None:
    with pytest.raises(ValueError, match=r"expected a path; got '//evil\.com'"):
        filled("/{x:path}", x="/evil.com")


def test_every_parameter_has_a_value_and_nothing_else() -> None:
    with pytest.raises(ValueError, match=r"expected a value for x, y$"):
        filled("/{x}/{y}/{z}", z="1")
    with pytest.raises(ValueError, match="expected no value for a, b,"):
        filled("/{x}", x="1", a="1", b="2")


def test_a_value_in_a_message_is_cut() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(ValueError, match=r"got 'aaa.{60,64}\.\.\.$"):
        filled("/{x:int}", x="a" * 1000)
    with pytest.raises(ValueError, match="got a int"):
        filled("/{x:int}", x=10**5000)
    with pytest.raises(ValueError, match="got a Shy"):
        filled("/{x:int}", x=Shy())


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
VALUES = {
    "str": TEXT,
    "path": TEXT | st.lists(TEXT).map("/".join),
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "uuid": st.uuids(),
}


@given(st.sampled_from(["/", "/v", "/.", "/a/é "]), st.sampled_from(sorted(VALUES)), st.data())
def test_a_path_has_the_values_that_it_was_made_of(
    prefix: str, kind: str, data: st.DataObject
) -> None:
    value = data.draw(VALUES[kind])
    pattern = f"{prefix}{{x:{kind}}}"
    try:
        path = filled(pattern, x=value)
    except ValueError:
        assert kind in ("str", "path")
        whole = f"{prefix}{value}"
        assert value == "" or whole.startswith("//") or {".", ".."} & set(whole.split("/"))
        return
    assert path.isascii()
    assert slow_read(pattern, path) == {"x": value}
