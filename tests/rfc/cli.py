"""The command line: which servers to ask, what is printed of it, and the page that is written.

Knows arguments and output; only this module prints. Invariant: a run leaves no server behind.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from dev import MODES, Environment, Stop, this_python
from tests.rfc import limit
from tests.rfc.live import Probe
from tests.rfc.page import Survey, by_level, render, sections
from tests.rfc.row import Row
from tests.rfc.section import RFCS, TITLES
from tests.rfc.table import ROWS, TOPICS
from tests.support.server import launched

APPLICATION = Path(__file__).with_name("application.py")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
THREADS = 16
PATIENCE_S = 10.0
PATIENCE_ABROAD_S = 7.0  # nginx lingers for five


def main(argv: Sequence[str]) -> int:
    """Ask, print and write; return the exit status: 1 if a row is not passed."""
    options = parse(argv)
    try:
        if options.url:
            surveys = [survey_url(options.url)]
        else:
            surveys = [survey_japy(program) for program in programs(options)]
    except Stop as stop:
        print(f"conformance: {stop}", file=sys.stderr)
        return 2
    except ConnectionError as error:
        print(f"conformance: {error}: see whether a server is there.", file=sys.stderr)
        return 2
    show(surveys)
    if len(surveys) == len(MODES):
        PAGE.write_text(render(ROWS, surveys), encoding="utf-8")
        print(f"Wrote docs/{PAGE.name}")
    return 1 if any(any(survey.results.values()) for survey in surveys) else 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        "dev.py conformance", description="Hold servers to RFC 9112 and RFC 9110."
    )
    parser.add_argument("--mode", choices=MODES, help="only with this core; writes no page")
    parser.add_argument("--url", help="ask the server there, of whatever make, in place of japy")
    parser.add_argument("japy", nargs="*", help="commands to ask in place of those of dev.py")
    return parser.parse_args(argv)


def programs(options: argparse.Namespace) -> Iterable[str]:
    """Yield the commands japy that are to be asked; make the environments that they are in."""
    if options.japy:
        yield from options.japy
        return
    for mode in [options.mode] if options.mode else MODES:
        yield Environment(this_python(), mode).prepare().program("japy")


def survey_url(url: str) -> Survey:
    """Ask a server that somebody else has started."""
    address = urlsplit(url)
    where = (address.hostname or "127.0.0.1", address.port or 80)
    probe = Probe(where, PATIENCE_ABROAD_S, is_strict=False)
    return survey(probe, where[0], url, [row for row in ROWS if not row.own])


def survey_japy(program: str) -> Survey:
    """Start a japy, ask it, and end it."""
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    title = "interpreted" if "interpreted" in version.stdout else "compiled"
    command = [program, "run", f"{APPLICATION}:app", "--port", "0", *limit.options()]
    with launched(command, APPLICATION.parent) as server:
        server.wait_ready()
        probe = Probe((server.host, server.port), PATIENCE_S, is_strict=True)
        found = survey(probe, title, version.stdout.strip(), ROWS)
        status = server.stop()
    if status or "Worker" in server.output("stderr"):
        raise SystemExit(f"A worker has died of a row: {server.output('stderr')[-2000:]}")
    return found


def survey(probe: Probe, title: str, version: str, rows: Sequence[Row]) -> Survey:
    """Ask for rows, several at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(probe.check, rows)
        return Survey(title, version, dict(zip((row.rule for row in rows), results, strict=True)))


def show(surveys: Sequence[Survey]) -> None:
    """Print what is not passed, then passed and asked for each section, topic and level."""
    for found in surveys:
        for rule, fault in found.results.items():
            if fault:
                print(f"FAILED {rule} ({found.title}): {fault}")
    print(f"{'':44}" + "".join(f"{found.title:>14}" for found in surveys))
    for rfc, name in RFCS.items():
        print(f"RFC {rfc}, {name}")
        for section in sections(ROWS, rfc):
            title = f"{section.partition(' ')[2]:8} {TITLES[section]}"
            show_line(title, [row for row in ROWS if row.section == section], surveys)
    print("By topic")
    for topic, rows in TOPICS.items():
        show_line(topic, rows, surveys)
    print("In all")
    for level, rows in by_level(ROWS):
        show_line(level, rows, surveys)
    show_line("passed", ROWS, surveys)


def show_line(title: str, rows: Iterable[Row], surveys: Sequence[Survey]) -> None:
    """Print passed and asked of some rows."""
    counts = ["{}/{}".format(*found.score(rows)) for found in surveys]
    print(f"  {title:42}" + "".join(f"{count:>14}" for count in counts), flush=True)
