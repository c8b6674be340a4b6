"""The command: `make fuzz MINUTES=n`, `python3 dev.py fuzz --minutes n`, `python fuzz --minutes n`.

Knows the arguments. Exit status: 0 nothing was found, 1 something was, 2 it could not be run.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz import campaign, hunt, target
from japy.core import COMPILED

NAMES = (*target.NAMES, campaign.COVERAGE)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        "fuzz", description="Search for inputs that break a promise of japy's."
    )
    parser.add_argument("--minutes", type=float, default=10, help="for all targets (10)")
    parser.add_argument("--seed", type=int, help="of the random numbers; another one each time")
    parser.add_argument(
        *("--target", "-t"), action="append", choices=NAMES, help="only this one; may be repeated"
    )
    parser.add_argument("--folder", type=Path, default=hunt.FOLDER, help="for what was found")
    parser.add_argument("--again", type=Path, help="run one reproducer again")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    if arguments[:1] == ["hunt"]:
        return hunt.main(arguments[1:])
    asked = parse(arguments)
    if asked.again:
        return hunt.main(["--again", str(asked.again)])
    number = secrets.randbelow(1 << 32) if asked.seed is None else asked.seed
    core = "compiled" if COMPILED else "interpreted"
    print(f"Fuzzing the {core} core for {asked.minutes:g} minutes, --seed {number}", flush=True)
    if not COMPILED:
        print("The cores are not compared: that takes a compiled japy.", file=sys.stderr)
    lanes = campaign.plan(asked.minutes, asked.target or NAMES, number, asked.folder)
    if not lanes:
        print("None of these can be run here: coverage needs clang.", file=sys.stderr)
        return 2
    return campaign.run(lanes)
