"""What a lookup costs in this process, in nanoseconds.

Knows how a router is asked. Refuses to know what becomes of the numbers.

How it works: lookups are calls in an interpreted loop. What the loop and the step from there into
a compiled core cost is measured in the same way and taken off, as in bench/micro.

Invariants:
- A measured lookup has been answered as its case says, or there is no number.
- Times are processor time of this thread: what else runs here does not count.
"""

import gc
from collections.abc import Callable, Sequence
from itertools import repeat
from time import thread_time_ns

from bench.router.case import CASES, Case, build
from japy import core
from japy.core.pipeline import Pipeline
from japy.core.router import Router


def clock(action: Callable[[int], object], turns: int) -> float:
    """Return the nanoseconds of a turn."""
    action(turns // 10 + 1)
    begin = thread_time_ns()
    action(turns)
    return (thread_time_ns() - begin) / turns


def spin(turns: int, lines: Sequence[bytes]) -> None:
    """Be the loop alone."""
    for _ in repeat(None, turns):
        for _ in lines:
            pass


def step(turns: int, lines: Sequence[bytes]) -> None:
    """Step into the core for something that returns at once."""
    pop = Pipeline().pop
    for _ in repeat(None, turns):
        for _ in lines:
            pop()


def find(router: Router, turns: int, lines: Sequence[bytes]) -> None:
    """Look for what can be told without a walk through the tree."""
    find = router.find
    for _ in repeat(None, turns):
        for line in lines:
            find(line)


def search(router: Router, turns: int, lines: Sequence[bytes]) -> None:
    """Look for the rest."""
    search = router.search
    for _ in repeat(None, turns):
        for line in lines:
            search(line, 3)


def measure_case(case: Case, router: Router, lookups: int) -> float:
    """Return the nanoseconds of a lookup."""
    lines = case.lines(len(router.routes))
    for line in lines:
        case.check(router, line)
    turns = max(1, lookups // len(lines))
    ask = find if case.is_static else search
    spent = clock(lambda turns: ask(router, turns, lines), turns)
    # An interpreted core takes such steps from module to module; they belong to its cost.
    extra = step if core.COMPILED else spin
    return max(0.0, spent - clock(lambda turns: extra(turns, lines), turns)) / len(lines)


def measure(count: int, lookups: int) -> dict[str, float]:
    """Return what each case costs with that many routes."""
    router = build(count)
    gc.collect()
    gc.freeze()  # as a worker does
    found = {case.name: measure_case(case, router, lookups) for case in CASES}
    gc.unfreeze()
    return found
