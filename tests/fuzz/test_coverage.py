"""The coverage-guided targets: their checks on all seeds, and a search where the tools are."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fuzz.coverage import body_target, parser_target, stream_target
from fuzz.coverage.build import has_libfuzzer
from fuzz.coverage.guide import has_atheris
from fuzz.coverage.seed import BODIES, HEADS, rows
from fuzz.coverage.target import TARGETS, TOP, Place

SECONDS = 4  # of searching, for all targets together


def title(target: ModuleType) -> str:
    """Return the name of a target in pytest's output."""
    return target.__name__.rpartition(".")[2]


def fuzz(*arguments: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user does."""
    env = dict(os.environ, PATH=os.environ["PATH"] if path is None else path)
    command = [sys.executable, str(TOP / "fuzz" / "coverage"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=200)


@pytest.mark.parametrize("target", [body_target, parser_target, stream_target], ids=title)
@pytest.mark.parametrize("controls", [bytes(3), b"\x00\x05\xff", b"\xff\xff\xff"])
def test_seeds_break_no_promise(target: ModuleType, controls: bytes) -> None:
    for data in (*HEADS, *BODIES, *rows()):
        target.check(controls[: target.CONTROLS] + data)


def test_every_target_says_what_it_promises() -> None:
    for target in TARGETS:
        assert target.promise.endswith("."), target.name
        assert len(target.promise) > 30, target.name


@pytest.mark.once
def test_without_clang_it_says_what_to_install(tmp_path: Path) -> None:
    done = fuzz("--home", str(tmp_path), path=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("Coverage-guided fuzzing needs clang")
    assert done.stderr.count("\n") == 1


@pytest.mark.once
def test_targets_search_and_say_what_came_of_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    if not has_libfuzzer(place):
        pytest.skip("clang with libFuzzer is not installed")
    chosen = [target for target in TARGETS if has_atheris() or not target.is_python]
    names = [word for target in chosen for word in ("--target", target.name)]
    done = fuzz("--seconds", str(SECONDS), "--home", str(tmp_path), *names)
    assert done.returncode == 0, done.stdout + done.stderr
    logged = [json.loads(line) for line in place.log.read_text(encoding="utf-8").splitlines()]
    assert [line["target"] for line in logged] == [target.name for target in chosen]
    for line in logged:
        assert line["runs"] > 100
        assert line["cpu_s"] > 0
        assert re.search(rf"^{line['target']} .* runs .* findings .* s left$", done.stdout, re.M)
