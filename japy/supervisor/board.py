"""Board: memory that the master shares with its workers; each of them writes its own row.

Knows where which number stands. Knows nothing of what follows from them.

Invariants:
- A row has one writer, the worker that was given it; the master writes what stands above the rows.
- A number is eight bytes at a multiple of eight: nobody ever reads half of one.
- It lives in no file, and is gone with the last process that has it.
"""

import mmap
from enum import IntEnum

WORD = 8  # bytes of a number
SLOTS = 1024  # as many as there may be workers at the same time
WIDTH = 16  # numbers of a row
ROWS = 4 * SLOTS  # those that were told to stop keep theirs until they are gone
FLAGS = 1  # numbers above the flags of the slots
HEAD = FLAGS + SLOTS // WORD


class Figure(IntEnum):
    """The numbers of a row."""

    PID = 0
    BEATS = 1  # turns of the event loop, counted by a timer
    REQUESTS = 2  # that have come, all in all
    CONNECTIONS = 3
    BUSY = 4  # connections with a request under way
    LAG_US = 5  # by how much the timer of the last beat was late
    RSS = 6  # bytes of memory
    TURNED_AWAY = 7  # connections beyond the limit
    FOREIGN = 8  # a bit for each of its places where HTTP is not spoken, the lowest for the first
    IS_OVER = 9  # 1 once its event loop has ended, and beats no more


class Row:
    """The numbers of one worker.

    Args:
        index: which of the rows it is.
        cells: the numbers.
        area: more memory, for what is counted if somebody wants to know.
    """

    def __init__(self, index: int, cells: "memoryview[int]", area: mmap.mmap | None = None) -> None:
        self.index = index
        self.area = area
        self._cells = cells

    def __getitem__(self, figure: Figure) -> int:
        return self._cells[figure]

    def __setitem__(self, figure: Figure, value: int) -> None:
        self._cells[figure] = value

    def clear(self) -> None:
        """Set all numbers to zero."""
        for index in range(WIDTH):
            self._cells[index] = 0


class Board:
    """All rows, and what the master tells everybody.

    Args:
        area: bytes of the area of each row; 0 for none.
    """

    def __init__(self, area: int = 0) -> None:
        self._area = area
        self._memory = mmap.mmap(-1, (HEAD + ROWS * WIDTH) * WORD)
        self._cells = memoryview(self._memory).cast("q")
        self._free = list(range(ROWS, 0, -1))

    @property
    def is_stopping(self) -> bool:
        """Whether the server has been told to stop."""
        return bool(self._cells[0])

    def stop(self) -> None:
        """Tell everybody that the server has been told to stop."""
        self._cells[0] = 1

    def deserted(self) -> bytes:
        """Return a flag for each slot: set while nobody accepts what comes to its socket."""
        return self._memory[FLAGS * WORD : FLAGS * WORD + SLOTS]

    def desert(self, slot: int, is_deserted: bool) -> None:
        """Say whether somebody accepts what comes to the socket of a slot."""
        self._memory[FLAGS * WORD + slot] = is_deserted

    def take(self) -> Row:
        """Return a row for a new worker.

        Raises:
            OSError: there is none left.
        """
        if not self._free:
            raise OSError("too many workers have not ended yet")
        area = mmap.mmap(-1, self._area) if self._area else None
        index = self._free.pop()
        start = HEAD + (index - 1) * WIDTH
        row = Row(index, self._cells[start : start + WIDTH], area)
        row.clear()
        return row

    def give_back(self, row: Row) -> None:
        """Have a row serve another worker, as the one that had it is gone."""
        self._free.append(row.index)
        if row.area is not None:
            row.area.close()
