"""bench/router with numbers too small to mean anything: what it looks up, counts and shows."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.router import cli
from bench.router.case import CASES, COUNTS, PATHS, Case, build
from bench.router.measurement import measure

TOP = Path(__file__).resolve().parents[2]
MEDIANS = {case.name: {count: 100.0 + i for i, count in enumerate(COUNTS)} for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("count", COUNTS[:3])
def test_what_is_looked_up_is_answered_as_the_case_says(case: Case, count: int) -> None:
    router = build(count)
    lines = case.lines(count)
    assert 1 < len(lines) <= PATHS
    assert len(set(lines)) == len(lines)
    for line in lines:
        case.check(router, line)


def test_a_set_has_as_many_routes_as_it_says() -> None:
    assert [len(build(count).routes) for count in COUNTS[:3]] == [10, 100, 1000]


def test_every_case_can_be_measured() -> None:
    found = measure(10, 20)
    assert list(found) == [case.name for case in CASES]
    assert all(spent >= 0 for spent in found.values())


def test_a_wrong_answer_is_no_number() -> None:
    with pytest.raises(AssertionError, match=r"wrong: expected \{\}; got None"):
        Case("wrong", "/none/{i}", 0, False, {}).check(build(10), b"GET /none/0")


def test_samples_become_medians() -> None:
    samples = {"one": {10: [3.0, 1.0, 2.0], 10_000: [5.0]}}
    assert cli.summarise(samples) == {"one": {10: 2.0, 10_000: 5.0}}


def test_the_table_says_how_much_is_added() -> None:
    lines = cli.table(MEDIANS).splitlines()
    assert lines[0].split() == ["routes", "10", "100", "1,000", "10,000"]
    assert all(line.endswith("x 1.03") for line in lines[1:] if line.strip("- "))


def test_the_picture_has_a_bar_for_each_number() -> None:
    picture = ElementTree.fromstring(cli.draw(MEDIANS, "of a test"))
    words = [element.text for element in picture.iter() if element.tag.endswith("text")]
    assert words.count("10,000 routes") == len(CASES)
    assert "103 ns" in words


def test_quick_saves_nothing() -> None:
    before = cli.RESULT.stat().st_mtime_ns if cli.RESULT.exists() else None
    command = [sys.executable, str(TOP / "bench/router"), "--quick", "--lookups", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "x " in done.stdout
    assert "Saved" not in done.stdout
    assert (cli.RESULT.stat().st_mtime_ns if cli.RESULT.exists() else None) == before


def test_quick_is_one_short_round_unless_said_otherwise() -> None:
    assert (cli.parse(["--quick"]).rounds, cli.parse(["--quick", "--rounds", "2"]).rounds) == (1, 2)
    assert cli.parse([]).rounds > 1
