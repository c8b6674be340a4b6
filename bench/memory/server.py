"""The servers that are measured, and their memory as the kernel sees it.

Knows how they start and Linux's /proc. Refuses to know what they are asked.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load.process import PROC, Server, all_stats, tree

SERVERS = Path(__file__).parent / "servers"
COMMANDS = {
    "japy": [sys.executable, "-m", "japy", "run", "japy_app:app", "--port", "{port}"],
    "floor": [sys.executable, "floor.py", "{port}"],
}


@dataclass(frozen=True)
class Memory:
    """Resident bytes of a process; of shared pages `pss` counts only its part."""

    rss: int
    pss: int


@contextmanager
def serving(name: str, is_traced: bool = False) -> Iterator[Server]:
    """Start a server on a core of its own; kill it at the end."""
    core = max(os.sched_getaffinity(0))
    env = {"PYTHONTRACEMALLOC": "1"} if is_traced else {}
    server = Server(COMMANDS[name], env, SERVERS, Path(os.devnull), core)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def read_memory(server: Server) -> Memory:
    """Return what the process that serves has resident: the last of its tree."""
    server.check()
    pid = tree(server.process.pid, all_stats())[-1]
    text = (PROC / str(pid) / "smaps_rollup").read_text()
    kib = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    return Memory(kib["Rss"] * 1024, kib["Pss"] * 1024)
