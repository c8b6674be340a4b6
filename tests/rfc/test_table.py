"""The table itself: rows enough, none of them twice, each under a section that has a name."""

from collections import Counter

from tests.rfc.row import End, parse
from tests.rfc.section import RFCS, TITLES, number
from tests.rfc.table import ROWS


def repeated(values: list[object]) -> list[object]:
    """Return what is there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def test_there_are_rows_enough() -> None:
    assert len(ROWS) >= 300


def test_no_row_is_there_twice() -> None:
    assert repeated([row.rule for row in ROWS]) == []
    assert repeated([(row.data, row.then, row.eof) for row in ROWS]) == []


def test_every_section_has_a_name_and_rows() -> None:
    named = [section for section in TITLES if section.partition(" ")[0] in RFCS]
    assert {row.section for row in ROWS} == set(TITLES) == set(named)
    order = list(RFCS)
    keys = [(order.index(section.partition(" ")[0]), number(section)) for section in TITLES]
    assert keys == sorted(keys)


def test_japy_never_leaves_it_open_what_becomes_of_a_connection() -> None:
    for row in ROWS:
        assert row.promise.end in (End.OPEN, End.CLOSE), row.rule
        assert not any("x" in status for status in row.promise.statuses), row.rule


def test_a_refusal_ends_the_connection() -> None:
    """So that what is behind a message that was not understood is never taken for a request."""
    for row in ROWS:
        if row.promise.statuses[-1:] and row.promise.statuses[-1] in ("400", "413", "414", "501"):
            assert row.promise.end is End.CLOSE, row.rule


def test_outcomes_are_read_as_they_are_written() -> None:
    open_, closed, either, many, none = parse("200|4xx close|200 501 close?|200*5 close|none waits")
    assert [str(outcome) for outcome in (open_, closed, either, many, none)] == [
        "200",
        "4xx, close",
        "200, 501, close?",
        "5 x 200, close",
        "no answer, waits",
    ]
    assert open_.fits([200], End.OPEN)
    assert not open_.fits([200], End.CLOSE)
    assert closed.fits([417], End.CLOSE)
    assert not closed.fits([501], End.CLOSE)
    assert either.fits([200, 501], End.OPEN)
    assert either.fits([200, 501], End.CLOSE)
    assert not either.fits([200, 501], End.WAITS)
    assert many.fits([200] * 5, End.CLOSE)
    assert not many.fits([200] * 4, End.CLOSE)
    assert none.fits([], End.WAITS)
