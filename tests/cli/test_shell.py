"""Shell: what is typed into it is answered, through a pipe and at a terminal."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

DEADLINE_S = 60.0  # for anything that a test waits for; never reached but by a failure
PATIENCE_S = 3.0
SOURCE = """
import japy
app = japy.Application()

@app.on_startup
def start(app):
    app.state.word = "started"
    print("up")

@app.on_shutdown
def stop(app):
    print("down")

@app.get("/")
def word(request):
    return app.state.word
"""


def japy(folder: Path, typed: str, source: str = SOURCE) -> "subprocess.CompletedProcess[str]":
    """Type something into `japy shell`."""
    (folder / "main.py").write_text(source)
    command = [sys.executable, "-m", "japy", "shell", "main:app"]
    return subprocess.run(
        command, cwd=folder, input=typed, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("end", ["", "exit()\n", "raise SystemExit\n"])
def test_the_client_asks_the_started_application(end: str, tmp_path: Path) -> None:
    done = japy(tmp_path, f"client.get('/').text\napp\n1 / 0\n{end}")
    assert done.returncode == 0
    assert done.stdout.startswith("up\n")
    assert "'started'" in done.stdout
    assert "Application" in done.stdout
    assert done.stdout.endswith("down\n")
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("source", "status", "text"),
    [
        ("x = (\n", 3, "SyntaxError"),
        (SOURCE.replace('print("up")', "1 / 0"), 3, "The application did not start: see above."),
        (SOURCE.replace('print("down")', "1 / 0"), 1, "The application did not end cleanly: see"),
    ],
)
def test_an_application_that_fails(source: str, status: int, text: str, tmp_path: Path) -> None:
    done = japy(tmp_path, "", source)
    assert done.returncode == status
    assert text in done.stderr


def test_at_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SOURCE)
    command = [sys.executable, "-m", "japy", "shell", "main:app"]
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "dumb", "PYTHON_COLORS": "0"}
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as process:
        os.close(theirs)
        try:
            talk(ours)
            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()  # else a failure would wait for somebody to type
            os.close(ours)


def talk(terminal: int) -> None:
    """Ask something, have a word completed, and leave."""
    read_until(terminal, r">>> ")
    enter(terminal, b"client.get('/').text\n", r"'started'\r\n")
    enter(terminal, b"cli\t.get('/').code\n", r"\b200\r\n")
    enter(terminal, b"\x04", r"down\r\n")


def enter(terminal: int, typed: bytes, pattern: str) -> None:
    """Type something until it is answered: what comes while readline sets up is thrown away."""
    for _ in range(int(DEADLINE_S / PATIENCE_S)):
        os.write(terminal, typed)
        try:
            read_until(terminal, pattern, PATIENCE_S)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{typed!r} was not answered with {pattern!r}")


def read_until(terminal: int, pattern: str, patience_s: float = DEADLINE_S) -> None:
    """Read what a terminal shows until it matches.

    Raises:
        TimeoutError: nothing more came.
    """
    text = ""
    while not re.search(pattern, text):
        if not select.select([terminal], [], [], patience_s)[0]:
            raise TimeoutError(text)
        text += os.read(terminal, 4096).decode(errors="replace")
