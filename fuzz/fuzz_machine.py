"""Whatever clients, handlers and time do next, each client has received whole answers in order.

No answer that is not due, none missing that nobody is waited for, nothing behind an end, no more
kept than the limits allow; and when all are gone, nothing of them is left: no connection, no task,
no handler, no done callback that was not called once, nothing in the log that was not provoked.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

import asyncio
import logging
import math
from functools import cache

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fuzz.breach import BREACHES
from fuzz.cast import Cast, Held
from fuzz.client import Client
from fuzz.line import Board, Line
from fuzz.message import Message, refusal, write
from fuzz.stage import DATE, Loop
from fuzz.supply import Supply
from japy import Limits
from japy.core.response import Stamp

CLIENTS = 4
TIMES = {"head_s": 2, "body_s": 2, "body_rate": 10, "write_s": 3, "write_rate": 100}
LIMITS = (
    Limits(line=100, head=400, fields=8, body=200, pipeline=3, output=500, connections=3, **TIMES),
    Limits(line=1000, head=3000, fields=20, body=1000, **TIMES),
)
IDLE_S = 3.0  # of a connection; the reaper looks once a second
CHOICES = st.binary(min_size=32, max_size=32)
WHO = st.integers(0, CLIENTS - 1)
RARELY = st.sampled_from((True, False, False))  # for what few clients survive
SECONDS = st.sampled_from((1, 1, 1, 2, 5))
STAYING = "/stay"  # whose handler is not cancelled when its client is gone


class Provoked(Exception):
    """What the machine has a handler raise."""


PROVOKED = (LookupError, TypeError, ValueError, Provoked)  # what handlers of `cast.py` raise


class Log(logging.Handler):
    """Keeps the errors that nobody has provoked."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.unprovoked: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless it is about an exception that was raised on purpose."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, PROVOKED):
            self.unprovoked.append(f"{record.getMessage()}: {error!r}")


@cache
def loop() -> Loop:
    """Return the loop that all machines of this process run on."""
    return Loop()


