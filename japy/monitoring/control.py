"""Control: the socket that a master can be asked and told on: who may, what, and when it is done.

Knows the verbs and their lines. A client sends one line, a JSON object such as
`{"v": 1, "verb": "scale", "workers": 4}`, gets one line back, `{"v": 1, "ok": true, …}` or
`{"v": 1, "ok": false, "error": "…"}`, and the connection is closed. What takes time is answered
when it is done; the master passes by regularly to see to that (`look`).

Invariants:
- Only root and the user of the master are let in.
- What is no request is answered with what one looks like.
"""

import json
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from japy.monitoring.desk import NEVER, Desk, Guest
from japy.monitoring.report import Server, View
from japy.supervisor.board import SLOTS
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import Listening
from japy.supervisor.slot import Hand

VERSION = 1  # of the lines
EXAMPLE = '{"v": 1, "verb": "status"}'
STACKS_S = 1.0  # what workers get to say where they are
QUIET_S = 0.1  # after which one has said all
GLANCE_S = 0.02  # from one look to the next while they do
Answer = dict[str, Any]
Outcome = Callable[[], Answer | None]  # None until it is known
STOPPED = "The server has been told to stop."


class Levers(NamedTuple):
    """What a master lets others do.

    Args:
        reload: replaces all workers, one by one.
        scale: has more or fewer of them.
        stop: ends the server once its clients have their answers.
        quit: ends it at once.
    """

    reload: Callable[[], object]
    scale: Callable[[int], object]
    stop: Callable[[], object]
    quit: Callable[[], object]


class Refusal(Exception):
    """Why something is not done, for who has asked."""


class Control:
    """What can be asked on a control socket.

    Args:
        listening: the socket.
        server: what does not change.
        ledger: what is left of workers that are gone.
        view: returns what the master lets see.
        levers: what it lets do.
    """

    def __init__(
        self,
        listening: Listening,
        server: Server,
        ledger: Ledger,
        view: Callable[[], View],
        levers: Levers,
    ) -> None:
        self.desk = Desk(listening, self._serve, is_trusted)
        self._server = server
        self._ledger = ledger
        self._view = view
        self._levers = levers
        self._waiting: list[tuple[Guest, Outcome]] = []
        self._leaving: list[Guest] = []  # who waits for the end
        self._glance_until = 0.0  # until when those who wait need another look soon
        self._verbs: dict[str, Callable[[Answer], Answer | Outcome | None]] = {
            "status": self._status,
            "reload": self._reload,
            "scale": self._scale,
            "stacks": self._stacks,
            "stop": self._stop,
        }

    def due(self) -> float:
        """Return when something is to be done although nobody has come."""
        now = time.monotonic()
        return now + GLANCE_S if self._waiting and now <= self._glance_until else NEVER

    def look(self) -> None:
        """Answer who has waited for what is done now."""
        for entry in list(self._waiting):
            guest, outcome = entry
            answer = outcome() if guest in self.desk else {}
            if answer is not None:
                self._waiting.remove(entry)
                reply(guest, answer)

    def part(self, status: int) -> None:
        """Answer who has waited for the end."""
        for guest, _ in self._waiting:
            reply(guest, failure(STOPPED))
        for guest in self._leaving:
            reply(guest, {"ok": True, "status": status})
        self.desk.look(0.0)

    def _serve(self, guest: Guest) -> None:
        line, end, _ = guest.inbox.partition(b"\n")
        if not end and not guest.has_ended:
            return
        if not line.strip() and guest.has_ended:
            return
        try:
            request = read(line)
            verb = self._verbs.get(str(request.get("verb")))
            if verb is None:
                raise Refusal(f"There is no such verb: ask for {', '.join(self._verbs)}.")
            result = verb(request)
        except Refusal as error:
            result = failure(str(error))
        if isinstance(result, dict):
            reply(guest, result)
            return
        guest.wait()
        if result is None:
            self._leaving.append(guest)
        else:
            self._waiting.append((guest, result))

    # The verbs: each returns its answer, or what returns it once it is known.

    def _status(self, request: Answer) -> Answer:
        return {"ok": True, **self._server.report(self._view(), self._ledger)}

    def _reload(self, request: Answer) -> Outcome:
        self._refuse_if_stopping()
        self._levers.reload()

        def outcome() -> Answer | None:
            view = self._view()
            if view.is_stopping:
                return failure(STOPPED)
            if view.spoiled == view.generation:
                return failure(view.said)
            if not view.is_announced:
                return None
            return {"ok": True, "workers": len(view.slots), "reloads": view.generation}

        return outcome

    def _scale(self, request: Answer) -> Outcome:
        count = request.get("workers")
        if type(count) is not int or not 1 <= count <= SLOTS:
            raise Refusal(f"Expected 1 to {SLOTS:,} workers; got {json.dumps(count)[:64]}.")
        self._refuse_if_stopping()
        before = len(self._view().slots)
        self._levers.scale(count)

        def outcome() -> Answer | None:
            view = self._view()
            fresh = [slot for slot in view.slots[before:] if not slot.is_serving()]
            if view.is_stopping:
                return failure(STOPPED)
            if len(view.slots) != count:
                return failure(f"Somebody else has asked for {len(view.slots)} workers since.")
            if any(slot.failures for slot in fresh):
                return failure(view.said or "The new workers do not start.")
            if fresh or not all(hand.child.is_deaf for hand in view.leaving):
                return None
            return {"ok": True, "workers": count, "before": before}

        return outcome

    def _stacks(self, request: Answer) -> Outcome:
        view = self._view()
        hands = [hand for slot in view.slots for hand in slot.hands()] + view.leaving
        self._glance_until = time.monotonic() + STACKS_S + QUIET_S
        return Inquiry(hands).look

    def _stop(self, request: Answer) -> None:
        is_now = request.get("now", False)
        if not isinstance(is_now, bool):
            raise Refusal(f"Expected now to be true or false; got {json.dumps(is_now)[:64]}.")
        if is_now:
            self._levers.quit()
        else:
            self._levers.stop()

    def _refuse_if_stopping(self) -> None:
        if self._view().is_stopping:
            raise Refusal(STOPPED)


