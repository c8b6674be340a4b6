"""Real servers for tests: `japy run` or a script that calls `app.run()`, as a child process.

    with running(SOURCE, "--workers", "2") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client: ...
        assert server.stop() == 0

`running` returns once the server has announced that it accepts connections, and leaves no process
behind, whatever happens. Ports are always 0: the port is read from the announcement.
"""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

DEADLINE_S = 20.0  # for anything that a test waits for; never reached but by a failure
ANNOUNCED = re.compile(r"Accepting connections on (https?://(\[[^]]+\]|[^:\s]+):(\d+))")


class Server:
    """A child process and what it has printed so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.url = ""  # such as http://127.0.0.1:40001; set by `wait_ready`
        self.host = ""  # without the brackets of an IPv6 address; set by `wait_ready`
        self.port = 0  # set by `wait_ready`
        self._lines: list[tuple[str, str]] = []  # of which stream, and the line
        self._changed = threading.Condition()
        self._open = 2  # streams that have not ended
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
            assert stream is not None
            threading.Thread(target=self._collect, args=(name, stream), daemon=True).start()

    def output(self, stream: str = "") -> str:
        """Return what was printed so far, to "stdout", "stderr" or (by default) either."""
        with self._changed:
            return "".join(line for name, line in self._lines if stream in ("", name))

    def wait_for(self, pattern: str, count: int = 1, timeout: float = DEADLINE_S) -> str:
        """Wait until the output has `count` matches of a regular expression; return the output."""

        def is_there() -> bool:
            text = "".join(line for _, line in self._lines)
            return len(re.findall(pattern, text)) >= count or not self._open

        with self._changed:
            self._changed.wait_for(is_there, timeout)
        text = self.output()
        if len(re.findall(pattern, text)) < count:
            raise AssertionError(f"expected {count} of {pattern!r} in the output; got:\n{text}")
        return text

    def wait_ready(self) -> None:
        """Wait for the first announcement and take the address from it."""
        found = ANNOUNCED.search(self.wait_for(ANNOUNCED.pattern))
        assert found is not None
        self.url, self.host, self.port = found[1], found[2].strip("[]"), int(found[3])

    def wait(self, timeout: float = DEADLINE_S) -> int:
        """Wait until the process and its output have ended; return the exit status."""
        status = self.process.wait(timeout)
        with self._changed:
            if not self._changed.wait_for(lambda: not self._open, timeout):
                raise AssertionError("the server has ended, but a process of it still runs")
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the master, wait for its end and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def get(self, path: str = "/") -> tuple[int, str]:
        """Return status and body of a GET on a connection of its own."""
        client = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        with contextlib.closing(client):
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read().decode()

    def children(self) -> list[int]:
        """Return the process ids of the master's children, oldest first (Linux only)."""
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def _collect(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append((name, line))
                    self._changed.notify_all()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


def eventually(condition: Callable[[], object], timeout: float = DEADLINE_S) -> None:
    """Poll a condition that no event announces until it holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "a condition did not come to hold in time"
        time.sleep(0.005)


@contextmanager
def launched(
    command: Sequence[str],
    cwd: str | Path,
    env: Mapping[str, str] | None = None,
    files: Sequence[int] = (),
) -> Iterator[Server]:
    """Start any command in a process group of its own; end what is left of the group after it.

    Does not wait for an announcement: `wait_ready` or `wait` does. It inherits the open `files`.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**_clean_environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=files,
    )
    server = Server(process)
    try:
        yield server
        if process.poll() is None:
            server.stop()
    finally:
        _end_group(process.pid)
        process.wait()


@contextmanager
def running(
    source: str | Path,
    *args: str,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Serve an application with `japy run` on a free port of 127.0.0.1.

    Args:
        source: Python source that defines `app` (a str with a line break in it), or a file that
            does (a Path), or a target such as "module:attr" (any other str).
        args: more options of `japy run`.
        cwd: where to run it; by default a temporary folder, or the file's folder.
        env: more environment variables.
    """
    with tempfile.TemporaryDirectory(prefix="japy-test-") as folder:
        if isinstance(source, Path):
            target, cwd = f"{source.absolute()}:app", cwd or source.absolute().parent
        elif "\n" in source:
            cwd = cwd or folder
            Path(cwd, "app.py").write_text(source, encoding="utf-8")
            target = "app:app"
        else:
            target = source
        command = [sys.executable, "-m", "japy", "run", target, "--port", "0", *args]
        with launched(command, cwd or folder, env) as server:
            server.wait_ready()
            yield server


def _clean_environment() -> dict[str, str]:
    """Return our environment without what would make a server other than a user's."""
    changing = {"PORT", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONWARNINGS"}
    return {name: value for name, value in os.environ.items() if name not in changing}


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
