"""Limits: every number is checked when it is set, at both ends of its range."""

import re

import pytest

from japy.core.limits import FIELDS_ROOM, Limits

RANGES = [
    ("line", 16, 32 * 1024),
    ("head", 64, 16 * 1024 * 1024),
    ("fields", 1, FIELDS_ROOM),
    ("body", 0, 1 << 40),
    ("pipeline", 1, 1_000_000),
    ("output", 1, 1 << 30),
]


def test_defaults_are_documented_numbers() -> None:
    limits = Limits()
    assert (limits.line, limits.head, limits.fields) == (8190, 32 * 1024, 100)
    assert (limits.body, limits.pipeline, limits.output) == (16 * 1024 * 1024, 64, 64 * 1024)


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_the_ends_of_a_range_belong_to_it(name: str, low: int, high: int) -> None:
    assert getattr(Limits(**{name: low}), name) == low
    assert getattr(Limits(**{name: high}), name) == high


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_numbers_out_of_range_are_refused_by_name(name: str, low: int, high: int) -> None:
    for value in (low - 1, high + 1):
        message = f"limit {name}: expected {64 if name == 'head' else low} to {high}; got {value}"
        with pytest.raises(ValueError, match=re.escape(message)):
            Limits(**{name: value})


def test_a_line_that_nobody_has_set_fits_into_any_head() -> None:
    assert Limits(head=100).line == 100
    assert Limits(line=50, head=100).line == 50


def test_a_head_has_room_for_a_line() -> None:
    with pytest.raises(ValueError, match="limit head: expected 64 to 16777216; got 63"):
        Limits(line=16, head=63)


def test_a_line_fits_into_a_head() -> None:
    assert Limits(line=64, head=64).head == 64
    with pytest.raises(ValueError, match="limit line: expected 16 to 64; got 65"):
        Limits(line=65, head=64)
