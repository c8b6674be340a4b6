"""The command: arguments, what is run for how long, and the table at the end.

Exit status: 0 nothing was found, 1 something was, 2 it could not be run.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz.coverage.build import Stop, build, require_tools
from fuzz.coverage.guide import has_atheris
from fuzz.coverage.run import Result, Run, replay
from fuzz.coverage.seed import write_seeds
from fuzz.coverage.target import HOME, TARGETS, TOP, Place, Target

FOUND = 1
FAILED = 2
MIN_S = 2  # for a target, when building has taken all of the time


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for."""
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(
        prog="python fuzz/coverage", description="Search for bad inputs, led by coverage."
    )
    parser.add_argument("--seconds", type=int, default=60, help="for all of it, building included")
    parser.add_argument("--jobs", type=int, default=1, help="targets that run at the same time")
    parser.add_argument(
        "--target", action="append", choices=names, help="one of all; may come more than once"
    )
    parser.add_argument("--again", type=Path, nargs="+", help="run the target on these files only")
    parser.add_argument("--home", type=Path, default=HOME, help="folder of corpus and findings")
    parser.add_argument("--list", action="store_true", help="say what each target promises")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    asked = parse(arguments)
    deadline = time.monotonic() + asked.seconds
    if asked.list:
        print("\n".join(f"{target.name:8} {target.promise}" for target in TARGETS))
        return 0
    named = [target for target in TARGETS if target.name in (asked.target or ())]
    chosen = named or usual()
    place = Place(asked.home.resolve())
    try:
        if asked.again and len(chosen) != 1:
            raise Stop("Files are run again on one target: name it with --target.")
        require_tools(chosen, place)
        build(chosen, place)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return FAILED
    if asked.again:
        return FOUND if replay(chosen[0], place, asked.again) else 0
    return search(chosen, place, deadline, min(max(1, asked.jobs), len(chosen)))


def usual() -> list[Target]:
    """Return the targets that can be run here; say which cannot."""
    missing = [] if has_atheris() else [target.name for target in TARGETS if target.is_python]
    if missing:
        print(f"Left out for want of atheris (pip install atheris): {', '.join(missing)}.")
    return [target for target in TARGETS if target.name not in missing]


def search(targets: Sequence[Target], place: Place, deadline: float, jobs: int) -> int:
    """Run the targets, each for its share of what time is left, and say what came of it."""
    waiting = list(targets)

    def run(target: Target) -> Result:
        share = (deadline - time.monotonic()) * jobs / max(jobs, len(waiting))
        waiting.remove(target)
        return Run(target, place, max(MIN_S, int(share))).finish()

    for target in targets:
        write_seeds(target, place)
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(run, targets))
    note(results, place)
    for result in results:
        report(result)
    print(table(results))
    print(f"Since {place.log} was begun: {hours(place):.2f} CPU hours.")
    return FOUND if any(result.output or result.findings for result in results) else 0


def report(result: Result) -> None:
    """Say what was found, and how to see it again."""
    if result.output:
        print(f"\n{result.target.name} was ended by what follows.\n{result.output}")
    for path in result.findings:
        print(f"To run it again: python fuzz/coverage --target {result.target.name} --again {path}")


def table(results: Sequence[Result]) -> str:
    """Return the last word on each target."""
    lines = [f"{'target':8} {'CPU s':>9} {'runs':>14} {'coverage':>9} {'findings':>9}"]
    lines += [
        f"{result.target.name:8} {result.cpu_s:9.1f} {result.runs:14,} {result.coverage:9} "
        f"{max(len(result.findings), int(bool(result.output))):9}"
        for result in results
    ]
    return "\n".join(lines)


def note(results: Sequence[Result], place: Place) -> None:
    """Add the runs to the log, with the commit that they were of."""
    asked = subprocess.run(
        ["git", "--no-optional-locks", "describe", "--always", "--dirty"],
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    commit = asked.stdout.strip() or "unknown"
    with place.log.open("a", encoding="utf-8") as log:
        for result in results:
            line = {
                "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "commit": commit,
                "target": result.target.name,
                "cpu_s": round(result.cpu_s, 1),
                "runs": result.runs,
                "findings": len(result.findings),
            }
            log.write(json.dumps(line) + "\n")


def hours(place: Place) -> float:
    """Return the CPU hours of all runs in the log."""
    lines = place.log.read_text(encoding="utf-8").splitlines()
    return sum(float(json.loads(line)["cpu_s"]) for line in lines) / 3600
