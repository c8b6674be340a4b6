"""One run of one target: started, watched, counted.

Knows what libFuzzer prints. Refuses to know how a run is shared among targets: `cli.py` does that.

Invariants:
- A line about each run appears at least every PULSE_S seconds, whatever libFuzzer has to say.
- What ends a run by a signal or a status other than 0 is a finding.
- A run that was interrupted has ended its process.
"""

import os
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fuzz.coverage.target import Place, Target, command, environment, options

PULSE_S = 5.0
GRACE_S = 60.0  # to end in, on top of the time that was given
LINE = re.compile(r"#(\d+)\t.*?cov: (\d+) .*?exec/s: (\d+)")
DONE = re.compile(r"stat::number_of_executed_units: (\d+)")
WRITTEN = re.compile(r".*Test unit written to (\S+)")
KEPT = 400  # lines of output that are kept to explain a finding


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    target: Target
    cpu_s: float
    runs: int
    coverage: int
    findings: tuple[Path, ...]
    output: str  # its last lines, if something was found


class Run:
    """A process and what it has printed."""

    def __init__(self, target: Target, place: Place, seconds: int) -> None:
        self._target = target
        self._place = place
        self._seconds = seconds
        self._runs = 0  # as of the last line that said so
        self._rate = 0
        self._coverage = 0
        self._counted_at = 0.0  # when that line came
        self._lines: list[str] = []
        self._findings: list[Path] = []

    def finish(self) -> Result:
        """Search for the time given, and return what was found."""
        for folder in (self._place.corpus(self._target), self._place.findings(self._target)):
            folder.mkdir(parents=True, exist_ok=True)
        self._counted_at = started = time.monotonic()
        process = self._start()
        assert process.stdout is not None
        reader = threading.Thread(target=self._collect, args=(process.stdout,))
        reader.start()
        try:
            cpu_s, status = self._watch(process, started, reader)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
            reader.join()
        output = "".join(self._lines) if status else ""
        found = tuple(self._findings)
        return Result(self._target, cpu_s, self._runs, self._coverage, found, output)

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [
                *command(self._target, self._place),
                *options(self._target, self._place, self._seconds),
            ],
            env=environment(self._target, self._place, dict(os.environ)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )

    def _watch(
        self, process: "subprocess.Popen[str]", started: float, reader: threading.Thread
    ) -> tuple[float, int]:
        """Print how far it is until it ends; return its CPU seconds and its exit status."""
        while reader.is_alive():
            reader.join(PULSE_S)
            left = started + self._seconds - time.monotonic()
            if left < -GRACE_S:
                self._lines.append(f"It did not end within {GRACE_S:.0f} s of its time.\n")
                process.kill()
            print(self._line(left), flush=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, process.returncode

    def _line(self, left: float) -> str:
        """Return the progress; libFuzzer counts aloud only now and then, so this goes on for it."""
        since = time.monotonic() - self._counted_at
        runs = self._runs + int(self._rate * since if left > 0 else 0)
        return (
            f"{self._target.name:8} {runs:12,} runs {self._rate:8,}/s  "
            f"cov {self._coverage:5}  {len(self._findings)} findings  {max(0, left):4.0f} s left"
        )

    def _collect(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.append(line)
                del self._lines[:-KEPT]
                self._note(line)

    def _note(self, line: str) -> None:
        if match := LINE.match(line):
            self._runs, self._coverage, self._rate = map(int, match.groups())
            self._counted_at = time.monotonic()
        elif match := DONE.match(line):
            self._runs, self._rate = int(match[1]), 0
        elif match := WRITTEN.match(line):
            self._findings.append(Path(match[1]))


def replay(target: Target, place: Place, files: Sequence[Path]) -> int:
    """Run a target on single inputs, with all it prints; return its exit status."""
    arguments = [*command(target, place), *map(str, files)]
    return subprocess.run(arguments, env=environment(target, place, dict(os.environ))).returncode
