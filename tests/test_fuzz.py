"""The properties of the fuzz files, with a few hundred fixed examples each, and how they hunt.

`make fuzz MINUTES=10` searches for longer, and at random.
"""

import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import DidNotReproduce

from fuzz import (
    fuzz_body,
    fuzz_machine,
    fuzz_oracle,
    fuzz_parser,
    fuzz_protocol,
    fuzz_router,
    fuzz_stream,
)
from fuzz.campaign import COVERAGE, plan
from fuzz.difference import LAXER, LONGER, STRICTER, Difference, Message
from fuzz.fuzz_machine import Machine
from fuzz.judge import LIMITS, ask_h11
from fuzz.message import ROLES
from fuzz.mutation import SENTINEL
from fuzz.target import NAMES, Property
from japy.core import COMPILED

TOP = Path(__file__).parent.parent
MODULES = (
    *(fuzz_body, fuzz_machine, fuzz_oracle, fuzz_parser, fuzz_protocol, fuzz_router, fuzz_stream),
)
COMPARISON = fuzz_stream.test_both_cores_answer_the_same
FAST = settings(max_examples=100, database=None, derandomize=False, print_blob=True)


@pytest.fixture(autouse=True, scope="module")
def loggers() -> Iterator[None]:
    """Give back the loggers as they were: the fuzz files have processes of their own in mind."""
    found = [logging.getLogger(name) for name in ("japy.error", "japy.access", "asyncio")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in found]
    yield
    for logger, (handlers, propagate, level) in zip(found, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def properties(module: ModuleType) -> list[Callable[[], None]]:
    """Return the properties of a fuzz file."""
    found = [value for name, value in vars(module).items() if name.startswith("test_")]
    assert found
    return found


def title(found: Callable[[], None]) -> str:
    """Return the name of a property in pytest's output."""
    return found.__name__


EVERY = [each for module in MODULES for each in properties(module) if each is not COMPARISON]


@pytest.mark.parametrize("holds", EVERY, ids=title)
def test_property(holds: Callable[[], None]) -> None:
    holds()


@pytest.mark.once
@pytest.mark.skipif(not COMPILED, reason="there is no compiled core to compare this one with")
def test_both_cores_answer_the_same() -> None:
    COMPARISON()


@pytest.mark.parametrize("difference", STRICTER + LAXER + LONGER, ids=lambda known: known.rule)
def test_a_known_difference_from_h11_is_one(difference: Difference) -> None:
    data = difference.example + SENTINEL
    theirs, _ = ask_h11(data)
    ours = fuzz_oracle.japy().ask(data)
    fuzz_oracle.judge(data)
    assert fuzz_oracle.refuses(ours, 0) is (difference in STRICTER), ours.reason
    assert fuzz_oracle.refuses(theirs, 0) is (difference in LAXER), theirs.reason
    assert re.search(difference.said, (theirs if difference in LAXER else ours).reason)
    assert difference.applies(Message(difference.example, LIMITS))


# What the machine has found, step by step.


def choices_for(path: str) -> bytes:
    """Return the choices that a plain GET for a path is made from."""
    return bytes([next(i for i, role in enumerate(ROLES) if role.path == path)])


@pytest.mark.parametrize("is_direct", [True, False])
@pytest.mark.parametrize("limits", range(len(fuzz_machine.LIMITS)))
def test_what_follows_the_last_answer_of_who_does_not_read_is_not_kept(
    limits: int, is_direct: bool
) -> None:
    machine = Machine()
    machine.begin(limits=limits, is_direct=is_direct)
    machine.stop_reading(who=0)
    machine.ask(who=0, choices=[choices_for("/close")])
    machine.send_too_late(times=20)
    machine.clients_have_what_they_must()
    machine.teardown()


def test_an_empty_line_keeps_no_connection_open() -> None:
    machine = Machine()
    machine.begin(limits=0, is_direct=False)
    machine.send_blank(who=0)
    machine.reap(seconds=4)
    machine.clients_have_what_they_must()
    machine.teardown()


def promise(end: int) -> Property:
    """Return the promise that all numbers are below the end."""

    @FAST
    @given(st.integers(0, 2000))
    def is_small(number: int) -> None:
        assert number < end

    return Property("is_small", is_small)


def test_a_broken_promise_is_found_made_small_and_shown_again() -> None:
    broken = promise(1000)
    finding = broken.search(1, time.monotonic() + 60)
    assert finding is not None
    assert "number=1000," in finding.report
    assert broken.count > 1
    with pytest.raises(AssertionError):
        broken.try_again(finding.version, finding.example)


def test_a_promise_that_is_kept_is_tried_until_time_is_up() -> None:
    kept = promise(3000)
    assert kept.search(1, time.monotonic() + 60) is None
    assert kept.count == 100
    assert kept.search(1, time.monotonic() - 1) is None
    assert kept.count == 100


def test_an_example_that_is_none_any_more_says_so() -> None:
    finding = promise(1000).search(1, time.monotonic() + 60)
    assert finding is not None
    with pytest.raises(DidNotReproduce):
        promise(3000).try_again(finding.version, finding.example)


def test_a_campaign_shares_its_time(tmp_path: Path) -> None:
    lanes = plan(10, NAMES, 1, tmp_path)
    assert [sum(job.seconds for job in lane.jobs) for lane in lanes] == pytest.approx([600, 600])
    assert sorted(job.name for lane in lanes for job in lane.jobs) == sorted(NAMES)
    for lane in plan(10, [COVERAGE], 1, tmp_path):  # none without clang
        assert [job.name for job in lane.jobs] == [COVERAGE]


@pytest.mark.once
def test_a_campaign_tells_how_far_it_is_and_what_came_of_it(tmp_path: Path) -> None:
    options = ["--minutes", "0.1", "--seed", "5", "--folder", str(tmp_path)]
    targets = ["--target", "body", "--target", "stream"]
    done = subprocess.run(
        [sys.executable, str(TOP / "fuzz"), *options, *targets],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"--seed 5\n", done.stdout)
    assert re.search(r"body +[0-9,]+ streams +[0-9,]+/s 0 findings", done.stdout)
    assert re.search(r"\ntarget +count .*\nstream +[1-9].* 0\nbody +[1-9].* 0\n", done.stdout)
    assert list(tmp_path.iterdir()) == []
