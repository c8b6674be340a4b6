"""A campaign: all targets share some minutes, on two processes at most, and say how far they are.

Knows how hunts are started, listened to and ended, and the search led by coverage beside them
(`fuzz/coverage`). Refuses to know what is promised: the fuzz files do.

Invariants:
- A line about what runs appears at least every PULSE_S seconds.
- What has ended badly, or not at all, is a finding: no silence means success.
- When the campaign ends, so have its processes; each is ended by its own id.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOME = Path(__file__).resolve().parent
COVERAGE = "coverage"
PULSE_S = 5.0
GRACE_S = 60.0  # to end in, on top of the time that was given
SHRINK_S = 330.0  # the same for a hunt that makes what it has found smaller
STILL_S = 60.0  # without another example, after which a hunt hangs
# What each lane does, one after the other, and its share of the time.
LANES: tuple[tuple[tuple[str, float], ...], ...] = (
    (("stream", 0.6), ("machine", 0.4)),
    (("oracle", 0.2), ("protocol", 0.1), ("parser", 0.1), ("body", 0.05), ("router", 0.05)),
)
COVERAGE_SHARE = 0.5  # of the last lane


@dataclass
class Job:
    """One target for some time, and what came of it."""

    name: str
    seconds: float
    number: int  # seed of the random numbers
    folder: Path  # where findings are kept
    count: int = 0
    began_s: float = 0.0  # by the monotonic clock; 0 before
    took_s: float = 0.0  # once it has ended
    moved_s: float = 0.0  # when the count has grown last
    batch: str = ""  # arguments that begin with the examples under way
    is_failing: bool = False  # something was found and is made smaller
    says: str = ""  # the last line of a target that speaks for itself
    found: list[str] = field(default_factory=list)  # commands that show it again
    trouble: str = ""  # why it has ended badly

    def command(self) -> list[str]:
        """Return what runs it."""
        if self.name == COVERAGE:
            return [sys.executable, str(HOME / COVERAGE), "--seconds", f"{self.seconds:.0f}"]
        return [
            *(sys.executable, str(HOME), "hunt", "--target", self.name),
            *("--seconds", f"{self.seconds:.1f}", "--seed", str(self.number)),
            *("--folder", str(self.folder)),
        ]

    def line(self) -> str:
        """Return how far it is."""
        if self.name == COVERAGE:
            return f"{self.name}: {self.says}"
        took = self.took_s or time.monotonic() - self.began_s
        left = max(0, round(self.seconds - took))
        end = "making a finding smaller" if self.is_failing else f"{left // 60}:{left % 60:02} left"
        what = "runs" if self.name == "machine" else "streams"
        return (
            f"{self.name:8} {self.count:9,} {what:7} {self.count / max(took, 0.1):7,.0f}/s "
            f"{len(self.found)} findings  {end}"
        )


class Lane(threading.Thread):
    """Jobs that run one after the other."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__(daemon=True)
        self.jobs = jobs
        self.job = jobs[0]  # the one under way
        self._process: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def run(self) -> None:
        """Run the jobs."""
        for job in self.jobs:
            if not self._is_stopped:
                self.job = job
                self._run(job)

    def stop(self) -> None:
        """End the process under way, and begin no other."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()

    def end_what_hangs(self) -> None:
        """End the process under way if it does not come to its end."""
        job, now_s = self.job, time.monotonic()
        if not self.is_alive() or not job.began_s:
            return
        if job.name != COVERAGE and now_s > job.moved_s + STILL_S:
            again = f"{sys.executable} {HOME} hunt --target {job.name} {job.batch}"
            job.trouble = f"{job.name} hangs; to see it again: {again}"
            self.stop()
        grace_s = GRACE_S if job.name == COVERAGE else SHRINK_S
        if now_s > job.began_s + job.seconds + grace_s:
            job.trouble = f"{job.name} did not come to its end"
            self.stop()

    def _run(self, job: Job) -> None:
        job.began_s = job.moved_s = time.monotonic()
        self._process = subprocess.Popen(
            job.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        assert self._process.stdout is not None
        other: list[str] = []  # lines that are no report: of what has gone wrong
        with self._process.stdout as lines:
            for line in lines:
                if not take_line(job, line):
                    other.append(line)
                    del other[:-50]
        status = self._process.wait()
        job.took_s = time.monotonic() - job.began_s
        if status and not job.found and not self._is_stopped and not job.trouble:
            job.trouble = f"{job.name} has ended with status {status}:\n{''.join(other)}"


def take_line(job: Job, line: str) -> bool:
    """Take note of what a job has printed; tell whether it was a report."""
    if job.name == COVERAGE:
        job.says = line.strip() or job.says
        if "--again" in line:
            job.found.append(line.partition("again: ")[2].strip() or line.strip())
        return False
    if not line.startswith("{"):
        return False
    told = json.loads(line)
    if "count" in told:
        job.moved_s = time.monotonic() if told["count"] > job.count else job.moved_s
        job.count, job.is_failing = told["count"], told["failing"]
        job.batch = "--property {property} --seed {seed}".format(**told["batch"])
    if "finding" in told:
        job.found.append(f"python3 dev.py fuzz --again {told['finding']}")
        print(f"\nFOUND by {job.name}:\n{told['report']}\n{job.found[-1]}\n", flush=True)
    return True


def plan(minutes: float, names: Sequence[str], number: int, folder: Path) -> list[Lane]:
    """Return the lanes of a campaign.

    Args:
        minutes: that it may take.
        names: of the targets that take part.
        number: seed of the random numbers.
        folder: where findings are kept.
    """
    *others, last = (list(lane) for lane in LANES)
    if shutil.which("clang") and (HOME / COVERAGE / "__main__.py").exists():
        last = [(COVERAGE, COVERAGE_SHARE), *last]
    lanes = []
    for lane in (*others, last):
        chosen = [(name, share) for name, share in lane if name in names]
        total = sum(share for _, share in chosen)
        jobs = [Job(name, 60 * minutes * share / total, number, folder) for name, share in chosen]
        lanes += [Lane(jobs)] if jobs else []
    return lanes


def run(lanes: Sequence[Lane]) -> int:
    """Run the lanes, saying how far they are; return the exit status."""
    for lane in lanes:
        lane.start()
    try:
        while any(lane.is_alive() for lane in lanes):
            lanes[0].join(PULSE_S) if lanes[0].is_alive() else lanes[-1].join(PULSE_S)
            for lane in lanes:
                if lane.is_alive():
                    print(lane.job.line(), flush=True)
                lane.end_what_hangs()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    finally:
        for lane in lanes:
            lane.stop()
            lane.join(GRACE_S)
    return summarize([job for lane in lanes for job in lane.jobs])


def summarize(jobs: Sequence[Job]) -> int:
    """Print what came of it; return the exit status."""
    print(f"\n{'target':9} {'count':>10} {'seconds':>8} {'per s':>7} {'findings':>9}")
    for job in jobs:
        rate = job.count / job.took_s if job.took_s else 0
        found = len(job.found) + bool(job.trouble)
        print(f"{job.name:9} {job.count:10,} {job.took_s:8.0f} {rate:7,.0f} {found:9}")
    for job in jobs:
        if job.name == COVERAGE and job.says:
            print(f"{COVERAGE}: {job.says}")
        for text in (job.trouble, *job.found):
            print(text, end="\n" if text else "")
    return 1 if any(job.found or job.trouble for job in jobs) else 0
