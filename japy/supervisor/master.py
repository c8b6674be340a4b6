"""The master: it forks workers, watches them, replaces them one by one, and passes signals on.

Knows processes, slots and signals. Never imports an application, starts a loop or a thread: what it
forks is clean, and code that has changed is seen by the next worker.

How it works: signal handlers do nothing, but their numbers arrive in a pipe (`Signals`). One loop
waits for that pipe and for what workers say, then looks who has died, who is silent, who is due to
start, and who is to be replaced. A reload begins a new generation: a slot whose worker is of an
older one gets a successor, and once that is ready the old worker retires.

Invariants:
- The listening sockets stay open until the master is told to stop: connections wait meanwhile.
- A worker that serves is told to retire only when its successor is ready.
- No process outlives the master: each child holds a channel whose end it notices.
"""

import errno
import functools
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from japy.logs.console import complain, say
from japy.logs.log import reopen
from japy.logs.setup import LogConfigError, configure
from japy.monitoring.control import Levers
from japy.monitoring.inside import Inside, Openings
from japy.monitoring.report import View
from japy.monitoring.tally import AREA
from japy.serving.tether import HOOKS_S
from japy.serving.worker import EXIT_FINAL, Seat
from japy.settings.config import Config
from japy.supervisor.autopsy import cause, memory_kills
from japy.supervisor.board import SLOTS, Board, Figure
from japy.supervisor.ledger import Ledger, Reason
from japy.supervisor.listener import BindError
from japy.supervisor.lookout import NEVER, Lookout
from japy.supervisor.notify import Notifier
from japy.supervisor.place import Places
from japy.supervisor.process import REOPEN, Child, Signals, fork, has_terminal, reap_orphans
from japy.supervisor.pulse import Pulse
from japy.supervisor.reload import watch
from japy.supervisor.slot import LONGEST_PAUSE_S, SERVED_PAUSE_S, Hand, Slot

log = logging.getLogger("japy.error")

EXIT_FAILED = 1  # a worker did not end as it should have
EXIT_UNUSABLE = 3  # the application cannot be loaded, or the address cannot be bound
EXIT_FORCED = 128 + signal.SIGINT
POLL_S = 0.05  # how often to look whether a queue is empty
HANDOVER_S = 1.0  # after which nobody comes to the socket of a slot that is given up
SPARE = 16  # workers that may be leaving, on top of four for each slot
Job = Callable[[Config, Seat, socket.socket], int]


