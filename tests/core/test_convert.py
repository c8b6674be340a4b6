"""What each converter accepts, what it makes of it, and the text of a value."""

from math import inf, nan
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.convert import (
    BUILT_IN,
    SAFE_DIGITS,
    SAFE_SIZE,
    STR,
    Converter,
    CustomConverter,
)

BY_NAME = {converter.name: converter for converter in BUILT_IN}
INT, FLOAT, UUID_, PATH = (BY_NAME[name] for name in ("int", "float", "uuid", "path"))
SAMPLE = "c0ffee00-1234-5678-9ABC-def012345678"


@pytest.mark.parametrize(
    ("converter", "text", "value"),
    [
        (STR, "a/b", "a/b"),
        (PATH, "a/b//", "a/b//"),
        (INT, "0", 0),
        (INT, "-0", 0),
        (INT, "007", 7),
        (INT, "-12", -12),
        (INT, "1" * SAFE_DIGITS, int("1" * SAFE_DIGITS)),
        (INT, "1" * 4300, int("1" * 4300)),
        (FLOAT, "1", 1.0),
        (FLOAT, "-1.50", -1.5),
        (FLOAT, "0" * 1000 + "1.5", 1.5),
        (FLOAT, "0." + "0" * 400 + "1", 0.0),
        (UUID_, SAMPLE, UUID(SAMPLE)),
        (UUID_, SAMPLE.lower(), UUID(SAMPLE)),
    ],
)
def test_a_text_becomes_a_value(converter: Converter, text: str, value: object) -> None:
    assert converter.accepts(text)
    found = converter.parse(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("converter", "texts"),
    [
        (INT, ["-", "--1", "+1", "1.0", "1_0", " 1", "1\n", "٣", "²", "0x1", "a", "-a", "1-"]),
        (INT, ["1" * 5000, "-" + "9" * 4301]),
        (FLOAT, ["1.", ".5", "1e5", "nan", "inf", "-inf", "1.5.5", "1,5", "٣.٣", "1.5\n", "+1.5"]),
        (FLOAT, ["9" * 400, "-" + "1" * 310 + ".5", "--1", "-", "1_0.0"]),
        (UUID_, [SAMPLE.replace("-", ""), "{" + SAMPLE + "}", SAMPLE[:-1], SAMPLE + "0", "g" * 36]),
        (UUID_, ["urn:uuid:" + SAMPLE, SAMPLE + "\n", SAMPLE.replace("1", "\u0661")]),
    ],
)
def test_other_texts_are_not_accepted(converter: Converter, texts: list[str]) -> None:
    assert [text for text in texts if converter.accepts(text)] == []


@given(st.text(min_size=1))
def test_what_is_accepted_can_be_parsed(text: str) -> None:
    for converter in BUILT_IN:
        if converter.accepts(text):
            converter.parse(text)


@given(st.integers())
def test_an_integer_comes_back(value: int) -> None:
    assert INT.accepts(INT.format(value))
    assert INT.parse(INT.format(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_without_an_exponent(value: float) -> None:
    text = FLOAT.format(value)
    assert FLOAT.accepts(text)
    assert FLOAT.parse(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-7, "0.0000001"),
        (-1.5e-10, "-0.00000000015"),
        (2.0**-24, "0.00000005960464477539063"),
        (1e22, "10000000000000000000000"),
        (-1.2345678901234568e16, "-12345678901234568"),
        (1.25, "1.25"),
        (3, "3"),
        ("2.5", "2.5"),
    ],
)
def test_a_number_is_written_with_the_digits_it_has(value: object, text: str) -> None:
    assert FLOAT.format(value) == text


@given(st.uuids())
def test_a_uuid_comes_back(value: UUID) -> None:
    assert UUID_.parse(UUID_.format(value)) == value


@pytest.mark.parametrize(
    ("converter", "value"),
    [
        (INT, True),
        (INT, 1.0),
        (INT, "x"),
        (INT, None),
        (FLOAT, inf),
        (FLOAT, nan),
        (FLOAT, 10**400),
        (FLOAT, None),
        (UUID_, 1),
        (UUID_, "x"),
    ],
)
def test_the_text_of_a_wrong_value_is_not_accepted(converter: Converter, value: object) -> None:
    assert not converter.accepts(converter.format(value))


@pytest.mark.parametrize("converter", [STR, PATH])
@pytest.mark.parametrize("value", [None, b"a", bytearray(b"a")])
def test_what_is_no_text_is_not_made_one(converter: Converter, value: object) -> None:
    with pytest.raises(TypeError):
        converter.format(value)


def test_digits_that_are_not_counted_are_safe() -> None:
    assert abs(float("9" * SAFE_SIZE)) < inf
    assert int("9" * SAFE_DIGITS)


def hexed(text: str) -> int:
    """Be a converter's function."""
    return int(text, 16)


def test_a_converter_of_a_user_s_is_two_functions() -> None:
    converter = CustomConverter("hex", hexed, hex)
    assert converter.accepts("ff")
    assert not converter.accepts("fg")
    assert converter.parse("ff") == 255
    assert converter.format(255) == "0xff"
    assert CustomConverter("table", {"a": 1}.__getitem__, str).accepts("a")
    assert not CustomConverter("table", {"a": 1}.__getitem__, str).accepts("b")


def test_another_error_of_a_user_s_function_is_one() -> None:
    def fail(text: str) -> object:
        raise ZeroDivisionError(text)

    with pytest.raises(ZeroDivisionError):
        CustomConverter("x", fail, str).accepts("a")


def test_a_user_s_function_has_to_return_text() -> None:
    wrong = CustomConverter("x", int, abs)
    with pytest.raises(TypeError, match="expected str; got int"):
        wrong.format(5)


def test_which_converter_takes_all_that_another_one_takes() -> None:
    custom, other = CustomConverter("x", int, str), CustomConverter("x", int, str)
    everything = [*BUILT_IN, custom, other]
    covered = {
        one.name: {other.name for other in everything if one.covers(other)} for one in BUILT_IN
    }
    assert covered == {
        "str": {"str", "int", "float", "uuid", "x"},
        "int": {"int"},
        "float": {"int", "float"},
        "uuid": {"uuid"},
        "path": {"str", "int", "float", "uuid", "path", "x"},
    }
    assert [one is custom for one in everything] == [custom.covers(one) for one in everything]


def test_of_a_user_s_converter_no_text_is_known() -> None:
    assert INT.covers_text("5")
    assert not INT.covers_text("x")
    assert not CustomConverter("x", int, str).covers_text("5")
