"""Any stream of requests, cut in any way, gets the answers that are due, in order, in both modes.

Whatever the framing, the handlers and the order in which they end. What is due is worked out
without japy (`message.py`, `breach.py`), and the interpreted core is asked beside the compiled one.
"""

import atexit
import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from fuzz.stage import Outcome, Play, Stage
from fuzz.stream import SIZE, Stream, make, require
from fuzz.twin import Twin
from japy.core import COMPILED

STREAMS = 4  # of an example: hypothesis needs more time for one than it takes to play a stream
CHOICES = st.binary(min_size=STREAMS * SIZE, max_size=STREAMS * SIZE)


@cache
def stage() -> Stage:
    """Return the stage that all streams of this process are played on."""
    return Stage()


def play(*plays: Play) -> list[Outcome]:
    """Play; after a failure the next stream gets another stage, where nothing is left of it."""
    try:
        return stage().play(*plays)
    except BaseException:
        stage.cache_clear()
        raise


@cache
def twin() -> Twin:
    """Return the interpreted core beside this one."""
    found = Twin()
    atexit.register(found.close)
    return found


def streams(choices: bytes) -> list[Stream]:
    """Return the streams of an example."""
    return [make(choices[i : i + SIZE]) for i in range(0, len(choices), SIZE)]


@given(CHOICES)
def test_a_stream_gets_what_is_due(choices: bytes) -> None:
    made = streams(choices)
    with shown(made):
        outcomes = play(*[each for stream in made for each in (stream.whole, stream.cut)])
        for stream, whole, cut in zip(made, outcomes[::2], outcomes[1::2], strict=True):
            answers = require(stream, stream.whole, whole)
            assert require(stream, stream.cut, cut) == answers


@given(CHOICES)
def test_both_cores_answer_the_same(choices: bytes) -> None:
    made = streams(choices)
    plays = [stream.cut for stream in made]
    with shown(made):
        outcomes = play(*plays)
        for stream, outcome in zip(made, outcomes, strict=True):
            require(stream, stream.cut, outcome)
        if COMPILED:  # else there is no other core to ask
            assert twin().play(*plays) == outcomes


@contextmanager
def shown(made: list[Stream]) -> Iterator[None]:
    """Have what fails in here say what was sent."""
    try:
        yield
    except Exception as error:
        for stream in made:
            if stream.data:
                error.add_note(f"sent: {stream.cut}\ndue: {stream.dues}")
        raise
