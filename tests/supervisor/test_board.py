"""Board: one process writes, another one reads."""

import os

import pytest

from japy.supervisor.board import ROWS, SLOTS, Board, Figure


def test_what_a_child_writes_its_parent_reads() -> None:
    board = Board()
    row, other = board.take(), board.take()
    if os.fork() == 0:
        row[Figure.PID] = os.getpid()
        row[Figure.REQUESTS] += 5
        os._exit(0)
    pid, _ = os.wait()
    assert (row[Figure.PID], row[Figure.REQUESTS]) == (pid, 5)
    assert [other[figure] for figure in Figure] == [0] * len(Figure)


def test_a_row_that_serves_again_is_empty() -> None:
    board = Board()
    row = board.take()
    row[Figure.RSS] = 1 << 60
    board.give_back(row)
    again = board.take()
    assert again.index == row.index
    assert again[Figure.RSS] == 0


def test_rows_are_limited() -> None:
    board = Board()
    rows = [board.take() for _ in range(ROWS)]
    assert len({row.index for row in rows}) == ROWS
    rows[-1][Figure.TURNED_AWAY] = rows[0][Figure.PID] = 1
    with pytest.raises(OSError, match="too many workers"):
        board.take()


def test_what_all_are_told() -> None:
    board = Board()
    assert not board.is_stopping
    assert board.deserted() == bytes(SLOTS)
    board.desert(0, True)
    board.desert(SLOTS - 1, True)
    assert [i for i, flag in enumerate(board.deserted()) if flag] == [0, SLOTS - 1]
    board.desert(0, False)
    assert board.deserted()[0] == 0
    board.stop()
    assert board.is_stopping
