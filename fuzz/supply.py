"""Bytes are choices: whoever builds something from a Supply builds the same from the same bytes.

Hypothesis makes one `bytes` much faster than the hundred small choices that are taken from it here,
and shrinks it as well, since a smaller byte is a simpler choice. Knows nothing of what is built.

Invariant: a supply never runs dry; what is taken behind its end is 0, the simplest choice.
"""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import TypeVar

T = TypeVar("T")


class Supply:
    """Choices to be taken from bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._next = chain(data, repeat(0)).__next__

    def below(self, end: int) -> int:
        """Take a number from 0 to below `end`, which is at most 65,536."""
        number = self._next()
        if end > 256:
            number = number << 8 | self._next()
        return number % end

    def pick(self, choices: Sequence[T]) -> T:
        """Take one of at most 256 things; the first is the simplest."""
        return choices[self._next() % len(choices)]

    def chance(self, times: int) -> bool:
        """Take a decision that is True once in so many times, of at most 256."""
        return self._next() % times == times - 1
