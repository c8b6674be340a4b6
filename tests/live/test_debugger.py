"""A handler that stops in a debugger, in a terminal: it is left alone, and so is the terminal."""

import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.support.server import DEADLINE_S

APP = """
from japy import Application
app = Application()

@app.route("/")
def hello(request):
    text = "hello"
    breakpoint()
    return request.Response(text=text)
"""
ANNOUNCED = r"http://127\.0\.0\.1:(\d+)\s"


class Terminal:
    """A terminal, as seen from where somebody types.

    Args:
        number: of its file.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.text = ""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.number, text.encode())

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read until a pattern has come, and forget it and what is before it."""
        while (found := re.search(pattern, self.text)) is None:
            assert select.select([self.number], [], [], DEADLINE_S)[0], self.text
            self.text += os.read(self.number, 1 << 16).decode()
        self.text = self.text[found.end() :]
        return found

    def read_for(self, seconds: float) -> str:
        """Return what comes in a time, and forget it."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.number], [], [], left)[0]:
                self.text += os.read(self.number, 1 << 16).decode()
        text, self.text = self.text, ""
        return text


@contextmanager
def served(folder: Path) -> "Iterator[tuple[subprocess.Popen[bytes], Terminal, int]]":
    """Serve in a terminal of its own; yield the process, the terminal and the port."""
    (folder / "app.py").write_text(APP)
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0"]
    command += ["--timeout-worker-healthcheck", "2", "--timeout-graceful-shutdown", "1"]
    enter = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    launch = [sys.executable, "-c", f"{enter}; os.execv(sys.argv[1], sys.argv[1:])", *command]
    process = subprocess.Popen(launch, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    try:
        terminal = Terminal(ours)
        yield process, terminal, int(terminal.read_until(ANNOUNCED)[1])
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        os.close(ours)
        os.close(theirs)


def ask(port: int, answers: list[bytes]) -> threading.Thread:
    """Ask for / in another thread."""

    def get() -> None:
        client = HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        with suppress(ConnectionError, HTTPException):  # the server was killed
            client.request("GET", "/")
            answers.append(client.getresponse().read())
        client.close()

    thread = threading.Thread(target=get, daemon=True)
    thread.start()
    return thread


def test_who_looks_around_is_not_killed(tmp_path: Path) -> None:
    answers: list[bytes] = []
    with served(tmp_path) as (process, terminal, port):
        asking = ask(port, answers)
        terminal.read_until(r"\(Pdb\) ")
        terminal.read_until("is in a debugger: it serves nobody, but is not killed")
        terminal.type("p 6 * 7\n")
        terminal.read_until("\n42\r\n")
        assert terminal.read_for(3) == "(Pdb) "
        terminal.type("p text + '!'\n")
        terminal.read_until("hello!")
        terminal.type("c\n")
        asking.join(DEADLINE_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    assert answers == [b"hello"]


def test_a_terminal_is_left_as_it_was(tmp_path: Path) -> None:
    with served(tmp_path) as (process, terminal, port):
        modes = termios.tcgetattr(terminal.number)
        ask(port, [])
        terminal.read_until(r"\(Pdb\) ")
        process.send_signal(signal.SIGQUIT)
        assert process.wait(DEADLINE_S) == 130
        assert termios.tcgetattr(terminal.number) == modes
