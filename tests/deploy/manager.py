"""What systemd does for a service, as far as a service can tell: sockets, variables, messages.

Knows the protocols of sd_listen_fds, sd_notify and the watchdog, and how units are written. Refuses
to know what the service is.
"""

import configparser
import os
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import DEADLINE_S, Server, launched

FIRST = 3
# Puts the socket where systemd does, names the process that it is for, and becomes the service.
# The last word says whether memory may be written and executed (prctl: PR_SET_MDWE, Linux 6.3).
BECOME = """
import ctypes, os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
if sys.argv[2] == "yes":
    ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
os.execv(sys.argv[3], sys.argv[3:])
"""


def section(unit: str, name: str) -> configparser.SectionProxy:
    """Return a section of a unit."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read_string(unit)
    return parser[name]


def seconds(text: str) -> float:
    """Return a span of time as units and options write them."""
    return float(text.removesuffix("s"))


class Manager:
    """A service manager with one service."""

    def __init__(self, unit: str, folder: Path) -> None:
        self._service = section(unit, "Service")
        self._folder = folder
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(folder / "notify"))
        self._changed = threading.Condition()
        self._messages: list[str] = []
        threading.Thread(target=self._hear, daemon=True).start()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address: tuple[str, int] = self.socket.getsockname()

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    @contextmanager
    def service(self) -> Iterator[Server]:
        """Start the service by its ExecStart, with what systemd gives it, and wait for READY=1."""
        program, *words = shlex.split(self._service["ExecStart"])
        assert Path(program).name == "japy"
        count = self.count("READY=1")
        number = os.dup(self.socket.fileno())
        os.set_inheritable(number, True)
        env = {
            "LISTEN_FDS": "1",
            "NOTIFY_SOCKET": str(self._folder / "notify"),
            "WATCHDOG_USEC": str(int(seconds(self._service["WatchdogSec"]) * 1e6)),
        }
        strict = self._service["MemoryDenyWriteExecute"]
        command = [sys.executable, "-c", BECOME, str(number), strict, sys.executable, "-m", "japy"]
        try:
            with launched([*command, *words], self._folder, env, (number,)) as server:
                self.wait_for("READY=1", count + 1)
                yield server
        finally:
            os.close(number)

    def reload(self, server: Server) -> None:
        """Do what ExecReload says."""
        program, name, target = shlex.split(self._service["ExecReload"])
        assert (program, target) == ("/bin/kill", "$MAINPID")
        count = self.count("READY=1")
        os.system(f"{program} {name} {server.process.pid}")
        self.wait_for("READY=1", count + 1)

    def count(self, line: str) -> int:
        """Return how many messages have said that."""
        with self._changed:
            return sum(line in message.splitlines() for message in self._messages)

    def wait_for(self, line: str, count: int = 1) -> None:
        """Wait until so many messages have said that."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.count(line) >= count, DEADLINE_S), line

    def _hear(self) -> None:
        while message := self._line.recv(4096):
            with self._changed:
                self._messages.append(message.decode())
                self._changed.notify_all()
