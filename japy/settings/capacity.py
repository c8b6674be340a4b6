"""Capacity: how many workers this process has processors for, and connections files.

Knows the affinity of the process and the quotas of control groups (version 2 and 1), where a
container's limit is found. Knows nothing of workers but that each keeps one processor busy.
"""

import contextlib
import math
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from japy.core.limits import NAMES, Limits
from japy.logs.console import say

SPARE_FILES = 128  # that are left for everything that is no connection
GROUPS = "sys/fs/cgroup"
PERIOD_US = "100000"  # where the kernel's file names only the quota


def processors(root: Path = Path("/"), allowed: int | None = None) -> tuple[int, str]:
    """Return how many processors there are for this process, and why so many.

    Args:
        root: where /proc and /sys are looked for.
        allowed: how many the process may run on; by default what the system says.
    """
    count = affinity() if allowed is None else allowed
    quota = min(quotas(root), default=float(count))
    if math.ceil(quota) < count:
        return max(1, math.ceil(quota)), f"the control group allows {quota:g} of {count} processors"
    return count, f"{count} processors may be used"


def count(workers: int | str) -> int:
    """Return a number of workers; where that is "auto", say what it comes to, and why."""
    if isinstance(workers, int):
        return workers
    found, reason = processors()
    say(f"Workers: {found}, as {reason}")
    return found


def affinity() -> int:
    """Return how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quotas(root: Path) -> Iterator[float]:
    """Yield the quotas in processors of the control groups that this process is in."""
    for line in read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            for folder in ancestors(root / GROUPS, path):
                yield from share(*read(folder / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for name in (controllers, "cpu"):
                for folder in ancestors(root / GROUPS / name, path):
                    quota = read(folder / "cpu.cfs_quota_us").strip()
                    yield from share(quota, read(folder / "cpu.cfs_period_us").strip())


def ancestors(top: Path, path: str) -> Iterator[Path]:
    """Yield the folder of a control group and of all around it.

    In a container the path may be that of the host, of which only the end is there, or nothing.
    """
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for count in range(len(parts), -1, -1):
        yield top.joinpath(*parts[:count])


def share(quota: str = "", period: str = PERIOD_US) -> Iterator[float]:
    """Yield the quota in processors, if there is one ("max" and -1 stand for none)."""
    if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):
        yield int(quota) / int(period)


def read(path: Path) -> str:
    """Return the text of a file of the kernel's; nothing if it has none."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def raise_open_files() -> int:
    """Let this process open as many files as the system lets it; return how many they are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems say more than they mean
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def within(limits: Limits, files: int) -> Limits:
    """Return limits with no more connections than there may be open files.

    So a client is told that there are too many, and the application has files left to open.
    """
    room = max(1, files - SPARE_FILES, files // 2)
    if limits.connections <= room:
        return limits
    return Limits(**{name: getattr(limits, name) for name in NAMES} | {"connections": room})
