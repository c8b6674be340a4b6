"""The command line: which attacks, for how long, and where results go.

Knows arguments and output. Refuses to know how anything is done. Only this module prints results.
"""

import argparse
import itertools
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from operator import attrgetter

from bench.hostile import report, soak
from bench.hostile.party import Failed
from bench.hostile.scenario import IMPATIENT, SCENARIOS, Scenario
from bench.hostile.subject import SERVERS, WorkerEnded, serving
from bench.hostile.trial import Outcome, Plan, run
from bench.hostile.visitor import visitors
from bench.load import machine
from bench.load.installation import BENCH
from bench.load.peer import Refused
from bench.load.process import ServerEnded
from bench.memory.client import TooFewFiles, allow_files

RESULTS = BENCH / "results"
SECONDS = 20
SOAK_MINUTES = 30  # from which on the record is kept
WARM_UP_S = 2.0
FILES = 10_500  # the most that a process needs


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    parser = argparse.ArgumentParser(
        "python bench/hostile", description="Attack japy, and see what becomes of good clients."
    )
    parser.add_argument(
        "--seconds", type=positive, metavar="S", help=f"of each attack, default: {SECONDS}"
    )
    parser.add_argument("--only", metavar="a,b", help=f"some of {names}")
    parser.add_argument(
        "--soak", type=positive, metavar="MINUTES", help="all of it at once, slower, for long"
    )
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """Read a number of at least one."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def chosen(wanted: str | None) -> list[Scenario]:
    """Return the scenarios that a comma-separated list names, in our order."""
    known = [scenario.name for scenario in SCENARIOS]
    names = wanted.split(",") if wanted else known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused(
            f"There is no scenario called {', '.join(unknown)}: choose from {', '.join(known)}."
        )
    return [scenario for scenario in SCENARIOS if scenario.name in names]


def version() -> str:
    """Return what japy calls itself."""
    command = [sys.executable, "-m", "japy", "--version"]
    return subprocess.run(command, cwd=SERVERS, capture_output=True, text=True).stdout.strip()


def describe(argv: Sequence[str]) -> dict[str, object]:
    """Return what the record says about a run before it begins."""
    return {
        "command": shlex.join(["python", "bench/hostile", *argv]),
        "commit": machine.commit(),
        "japy": version(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
    }


def save(name: str, record: Mapping[str, object]) -> None:
    """Write the record."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Saved {path.relative_to(BENCH.parent)}")


def attack(scenarios: Iterable[Scenario], plan: Plan) -> Iterator[Outcome]:
    """Run scenarios, those with the same options one after the other against the same server."""
    ordered = sorted(scenarios, key=attrgetter("options"))
    for options, some in itertools.groupby(ordered, attrgetter("options")):
        with serving(plan.cores.server, options) as subject:
            warm_up(subject.port, plan)
            subject.trim()
            for scenario in some:
                print(f"{scenario.name}: {scenario.title}", file=sys.stderr, flush=True)
                found = run(scenario, subject, plan)
                print(f"  attackers: {report.words(found.battle.tally)}", file=sys.stderr)
                for fault in found.faults:
                    print(f"  FAULT: {fault}", file=sys.stderr, flush=True)
                yield found


def warm_up(port: int, plan: Plan) -> None:
    """Have every kind of good request served, so that nothing is imported or made later."""
    good = visitors(port, plan.cores.load)
    time.sleep(WARM_UP_S)
    good.end()
    good.results()


def show(outcomes: Sequence[Outcome], seconds: float) -> bool:
    """Print the table; tell whether all is well."""
    print(report.table(outcomes))
    print(f"\n{report.LEGEND}\nEach attack lasts {seconds:.0f} s.")
    if warning := report.disturbance(outcomes):
        print(warning)
    bad = [found for found in outcomes if not found.is_fine]
    for found in bad:
        print(*(f"{found.name}: {fault}" for fault in found.faults), sep="\n")
    print(f"{len(outcomes) - len(bad)} of {len(outcomes)} scenarios without a fault")
    return not bad


def run_scenarios(options: argparse.Namespace, facts: Mapping[str, object]) -> bool:
    """Run what was asked for, print and save; tell whether all is well."""
    scenarios = chosen(options.only)
    plan = Plan(options.seconds or SECONDS, machine.choose_cores())
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(attack(scenarios, plan))
    finally:  # what was found before a worker ended is worth a table, too
        is_fine = show(outcomes, plan.seconds)
    is_whole = not options.only and plan.seconds >= SECONDS
    name = f"hostile-{datetime.now(UTC):%Y%m%d-%H%M%S}" if is_whole else "quick.hostile"
    save(name, report.record({**facts, "seconds": plan.seconds}, outcomes))
    return is_fine


def run_soak(minutes: int, facts: Mapping[str, object]) -> bool:
    """Soak, print and save; tell whether all is well."""
    plan = Plan(60 * minutes, machine.choose_cores())
    with serving(plan.cores.server, IMPATIENT) as subject:
        warm_up(subject.port, plan)
        print(soak.HEAD)
        found = soak.run(subject, plan, lambda line: print(line, flush=True))
    print(f"Attackers: {report.words(found.tally)}")
    print(*found.lines(), sep="\n")
    is_whole = minutes >= SOAK_MINUTES
    name = f"soak-{datetime.now(UTC):%Y%m%d-%H%M%S}" if is_whole else "quick.soak"
    fitted = {"kib_per_minute": found.kib_per_minute, "standard_error": found.error}
    save(name, {**facts, **fitted, **asdict(found)})
    return not found.faults


def main(argv: Sequence[str]) -> int:
    """Run the bench; return its exit status."""
    options = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are killed then too
    try:
        allow_files(FILES)
        facts = describe(argv)
        print(facts["japy"])
        is_fine = run_soak(options.soak, facts) if options.soak else run_scenarios(options, facts)
    except (Refused, TooFewFiles, ServerEnded) as error:
        print(f"bench/hostile: {error}", file=sys.stderr)
        return 2
    except (Failed, WorkerEnded) as error:
        print(f"bench/hostile: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; nothing was saved.", file=sys.stderr)
        return 130
    return 0 if is_fine else 1
