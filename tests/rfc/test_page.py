"""The page of the documentation is about the rows that there are."""

import pytest

from tests.rfc.cli import PAGE
from tests.rfc.omission import OMISSIONS
from tests.rfc.page import Survey, cells, render, sections
from tests.rfc.row import Row
from tests.rfc.section import RFCS
from tests.rfc.table import ROWS

LEVELS = ("MUST", "SHOULD", "OUGHT", "MAY")
STALE = "docs/conformance.md is stale: run `python3 dev.py conformance`"


def in_order() -> list[Row]:
    """Return the rows as the page has them."""
    return [
        row
        for rfc in RFCS
        for section in sections(ROWS, rfc)
        for row in ROWS
        if row.section == section
    ]


@pytest.mark.once
def test_the_page_lists_the_rows() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    listed = [line.rpartition(" | ")[0] + " |" for line in lines if f"| {level_of(line)} |" in line]
    assert listed == [cells(row) for row in in_order()], STALE


def level_of(line: str) -> str:
    """Return the second cell of a row if it is a level; what no line has if not."""
    parts = line.split(" | ")
    return parts[1] if len(parts) == 5 and parts[1] in LEVELS else "\0"


@pytest.mark.once
def test_the_page_tells_of_a_run_without_a_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "**failed**" not in text
    assert f"| all | {len(ROWS)} of {len(ROWS)} | {len(ROWS)} of {len(ROWS)} |" in text, STALE
    for what, why in OMISSIONS:
        assert f"| {what} | {why} |" in text, STALE


def test_a_fault_shows_on_the_page() -> None:
    results = {row.rule: "" for row in ROWS}
    fine = Survey("compiled", "japy 0", dict(results))
    results[ROWS[0].rule] = "whole: got [500], ended"
    text = render(ROWS, [fine, Survey("interpreted", "japy 0", results)])
    assert text.count("**failed**: interpreted: whole: got \\[500\\], ended") == 1
    assert f"| all | {len(ROWS)} of {len(ROWS)} | {len(ROWS) - 1} of {len(ROWS)} |" in text
