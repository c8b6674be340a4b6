"""The command line: how often is measured, and what becomes of the result.

Knows arguments, the table, the record and the picture. Refuses to know what is looked up.

Invariant: what is saved is of a compiled core; numbers of an interpreted one are only shown.
"""

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.load import chart, machine
from bench.load.report import align
from bench.router.case import CASES, COUNTS
from bench.router.measurement import measure
from japy import core

TOP = Path(__file__).resolve().parents[2]
RESULT = TOP / "bench" / "results" / "router.json"
ROUNDS = 9
LOOKUPS = 50_000
QUICK_LOOKUPS = 500
TITLE = "What it costs to find a route, by the number of routes"
EXPLANATION = """\
Nanoseconds of a lookup, median of {rounds} rounds, {core} core. The last column divides 10,000
routes by 10. A path with a parameter costs this when it comes for the first time; then it is kept,
and found as one without."""

Samples = dict[str, dict[int, list[float]]]  # nanoseconds by case and number of routes
Medians = Mapping[str, Mapping[int, float]]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        "python bench/router",
        description="Print what it costs to find one of many routes, and draw it.",
    )
    parser.add_argument("--rounds", type=positive, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument(
        "--lookups", type=positive, metavar="N", help=f"of each measurement, default: {LOOKUPS}"
    )
    parser.add_argument("--quick", action="store_true", help="one short round, nothing is saved")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    options.lookups = options.lookups or (QUICK_LOOKUPS if options.quick else LOOKUPS)
    return options


def positive(text: str) -> int:
    """Read a number of at least one."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def run(rounds: int, lookups: int) -> Samples:
    """Measure all cases with all numbers of routes, again and again."""
    samples: Samples = {case.name: {count: [] for count in COUNTS} for case in CASES}
    for number in range(1, rounds + 1):
        for count in COUNTS:
            print(f"\rRound {number} of {rounds}: {count:6,} routes", end="", file=sys.stderr)
            for name, spent in measure(count, lookups).items():
                samples[name][count].append(spent)
    print(f"\r{'':40}\r", end="", file=sys.stderr, flush=True)
    return samples


def summarise(samples: Samples) -> dict[str, dict[int, float]]:
    """Return the medians."""
    return {
        name: {count: median(found) for count, found in counts.items()}
        for name, counts in samples.items()
    }


def table(medians: Medians) -> str:
    """Return everything as text."""
    rows = [("routes", *(f"{count:,}" for count in COUNTS), "")]
    for name, found in medians.items():
        growth = found[COUNTS[-1]] / (found[COUNTS[0]] or math.nan)  # 0: too few to tell
        rows.append((name, *(f"{found[count]:,.0f}" for count in COUNTS), f"x {growth:.2f}"))
    return align(rows)


def draw(medians: Medians, line: str) -> str:
    """Return the picture: a panel for each case, a bar for each number of routes."""
    panels = [
        chart.Panel(
            name,
            [
                chart.Bar(f"{count:,} routes", found[count], f"{found[count]:,.0f} ns", "ours")
                for count in COUNTS
            ],
        )
        for name, found in medians.items()
    ]
    return chart.draw(TITLE, [line], panels)


def save(options: argparse.Namespace, samples: Samples, medians: Medians) -> None:
    """Write the record and the picture."""
    facts = {
        "command": f"python bench/router --rounds {options.rounds} --lookups {options.lookups}",
        "commit": machine.commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "python": platform.python_version(),
        "medians": medians,
        "samples": samples,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    line = f"japy on CPython {platform.python_version()}, compiled core. Shorter is better."
    RESULT.with_suffix(".svg").write_text(draw(medians, line), encoding="utf-8")
    for path in (RESULT, RESULT.with_suffix(".svg")):
        print(f"Saved {path.relative_to(TOP)}")


def main(argv: Sequence[str]) -> int:
    """Run the bench; return its exit status."""
    options = parse(argv)
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        samples = run(options.rounds, options.lookups)
    except KeyboardInterrupt:
        print("\nStopped; nothing was saved.", file=sys.stderr)
        return 130
    medians = summarise(samples)
    kind = "compiled" if core.COMPILED else "interpreted"
    print(table(medians))
    print("\n" + EXPLANATION.format(rounds=options.rounds, core=kind))
    if options.quick:
        return 0
    if core.COMPILED:
        save(options, samples, medians)
        return 0
    print("Nothing was saved: pip install . makes a compiled core.")
    return 1
