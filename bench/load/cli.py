"""The command line: what to compare, for how long, and where results go.

Knows arguments and output. Refuses to know how anything is measured. Only this module prints
results.
"""

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bench.load import chart, machine, report
from bench.load.comparison import Comparison, Samples
from bench.load.installation import BENCH, Unavailable
from bench.load.measurement import THREADS
from bench.load.peer import Launch, Peer, Refused, all_peers
from bench.load.process import Cores
from bench.load.workload import WORKLOADS, Workload

RESULTS = BENCH / "results"
ROUNDS = 5
SECONDS = 3
Named = TypeVar("Named", Peer, Workload)
KINDS = {"japy": "ours", "floor": "base"}  # of bars


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    peers = ", ".join(peer.name for peer in all_peers(allow_pure=False))
    workloads = ", ".join(workload.name for workload in WORKLOADS)
    parser = argparse.ArgumentParser(
        "python bench/load", description="Compare japy with other servers under load."
    )
    parser.add_argument("--rounds", type=positive, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument(
        "--seconds", type=positive, metavar="S", help=f"of each measurement, default: {SECONDS}"
    )
    parser.add_argument("--workloads", metavar="a,b", help=f"some of {workloads}")
    parser.add_argument("--peers", metavar="a,b", help=f"some of {peers}")
    parser.add_argument("--quick", action="store_true", help="one round of one second, a look only")
    parser.add_argument("--allow-pure", action="store_true", help="measure an interpreted japy too")
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """Read a number of at least one."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def chosen(wanted: str | None, known: Iterable[Named], what: str) -> list[Named]:
    """Return those that a comma-separated list names, in our order."""
    by_name = {each.name: each for each in known}
    names = wanted.split(",") if wanted else list(by_name)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise Refused(
            f"There is no {what} called {', '.join(unknown)}: choose from {', '.join(by_name)}."
        )
    return [each for name, each in by_name.items() if name in names]


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    workloads: Sequence[Workload]
    peers: Sequence[Peer]
    rounds: int
    seconds: int
    cores: Cores
    quick: bool

    @property
    def how(self) -> str:
        """Return how numbers come about."""
        return f"medians of {self.rounds} interleaved rounds of {self.seconds} s"


def plan_of(options: argparse.Namespace) -> Plan:
    """Turn arguments into a plan."""
    return Plan(
        workloads=chosen(options.workloads, WORKLOADS, "workload"),
        peers=chosen(options.peers, all_peers(options.allow_pure), "peer"),
        rounds=options.rounds or (1 if options.quick else ROUNDS),
        seconds=options.seconds or (1 if options.quick else SECONDS),
        cores=machine.choose_cores(),
        quick=options.quick,
    )


def prepare(peers: Iterable[Peer]) -> tuple[dict[str, Launch], list[str]]:
    """Install peers; return how those that are here start, and notes about the others."""
    launches, notes = {}, []
    for peer in peers:
        print(f"Preparing {peer.title}", file=sys.stderr, flush=True)
        try:
            launch = peer.prepare()
        except Unavailable as error:
            notes.append(f"{peer.name} is left out: {error}")
            print(notes[-1], file=sys.stderr, flush=True)
            continue
        launches[peer.name] = launch
        notes += [launch.note] if launch.note else []
    if not launches:
        raise Refused("No server can be measured here; the lines above say why.")
    return launches, notes


def save(name: str, facts: Mapping[str, object], samples: Samples, picture: str) -> list[Path]:
    """Write the record and the chart; return where."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(report.record(facts, samples), indent=1, ensure_ascii=False)
    paths = [RESULTS / f"{name}.json", RESULTS / f"{name}.svg"]
    for path, content in zip(paths, (text + "\n", picture), strict=True):
        path.write_text(content, encoding="utf-8")
    return paths


def draw(
    samples: Samples, peers: Sequence[Peer], workloads: Sequence[Workload], lines: Sequence[str]
) -> str:
    """Return the chart of processor time per request."""
    panels = []
    for workload in workloads:
        found = report.summarise(samples[workload.name])
        bars = [
            chart.Bar(
                peer.title,
                found[peer.name].cpu_us,
                report.microseconds(found[peer.name].cpu_us),
                KINDS.get(peer.name, "bar"),
            )
            for peer in peers
            if peer.name in found
        ]
        panels += [chart.Panel(workload.title, bars)] if bars else []
    return chart.draw("Server CPU µs per request: shorter is better", lines, panels)


def describe(plan: Plan, argv: Sequence[str], started: datetime) -> dict[str, object]:
    """Return what the record says about a run before it begins."""
    return {
        "command": shlex.join(["python", "bench/load", *argv]),
        "commit": machine.commit(),
        "started": started.isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "load": {
            "wrk": machine.wrk_version(),
            "threads": THREADS,
            "connections": {workload.name: workload.connections for workload in plan.workloads},
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "server_core": plan.cores.server,
            "load_core": plan.cores.load,
        },
    }


def show(plan: Plan, samples: Samples, notes: Sequence[str]) -> None:
    """Print medians, ratios and notes."""
    summaries = {name: report.summarise(found) for name, found in samples.items()}
    titles = {workload.name: workload.title for workload in plan.workloads}
    print(report.table(summaries, titles, {peer.name: peer.title for peer in plan.peers}))
    print(f"\nCPU µs: user and system time of the server, per request; {plan.how}.")
    print(*notes, sep="\n", end="\n" if notes else "")


def run(plan: Plan, argv: Sequence[str]) -> int:
    """Compare, print and save."""
    started = datetime.now(UTC)
    facts = describe(plan, argv, started)
    launches, notes = prepare(plan.peers)
    comparison = Comparison(launches, plan.workloads, plan.seconds, plan.cores)
    outcome = comparison.run(plan.rounds, warm_up=not plan.quick)
    samples = outcome.samples
    notes += filter(None, [*outcome.notes, report.disturbance(samples)])
    show(plan, samples, notes)
    facts |= {"peers": {name: list(launch.versions) for name, launch in launches.items()}}
    facts |= {"notes": notes}
    lines = [
        f"{machine.cpu_model()}, one core; {plan.how}",
        f"{started:%Y-%m-%d}, commit {facts['commit']}",
    ]
    name = "quick" if plan.quick else f"load-{started:%Y%m%d-%H%M%S}"
    for path in save(name, facts, samples, draw(samples, plan.peers, plan.workloads, lines)):
        print(f"Saved {path.relative_to(BENCH.parent)}")
    return 0


def main(argv: Sequence[str]) -> int:
    """Run the bench; return its exit status."""
    options = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are killed then too
    try:
        return run(plan_of(options), argv)
    except Refused as refused:
        print(f"bench/load: {refused}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped; nothing was saved.", file=sys.stderr)
        return 130
    return 2
