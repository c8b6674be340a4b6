"""The server under attack, as the kernel sees its worker.

Knows how it starts, /proc and two paths of `servers/hostile_app.py`. Refuses to know who attacks.
"""

import http.client
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.hostile.times import Times, times_of
from bench.load.installation import CACHE
from bench.load.process import PROC, Server, ServerEnded, all_stats, tree
from bench.memory.client import ask_facts

SERVERS = Path(__file__).parent / "servers"
COMMAND = [sys.executable, "-m", "japy", "run", "hostile_app.py:app", "--port", "{port}"]
EXPECTED = "Accepting connections on "  # all that is printed
PAGE = os.sysconf("SC_PAGE_SIZE")
SETTLE_S, POLL_S = 15.0, 0.1
REST_S = 0.3
TIMEOUT_S = 20
TOLD = 2000  # characters of what a server said that has ended


class WorkerEnded(Exception):
    """The worker is not there any more; says so for a person."""


@dataclass(frozen=True)
class Look:
    """What is seen of the worker at one moment."""

    rss: int
    fds: int


@dataclass(frozen=True)
class Count:
    """How many things are alive in the worker."""

    connections: int
    blocks: int  # allocations of Python's


class Subject:
    """A running server with one worker."""

    def __init__(self, server: Server) -> None:
        self.port = server.port
        ask_facts(self.port)  # until it answers, the master may be alone
        self.worker = self._worker(server)
        self._server = server

    @staticmethod
    def _worker(server: Server) -> int:
        return tree(server.process.pid, all_stats())[-1]

    def look(self) -> Look:
        """Look at the worker.

        Raises:
            WorkerEnded: it has ended.
        """
        folder = PROC / str(self.worker)
        try:
            rss = int((folder / "statm").read_text().split()[1]) * PAGE
            return Look(rss, len(os.listdir(folder / "fd")))
        except (FileNotFoundError, ProcessLookupError):
            raise WorkerEnded(f"Worker {self.worker} has ended.") from None

    def rest(self) -> Look:
        """Return a look once nobody comes or goes any more."""
        deadline = time.monotonic() + SETTLE_S
        seen, last = self.look(), None
        while seen != last and time.monotonic() < deadline:
            time.sleep(REST_S)
            seen, last = self.look(), seen
        return seen

    def settle(self, most: Look) -> Look:
        """Return a look once there is no more than that, or after a while."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            seen = self.look()
            is_settled = seen.fds <= most.fds and seen.rss <= most.rss
            if is_settled or time.monotonic() > deadline:
                return seen
            time.sleep(POLL_S)

    def count(self) -> Count:
        """Return how many things are alive, without what this question needs."""
        facts = ask_facts(self.port)
        connections, _ = facts["objects"].get("Connection", (1, 0))
        return Count(connections - 1, facts["blocks"])

    def trim(self) -> None:
        """Have freed memory given back to the kernel."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        client.request("GET", "/trim")
        client.getresponse().read()
        client.close()

    def times(self) -> Times:
        """Return the times of the worker so far."""
        return times_of(str(self.worker))

    def is_same(self) -> bool:
        """Tell whether the worker is the one it was at the start."""
        return self._worker(self._server) == self.worker

    def noise(self) -> list[str]:
        """Return the lines that the server should not have printed."""
        lines = self._server.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if line.strip() and not line.startswith(EXPECTED)]


@contextmanager
def serving(core: int, options: Sequence[str] = ()) -> Iterator[Subject]:
    """Start a server on its core; kill it at the end."""
    CACHE.mkdir(exist_ok=True)
    log = CACHE / f"hostile-server-{os.getpid()}.log"
    log.unlink(missing_ok=True)
    server = Server([*COMMAND, *options], {}, SERVERS, log, core)
    try:
        server.wait()
        yield Subject(server)
    except ServerEnded as error:
        raise ServerEnded(f"The server {error}: {log.read_text()[-TOLD:]}") from None
    finally:
        server.stop()
        log.unlink(missing_ok=True)
