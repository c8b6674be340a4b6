"""Version: one line for bug reports."""

import sys

import pytest

import japy
from japy.cli import main


@pytest.mark.parametrize("args", [["--version"], ["version"]])
def test_version(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 0
    out, err = capsys.readouterr()
    assert err == ""
    core = "compiled" if japy.core.COMPILED else "interpreted"
    assert out.startswith(f"japy {japy.__version__} with CPython {sys.version.split()[0]}, uvloop ")
    assert f", {core} core, SSE4.2 " in out
    assert out.endswith("in use\n")
    assert out.count("\n") == 1
