"""What has probably ended a process that nobody of us has told to.

Knows exit codes, signals, and where Linux counts those that it kills for want of memory.
"""

import signal
from pathlib import Path

FAULTS = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT}  # of C code
)
GROUPS = Path("/proc/self/cgroup")
TOP = Path("/sys/fs/cgroup")


def memory_kills(groups: Path = GROUPS, top: Path = TOP) -> int:
    """Return how many processes of our control group the kernel has killed for want of memory."""
    try:
        path = groups.read_text().rpartition("::/")[2].strip()
        text = (top / path / "memory.events").read_text()
    except OSError:  # not Linux, or an older hierarchy
        return 0
    counts = dict(line.split() for line in text.splitlines())
    return int(counts.get("oom_kill", 0))


def cause(status: int, is_short_of_memory: bool) -> str:
    """Return the likely cause of an end.

    Args:
        status: exit code, or the negative number of a signal.
        is_short_of_memory: whether the kernel has killed somebody of us for want of memory lately.
    """
    if status == -signal.SIGKILL:
        if is_short_of_memory:
            return "out of memory, as the kernel says (oom_kill in memory.events)"
        return "out of memory (dmesg tells), or somebody's kill -9"
    if -status in FAULTS:
        return "a fault in C code, see the stack above"
    if status < 0:
        return "somebody else has sent that"
    if status == 0:
        return "it has ended by itself, or somebody else told it to"
    return "something in it has ended the process"
