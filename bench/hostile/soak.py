"""All of it at once for long: whether memory stays flat and no descriptor is left.

Knows samples and the line through them. Refuses to know what the mix is made of.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.hostile.client import Tally, Target
from bench.hostile.mix import mingle
from bench.hostile.party import attackers
from bench.hostile.scenario import MIB
from bench.hostile.subject import Look, Subject
from bench.hostile.trial import LOOK_S, MARGIN, SPARE_BLOCKS, Plan, clean_up
from bench.hostile.visitor import visitors
from bench.memory.growth import slope

EVERY_S = 10.0
# Growth of RSS that may be, fitted to the second half: from time to time a peak is higher than all
# before, by some arenas of Python's allocator. What leaks is found by what is left in the end, too.
ALLOWED = 4 * MIB
HEAD = " minutes   RSS MiB   fds   good requests   failed   p99 ms      new"
HARMLESS = {  # what attackers may see; the rest are counts of wrong answers
    *(
        "right answers",
        "200",
        "400",
        "408",
        "413",
        "414",
        "431",
        "resets",
        "closes",
        "held",
        "open",
    ),
    *("let go by the server", "closed by the server", "aborted by the server"),
    *("still open at the end", "requests", "answers", "closed meanwhile"),
    *("ConnectionResetError", "BrokenPipeError"),
}


@dataclass(frozen=True)
class Sample:
    """What was seen in ten seconds, and at their end."""

    minute: float
    rss: int  # the lowest: big answers come and go
    fds: int
    requests: int  # of good clients
    failed: int
    p99_ms: float
    new_p99_ms: float  # with a connection for each request


@dataclass
class Soak:
    """What was found."""

    samples: list[Sample]
    tally: dict[str, int]
    rss_before: int
    rss_after: int  # once freed memory was given back
    fds_before: int
    fds_after: int
    connections: int  # objects left
    blocks: int  # allocations more than before
    faults: list[str] = field(default_factory=list)

    @property
    def second_half(self) -> list[Sample]:
        """Return the later samples."""
        return [each for each in self.samples if each.minute >= self.samples[-1].minute / 2]

    @property
    def kib_per_minute(self) -> float:
        """Return how fast RSS grew in the second half."""
        late = self.second_half
        return slope([each.minute for each in late], [each.rss / 1024 for each in late])

    @property
    def growth(self) -> float:
        """Return by how many bytes RSS grew in the second half, by that line."""
        late = self.second_half
        return self.kib_per_minute * 1024 * (late[-1].minute - late[0].minute)

    @property
    def error(self) -> float:
        """Return the standard error of that slope."""
        late = self.second_half
        if len(late) < 3:
            return math.inf
        xs, ys = [each.minute for each in late], [each.rss / 1024 for each in late]
        middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
        rest = [
            y - middle_y - self.kib_per_minute * (x - middle_x) for x, y in zip(xs, ys, strict=True)
        ]
        spread = sum((x - middle_x) ** 2 for x in xs)
        return math.sqrt(sum(each**2 for each in rest) / (len(xs) - 2) / spread)

    def lines(self) -> list[str]:
        """Return the result as text."""
        return [
            f"RSS in the second half, fitted: {self.kib_per_minute:+.1f} KiB a minute "
            f"(standard error {self.error:.1f}), {self.growth / MIB:+.1f} MiB in all; "
            f"bound: {ALLOWED / MIB:.0f} MiB",
            f"RSS before {self.rss_before / MIB:.1f} MiB, after {self.rss_after / MIB:.1f} MiB; "
            f"descriptors before {self.fds_before}, after {self.fds_after}; "
            f"connections left: {self.connections}; allocations left: {self.blocks:,}",
            *(f"FAULT: {fault}" for fault in self.faults),
            "FAULTS" if self.faults else "No fault",
        ]


def run(subject: Subject, plan: Plan, report: Callable[[str], object]) -> Soak:
    """Soak a server; report each sample as a line."""
    subject.trim()
    blocks = subject.count().blocks
    before = subject.rest()
    samples, tally = mix(subject, plan, report)
    after = clean_up(subject, before, blocks)
    found = Soak(
        samples,
        dict(tally),
        rss_before=before.rss,
        rss_after=after.trimmed,
        fds_before=before.fds,
        fds_after=after.look.fds,
        connections=after.connections,
        blocks=after.blocks,
    )
    found.faults.extend(judge(found))
    found.faults.extend(f"printed: {line}" for line in subject.noise()[:10])
    if not subject.is_same():
        found.faults.append("another worker serves")
    return found


def mix(
    subject: Subject, plan: Plan, report: Callable[[str], object]
) -> tuple[list[Sample], Tally]:
    """Let everybody loose; return samples, and what attackers saw."""
    begun = time.monotonic()
    samples: list[Sample] = []
    target = Target(subject.port, begun + plan.seconds, 1, 1)
    party = attackers(mingle, [target], plan.cores.load)
    try:
        while target.is_on and not party.is_done():
            samples.append(sample(subject, plan, begun))
            report(line(samples[-1]))
        return samples, sum(party.results(), Tally())
    finally:
        party.kill()


def sample(subject: Subject, plan: Plan, begun: float) -> Sample:
    """Watch good clients for a while."""
    good = visitors(subject.port, plan.cores.load)
    try:
        looks = watch(subject, EVERY_S)
        good.end()
        (stay,) = good.results()
    finally:
        good.kill()
    minute = (time.monotonic() - begun) / 60
    failed = sum(stay.failures.values())
    rss = min(look.rss for look in looks)
    times = (stay.kept.p99, stay.new.p99)
    return Sample(round(minute, 2), rss, looks[-1].fds, stay.requests, failed, *times)


def watch(subject: Subject, seconds: float) -> list[Look]:
    """Look again and again for a while."""
    until = time.monotonic() + seconds
    looks = [subject.look()]
    while time.monotonic() < until:
        time.sleep(LOOK_S)
        looks.append(subject.look())
    return looks


def line(each: Sample) -> str:
    """Return a sample as text."""
    return (
        f"{each.minute:8.1f}{each.rss / MIB:10.1f}{each.fds:6}"
        f"{each.requests:16,}{each.failed:9}{each.p99_ms:9.1f}{each.new_p99_ms:9.1f}"
    )


def judge(found: Soak) -> Sequence[str]:
    """Return what is wrong with it, in words."""
    faults = []
    if failed := sum(each.failed for each in found.samples):
        faults.append(f"{failed} good requests failed")
    if found.growth > ALLOWED:
        faults.append(f"RSS grows by {found.kib_per_minute:.0f} KiB a minute")
    if found.blocks > SPARE_BLOCKS:
        faults.append(f"{found.blocks:,} allocations left")
    if found.rss_after - found.rss_before > MARGIN:
        faults.append(f"{(found.rss_after - found.rss_before) / MIB:.1f} MiB stay in use")
    if found.fds_after != found.fds_before:
        faults.append(f"{found.fds_after - found.fds_before} descriptors left")
    if found.connections:
        faults.append(f"{found.connections} connections left")
    for seen, count in found.tally.items():
        if seen not in HARMLESS:
            faults.append(f"attackers saw {count:,} x {seen}")
    return faults
