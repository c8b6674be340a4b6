"""Completion: a real bash completes commands, options and values."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from japy.cli import COMMANDS, main

BASH = shutil.which("bash")
# As readline does: the words of the line, the one that the cursor is in, and then the function.
ASK = """
eval "$(japy completion bash)"
COMP_WORDS=({line})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
COMPREPLY=()
_japy_completion japy "${{COMP_WORDS[$COMP_CWORD]}}" ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def japy(tmp_path: Path) -> Path:
    """Return a folder with the program japy in it."""
    program = tmp_path / "bin" / "japy"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m japy "$@"\n')
    program.chmod(0o755)
    return program.parent


def complete(folder: Path, line: str) -> list[str]:
    """Return what bash offers at the end of a line."""
    assert BASH is not None
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [BASH, "--norc", "-c", ASK.format(line=line)],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("japy ''", [name for name, entry in COMMANDS.items() if entry.text]),
        ("japy r", ["run", "routes", "reload"]),
        ("japy scr", []),
        ("japy completion f", ["fish"]),
        ("japy run --loop ''", ["uvloop", "asyncio"]),
        ("japy run app:app --log-level w", ["warning"]),
        ("japy routes --sort p", ["path"]),
        (
            "japy run --re",
            [
                *("--reuse-port", "--reload", "--reload-dir", "--reload-include"),
                *("--reload-exclude", "--reload-delay"),
            ],
        ),
    ],
)
def test_bash(line: str, offers: list[str], japy: Path) -> None:
    assert complete(japy, line) == offers


@pytest.mark.parametrize("shell", ["zsh", "fish", "bash"])
def test_every_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_JAPY_COMPLETE={shell}_complete" in out
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=out, text=True, check=True, timeout=20)
