"""Terminal: a program that believes a person sits before it.

Knows pseudo-terminals. Refuses to know which program it is.
"""

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.support.server import DEADLINE_S


class Terminal:
    """A command line at work in a pseudo-terminal, from `with` to its end."""

    def __init__(self, command: str, folder: Path, variables: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=folder,
            env={**os.environ, **variables},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._master, f"{line}\n".encode())

    def read_until(self, prompt: str) -> str:
        """Return what is printed up to a prompt, or to the end of the program."""
        deadline = time.monotonic() + DEADLINE_S
        text = ""
        while not text.endswith(prompt):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(left, 0))
            assert ready, f"expected {prompt!r} in time; got:\n{text}"
            data = self._read()
            if not data:
                break
            text += data
        return text.replace("\r\n", "\n")

    def _read(self) -> str:
        try:
            return os.read(self._master, 1 << 16).decode(errors="replace")
        except OSError:  # how Linux says that the program has closed its terminal
            return ""
