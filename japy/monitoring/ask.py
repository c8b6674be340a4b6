"""Ask: the other end of a control socket: a question, and the answer of the server.

Knows how a server is found, and the lines of `control`. Knows nothing of terminals.
"""

import contextlib
import json
import os
import select
import socket
import time
from pathlib import Path
from typing import Any

from japy.monitoring.rendezvous import servers

VERSION = 1
PATIENCE_S = 5.0  # for what a server knows at once
RETRY_S = 0.01  # from one try to connect to the next
MOST = 64 << 20  # bytes of an answer


class NobodyThere(Exception):
    """No server can be asked; the text says which and what to do."""


class Refused(Exception):
    """A server that does not do what it was asked for; the text is its own."""


class Several(Exception):
    """More than one server runs: these are their sockets."""

    def __init__(self, paths: list[Path]) -> None:
        super().__init__("more than one server runs")
        self.paths = paths


def find(path: Path | None) -> Path:
    """Return the control socket of the server to ask: the one that was named, or the only one.

    Raises:
        NobodyThere: there is none.
        Several: it is not clear which.
    """
    if path is not None:
        return path
    found = servers()
    if not found:
        raise NobodyThere(
            "No server of this user runs, or none with a control socket: start one with japy run, "
            "or name the socket with -s PATH."
        )
    if len(found) > 1:
        raise Several(found)
    return found[0]


class Question:
    """A question that was sent to a server.

    Args:
        path: its control socket.
        verb: what to do.
        more: what it needs to know.

    Raises:
        NobodyThere: nobody listens there.
    """

    def __init__(self, path: Path, verb: str, **more: Any) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect()
            self._socket.sendall(json.dumps({"v": VERSION, "verb": verb, **more}).encode() + b"\n")
        except OSError as error:
            self._socket.close()
            raise NobodyThere(why_not(path, error)) from None

    def _connect(self) -> None:
        """Connect; a full queue is no error but something to wait for."""
        self._socket.settimeout(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._socket.connect(os.fspath(self._path))
                return
            except BlockingIOError:  # how Unix sockets say so, whatever the timeout
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                time.sleep(RETRY_S)

    def answer(self, patience_s: float | None = PATIENCE_S) -> dict[str, Any]:
        """Wait for the answer and return it.

        Args:
            patience_s: seconds to wait for it; None to wait until the server is gone.

        Raises:
            NobodyThere: it is gone, or does not answer.
            Refused: it says no.
        """
        data = b""
        with self._socket:
            self._socket.settimeout(patience_s)
            try:
                while not data.endswith(b"\n") and len(data) < MOST:
                    more = self._socket.recv(1 << 16)
                    if not more:
                        break
                    data += more
            except OSError as error:
                raise NobodyThere(why_not(self._path, error)) from None
        if not data:
            raise NobodyThere(f"The server at {self._path} has ended, or does not talk to you.")
        answer = parse(data)
        if answer is None:
            raise NobodyThere(f"What listens at {self._path} is no server of japy's.")
        if not answer.get("ok"):
            raise Refused(str(answer.get("error")))
        return answer


def parse(data: bytes) -> dict[str, Any] | None:
    """Return an answer; None if it is none."""
    try:
        answer = json.loads(data)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def why_not(path: Path, error: OSError) -> str:
    """Return the sentence about a server that cannot be asked."""
    if isinstance(error, TimeoutError):
        return f"The server at {path} does not answer: see its log."
    if isinstance(error, PermissionError):
        return f"{path} belongs to somebody else: ask as that user, or as root."
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        return f"No server listens at {path}: start one with --control-socket {path}."
    return f"No server can be asked at {path} ({error.strerror or error})."


class Farewell:
    """The end of a process, as somebody sees it who is not its parent."""

    def __init__(self, pid: int) -> None:
        self._number = -1
        with contextlib.suppress(AttributeError, OSError):  # macOS; or it is gone already
            self._number = os.pidfd_open(pid)

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, or time is up."""
        if self._number >= 0:
            poll = select.poll()
            poll.register(self._number, select.POLLIN)
            poll.poll(seconds * 1000)
            os.close(self._number)
            self._number = -1
