"""What the connections of one worker share: the application, the rules, the clock, the buffers.

Knows what a connection asks of the world outside the core, as callables that are handed in. Knows
nothing of when they are called: that is `protocol.py`.
"""

from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Final

from librt.strings import BytesWriter
from mypy_extensions import mypyc_attr

from japy.core.drive import Driver
from japy.core.errors import BadRequest
from japy.core.limits import Limits
from japy.core.outlet import Outlet
from japy.core.parser import Parser
from japy.core.request import Codec, Request
from japy.core.response import Response, Stamp
from japy.core.router import Router

if TYPE_CHECKING:
    from japy.core.protocol import Connection


@mypyc_attr(native_class=True)
class Scratch:
    """The buffers of one turn: they are lent to a connection while it handles what was read."""

    def __init__(self, limits: Limits) -> None:
        self.parser: Final = Parser(limits)
        self.out: Final = BytesWriter()


@mypyc_attr(native_class=True)
class Service:
    """What the connections of one worker share.

    Args:
        app: what `request.app` is.
        router: the routes, frozen.
        limits: what a peer is held to.
        codec: how `request.json` and `request.Response(json=…)` work.
        driver: runs the coroutines of handlers.
        settle: given a request and what its handler returned, where that is no Response: returns
            what it stands for, a Response or a coroutine that will return one. Must not raise.
        recover: given a request and what its handler raised, returns the Response, or a coroutine
            that will return one. Must not raise.
        unusable: given a request and why its Response cannot be rendered, returns another one.
        refused: told of each request that never came to a handler: peer address and reason.
        answered: told of each request and its rendered Response; None to spare the call.
        write: `os.write`, or None where transports have no file descriptor.
    """

    def __init__(
        self,
        app: object,
        router: Router,
        limits: Limits,
        codec: Codec,
        driver: Driver,
        settle: Callable[[Request, object], object],
        recover: Callable[[Request, BaseException], object],
        unusable: Callable[[Request, Exception], Response],
        refused: Callable[[str, BadRequest], object],
        answered: Callable[[Request, Response], object] | None,
        write: Callable[[int, bytes], int] | None,
    ) -> None:
        self.app: Final = app
        self.router: Final = router
        self.limits: Final = limits
        self.codec: Final = codec
        self.driver: Final = driver
        self.settle: Final = settle
        self.recover: Final = recover
        self.unusable: Final = unusable
        self.refused: Final = refused
        self.answered: Final = answered
        self.write: Final = write
        self.coroutine_type: Final = CoroutineType  # MYPYC: an attribute is faster than a global
        self.connections: Final[set[Connection]] = set()
        self.lingering: Final[list[Outlet]] = []  # those that wait for the end of their peer
        self.stamp = Stamp("")  # set by the worker's clock
        self._spare: Scratch | None = Scratch(limits)  # None while lent

    def tick(self, date: str) -> None:
        """Take note that another second has begun.

        Args:
            date: of that second, as in a `Date` field.
        """
        self.stamp = Stamp(date)
        for outlet in self.lingering.copy():
            outlet.linger()

    def borrow(self) -> Scratch:
        """Return buffers that nobody uses; a handler may feed another connection (test client)."""
        spare = self._spare
        if spare is None:
            return Scratch(self.limits)
        self._spare = None
        return spare

    def give_back(self, scratch: Scratch) -> None:
        """Take buffers back."""
        scratch.out.truncate(0)
        self._spare = scratch
