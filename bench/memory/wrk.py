"""wrk, driven by batches of bytes.

Knows wrk and what the script of `bench/load` prints. Refuses to know what is in a batch.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "load" / "load.lua"
ERRORS = ("connect", "read", "write", "timeout")
GRACE_S = 20  # wrk ends soon after its time, or something hangs


class BadAnswer(Exception):
    """Traffic that a server could not take; says so for a person."""


def drive(port: int, batch: bytes, seconds: int, connections: int) -> tuple[int, int]:
    """Send a batch on each connection again and again.

    Returns:
        How many answers came, and how many of them had a status of 400 or more.

    Raises:
        BadAnswer: a connection failed, or an answer did not come.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(batch)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}/", "--", file.name]
        printed = run(command, seconds + GRACE_S)
    found = re.search(r"^load: (\{.*\})$", printed, re.MULTILINE)
    if found is None:
        raise BadAnswer(f"wrk printed no result, but {printed[-200:]!r}.")
    counts: dict[str, int] = json.loads(found[1])
    wrong = [f"{counts[name]} {name}" for name in ERRORS if counts[name]]
    if wrong or not counts["requests"]:
        raise BadAnswer(f"wrk counted errors: {', '.join(wrong) or 'no answer at all'}.")
    return counts["requests"], counts["status"]


def run(command: Sequence[str], timeout: float) -> str:
    """Return what a command prints."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError:
        raise BadAnswer("wrk is not installed: apt-get install wrk, then run again.") from None
    except subprocess.TimeoutExpired:
        raise BadAnswer(f"wrk did not end within {timeout} s.") from None
    return ran.stdout + ran.stderr
