"""Kind: what texts mean, what files may hold, what is refused, and how values are shown."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.settings.bind import Bind
from japy.settings.kind import (
    Choice,
    Count,
    File,
    Flag,
    Folder,
    Kind,
    Log,
    Many,
    Mode,
    Network,
    Place,
    Route,
    Seconds,
    Size,
    Whole,
    Workers,
)

LOOP = Choice("uvloop", "asyncio", others={"auto": "uvloop"})
HERE = Bind("tcp", "127.0.0.1", 80)


@pytest.mark.parametrize(
    ("kind", "text", "value", "shown"),
    [
        (Kind(), "x y", "x y", "x y"),
        (Flag(), "Yes", True, "true"),
        (Flag(), "0", False, "false"),
        (Whole(0, 9), "10", 10, "10"),
        (Workers(1, 9), "auto", "auto", "auto"),
        (Workers(1, 9), "4", 4, "4"),
        (Size(0, 9), "0", 0, "0"),
        (Size(0, 9), "100", 100, "100"),
        (Size(0, 9), "1k", 1000, "1000"),
        (Size(0, 9), "2Ki", 2048, "2Ki"),
        (Size(0, 9), "16M", 16_000_000, "15625Ki"),
        (Size(0, 9), "3GI", 3 << 30, "3Gi"),
        (Count(0, 9), "10k", 10_000, "10000"),
        (Count(0, 9), "16Ki", 16_384, "16384"),
        (Seconds(0, 9), "20", 20.0, "20s"),
        (Seconds(0, 9), "0.25", 0.25, "0.25s"),
        (Seconds(0, 9), "500ms", 0.5, "0.5s"),
        (Seconds(0, 9), "30s", 30.0, "30s"),
        (Seconds(0, 9), "5m", 300.0, "300s"),
        (Seconds(0, 9), "1.5h", 5400.0, "5400s"),
        (Seconds(0, 9), "1d", 86400.0, "86400s"),
        (LOOP, "AUTO", "uvloop", "uvloop"),
        (LOOP, "asyncio", "asyncio", "asyncio"),
        (File(), "a/b", Path("a/b"), "a/b"),
        (Folder(), "a", Path("a"), "a"),
        (Log(), "yes", True, "true"),
        (Log(), "-", True, "true"),
        (Log(), "log.txt", Path("log.txt"), "log.txt"),
        (Mode(), "660", 0o660, "660"),
        (Mode(), "0o22", 0o22, "022"),
        (Place(), "127.0.0.1:80", HERE, "127.0.0.1:80"),
        (Network(), "10.1.2.3/8", ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        (Route(), "/-/ready", "/-/ready", "/-/ready"),
        (Many(Kind()), "a, b,", ("a", "b"), "a,b"),
        (
            Many(Network()),
            "::1,*",
            (ip_network("::1"), ip_network("0.0.0.0/0"), ip_network("::/0")),
            "::1/128,0.0.0.0/0,::/0",
        ),
    ],
)
def test_texts(kind: Kind, text: str, value: Any, shown: str) -> None:
    read = kind.read(text)
    assert (read, type(read)) == (value, type(value))
    assert kind.show(read) == shown
    assert kind.read(kind.show(read)) == read


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Kind(), [""]),
        (Flag(), ["", "2", "nope"]),
        (Whole(0, 9), ["", "x", "1.5", "1_0", "٣", "9" * 30]),
        (Workers(1, 9), ["Auto ", "x"]),
        (Size(0, 9), ["", "k", "1kk", "1Kib", "1.5k", "-", "-1", "9" * 30]),
        (Seconds(0, 9), ["", "x", "-1", "1y", "nan", "inf", "1.", ".5", "9" * 30]),
        (LOOP, ["", "curio"]),
        (File(), ["", "a\0b"]),
        (Mode(), ["", "8", "rw", "77777"]),
        (Place(), ["", "x"]),
        (Network(), ["", "x", "10.0.0.0/64"]),
        (Many(Kind()), ["", " ", ","]),
        (Many(Place()), ["", ",", "127.0.0.1:1,x"]),
        (Many(File()), [""]),
    ],
)
def test_what_cannot_be_read(kind: Kind, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=r"^expected .*; got "):
            kind.read(text)


def test_nobody_may_be_named_where_that_has_a_meaning() -> None:
    assert Many(Network(), may_be_none=True).read("") == ()


@pytest.mark.parametrize(
    ("kind", "held", "value"),
    [
        (Kind(), "x", "x"),
        (Flag(), True, True),
        (Whole(0, 9), 3, 3),
        (Whole(0, 9), "3", 3),
        (Workers(1, 9), "auto", "auto"),
        (Size(0, 9), 3, 3),
        (Size(0, 9), "1Ki", 1024),
        (Seconds(0, 9), 3, 3.0),
        (Seconds(0, 9), 0.5, 0.5),
        (Seconds(0, 9), "5m", 300.0),
        (Log(), False, False),
        (Log(), "x", Path("x")),
        (Mode(), 0o660, 0o660),
        (Mode(), "660", 0o660),
        (Many(Whole(0, 9)), [1, "2"], (1, 2)),
        (Many(Place()), "127.0.0.1:80", (HERE,)),
    ],
)
def test_what_a_file_may_hold(kind: Kind, held: object, value: Any) -> None:
    assert kind.take(held) == value


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (Kind(), 3),
        (Flag(), "yes"),
        (Flag(), 1),
        (Whole(0, 9), True),
        (Whole(0, 9), 1.5),
        (Whole(0, 9), "x"),
        (Seconds(0, 9), True),
        (Seconds(0, 9), [1]),
        (Log(), 3),
        (Mode(), True),
        (Many(Kind()), 3),
        (Many(Kind()), [3]),
    ],
)
def test_what_a_file_may_not_hold(kind: Kind, held: object) -> None:
    with pytest.raises(ValueError, match=r"^expected .*; got "):
        kind.take(held)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Whole(1, 1024), [1, 1024], [0, 1025, -1]),
        (Workers(1, 2), ["auto", 2], [3]),
        (Size(1, 9), [1], [0]),
        (Seconds(0.1, 60), [0.1, 60], [0, 61, float("nan"), float("inf")]),
        (LOOP, ["uvloop"], ["auto"]),
        (Mode(), [0, 0o777], [660, -1]),
        (Route(), ["/", "/x"], ["", "x", "/a b", "/a?b", "/a#b", "/ü", "/{a}", "/%41"]),
        (Many(Whole(1, 2)), [(), (1, 2)], [(1, 3)]),
    ],
)
def test_which_values_are_allowed(kind: Kind, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        kind.check(value)
    for value in bad:
        with pytest.raises(ValueError, match=r"^expected .*; got "):
            kind.check(value)


@given(st.text(max_size=20), st.sampled_from([Size(0, 9), Seconds(0, 9), Mode(), Whole(0, 9)]))
def test_a_text_means_what_its_value_is_shown_as(text: str, kind: Kind) -> None:
    try:
        value = kind.read(text)
    except ValueError:
        return
    assert kind.read(kind.show(value)) == value
