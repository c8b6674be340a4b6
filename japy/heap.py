"""How much freed memory a worker keeps for the next request.

Knows glibc's allocator, and that elsewhere there is nothing to do. Bodies of requests come and go:
with the usual settings glibc gives their pages back to the kernel after each one and asks for them
again for the next, which costs more than the rest of an upload (bench/load, workload upload).
"""

import contextlib
import ctypes
from typing import Final

# Numbers of <malloc.h>
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
KEPT: Final = 32 * 1024 * 1024  # bytes at the end of the heap that may stay there unused
LARGE: Final = 8 * 1024 * 1024  # from here on a block has pages of its own and gives them back


def keep_heap() -> None:
    """Keep up to 32 MiB of freed memory; blocks of 8 MiB and more are given back at once."""
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
