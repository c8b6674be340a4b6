"""japy and h11 read every request the same, or both refuse it, or the difference is a known one.

The same means: method, target, fields, body, and where the next request begins. The known ones are
listed in `difference.py`, each with the rule of the RFC and the reason.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

import re
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from fuzz.difference import LAXER, LONGER, STRICTER, Difference, Message
from fuzz.judge import LIMITS, End, Japy, Seen, Verdict, ask_h11, unified
from fuzz.mutation import SIZE, mutated

CHOICES = st.binary(min_size=SIZE, max_size=SIZE)
ABSOLUTE = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)


@cache
def japy() -> Japy:
    """Return the application that all requests of this process are for."""
    return Japy()


@given(CHOICES)
def test_h11_agrees(choices: bytes) -> None:
    judge(mutated(choices, LIMITS))


def judge(data: bytes) -> None:
    """Raise AssertionError if the two differ in a way that is not known."""
    theirs, starts = ask_h11(data)
    try:
        ours = japy().ask(data)
    except BaseException:
        japy.cache_clear()
        raise
    for our, their in zip(ours.seen, theirs.seen, strict=False):
        assert unified(our) == expected(their), "both accept the request, but read it differently"
    common = min(len(ours.seen), len(theirs.seen))
    if refuses(ours, common):  # RFC 9110 §9.3.2
        is_head = data[starts[common] :].lstrip(b"\r\n").startswith(b"HEAD ")
        assert ours.is_head is is_head, "a refused HEAD with a body, or another without"
    if theirs.end is End.CLOSED and len(theirs.seen) == common and ours.end is not End.CLOSED:
        start = starts[common - 1] if common else 0
        require_known(LONGER, "", data[start:], ours, theirs)
    elif refuses(ours, common) and not refuses(theirs, common):
        require_known(STRICTER, ours.reason, data[starts[common] :], ours, theirs)
    elif refuses(theirs, common) and not refuses(ours, common):
        require_known(LAXER, theirs.reason, data[starts[common] :], ours, theirs)
    elif not refuses(ours, common):
        assert (len(ours.seen), ours.end) == (len(theirs.seen), theirs.end), told(ours, theirs)


def require_known(
    known: tuple[Difference, ...], said: str, rest: bytes, ours: Verdict, theirs: Verdict
) -> None:
    """Raise AssertionError unless a difference is a known one."""
    message = Message(rest, LIMITS)
    assert any(
        re.search(difference.said, said) and difference.applies(message) for difference in known
    ), f"{told(ours, theirs)}: {rest!r}"


def told(ours: Verdict, theirs: Verdict) -> str:
    """Return what both have made of the same bytes."""
    return (
        f"japy {len(ours.seen)} requests, {ours.end.value} {ours.reason}; "
        f"h11 {len(theirs.seen)}, {theirs.end.value} {theirs.reason}"
    )


def refuses(verdict: Verdict, place: int) -> bool:
    """Tell whether it is the request at this place that was refused."""
    return verdict.end is End.REFUSED and len(verdict.seen) == place


def expected(their: Seen) -> Seen:
    """Return a request of h11's as japy has to show it: without scheme and authority."""
    match = ABSOLUTE.match(their.target)
    if match is None:
        return their
    rest = their.target[match.end() :]
    return their._replace(target=rest if rest.startswith(b"/") else b"/" + rest)