class Machine(RuleBasedStateMachine):
    """Several clients of one server, in any order of events."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        for name in ("japy.error", "asyncio"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self.log], False
        self.clients: list[Client] = []
        self.loop = loop()

    @initialize(limits=st.integers(0, len(LIMITS) - 1), is_direct=st.booleans())
    def begin(self, limits: int, is_direct: bool) -> None:
        """Serve two clients."""
        self.limits = LIMITS[limits]
        self.cast = Cast(self.limits)
        self.board = Board() if is_direct else None
        write = None if self.board is None else self.board.write
        self.service = self.cast.app.service(write, self.loop.loop.call_soon)
        self.service.stamp = Stamp(DATE)
        self.service.turn_s = math.inf  # what follows must not depend on how fast we are
        self.connect(is_polite=False)
        self.connect(is_polite=True)

    @precondition(lambda self: len(self.clients) < CLIENTS)
    @rule(is_polite=st.booleans())
    def connect(self, is_polite: bool) -> None:
        """Let another client come; 503 is due if there are too many."""
        line = Line(self.loop.loop, self.service, self.board, is_polite)
        client = Client(line, self.limits)
        if len(self.service.connections) >= self.limits.connections:
            client.sent.append(Message(b"", refusal((503,))))
        self.clients.append(client)
        self.loop.call(line.open)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, choices=st.lists(CHOICES, min_size=1, max_size=4))
    def ask(self, who: int, choices: list[bytes]) -> None:
        """Send requests in one piece."""
        client = self.client(who)
        if not client.is_eof:
            first = len(client.sent) + (client.part is not None)
            choices = [b"", *choices] if client.is_blank else choices
            messages = [self.message(data, first + i) for i, data in enumerate(choices)]
            self.loop.call(client.ask, messages)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, choices=CHOICES, size=st.integers(0, 1000))
    def ask_in_part(self, who: int, choices: bytes, size: int) -> None:
        """Send the beginning of a request."""
        client = self.client(who)
        if client.is_eof or client.part is not None:
            return
        message = self.message(b"" if client.is_blank else choices, len(client.sent))
        if not message.due.is_breach:
            self.loop.call(client.ask_in_part, message, 1 + size % (len(message.data) - 1))

    @precondition(lambda self: self.clients)
    @rule(who=WHO)
    def send_blank(self, who: int) -> None:
        """Send an empty line."""
        client = self.client(who)
        if not client.is_eof and client.part is None and not client.is_blank:
            self.loop.call(client.send_blank)

    @precondition(lambda self: any(client.is_too_late() for client in self.clients))
    @rule(times=st.integers(1, 20))
    def send_too_late(self, times: int) -> None:
        """Send what nobody wants any more."""
        client = next(client for client in self.clients if client.is_too_late())
        for _ in range(times):
            self.loop.call(client.send, b"x" * 1000)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, breach=st.sampled_from(BREACHES), surely=RARELY)
    def break_a_rule(self, who: int, breach: tuple[bytes, tuple[int, ...]], surely: bool) -> None:
        """Send what breaks a rule."""
        client = self.client(who)
        if surely and not client.is_eof:
            data, statuses = breach
            self.loop.call(client.ask, [Message(data, refusal(statuses, data))])

    @precondition(lambda self: self.clients)
    @rule(who=WHO, surely=RARELY)
    def end_sending(self, who: int, surely: bool) -> None:
        """Half-close."""
        client = self.client(who)
        if surely and not client.is_eof:
            self.loop.call(client.send_eof)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, is_error=st.booleans(), surely=RARELY)
    def disconnect(self, who: int, is_error: bool, surely: bool) -> None:
        """Be gone; nothing of the client may be left."""
        if not surely:
            return
        client = self.client(who)
        self.clients.remove(client)
        self.loop.call(client.line.lose, ConnectionResetError() if is_error else None)
        self.require_gone(client)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, surely=RARELY)
    def vanish(self, who: int, surely: bool) -> None:
        """Be gone without a word: that looks like a half-close until something is sent."""
        client = self.client(who)
        if surely and not client.is_eof:
            self.loop.call(client.vanish)

    @precondition(lambda self: self.clients)
    @rule(who=WHO)
    def stop_reading(self, who: int) -> None:
        """Leave what the server sends where it is."""
        self.client(who).line.stop_reading()

    @precondition(lambda self: any(not client.line.is_reading for client in self.clients))
    @rule()
    def read_on(self) -> None:
        """Read all of that, and what follows."""
        client = next(client for client in self.clients if not client.line.is_reading)
        self.loop.call(client.read_on)

    @precondition(lambda self: self.cast.waiting())
    @rule(which=st.integers(0, 20))
    def release(self, which: int) -> None:
        """Let a handler that waits go on."""
        self.loop.call(self.cast.release, which)

    @precondition(lambda self: self.cast.waiting())
    @rule(which=st.integers(0, 20), is_cancelled=st.booleans())
    def fail(self, which: int, is_cancelled: bool) -> None:
        """Have a handler that waits fail, or be cancelled by somebody."""
        waiting = self.cast.waiting()
        held = waiting[which % len(waiting)]
        for client in self.clients:
            if held.transport is client.line:
                client.fail(held, 503 if is_cancelled else 500)
        if is_cancelled:
            self.loop.call(held.end.cancel)
        else:
            self.loop.call(held.end.set_exception, Provoked())

    @precondition(lambda self: self.clients)
    @rule(who=WHO, surely=RARELY)
    def drain(self, who: int, surely: bool) -> None:
        """End a connection as a worker does that is to stop."""
        if not surely:
            return
        client = self.client(who)
        client.is_draining = True
        self.loop.call(client.line.connection.drain)

    @precondition(lambda self: self.clients)
    @rule(who=WHO)
    def abandon(self, who: int) -> None:
        """Cancel the handlers of a connection, as that worker does in the end."""
        client = self.client(who)
        for held in self.held_for(client):
            client.fail(held, 503)
        self.loop.call(client.line.connection.abandon)

    @rule(seconds=SECONDS)
    def tick(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            for client in self.clients:
                client.tick()
            self.loop.call(self.service.tick, DATE)

    @rule(seconds=SECONDS)
    def reap(self, seconds: int) -> None:
        """Let the reaper look, once a second."""
        for _ in range(seconds):
            for client in self.clients:
                client.reap(int(IDLE_S) + 1)
            self.loop.call(self.service.reap, 1.0, IDLE_S)

    @invariant()
    def clients_have_what_they_must(self) -> None:
        """Require it of each client, and an empty log."""
        waiting = self.cast.waiting() if hasattr(self, "cast") else []
        for client in self.clients:
            client.require(waiting)
        self.clients = [client for client in self.clients if not client.line.is_lost]
        assert self.log.unprovoked == []

    def teardown(self) -> None:
        """End all connections; require that nothing is left."""
        if not hasattr(self, "cast"):
            return
        for client in self.clients:
            self.loop.call(client.line.lose, None)
        for held in self.cast.waiting():
            assert held.request.path == STAYING, "a handler still waits"
            self.loop.call(held.end.set_result, None)
        assert not self.service.connections
        assert not self.service.lingering
        assert self.cast.told == self.cast.asked, "a done callback was not called once"
        assert self.log.unprovoked == []
        assert not [t for t in asyncio.all_tasks(self.loop.loop) if t.get_name() != "japy-handler"]

    def client(self, who: int) -> Client:
        """Return one of the clients."""
        return self.clients[who % len(self.clients)]

    def message(self, choices: bytes, number: int) -> Message:
        """Return a request whose handler knows its number."""
        return write(Supply(choices), self.limits, str(number))

    def held_for(self, client: Client) -> list[Held]:
        """Return the handlers that wait, of one client."""
        return [held for held in self.cast.waiting() if held.transport is client.line]

    def require_gone(self, client: Client) -> None:
        """Require that nothing is left but what may stay."""
        left = [held.request.path for held in self.held_for(client)]
        assert set(left) <= {STAYING}, "a handler still waits for a client that is gone"
        assert (client.line.connection in self.service.connections) == bool(left)


def test_any_order_of_events() -> None:
    run_state_machine_as_test(Machine, settings=settings(stateful_step_count=30))
