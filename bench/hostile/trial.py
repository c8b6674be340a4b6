"""One scenario from calm to calm: what good clients saw, and what became of the worker.

Knows the order of things and what is a fault. Refuses to know what an attack does.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.hostile.client import Tally, Target
from bench.hostile.party import attackers
from bench.hostile.scenario import MIB, Scenario
from bench.hostile.subject import Look, Subject
from bench.hostile.visitor import COMERS, KEEPERS, Stay, visitors
from bench.load.process import Cores

CALM_S = 4.0
LEAD_S = 0.5  # for good clients to be there first
LATE_S = 2.0  # before the end of an attack, by when what has to be let go is
LOOK_S = 0.1
MARGIN = 12 * MIB  # RSS beyond that of before, once freed memory was given back; pages that are
# partly in use do not count as freed: 10,000 connections leave some 6 MiB of these, once
KEPT = 40 * MIB  # the same as it is: a worker keeps 32 MiB for the next request (serving/heap.py)
SLOWEST_MS = 1000.0  # p99 of good clients, on a core that they share with the attackers
BUSY = 0.15  # of the time that a process would have had its core, but others had it
SPARE_BLOCKS = 10_000  # allocations: what the router remembers of paths, and the like
SPARE_FDS = 5


@dataclass(frozen=True)
class Plan:
    """How long, and where."""

    seconds: float
    cores: Cores

    @property
    def calm_s(self) -> float:
        """Return for how long good clients are watched before an attack."""
        return min(CALM_S, self.seconds)


@dataclass(frozen=True)
class Battle:
    """What was seen while an attack lasted."""

    good: Stay
    tally: dict[str, int]  # of the attackers
    peak: Look
    late_fds: int  # fewest shortly before the end
    ran: float  # share of the time that the worker ran
    waited: float  # share that it would have, had no other process been on its core


@dataclass(frozen=True)
class Aftermath:
    """What was left of it."""

    look: Look
    trimmed: int  # RSS, once freed memory was given back
    connections: int  # objects
    blocks: int  # allocations more than before


@dataclass(frozen=True)
class Outcome:
    """What was found in one scenario."""

    name: str
    title: str
    calm: Stay
    before: Look
    battle: Battle
    after: Aftermath
    faults: list[str] = field(default_factory=list)

    @property
    def is_disturbed(self) -> bool:
        """Tell whether other processes took so much that latencies are theirs, too."""
        return max(self.battle.waited, self.battle.good.waited, self.calm.waited) > BUSY

    @property
    def is_fine(self) -> bool:
        """Tell whether there is no fault."""
        return not self.faults


def run(scenario: Scenario, subject: Subject, plan: Plan) -> Outcome:
    """Put a server through a scenario."""
    noise = len(subject.noise())
    blocks = subject.count().blocks
    before = subject.rest()
    calm = stay_calm(scenario, subject, plan)
    battle = attack(scenario, subject, plan)
    after = clean_up(subject, before, blocks)
    found = Outcome(scenario.name, scenario.title, calm, before, battle, after)
    found.faults.extend(judge(scenario, found, plan.seconds))
    printed = [line for line in subject.noise()[noise:] if not re.search(scenario.printed, line)]
    found.faults.extend(f"printed: {line}" for line in printed[:5])
    if not subject.is_same():
        found.faults.append("another worker serves")
    return found


def stay_calm(scenario: Scenario, subject: Subject, plan: Plan) -> Stay:
    """Watch good clients alone."""
    good = visitors(subject.port, plan.cores.load, scenario.with_comers)
    try:
        time.sleep(plan.calm_s)
        good.end()
        (calm,) = good.results()
    finally:
        good.kill()
    return calm


def attack(scenario: Scenario, subject: Subject, plan: Plan) -> Battle:
    """Let attackers and good clients loose; watch."""
    core, times = plan.cores.load, subject.times()
    good = visitors(subject.port, core, scenario.with_comers)
    time.sleep(LEAD_S)
    until = time.monotonic() + plan.seconds
    party = attackers(scenario.attack, targets(scenario, subject.port, until), core)
    looks, late = [subject.look()], []
    try:
        while not party.is_done():
            looks.append(subject.look())
            if until - LATE_S < time.monotonic() < until:
                late.append(looks[-1].fds)
            time.sleep(LOOK_S)
        tally = sum(party.results(), Tally())
        good.end()
        (during,) = good.results()
    finally:
        party.kill()
        good.kill()
    peak = Look(max(look.rss for look in looks), max(look.fds for look in looks))
    shares = subject.times().shares_since(times)
    return Battle(during, dict(tally), peak, min(late, default=0), *shares)


def clean_up(subject: Subject, before: Look, blocks: int) -> Aftermath:
    """Wait until all is as before, or will never be; return what is left."""
    after = subject.settle(Look(before.rss + KEPT, before.fds))
    count = subject.count()
    subject.trim()
    return Aftermath(after, subject.look().rss, count.connections, count.blocks - blocks)


def targets(scenario: Scenario, port: int, until: float) -> list[Target]:
    """Return what each process of attackers is told."""
    number = scenario.processes
    return [Target(port, until, scenario.count // number, 1 + i) for i in range(number)]


def judge(scenario: Scenario, found: Outcome, seconds: float) -> Iterator[str]:
    """Return what is wrong with it, in words."""
    for phase, seen in (("calm", found.calm), ("attack", found.battle.good)):
        failed = sum(seen.failures.values())
        if failed or not seen.requests:
            yield f"{failed} of {seen.requests:,} good requests failed ({phase}): {seen.failures}"
    good = found.battle.good
    if good.kept.p99 > SLOWEST_MS and not found.is_disturbed:
        yield f"p99 of good clients is {good.kept.p99:.0f} ms"
    if good.new.p99 > SLOWEST_MS and not found.is_disturbed:
        yield f"p99 of good clients on new connections is {good.new.p99:.0f} ms"
    yield from judge_worker(scenario, found, seconds)
    tally = Tally(found.battle.tally)
    yield from scenario.faults(tally)
    yield from scenario.misses(tally, seconds)
    if tally["requests"] != tally["answers"]:
        yield f"{tally['requests']:,} requests, {tally['answers']:,} answers"


def judge_worker(scenario: Scenario, found: Outcome, seconds: float) -> Iterator[str]:
    """Return what is wrong with the worker."""
    before, battle, after = found.before, found.battle, found.after
    needed = battle.peak.rss - before.rss
    if scenario.bound is not None and needed > scenario.bound:
        yield f"{needed / MIB:.0f} MiB needed, bound {scenario.bound / MIB:.0f}"
    if after.look.rss - before.rss > KEPT:
        yield f"{(after.look.rss - before.rss) / MIB:.1f} MiB are kept"
    if after.trimmed - before.rss > MARGIN:
        yield f"{(after.trimmed - before.rss) / MIB:.1f} MiB stay in use"
    if after.look.fds != before.fds:
        yield f"{after.look.fds - before.fds} descriptors left"
    if after.blocks > SPARE_BLOCKS:
        yield f"{after.blocks:,} allocations left"
    if after.connections:
        yield f"{after.connections} connections left"
    held = battle.late_fds - before.fds - KEEPERS - COMERS
    if scenario.is_let_go and seconds >= scenario.enough_s and held > SPARE_FDS:
        yield f"{held} connections still held"
