"""Server processes: started on one core, looked at through /proc, killed by pid.

Knows Linux. Refuses to know what a server serves.

Invariants:
- A server gets its core before it starts, so that its threads and children inherit it.
- `stop` leaves no process of the tree behind; it is safe to call twice.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
START_S = 20.0  # enough for a cold start of an interpreter on a busy machine
POLL_S = 0.02
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


class ServerEnded(Exception):
    """A server that is not there; says so for a person."""


@dataclass(frozen=True)
class Cores:
    """Which core does what."""

    server: int
    load: int


@dataclass(frozen=True)
class Stat:
    """The part of /proc/PID/stat that counts here."""

    parent: int
    ticks: int  # user and system time, children that were waited for included


def parse_stat(text: str) -> Stat:
    """Read one line of /proc/PID/stat; the name in it may hold spaces and brackets."""
    fields = text.rpartition(")")[2].split()
    return Stat(int(fields[1]), sum(map(int, fields[11:15])))


def parse_busy(text: str, cores: Cores) -> int:
    """Return the ticks that two cores have not been idle, from /proc/stat."""
    busy = 0
    for line in text.splitlines():
        name, *fields = line.split()
        if name in {f"cpu{cores.server}", f"cpu{cores.load}"}:
            user, nice, system, _idle, _waiting, *interrupts = map(int, fields[:8])
            busy += user + nice + system + sum(interrupts)
    return busy


def busy_s(cores: Cores) -> float:
    """Return the time that two cores have been busy since the machine started."""
    return parse_busy((PROC / "stat").read_text(), cores) / os.sysconf("SC_CLK_TCK")


def all_stats() -> dict[int, Stat]:
    """Return all processes that can be seen."""
    stats = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                stats[int(folder.name)] = parse_stat((folder / "stat").read_text())
    return stats


def tree(root: int, stats: Mapping[int, Stat]) -> list[int]:
    """Return a process and its descendants, parents before children."""
    found = [root] if root in stats else []
    for pid in found:  # grows as it is walked
        found += [child for child, stat in stats.items() if stat.parent == pid]
    return found


def child_env(**more: str) -> dict[str, str]:
    """Return our environment for a child, without what would mislead a Python in it."""
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return {**env, **more}


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Stay on one core; what is started meanwhile inherits that."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """Return a port on the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A server on a port of its own, with everything it forks."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], folder: Path, log: Path, core: int
    ) -> None:
        """Start it; `{port}` in `argv` becomes its port."""
        self.port = free_port()
        self.log = log
        command = [part.replace("{port}", str(self.port)) for part in argv]
        with log.open("ab") as output, pinned(core):
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=child_env(**env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the bench, which then kills us
            )

    def wait(self) -> None:
        """Return once it accepts connections."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.check()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(POLL_S)
        raise ServerEnded(f"did not accept a connection within {START_S:.0f} s")

    def check(self) -> None:
        """Raise if it has ended."""
        status = self.process.poll()
        if status is None:
            return
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        raise ServerEnded(f"ended by itself with {how}, see {self.log.name} in bench/.cache")

    def cpu_s(self) -> float:
        """Return the processor time used so far by the whole tree, user and system."""
        stats = all_stats()
        ticks = sum(stats[pid].ticks for pid in tree(self.process.pid, stats))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Kill the tree, the parent first so that it replaces no child."""
        for pid in tree(self.process.pid, all_stats()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
