"""A hunt: one process that tries examples of one target until its time is up.

Knows how the properties of a target share the time, and how what is found is kept: as a file that
`--again` runs. What it prints is for the campaign that has started it: a line of JSON each second,
and one for each finding.
"""

import argparse
import json
import threading
import time
import traceback
import zlib
from collections.abc import Sequence
from pathlib import Path

from hypothesis.errors import DidNotReproduce

from fuzz import target
from fuzz.target import Finding, Property
from japy.core import COMPILED

FOLDER = Path(__file__).resolve().parent / "reproducers"
SLICE_S = 20.0  # of one property, until it is another's turn
PULSE_S = 1.0  # between two lines
ENOUGH = 3  # findings of a property, after which it is not tried any more


class Hunt:
    """The properties of a target, and what was found.

    Args:
        name: of the target.
        folder: where findings are kept.
        number: seed of the first batch of examples; each has the next one.
        only: name of the one property that is tried; all if empty.
    """

    def __init__(self, name: str, folder: Path, number: int, only: str = "") -> None:
        self._name = name
        self._folder = folder
        self._number = number
        loaded = target.load(name)
        self._properties = [each for each in loaded if only in ("", each.name)]
        self._trying = ""  # name of the property whose turn it is
        self._found: dict[Path, Property] = {}
        self._is_over = threading.Event()

    def run(self, seconds: float) -> int:
        """Search for so long; return the exit status."""
        pulse = threading.Thread(target=self._report_often, daemon=True)
        pulse.start()
        end_s = time.monotonic() + seconds
        slice_s = min(SLICE_S, seconds / len(self._properties))
        while time.monotonic() < end_s and self._lively():
            for each in self._lively():
                self._search(each, min(end_s, time.monotonic() + slice_s))
        self._is_over.set()
        pulse.join()
        self._report()
        return 1 if self._found else 0

    def _lively(self) -> list[Property]:
        """Return the properties that are worth more tries."""
        found = list(self._found.values())
        return [each for each in self._properties if found.count(each) < ENOUGH]

    def _search(self, each: Property, end_s: float) -> None:
        self._trying = each.name
        while time.monotonic() < end_s:
            finding = each.search(self._number, end_s)
            self._number += 1
            if finding is not None:
                self._keep(each, finding)
                return

    def _keep(self, each: Property, finding: Finding) -> None:
        mark = zlib.crc32(f"{each.name} {finding.example}".encode())
        path = self._folder / f"{self._name}-{mark:08x}.json"
        kept = {
            "target": self._name,
            "property": each.name,
            "core": "compiled" if COMPILED else "interpreted",
            "seed": self._number,
            "hypothesis": finding.version,
            "example": finding.example,
            "report": finding.report.splitlines(),
        }
        self._folder.mkdir(exist_ok=True)
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        self._found[path] = each
        print(json.dumps({"finding": str(path), "report": finding.report}), flush=True)

    def _report_often(self) -> None:
        while not self._is_over.wait(PULSE_S):
            self._report()

    def _report(self) -> None:
        count = sum(each.count for each in self._properties)
        is_failing = any(each.is_failing for each in self._properties)
        batch = {"property": self._trying, "seed": self._number}
        print(json.dumps({"count": count, "failing": is_failing, "batch": batch}), flush=True)


def try_again(path: Path) -> int:
    """Try the example of a file again; return the exit status."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    properties = {each.name: each for each in target.load(kept["target"])}
    try:
        properties[kept["property"]].try_again(kept["hypothesis"], kept["example"])
    except DidNotReproduce:
        print("The promise is kept: this example does not break it any more.")
        return 0
    except Exception:
        traceback.print_exc()
    return 1


def main(arguments: Sequence[str]) -> int:
    """Run a hunt, or one example again; return the exit status."""
    parser = argparse.ArgumentParser("fuzz/hunt.py", description=main.__doc__)
    parser.add_argument("--target", choices=target.NAMES)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--property", default="")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--again", type=Path)
    asked = parser.parse_args(arguments)
    target.prepare()
    if asked.again:
        return try_again(asked.again)
    return Hunt(asked.target, asked.folder, asked.seed, asked.property).run(asked.seconds)
