"""Counts of what is alive, compared between rounds of the same work.

    assert_steady(lambda: server.exchange([data]))

Knows how CPython counts. Knows nothing of what the work is.

Invariants:
- A leak that shows once in every round fails, however small; a reference given back too often does
  as well.
- Caches that fill up once, and garbage that only the collector can free, do not.
"""

import gc
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

WARM_UP = 3  # rounds in which free lists and caches get as full as they will ever be
ROUNDS = 20  # at most; a leak shows in all of them


class Census(NamedTuple):
    """What is alive at one moment."""

    none: int  # references to None; from Python 3.12 on nobody counts these three
    true: int
    false: int
    objects: int  # that the garbage collector knows
    blocks: int  # that Python's allocator has given out; 0 if it is not in use
    size: int  # bytes that Python objects take


def take_census() -> Census:
    """Count, after all garbage is gone."""
    # It holds names under which C code has looked for methods, each time a new str.
    with warnings.catch_warnings(action="ignore"):  # of its deprecation
        sys._clear_type_cache()
    gc.collect()
    return Census(
        sys.getrefcount(None),
        sys.getrefcount(True),
        sys.getrefcount(False),
        len(gc.get_objects()),
        sys.getallocatedblocks(),
        tracemalloc.get_traced_memory()[0],
    )


def assert_steady(work: Callable[[], object]) -> None:
    """Do the work again and again, and fail if there is more, or less, after every time."""
    growths: dict[str, list[int]] = {name: [] for name in Census._fields}
    with counting():
        for _ in range(WARM_UP):
            work()
        before = take_census()
        before = take_census()  # now there is a census alive, as there is at every later count
        for _ in range(ROUNDS):
            work()
            after = take_census()
            for name, old, new in zip(Census._fields, before, after, strict=True):
                growths[name].append(new - old)
            before = after
            if not drifting(growths):
                return
    raise AssertionError(f"growth from round to round: {drifting(growths)}")


def drifting(growths: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return the counts that went the same way in every round."""
    return {
        name: growth
        for name, growth in growths.items()
        if all(step > 0 for step in growth) or all(step < 0 for step in growth)
    }


@contextmanager
def counting() -> Iterator[None]:
    """Count only what is made from now on, so that a census takes no time."""
    gc.collect()
    gc.freeze()
    gc.disable()
    tracemalloc.start(1)
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()
        gc.unfreeze()
