"""Ledger: what the dead have counted stays, and why workers were replaced is told."""

from japy.supervisor.board import Board, Figure
from japy.supervisor.ledger import Ledger, Reason
from japy.supervisor.slot import Slot


def test_what_the_dead_have_counted_stays() -> None:
    board, ledger = Board(), Ledger()
    row = board.take()
    for _ in range(2):
        row[Figure.REQUESTS], row[Figure.TURNED_AWAY], row[Figure.CONNECTIONS] = 5, 2, 7
        ledger.bury(row)
        board.give_back(row)
        row = board.take()
    assert (ledger.requests, ledger.turned_away) == (10, 4)


def test_replacements_have_reasons() -> None:
    ledger, slot = Ledger(), Slot(3)
    ledger.replace(slot, Reason.CRASH, "exited with code 1")
    assert (slot.restarts, slot.why) == (1, "crash: exited with code 1")
    ledger.wear(slot)
    assert slot.why == "reload"
    for wish in ("--limit-max-requests", "--worker-max-rss", "--worker-max-lifetime"):
        slot.wish = wish
        ledger.wear(slot)
        assert slot.why == wish.removeprefix("--")
    assert slot.restarts == sum(ledger.restarts.values()) == 5
    assert ledger.restarts[Reason.RELOAD] == ledger.restarts[Reason.RSS] == 1
