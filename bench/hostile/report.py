"""Outcomes to a table and to the record that is kept.

Knows what a reader needs. Refuses to measure; pure functions only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from bench.hostile.scenario import MIB
from bench.hostile.trial import Outcome
from bench.load.report import align

COLUMNS = (
    *("scenario", "good", "failed", "p50 calm", "during", "p99 calm", "during", "worst"),
    *("new p99 calm", "during", "ran", "waited", "RSS before", "peak", "after", "trimmed"),
    *("blocks", "fds", "peak", "after", "verdict"),
)
LEGEND = """\
good, failed: requests of good clients while the attack lasted. p50, p99 and worst: their latency in
ms; calm is before the attack, new is with a connection for each request. ran, waited: the parts of
the attack in which the worker had its core, and in which it wanted that but others had it. RSS:
MiB; trimmed is after freed memory was given back to the kernel. blocks: Python's allocations beyond
those of before. fds: open descriptors of the worker, which has to be the same process all along."""


def row(found: Outcome) -> tuple[str, ...]:
    """Return one line of the table."""
    calm, battle, after = found.calm, found.battle, found.after
    good = battle.good
    times = [calm.kept.p50, good.kept.p50, calm.kept.p99, good.kept.p99, good.kept.worst]
    times += [calm.new.p99, good.new.p99]
    sizes = (found.before.rss, battle.peak.rss, after.look.rss, after.trimmed)
    fds = (found.before.fds, battle.peak.fds, after.look.fds)
    return (
        found.name,
        f"{good.requests:,}",
        f"{sum(good.failures.values()):,}",
        *(f"{each:.2f}" if each < 10 else f"{each:.0f}" for each in times),
        *(f"{share:.0%}" for share in (battle.ran, battle.waited)),
        *(f"{size / MIB:.1f}" for size in sizes),
        f"{after.blocks:+,}",
        *(f"{count:,}" for count in fds),
        "ok" if found.is_fine else "FAULT",
    )


def table(outcomes: Iterable[Outcome]) -> str:
    """Return all scenarios as text."""
    return align([COLUMNS, *map(row, outcomes)])


def disturbance(outcomes: Sequence[Outcome]) -> str:
    """Return a warning where other processes had the cores; empty if they had not."""
    names = [found.name for found in outcomes if found.is_disturbed]
    if not names:
        return ""
    return (
        f"Other processes were on the cores during {', '.join(names)}: latencies are theirs, too,\n"
        "and were not judged. Run this again on a quieter machine before quoting any."
    )


def words(tally: Mapping[str, int]) -> str:
    """Return what attackers saw as text, the most frequent first."""
    counts = sorted(tally.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} x {seen}" for seen, count in counts) or "nothing"


def record(facts: Mapping[str, object], outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return what is saved as JSON."""
    return {**facts, "scenarios": [asdict(found) for found in outcomes]}