class Inquiry:
    """Workers that have been asked where they are."""

    def __init__(self, hands: list[Hand]) -> None:
        self._hands = [(hand, hand.child.ask_stack()) for hand in hands]
        self._texts = [""] * len(hands)
        self._changed = time.monotonic()
        self._due = self._changed + STACKS_S

    def look(self) -> Answer | None:
        """Return what they say, once they have said all."""
        now = time.monotonic()
        texts = [hand.child.stack(mark) for hand, mark in self._hands]
        if texts != self._texts:
            self._texts, self._changed = texts, now
        is_all = all(texts) and now - self._changed >= QUIET_S
        if now < self._due and not is_all:
            return None
        workers = [
            {"worker": hand.number + 1, "pid": hand.child.pid, "stack": text.rstrip()}
            for (hand, _), text in zip(self._hands, texts, strict=True)
        ]
        return {"ok": True, "workers": workers}


def read(line: bytes) -> Answer:
    """Return a request.

    Raises:
        Refusal: it is none.
    """
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise Refusal(f"Expected a line of JSON such as {EXAMPLE}.")
    version = request.get("v", VERSION)
    if type(version) is not int or version != VERSION:
        raise Refusal(f"This server speaks version {VERSION}: ask it with the japy that runs it.")
    return request


def failure(text: str) -> Answer:
    """Return the answer that something failed."""
    return {"ok": False, "error": text.strip()}


def reply(guest: Guest, answer: Answer) -> None:
    """Send an answer."""
    guest.answer(json.dumps({"v": VERSION, **answer}).encode() + b"\n")


def is_trusted(client: socket.socket) -> bool:
    """Tell whether whoever has connected is root or our own user."""
    return user_of(client) in (0, os.geteuid(), os.getuid())


def user_of(client: socket.socket) -> int:
    """Return the user at the other end of a Unix socket."""
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        data = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", data)[1])
    return os.geteuid()  # the permissions of the file have let it in
