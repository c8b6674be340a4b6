"""Interleaved rounds: in each, every server is started anew and every peer meets every workload.

Knows the order of things and what to do when a server fails. Refuses to know how anything is
installed, measured or shown.

Invariants:
- Peers take turns within a workload, so that a busy minute of the machine hits all of them.
- Samples of a peer's workload are all good, or there are none and a note says why.
- No server outlives `run`.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.load.installation import CACHE, SERVERS
from bench.load.measurement import BadAnswer, Sample, measure, run_wrk
from bench.load.peer import Launch
from bench.load.process import Cores, Server, ServerEnded
from bench.load.workload import Workload

Samples = dict[str, dict[str, list[Sample]]]  # by workload, then by peer


@dataclass
class Outcome:
    """What a comparison has found so far."""

    samples: Samples = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def log_of(name: str) -> Path:
    """Return where a server's output goes; all of a run, for what it said before it failed."""
    return CACHE / f"{name}-server.log"


class Progress:
    """One line that says how far we are: rewritten on a terminal, else printed anew."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self.started = time.monotonic()

    def step(self, text: str) -> None:
        """Show what begins."""
        spent = time.monotonic() - self.started
        left = spent / self.count * (self.total - self.count) / 60 if self.count else 0
        soon = f", {left:.0f} min left" if left >= 1 else ""
        self.count += 1
        line = f"[{self.count}/{self.total}{soon}] {text}"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class Comparison:
    """Peers under the same load on the same core."""

    def __init__(
        self,
        launches: Mapping[str, Launch],
        workloads: Sequence[Workload],
        seconds: int,
        cores: Cores,
    ) -> None:
        self.launches = launches
        self.workloads = workloads
        self.seconds = seconds
        self.cores = cores
        self.outcome = Outcome({workload.name: {} for workload in workloads})
        self.given_up: set[tuple[str, str]] = set()  # workload and peer
        self.servers: dict[str, Server] = {}  # those of this round

    def run(self, rounds: int, warm_up: bool) -> Outcome:
        """Measure everything that many times."""
        progress = Progress(rounds * len(self.workloads) * len(self.launches))
        for name in self.launches:
            log_of(name).unlink(missing_ok=True)
        for number in range(1, rounds + 1):
            try:
                self._start_all(warm_up)
                for workload in self.workloads:
                    for name in self._order(number):
                        progress.step(f"round {number}: {workload.title}, {name}")
                        self._measure(workload, name)
            finally:
                self._stop_all()
        progress.close()
        return self.outcome

    def _order(self, number: int) -> list[str]:
        """Return the peers, each round beginning with another one."""
        names = list(self.launches)
        first = number % len(names)
        return names[first:] + names[:first]

    def _start_all(self, warm_up: bool) -> None:
        for name in self.launches:
            self._start(name)
        for name, server in list(self.servers.items()) if warm_up else ():
            try:
                run_wrk(server.port, self.workloads[0], 1, self.cores.load)
            except BadAnswer:  # measuring will tell
                self._restart(name)

    def _start(self, name: str) -> None:
        launch = self.launches[name]
        server = Server(launch.argv, launch.env, SERVERS, log_of(name), self.cores.server)
        self.servers[name] = server
        try:
            server.wait()
        except ServerEnded as error:
            self._note(f"{name}: the server {error}")
            self._stop(name)

    def _stop(self, name: str) -> None:
        if name in self.servers:
            self.servers.pop(name).stop()

    def _stop_all(self) -> None:
        for name in list(self.servers):
            self._stop(name)

    def _restart(self, name: str) -> None:
        self._stop(name)
        self._start(name)

    def _measure(self, workload: Workload, name: str) -> None:
        server = self.servers.get(name)
        if server is None or (workload.name, name) in self.given_up:
            return
        try:
            sample = measure(server, workload, self.seconds, self.cores)
        except (BadAnswer, ServerEnded) as error:
            self._give_up(workload, name, error)
            return
        self.outcome.samples[workload.name].setdefault(name, []).append(sample)

    def _give_up(self, workload: Workload, name: str, error: Exception) -> None:
        self.given_up.add((workload.name, name))
        self.outcome.samples[workload.name].pop(name, None)
        self._note(f"{name}, {workload.title}: {error}")
        self._restart(name)

    def _note(self, text: str) -> None:
        if text not in self.outcome.notes:
            self.outcome.notes.append(text)
