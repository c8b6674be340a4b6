"""bench/micro with numbers too small to mean anything: what it runs, how it counts and shows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.load.peer import Refused
from bench.micro import report
from bench.micro.build import find
from bench.micro.case import CASES, DEPTH, Case
from bench.micro.cli import EXPLANATION, parse
from bench.micro.measurement import Overhead, Stages, call_from_loop
from japy import core

TOP = Path(__file__).resolve().parents[2]
MODE, OTHER = ("compiled", "pure") if core.COMPILED else ("pure", "compiled")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_stage_of_every_case_can_be_measured(case: Case) -> None:
    stages = Stages(case, 2, Overhead(2))
    found = call_from_loop(stages.measure)
    assert isinstance(found, dict)
    assert list(found) == ["whole", *report.STAGES]
    assert found["whole"] > 0


def test_a_measurement_is_a_process_that_prints_every_case() -> None:
    command = [sys.executable, "-I", str(TOP / "bench/micro/measurement.py"), "--requests", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)) == [case.title for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_reads_are_the_same_bytes_or_others_but_never_the_same_object(case: Case) -> None:
    first, again, other = case.reads()
    assert first == again == case.request * case.depth
    assert len({id(first), id(again), id(other)}) == 3
    assert (other == again) is case.is_repeat


def test_an_error_reaches_who_called_from_the_loop() -> None:
    with pytest.raises(ZeroDivisionError):
        call_from_loop(lambda: 1 // 0)


def test_the_build_of_this_interpreter_is_found() -> None:
    assert find(MODE, sys.executable).versions["python"] == sys.version.split()[0]


def test_a_build_of_the_other_mode_is_refused() -> None:
    with pytest.raises(Refused, match=f"is not {OTHER}"):
        find(OTHER, sys.executable)


def test_an_interpreter_without_japy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has no japy that works"):
        find(MODE, str(tmp_path / "python"))


def rounds(*wholes: float) -> list[dict[str, dict[str, float]]]:
    """Return rounds in which every case costs as much as said, and each stage a nanosecond."""
    stages = dict.fromkeys(report.STAGES, 1.0)
    return [{case.title: {"whole": whole, **stages} for case in CASES} for whole in wholes]


def test_medians_and_what_the_stages_leave() -> None:
    found = report.summarise(rounds(30.0, 10.0, 20.0))[CASES[0].title]
    assert found == {"whole": 20.0, **dict.fromkeys(report.STAGES, 1.0), "rest": 16.0}


@pytest.mark.parametrize(("pure", "is_met"), [(1000.0, True), (999.0, False)])
def test_the_requirement_is_five_times(pure: float, is_met: bool) -> None:
    medians = {
        "compiled": report.summarise(rounds(200.0)),
        "pure": report.summarise(rounds(pure)),
    }
    assert report.is_met(medians) is is_met
    assert ("met" if is_met else "MISSED") in report.verdict(medians)
    assert report.table(medians).count("times as fast") == len(CASES)


def test_what_is_said_about_cases_is_so() -> None:
    assert f"A read is {DEPTH} requests" in EXPLANATION
    assert {case.title for case in CASES if case.name == "plaintext"} == {*report.JUDGED}


def test_the_command_needs_no_japy_and_says_what_it_lacks(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(TOP / "bench/micro"), "--quick"]
    done = subprocess.run([*command, f"--{MODE}", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("bench/micro: ")


def test_quick_is_one_short_round_unless_said_otherwise() -> None:
    assert (parse(["--quick"]).rounds, parse(["--quick", "--rounds", "2"]).rounds) == (1, 2)
    assert parse([]).rounds > 1
