"""Report: the numbers of a master, its workers, and those that are gone."""

import json
import os
import socket
import time

import pytest

from japy.monitoring.report import Server, View, state_of
from japy.settings.config import Config
from japy.supervisor.board import Board, Figure
from japy.supervisor.ledger import Ledger
from japy.supervisor.process import READY, Child
from japy.supervisor.pulse import LOOK_S, STALL_S, Pulse
from japy.supervisor.slot import Hand, Slot


def make_hand(board: Board, number: int = 0, is_ready: bool = True) -> Hand:
    """Return a worker that has never run."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.sendall(READY if is_ready else b"")
    theirs.close()
    child, row = Child(os.getpid(), ours), board.take()
    child.hear()
    ours.close()
    return Hand(child, row, Pulse(child, row, Config(), time.monotonic()), 0, number)


def view_of(slots: list[Slot], leaving: list[Hand]) -> View:
    """Return what is seen of workers that serve."""
    return View(slots, leaving, 0, -1, True, False, "")


def test_numbers_are_those_of_all() -> None:
    board, ledger, slot = Board(), Ledger(), Slot(0)
    slot.hand, slot.successor = make_hand(board), make_hand(board, is_ready=False)
    slot.restarts, slot.why = 1, "reload"
    gone, leaving = make_hand(board), make_hand(board, 1)
    for hand in (slot.hand, gone, leaving):
        hand.row[Figure.REQUESTS], hand.row[Figure.CONNECTIONS] = 10, 2
        hand.row[Figure.BUSY], hand.row[Figure.TURNED_AWAY] = 1, 3
        hand.row[Figure.LAG_US], hand.row[Figure.RSS] = 1500, 1 << 20
    ledger.bury(gone.row)
    board.give_back(gone.row)
    server = Server(Config(), ["http://127.0.0.1:1"], "app:app")
    found = server.report(view_of([slot], [leaving]), ledger)
    assert json.loads(json.dumps(found)) == found
    assert (found["pid"], found["target"], found["state"]) == (os.getpid(), "app:app", "serving")
    assert (found["requests"], found["turned_away"]) == (30, 9)
    assert (found["connections"], found["in_flight"]) == (4, 2)
    assert [(one["worker"], one["state"]) for one in found["workers"]] == [
        (1, "serving"),
        (1, "starting"),
        (2, "leaving"),
    ]
    first = found["workers"][0]
    assert (first["restarts"], first["why"], first["lag_s"]) == (1, "reload", 0.0015)
    assert (first["rss"], first["requests"]) == (1 << 20, 10)


def test_a_place_that_waits_is_shown() -> None:
    slot = Slot(1)
    slot.restarts, slot.why = 3, "crash: exited with code 1"
    (row,) = Server(Config(), [], "").report(view_of([slot], []), Ledger())["workers"]
    assert (row["worker"], row["pid"], row["state"]) == (2, None, "waiting")
    assert (row["restarts"], row["why"], row["requests"]) == (3, slot.why, 0)
    slot.hand = make_hand(Board(), 1)
    (full,) = Server(Config(), [], "").report(view_of([slot], []), Ledger())["workers"]
    assert set(full) == set(row)


def test_silence_counts_as_lag() -> None:
    board, slot = Board(), Slot(0)
    slot.hand = hand = make_hand(board)
    hand.row[Figure.BEATS] = 1
    now = time.monotonic()
    for step in range(1 + int(STALL_S / LOOK_S) + 4):
        hand.pulse.look(now + step * LOOK_S)
    assert state_of(hand, slot) == "hangs"
    found = Server(Config(), [], "").report(view_of([slot], []), Ledger())
    assert found["workers"][0]["lag_s"] >= STALL_S


@pytest.mark.parametrize(
    ("generation", "spoiled", "is_announced", "is_stopping", "state"),
    [
        (0, -1, False, False, "starting"),
        (0, -1, True, False, "serving"),
        (1, -1, False, False, "reloading"),
        (1, 1, False, False, "reload failed"),
        (2, 1, True, False, "serving"),
        (2, 1, True, True, "stopping"),
    ],
)
def test_the_state_in_a_word(
    generation: int, spoiled: int, is_announced: bool, is_stopping: bool, state: str
) -> None:
    assert View([], [], generation, spoiled, is_announced, is_stopping, "").state == state
