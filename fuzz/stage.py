"""Where streams are played: connections of one process, on an event loop that runs meanwhile only.

Knows how bytes get to a Connection in pieces, and when handlers that wait go on: as a schedule
says. Refuses to know what the right answers are.

Invariants, each of which fails the play:
- Nothing is written behind an end, and no exception reaches the loop.
- While reading is paused an answer is owed by a handler: nobody waits for nobody.
- When a connection has ended nothing of it is left: no handler that waits, no connection of the
  service's, no done callback that was not called, or was called twice.
"""

import logging
import math
from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

import uvloop

from fuzz.cast import Cast
from fuzz.line import Board, Line
from japy import Limits, Request
from japy.core.response import Stamp
from japy.core.service import Service

DATE = "Thu, 01 Jan 1970 00:00:00 GMT"  # the clock stands still here
TURNS = 10  # of the loop: more than what a handler needs to go on, end and be answered
LIMITS = (  # what streams are held to: hard and easy to keep
    Limits(line=100, head=400, fields=8, body=200, extras=40, pipeline=3, output=500),
    Limits(line=1000, head=3000, fields=20, body=1000),
)

T = TypeVar("T")
Script = Generator[None, None, T]  # each yield is a turn of the loop


class Play(NamedTuple):
    """What is played on a connection."""

    limits: int  # place in LIMITS
    pieces: list[bytes]  # each is one read
    eof: bool  # whether the client says that nothing more will come
    schedule: bytes  # which of the handlers that wait goes on, whenever one has to


class Outcome(NamedTuple):
    """What a client has got once all it sent was answered."""

    received: bytes
    is_ended: bool


class Loop:
    """An event loop that runs only while something is played."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.noise: list[dict[str, Any]] = []  # what reached the loop's exception handler
        self.loop.set_exception_handler(lambda _, context: self.noise.append(context))

    def run(self, script: Script[T]) -> T:
        """Run a script on the loop to its end."""
        ends: list[T | BaseException] = []

        def turn() -> None:
            try:
                next(script)
            except StopIteration as stop:
                ends.append(stop.value)
            except BaseException as error:
                ends.append(error)
            else:
                self.loop.call_soon(turn)
                return
            self.loop.stop()

        self.loop.call_soon(turn)
        self.loop.run_forever()
        noise, self.noise = self.noise, []
        if isinstance(ends[0], BaseException):
            raise ends[0]
        assert noise == []
        return ends[0]

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a function from the loop, and run what follows from it."""

        def script() -> Script[None]:
            function(*args)
            yield from turns(TURNS)

        self.run(script())


class Stage(Loop):
    """An event loop, and a service for each of LIMITS."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("japy.error", "japy.access"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.noted: list[Request] = []  # answered since the play began, of those of one cast
        self.casts = (Cast(LIMITS[0]), Cast(LIMITS[1], self.noted.append))
        self.boards = (None, Board())  # lines are written to by the transport, and directly
        self.services: list[Service] = []
        for cast, board in zip(self.casts, self.boards, strict=True):
            write = None if board is None else board.write
            self.services.append(cast.app.service(write, self.loop.call_soon))
            self.services[-1].stamp = Stamp(DATE)
        self.services[0].turn_s = math.inf  # what is read is answered in one go
        self.services[1].turn_s, self.services[1].stride = 0.0, 1  # after two requests others do

    def play(self, *plays: Play) -> list[Outcome]:
        """Play on a connection after the other; return what their clients got."""
        return self.run(self._play_all(plays))

    def _play_all(self, plays: tuple[Play, ...]) -> Script[list[Outcome]]:
        outcomes = []
        for play in plays:
            outcomes.append((yield from self._play(play)))
        return outcomes

    def _play(self, play: Play) -> Script[Outcome]:
        cast, service = self.casts[play.limits], self.services[play.limits]
        line = Line(self.loop, service, self.boards[play.limits])
        line.open()
        cues = iter(play.schedule)
        for piece in play.pieces:
            line.send([piece])
            yield
            while line.is_paused and not line.is_ended:
                was_held = cast.release(next(cues, 0))
                yield from settled(line)
                is_stuck = line.is_paused and not was_held and not cast.waiting()
                assert not is_stuck, "reading is paused, but nobody is waited for"
            if next(cues, 0) % 4 == 1:
                cast.release(next(cues, 0))
                yield from turns(next(cues, 0) % TURNS)
        line.send(eof=play.eof)
        yield from settled(line)
        while cast.release(next(cues, 0)):
            yield from settled(line)
        outcome = Outcome(line.received, line.is_ended)
        line.lose(None)
        yield from turns(TURNS)
        self._require_nothing_left(cast, service, line)
        return outcome

    def _require_nothing_left(self, cast: Cast, service: Service, line: Line) -> None:
        assert line.faults == []
        assert not service.connections
        assert not service.lingering
        assert not cast.waiting(), "a handler still waits"
        assert cast.told == cast.asked, "a done callback was not called once"
        cast.asked.clear()
        cast.told.clear()


def settled(line: Line) -> Script[None]:
    """Let the loop turn until all that was read has had its turn, and some turns more."""
    left = TURNS
    while left:
        yield
        left = TURNS if line.connection.is_resting else left - 1


def turns(count: int) -> Script[None]:
    """Let the loop turn so many times."""
    for _ in range(count):
        yield
