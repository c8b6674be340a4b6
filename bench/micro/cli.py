"""The command line: which builds, how long, and where the result goes.

Knows arguments and output. Refuses to know how anything is measured, and runs on any Python: japy
is imported by the processes that it starts.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.load import machine
from bench.load.peer import Refused
from bench.micro import report
from bench.micro.build import MODES, TOP, Build, find

MEASUREMENT = Path(__file__).with_name("measurement.py")
RESULT = TOP / "bench" / "results" / "micro.json"
ROUNDS = 7
REQUESTS = 24_000
QUICK_REQUESTS = 480
EXPLANATION = """\
A read is 24 requests unless the case says otherwise. Same bytes: each read is what the parser
has seen last, which it recognises. Other bytes: reads alternate between two that differ. The rest
is what the stages leave of the whole: the Request, the order of answers, one write for a read.
Handlers are interpreted in both. Processor time, median of {rounds} interleaved rounds."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        "python bench/micro",
        description="Print what each stage of a request costs, compiled and interpreted.",
    )
    parser.add_argument("--rounds", type=positive, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument(
        "--requests", type=positive, metavar="N", help=f"of each measurement, default: {REQUESTS}"
    )
    parser.add_argument("--quick", action="store_true", help="one short round, nothing is saved")
    for mode in MODES:
        parser.add_argument(
            f"--{mode}", metavar="PYTHON", help=f"interpreter with the {mode} core, not dev.py's"
        )
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    options.requests = options.requests or (QUICK_REQUESTS if options.quick else REQUESTS)
    return options


def positive(text: str) -> int:
    """Read a number of at least one."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def measure(build: Build, requests: int) -> report.Round:
    """Return one round, measured by a process of its own."""
    command = [build.python, "-I", str(MEASUREMENT), "--requests", str(requests)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"The {build.mode} core could not be measured: {done.stderr.strip()}")
    found: report.Round = json.loads(done.stdout)
    return found


def run(builds: Sequence[Build], rounds: int, requests: int) -> dict[str, list[report.Round]]:
    """Measure the builds in turns."""
    samples: dict[str, list[report.Round]] = {build.mode: [] for build in builds}
    for number in range(1, rounds + 1):
        for build in builds[:: 1 if number % 2 else -1]:
            name = report.TITLES[build.mode]
            print(f"\rRound {number} of {rounds}: {name:11}", end="", file=sys.stderr, flush=True)
            samples[build.mode].append(measure(build, requests))
    print(f"\r{'':40}\r", end="", file=sys.stderr, flush=True)
    return samples


def save(facts: Mapping[str, object]) -> None:
    """Write the record."""
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Saved {RESULT.relative_to(TOP)}")


def compare(options: argparse.Namespace) -> int:
    """Measure, print and save; return the exit status."""
    builds = [find(mode, getattr(options, mode)) for mode in MODES]
    rounds, requests = options.rounds, options.requests
    facts: dict[str, object] = {
        "command": f"python bench/micro --rounds {rounds} --requests {requests}",
        "commit": machine.commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "builds": {build.mode: build.versions for build in builds},
    }
    samples = run(builds, rounds, requests)
    medians = {mode: report.summarise(found) for mode, found in samples.items()}
    print(report.table(medians))
    print(f"\n{EXPLANATION.format(rounds=rounds)}\n\n{report.verdict(medians)}")
    if options.quick:
        return 0
    save({**facts, "medians": medians, "samples": samples})
    return 0 if report.is_met(medians) else 1


def main(argv: Sequence[str]) -> int:
    """Run the bench; return its exit status."""
    try:
        return compare(parse(argv))
    except Refused as refused:
        print(f"bench/micro: {refused}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped; nothing was saved.", file=sys.stderr)
        return 130
    return 2
