"""Stage: what a reader has in front of them: a folder, a server, a shell.

Knows how to do what a document types, and to compare what is printed. Refuses to know Markdown
(`document.py`) and which commands a document may contain (the tests).

Invariant: what is shown as port 8080 is a free port, so that documents can be tested side by side.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.document import Command, as_shown
from tests.support.server import ANNOUNCED, DEADLINE_S, Server, launched

URL = "http://127.0.0.1:8080"  # what documents show
INTERRUPT = "^C"  # what a terminal shows for Ctrl-C
BIN = Path(sys.executable).parent
JAPY = f"{shlex.quote(sys.executable)} -m japy "  # also where it was not installed as a program


class Stage:
    """A folder with the files that a reader has, and the server that was started last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: Server | None = None  # set while one runs
        self._serving = ExitStack()  # stops it
        self._command = ""  # what started it
        self._seen = 0  # characters of its output that a document has shown

    def serve(self, command: str) -> None:
        """Start a server as a command line does; the one before it is stopped."""
        self.stop()
        variables, words = split(command)
        program = [sys.executable, *(["-m", "japy"] if words[0] == "japy" else [])]
        launch = launched(
            [*program, *words[1:], *(["--port", "0"] if words[0] == "japy" else [])],
            self.folder,
            {**plain_environment(), **variables},
        )
        self.server, self._command = self._serving.enter_context(launch), command
        self.server.wait_ready()

    def restart(self) -> None:
        """Start the same server again: its files have changed."""
        shown = self._seen
        self.serve(self._command)
        self._seen = shown

    def stop(self) -> None:
        """Stop the server, if there is one."""
        self._serving.close()
        self.server, self._seen = None, 0

    def interrupt(self) -> None:
        """Press Ctrl-C where the server runs, and wait for its end."""
        assert self.server is not None
        os.killpg(self.server.process.pid, signal.SIGINT)
        self.server.wait()

    def printed(self, lines: int) -> str:
        """Return what the server has printed since this was asked before: some lines at least."""
        assert self.server is not None
        self.server.wait_for(r"\n", self.server.output()[: self._seen].count("\n") + lines)
        text = self.server.output()
        new, self._seen = text[self._seen :], len(text)
        return new.replace(self.server.url, as_documented(self.server.url))

    def shell(self, text: str) -> str:
        """Return what a command prints: to stdout, and to stderr if it fails."""
        url = self.server.url if self.server else URL
        done = subprocess.run(
            ["sh", "-c", re.sub("^japy ", JAPY, text.replace(as_documented(url), url))],
            cwd=self.folder,
            env={**os.environ, **plain_environment(), "CURL_HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=DEADLINE_S,
        )
        printed = done.stdout + (done.stderr if done.returncode else "")
        return printed.replace(url, as_documented(url))


def as_documented(url: str) -> str:
    """Return what documents show for the address of a server."""
    return URL.replace("http", url.partition(":")[0])


def plain_environment() -> dict[str, str]:
    """Return the variables that make programs behave here as for a reader."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    found = {"PATH": path, "NO_COLOR": "1", "PYTHON_COLORS": "0", "no_proxy": "*"}
    return {**found, "PYTHONUNBUFFERED": "1"}  # a pipe is no terminal: there lines would wait


def split(command: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables that a command line sets, and its words."""
    words = shlex.split(command)
    count = next(i for i, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    return dict(word.split("=", 1) for word in words[:count]), words[count:]


def require_same(command: Command, printed: str) -> None:
    """Compare what was printed with what the document says."""
    assert as_shown(command.output, printed) == command.output, f"{command.place}: {command.text}"


def run_server(stage: Stage, command: Command) -> None:
    """Start what serves, or what says why it does not; press Ctrl-C where the document does."""
    if not ANNOUNCED.search(command.output):
        require_same(command, stage.shell(command.text))
        return
    stage.serve(command.text)
    before, interrupted, after = command.output.partition(INTERRUPT)
    printed = stage.printed(len(before.strip().splitlines()))
    if interrupted:
        stage.interrupt()
        printed += f"{INTERRUPT}\n{stage.printed(len(after.strip().splitlines()))}"
    require_same(command, printed)
    if interrupted:
        stage.stop()


def run_curl(stage: Stage, command: Command) -> None:
    """Ask the server."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: apt-get install curl")
    require_same(command, stage.shell(command.text))


def run_shell(stage: Stage, command: Command) -> None:
    """Run any other program."""
    require_same(command, stage.shell(command.text))
