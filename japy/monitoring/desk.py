"""Desk: a listening socket and its clients, served without an event loop: somebody else polls.

Knows sockets, buffers and deadlines. What is said is the affair of a function that is handed in.

Invariants:
- A client is answered once. No call waits: nothing is held up by what a client does not send, or
  does not read.
- Clients, what each may send, and how long each may stay are limited, whoever they are. Where a
  client comes and there is no room, that of the nearest deadline goes.
- A client is answered, and then given the time to read it, before it is closed (RFC 9112 §9.6).
"""

import contextlib
import logging
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

from japy.supervisor.listener import Listening

log = logging.getLogger("japy.error")

CLIENTS = 64  # at the same time
AT_ONCE = 16  # clients that are accepted in one go
INBOX = 16384  # bytes that a client may have sent without an answer
ASK_S = 10.0  # what a client gets to say what it wants
READ_S = 30.0  # what it gets to read the answer
PART_S = 1.0  # what it gets to close, once it has all
REST_S = 1.0  # for which nobody is accepted when there are no files left to open
NEVER = float("inf")
GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Guest:
    """A client.

    Attributes:
        inbox: what it has sent and nobody has taken.
        deadline: when it is closed, by the monotonic clock; infinite while it waits for us.
        has_ended: whether it will send nothing more.
        is_answered: whether nothing that it says counts any more.
    """

    def __init__(self, socket: socket.socket, now: float) -> None:
        self.socket = socket
        self.inbox = b""
        self.deadline = now + ASK_S
        self.has_ended = False
        self.is_answered = False
        self._owed = memoryview(b"")  # what is still to be sent
        self._has_parted = False  # set once our side has ended

    def wait(self) -> None:
        """Have the client stay until it is answered."""
        self.deadline = NEVER

    def answer(self, data: bytes) -> None:
        """Send bytes, as fast as they are read, and nothing after them."""
        self._owed = memoryview(data)
        self.is_answered = True
        self.inbox = b""
        self.deadline = time.monotonic() + READ_S

    def events(self) -> int:
        """Return what to wait for."""
        reading = 0 if self.has_ended else select.POLLIN
        return reading | (select.POLLOUT if self._owed else 0)

    def receive(self) -> None:
        """Take in what has come.

        Raises:
            OSError: the connection is broken.
        """
        with contextlib.suppress(BlockingIOError):
            data = self.socket.recv(INBOX)
            self.has_ended = not data
            if not self.is_answered:
                self.inbox += data

    def send(self) -> None:
        """Send what is owed, as far as there is room for it.

        Raises:
            OSError: the connection is broken.
        """
        with contextlib.suppress(BlockingIOError):
            while self._owed:
                self._owed = self._owed[self.socket.send(self._owed) :]
        if self.is_answered and not self._owed and not self._has_parted:
            self._has_parted = True
            self.deadline = time.monotonic() + PART_S
            self.socket.shutdown(socket.SHUT_WR)

    def is_done(self) -> bool:
        """Tell whether both sides have said all."""
        return self.has_ended and not self._owed and self.deadline != NEVER


class Admit(Protocol):
    """Who is let in."""

    def __call__(self, client: socket.socket, /) -> bool: ...


class Desk:
    """A listening socket and its clients.

    Args:
        listening: the socket, and the file that is to be removed with it, if there is one.
        serve: called with a client that has sent something, or ended its side.
        admit: tells whether a client may come in.
    """

    def __init__(
        self, listening: Listening, serve: Callable[[Guest], None], admit: Admit | None = None
    ) -> None:
        self._listening = listening
        self._serve = serve
        self._admit = admit
        self._guests: dict[int, Guest] = {}
        self._is_called = False  # set while clients wait to be let in
        self._rests_until = 0.0  # when clients are accepted again

    def register(self, poll: "select.poll") -> None:
        """Say what is waited for."""
        if self._rests_until <= time.monotonic():
            poll.register(self._listening.socket, select.POLLIN)
        for number, guest in self._guests.items():
            poll.register(number, guest.events())

    def due(self) -> float:
        """Return when something is to be done although nobody has come."""
        dues = [guest.deadline for guest in self._guests.values()]
        if self._rests_until > time.monotonic():
            dues.append(self._rests_until)
        return min(dues, default=NEVER)

    def handle(self, number: int, events: int) -> None:
        """Do what there is to do, given what poll has returned; ignore what is not ours."""
        if number == self._listening.socket.fileno():
            self._is_called = True
        guest = self._guests.get(number)
        if guest is None:
            return
        try:
            if events & select.POLLIN:
                guest.receive()
                self._hear(guest)
            if events & GONE or len(guest.inbox) > INBOX:
                self._drop(number)
                return
            guest.send()
        except OSError:
            self._drop(number)
            return
        if guest.is_done():
            self._drop(number)

    def look(self, now: float) -> None:
        """Close whose time is up, send what has been answered meanwhile, and let clients in.

        That comes last: what poll has said of a file must not be taken for one of the same number.
        """
        for number, guest in list(self._guests.items()):
            if guest.deadline <= now:
                self._drop(number)
            elif guest.events() & select.POLLOUT:
                self.handle(number, 0)
        if self._is_called:
            self._is_called = False
            self._accept()

    def forget(self) -> None:
        """Close all, as a child: the sockets stay with their owner."""
        self._listening.socket.close()
        for guest in self._guests.values():
            guest.socket.close()
        self._guests.clear()

    def close(self) -> None:
        """Close all, and remove what there is of it in the file system."""
        self.forget()
        self._listening.remove()

    def __contains__(self, guest: Guest) -> bool:
        """Tell whether a client is still there."""
        return guest in self._guests.values()

    def _hear(self, guest: Guest) -> None:
        """Have a client served, if it is its turn to speak."""
        if guest.is_answered or guest.deadline == NEVER:
            return
        try:
            self._serve(guest)
        except Exception:  # of ours: that is no reason to end a server
            log.exception("A question to the master could not be answered")
            guest.answer(b"")

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                client, _ = self._listening.socket.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError:  # no file is left to open
                self._rests_until = time.monotonic() + REST_S
                return
            if self._admit is not None and not self._admit(client):
                client.close()
                continue
            client.setblocking(False)
            if len(self._guests) >= CLIENTS:
                self._drop(min(self._guests, key=lambda number: self._guests[number].deadline))
            self._guests[client.fileno()] = Guest(client, time.monotonic())

    def _drop(self, number: int) -> None:
        self._guests.pop(number).socket.close()
