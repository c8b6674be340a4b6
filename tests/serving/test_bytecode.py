"""What is kept of a module: nothing that could stand for a source it was not made of."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from japy.serving.bytecode import is_settled

PROGRAM = """
import importlib, os, pathlib, sys
from japy.serving.bytecode import keep_settled_only
keep_settled_only()
sys.path.insert(0, os.getcwd())
import module
print(module.value, pathlib.Path(module.__cached__).is_file())
"""


def imported(folder: Path) -> str:
    """Return what a process sees that imports the module in a folder."""
    command = [sys.executable, "-P", "-c", PROGRAM]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the source of a module that says "one"."""
    path = tmp_path / "module.py"
    path.write_text("value = 'one'\n")
    return path


def test_two_saves_in_a_second_are_two_modules(source: Path) -> None:
    saved = source.stat().st_mtime_ns
    assert imported(source.parent) == "one False"
    source.write_text("value = 'two'\n")
    os.utime(source, ns=(saved, saved))
    assert imported(source.parent) == "two False"


def test_what_has_settled_is_kept(source: Path) -> None:
    long_ago = time.time() - 10
    os.utime(source, (long_ago, long_ago))
    assert imported(source.parent) == "one True"


def test_a_file_that_is_gone_has_not_settled(tmp_path: Path) -> None:
    assert not is_settled(tmp_path / "gone.py")
