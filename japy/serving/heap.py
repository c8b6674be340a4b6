"""How much freed memory a worker keeps for the next request, and when it gives the rest back.

Knows glibc's allocator, and that elsewhere there is nothing to do. Bodies of requests come and go:
with the usual settings glibc gives their pages back to the kernel after each one and asks for them
again for the next, which costs more than the rest of an upload (bench/load, workload upload). But
what is freed below something that lives stays until `malloc_trim` is called: after a flood, for
ever.
"""

import contextlib
import ctypes
import resource
from pathlib import Path
from typing import Final

# Numbers of <malloc.h>
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
KEPT: Final = 32 * 1024 * 1024  # bytes at the end of the heap that may stay there unused
LOOK_S: Final = 10  # seconds between two looks
LARGE: Final = 8 * 1024 * 1024  # from here on a block has pages of its own and gives them back


def keep_heap() -> None:
    """Keep up to 32 MiB of freed memory; blocks of 8 MiB and more are given back at once."""
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


class Heap:
    """The memory of this process, looked at once in a while."""

    def __init__(self) -> None:
        self._ticks = 0
        self._least = resident()  # bytes that were resident when they were fewest

    def tick(self) -> None:
        """Take note that a second has passed; give memory back if there is much more than before.

        Takes some milliseconds where there is much to give, and next to nothing where not.
        """
        self._ticks += 1
        if self._ticks % LOOK_S:
            return
        now = resident()
        if now > self._least + KEPT:
            with contextlib.suppress(AttributeError, OSError):  # no glibc
                ctypes.CDLL(None).malloc_trim(KEPT // 2)
            now = resident()
        self._least = min(self._least, now) if self._least else now


def resident() -> int:
    """Return how many bytes of this process are in memory; 0 if the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
