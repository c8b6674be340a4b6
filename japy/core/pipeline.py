"""Answers leave in the order in which their requests came (RFC 9112 §9.3.2).

Knows a queue of places. Knows neither how an answer is made nor where it goes.

Invariant: a place leaves the queue only from its front and only when it is ready.
"""

from typing import Final

from mypy_extensions import i64, mypyc_attr

from japy.core.limits import Limits
from japy.core.request import Request
from japy.core.response import Response


@mypyc_attr(native_class=True)
class Slot:
    """The place of one answer: to a request, or an interim one that is ready from the start."""

    def __init__(self, request: Request | None, response: Response | None, interim: bytes) -> None:
        self.request: Final = request
        self.response = response  # None until the handler has ended
        self.size: i64 = 0  # bytes of the answer's body, once it waits for its turn
        body = None if request is None else request.body
        self.load: Final[i64] = 0 if body is None else len(body)  # bytes of the request's body
        self.interim: Final = interim
        self.is_last = False  # set if the connection ends behind an interim answer
        self.is_dropped = False  # set when the answer will never be sent


@mypyc_attr(native_class=True)
class Pipeline:
    """The answers that a connection owes, first come first.

    Attributes:
        owed: how many they are.
        held: bytes in the bodies of those that are ready, but not the first.
        load: bytes in the bodies of the requests that they are owed to.
    """

    def __init__(self) -> None:
        self._slots: Final[list[Slot]] = []
        self._first: i64 = 0  # slots before this one have left
        self.owed: i64 = 0
        self.held: i64 = 0
        self.load: i64 = 0

    def push(self, slot: Slot) -> None:
        """Queue the place of the next answer."""
        self._slots.append(slot)
        self.owed += 1
        self.load += slot.load
        if slot.response is not None:
            self.fill(slot, slot.response)

    def fill(self, slot: Slot, response: Response) -> None:
        """Put an answer in its place."""
        slot.response = response
        slot.size = len(response.body)
        self.held += slot.size

    def is_full(self, limits: Limits) -> bool:
        """Tell whether no more requests may come for now."""
        is_loaded = self.held > limits.output or self.load > limits.body
        return is_loaded or self.owed >= limits.pipeline

    def has_room(self, limits: Limits) -> bool:
        """Tell whether a full pipeline has emptied enough to be filled again.

        That is half of it: what waits is parsed again, and doing so for each answer that leaves
        would cost more than the answers.
        """
        is_light = self.held <= limits.output // 2 and self.load <= limits.body // 2
        return is_light and self.owed <= limits.pipeline // 2

    def holds_interim(self) -> bool:
        """Tell whether the last place is that of an interim answer that waits for its turn."""
        return self.owed > 0 and len(self._slots[-1].interim) > 0

    def pop(self) -> Slot | None:
        """Return the front place if its answer is ready, and forget it."""
        if self.owed == 0:
            return None
        slot = self._slots[self._first]
        if slot.response is None and not slot.interim and not slot.is_last:
            return None
        self._first += 1
        self.owed -= 1
        self.held -= slot.size
        self.load -= slot.load
        # Cut off what has left, but not one by one: that would be quadratic.
        if self.owed == 0 or self._first >= 64:
            del self._slots[: self._first]
            self._first = 0
        return slot

    def clear(self) -> list[Slot]:
        """Forget every place and return those whose answers have not left."""
        left = self._slots[self._first :]
        self._slots.clear()
        self._first = 0
        self.owed = 0
        self.held = self.load = 0
        return left
