"""Where a run took place: what a reader needs to judge its numbers.

Knows Linux. Refuses to know names of hosts, people and folders.
"""

import os
import platform
import re
import subprocess
from pathlib import Path

from bench.load.installation import ask
from bench.load.peer import Refused
from bench.load.process import Cores


def choose_cores() -> Cores:
    """Return the last core we may use for servers and the first for wrk."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Refused(
            "Only one core may be used here, and server and load would fight for it: run this "
            "where there are two."
        )
    return Cores(allowed[-1], allowed[0])


def wrk_version() -> str:
    """Return what wrk calls itself."""
    try:
        ran = subprocess.run(["wrk", "-v"], capture_output=True, text=True, timeout=5, check=False)
    except OSError:
        raise Refused("wrk is not installed: apt-get install wrk, then run this again.") from None
    return " ".join(ran.stdout.split()[:2])


def cpu_model() -> str:
    """Return the processor's name."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def describe() -> dict[str, object]:
    """Return the facts of this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(pages / (1 << 30), 1),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def commit() -> str:
    """Return the commit of the checkout, with a mark where files differ from it."""
    name = ask(["git", "rev-parse", "--short=12", "HEAD"])
    if name is None:
        return "unknown"
    return f"{name} with changes" if ask(["git", "status", "--porcelain"]) else name