class Master:
    """The workers on some sockets, from the first fork to the last exit.

    Args:
        config: how to serve.
        job: what a worker does, given the settings, its seat and its channel.
        workers: how many processes serve.
        folders: what is watched for changes if that is asked for.
        places: the listening sockets; closed at the end.
        notifier: who is told of what goes on.
        openings: the sockets that it can be asked on; closed at the end.
    """

    def __init__(
        self,
        config: Config,
        job: Job,
        workers: int,
        folders: list[Path],
        places: Places,
        notifier: Notifier,
        openings: Openings | None = None,
    ) -> None:
        self._config = config
        self._job = job
        self._places = places
        self._notifier = notifier
        self._board = Board(AREA if config.metrics_bind is not None else 0)
        self._signals = Signals()
        self._slots = [Slot(number) for number in range(workers)]
        self._given_up: list[tuple[float, int]] = []  # slots whose sockets are to be closed, when
        self._leaving: set[Hand] = set()  # told to stop, but not gone yet
        watcher = functools.partial(self._fork, functools.partial(watch, config, folders))
        self._lookout = Lookout(watcher, config.reload)
        self._generation = 0  # how many reloads have been asked for
        self._spoiled = -1  # the last generation that could not start
        self._is_announced = False  # since the last reload
        self._has_served = False  # set once all workers were ready
        self._is_stopping = False
        self._stop_at = NEVER  # when workers are told to stop; set with is_stopping
        self._had_terminal = has_terminal() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        self._said = ""  # why workers could not start, as last printed
        self._memory_kills = memory_kills()
        self._status = 0
        self._ledger = Ledger()
        levers = Levers(self._reload, self._scale, self._begin_stop, self._quit)
        self._urls = places.urls()  # where it can be reached, as far as is known
        self._inside = Inside(openings, self._urls, self._view, levers, self._ledger)

    def run(self) -> int:
        """Serve until told to stop and return the exit status."""
        with self._signals, self._places:
            self._advance()
            while self._children() or not self._is_over:
                self._listen()
                self._reap()
                self._look()
                self._advance()
                self._announce()
                self._inside.look(time.monotonic())
            self._inside.close(self._status)
        return self._status

    @property
    def _is_over(self) -> bool:
        """Whether everybody has been told to stop; until then those that die are replaced."""
        return self._is_stopping and self._stop_at == NEVER

    def _view(self) -> View:
        """Return what others may see."""
        generations, is_announced = (self._generation, self._spoiled), self._is_announced
        leaving, is_stopping = list(self._leaving), self._is_stopping
        return View(self._slots, leaving, *generations, is_announced, is_stopping, self._said)

    def _hands(self) -> list[Hand]:
        return [hand for slot in self._slots for hand in slot.hands()] + list(self._leaving)

    def _children(self) -> list[Child]:
        return [hand.child for hand in self._hands()] + self._lookout.children()

    def _listen(self) -> None:
        """Wait until something happens; take in signals and what children say."""
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        speakers = {
            child.channel.fileno(): child for child in self._children() if not child.is_silent
        }
        for number in speakers:
            poll.register(number, select.POLLIN)
        self._inside.register(poll)
        for number, events in poll.poll(self._patience_ms()):
            if number in speakers:
                speakers[number].hear()
            else:
                self._inside.handle(number, events)
        if self._lookout.has_news():
            self._reload()
        received = self._signals.read()
        for index, number in enumerate(received):
            if number != signal.SIGHUP or number not in received[:index]:  # one reload for a burst
                self._on_signal(number)

    def _patience_ms(self) -> float | None:
        """Return when something is due by itself; None for never."""
        now = time.monotonic()
        dues = [self._inside.due(), *(child.deadline for child in self._children())]
        dues += [self._stop_at, self._lookout.due]
        dues += [now + self._notifier.interval_s] if self._notifier.interval_s else []
        dues += [max(when, now + POLL_S) for when, _ in self._given_up]
        dues += [now + hand.pulse.patience_s() for hand in self._hands()]
        if not self._is_over:
            dues += [slot.due for slot in self._slots if slot.due > now or slot.hand is None]
        due = min(dues, default=NEVER)
        return None if due == NEVER else max(0.0, (due - now) * 1000 + 1)

    # Signals.

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP and (has_terminal() or not self._had_terminal):
            self._reload()
        elif number == signal.SIGQUIT or (number == signal.SIGINT and self._is_stopping):
            self._quit()
        elif number in (signal.SIGTTIN, signal.SIGTTOU):
            self._scale(len(self._slots) + (1 if number == signal.SIGTTIN else -1))
        elif number == REOPEN:
            reopen()
            for hand in self._hands():
                hand.child.signal(REOPEN)
        elif number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._begin_stop()

    def _begin_stop(self) -> None:
        if self._is_stopping:
            return
        say("Termination request received")
        self._is_stopping = True
        self._board.stop()
        self._notifier.stopping()
        self._stop_at = time.monotonic() + self._config.shutdown_delay
        if self._config.shutdown_delay:
            say(f"Connections are accepted for {self._config.shutdown_delay:g} more seconds")
        else:
            self._stop()

    def _stop(self) -> None:
        """Tell everybody to stop."""
        self._is_stopping = True
        self._stop_at = NEVER
        self._places.close()
        self._given_up.clear()
        for hand in self._hands():
            self._dismiss(hand)
        for slot in self._slots:
            slot.hand = slot.successor = None
        self._lookout.stop(HOOKS_S)

    def _quit(self) -> None:
        """Stop at once."""
        self._stop()
        self._status = self._status or EXIT_FORCED
        for child in self._children():
            child.kill()

    def _reload(self) -> None:
        if self._is_stopping:
            return
        say("Reload request received")
        self._notifier.reloading()
        try:
            configure(self._config, is_master=True)
        except LogConfigError as error:
            log.error("%s Until then this process logs as before.", error)
        self._generation += 1
        self._is_announced = False
        self._said = ""
        for slot in self._slots:
            slot.failures, slot.due = 0, 0.0

    def _scale(self, count: int) -> None:
        """Have more or fewer slots."""
        if self._is_stopping or not 1 <= count <= SLOTS or count == len(self._slots):
            return
        while len(self._slots) < count:
            self._slots.append(Slot(len(self._slots)))
        while len(self._slots) > count:
            slot = self._slots.pop()
            for hand in slot.hands():
                self._retire(hand)
            self._board.desert(slot.number, True)  # until nobody comes there, others accept
            self._given_up.append((time.monotonic() + HANDOVER_S, slot.number))
        say(f"Workers: {count}")

    # Who starts, and who takes over.

    def _advance(self) -> None:
        """Start who is due, and let successors take over."""
        if self._is_over:
            return
        self._lookout.advance()
        if self._lookout.is_vain() and not self._has_served:
            self._give_up()
            return
        for slot in self._slots:
            if slot.due == NEVER and self._lookout.is_blind():  # no save will end the wait
                slot.rest()
            self._settle(slot)
        is_free = not any(slot.successor for slot in self._slots)
        for slot in self._slots:
            if self._is_replaceable(slot) and (is_free or self._config.reload):
                is_free = False
                slot.successor = self._hire(slot)
        serving = [slot.number for slot in self._slots if slot.is_serving()]
        for slot in self._slots:
            is_deserted = bool(serving) and self._has_served and not slot.is_serving()
            self._board.desert(slot.number, is_deserted)
        self._places.steer(serving)

    def _settle(self, slot: Slot) -> None:
        """Bring somebody into an empty slot, and in a filled one the successor to power."""
        for hand in slot.hands():
            if not hand.child.is_ready and hand.generation < self._generation:
                self._dismiss(hand)  # it has begun to import what has changed since
                slot.hand = None if hand is slot.hand else slot.hand
                slot.successor = None if hand is slot.successor else slot.successor
        if slot.hand is None and slot.successor is not None:
            slot.hand, slot.successor = slot.successor, None
        if slot.hand is None and slot.is_due():
            slot.hand = self._hire(slot)
        if slot.hand is not None and slot.successor is not None and slot.successor.child.is_ready:
            self._ledger.wear(slot)
            self._retire(slot.hand)
            slot.hand, slot.successor, slot.wish = slot.successor, None, ""

    def _is_replaceable(self, slot: Slot) -> bool:
        hand = slot.hand
        if hand is None or slot.successor is not None or not hand.child.is_ready:
            return False
        is_old = hand.generation < self._generation and self._generation != self._spoiled
        return (is_old or bool(slot.wish)) and slot.is_due()

    def _hire(self, slot: Slot) -> Hand | None:
        """Start a worker for a slot; None if that is not possible now."""
        try:
            row = self._board.take()
            seat = Seat(
                number=slot.number + 1,
                listeners=self._places.at(slot.number),
                others=self._places.others(slot.number),
                row=row,
                board=self._board,
            )
        except (OSError, BindError) as error:
            log.error("No worker could be started: %s", error)
            slot.rest()
            return None
        child = self._fork(functools.partial(self._job, self._config, seat))
        if child is None:
            self._board.give_back(row)
            slot.rest()
            return None
        pulse = Pulse(child, row, self._config, time.monotonic())
        return Hand(child, row, pulse, self._generation, slot.number)

    def _fork(self, job: Callable[[socket.socket], int]) -> Child | None:
        """Start a child; None if the system has no room for one now."""

        def alone(channel: socket.socket) -> int:
            self._inside.forget()
            return job(channel)

        try:
            return fork(alone, self._children(), self._signals)
        except OSError as error:
            switch = "n" if error.errno in (errno.EMFILE, errno.ENFILE) else "u"
            text = "No process could be started (%s): ulimit -%s shows the limit"
            log.error(text, error.strerror, switch)
            return None

    def _retire(self, hand: Hand) -> None:
        """Tell a worker to end as its clients like, since others serve."""
        if not hand.child.is_ready:
            self._dismiss(hand)
            return
        hand.child.retire(self._config.drain_s + HOOKS_S)
        self._leaving.add(hand)
        if len(self._leaving) > SPARE + 4 * len(self._slots):  # reloads come faster than clients go
            oldest = min(self._leaving, key=lambda hand: hand.child.deadline)
            text = "%d workers are leaving: the oldest (pid %d) closes its idle connections now"
            log.warning(text, len(self._leaving), oldest.child.pid)
            self._dismiss(oldest)

    def _dismiss(self, hand: Hand) -> None:
        """Tell a worker to end."""
        hand.child.stop(self._config.drain_s + HOOKS_S)
        self._leaving.add(hand)

    def _announce(self) -> None:
        """Tell once per reload that everybody is ready, and nobody old accepts any more."""
        hands = [slot.hand for slot in self._slots]
        ready = all(
            hand is not None and hand.child.is_ready and hand.generation == self._generation
            for hand in hands
        )
        ready = ready and all(hand.child.is_deaf for hand in self._leaving)
        ready = ready and self._lookout.is_settled()
        if ready and not self._is_announced and not self._is_stopping:
            self._is_announced = self._has_served = True
            foreign = 0 if hands[0] is None else hands[0].row[Figure.FOREIGN]
            self._urls[:] = self._places.urls(foreign)
            for title in self._places.titles(foreign):
                say(f"Accepting connections on {title}")
            self._notifier.ready(f"{len(hands)} workers serve")

    # Who has ended, and who does not answer.

    def _reap(self) -> None:
        """Take leave of the children that have ended."""
        if os.getpid() == 1:
            reap_orphans(self._children())
        for hand in self._hands():
            if hand.child.has_ended():
                self._bury(hand)
        self._lookout.reap()

    def _bury(self, hand: Hand) -> None:
        hand.child.channel.close()
        self._ledger.bury(hand.row)
        self._board.give_back(hand.row)
        if hand in self._leaving:
            self._leaving.remove(hand)
            self._judge(hand)
            return
        slot = next(slot for slot in self._slots if hand in slot.hands())
        if hand is slot.successor:
            slot.successor = None
        else:
            slot.hand = None
        self._replace(slot, hand)

    def _judge(self, hand: Hand) -> None:
        """Take note of how somebody has ended who was told to."""
        child = hand.child
        if not child.status() or not (child.is_ready or child.is_killed):
            return
        if not child.is_killed:
            log.error("Worker %s when it was told to stop", child.epitaph())
        if self._is_stopping:
            self._status = self._status or EXIT_FAILED

    def _replace(self, slot: Slot, hand: Hand) -> None:
        """Decide what follows the end of a worker that nobody has told to stop."""
        child = hand.child
        if child.is_ready and child.age() > LONGEST_PAUSE_S:
            slot.failures = 0
        pause = slot.rest(SERVED_PAUSE_S if child.is_ready else LONGEST_PAUSE_S)
        if child.is_ready:
            how, why = self._obituary(child)
            log.error("Worker %s: %s; another one starts in %.1f s", how, why, pause)
            reason = Reason.HANG if child.is_killed else Reason.CRASH
            self._ledger.replace(slot, reason, f"{how}, {why}")
            return
        self._ledger.replace(slot, Reason.STARTUP, child.epitaph())
        if hand.generation < self._generation:  # the code is another one by now
            slot.due = 0.0
            return
        is_news = self._explain(child)
        is_final = child.status() == EXIT_FINAL and not self._generation
        if not self._has_served and (is_final or self._lookout.is_blind()):
            self._give_up()
            return
        self._spoil(hand.generation)
        if not self._lookout.is_blind():
            slot.due = NEVER
            if is_news:
                self._lookout.expect()

    def _give_up(self) -> None:
        """Stop, since nobody has ever served, and nobody will."""
        self._status = EXIT_UNUSABLE
        self._stop()

    def _spoil(self, generation: int) -> None:
        """Take note that the code of a generation cannot start."""
        if self._spoiled < generation == self._generation and not self._is_announced:
            self._spoiled = generation
            if self._has_served and not self._is_stopping:
                self._notifier.ready("The new code cannot start: the old workers serve on")
            if any(slot.is_serving() for slot in self._slots):
                complain("The workers that there are serve on, with the code that they have.")

    def _obituary(self, child: Child) -> tuple[str, str]:
        """Return how and why a worker has ended."""
        kills, self._memory_kills = self._memory_kills, memory_kills()
        if child.is_killed:
            return child.epitaph(), "it was killed because it did not answer"
        return child.epitaph(), cause(child.status(), self._memory_kills > kills)

    def _explain(self, child: Child) -> bool:
        """Print why workers cannot start, once however many there are; return whether it is new."""
        text = child.report()
        if text == self._said:
            return False
        self._said = text
        complain(text)
        return True

    def _look(self) -> None:
        """See to deadlines, pulses and wishes."""
        now = time.monotonic()
        if self._stop_at <= now:
            self._stop()
        for child in self._children():
            if child.deadline <= now:
                log.error("Worker (pid %d) did not stop in time: it is killed", child.pid)
                child.kill()
        for hand in self._hands():
            if hand.child.is_ready or hand not in self._leaving:  # who ends may hang, too
                hand.pulse.look(now)
        for slot in self._slots:
            self._note_wish(slot)
        if self._is_stopping or any(slot.is_serving() for slot in self._slots):
            self._notifier.beat(now)
        self._close_given_up(now)

    def _note_wish(self, slot: Slot) -> None:
        """Take note that a worker wants to be replaced."""
        hand = slot.hand
        if hand is not None and hand.child.worn and not slot.wish:
            slot.wish = hand.child.worn
            detail = f"{hand.row[Figure.REQUESTS]:,} requests, {hand.row[Figure.RSS]:,} bytes"
            age = f"{hand.child.age():.1f} s"
            pid = hand.child.pid
            say(f"Worker (pid {pid}) is to be replaced: {slot.wish} ({age}, {detail})")

    def _close_given_up(self, now: float) -> None:
        """Close the sockets of slots that are gone, once nobody waits there."""
        for entry in list(self._given_up):
            when, number = entry
            if number < len(self._slots):  # the slot is back
                self._given_up.remove(entry)
            elif when <= now and self._places.is_drained(number):
                self._given_up.remove(entry)
                self._board.desert(number, False)
                self._places.drop(number)
