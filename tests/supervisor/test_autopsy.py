"""Autopsy: what is suspected of an end."""

import re
import signal
from pathlib import Path

import pytest

from japy.supervisor.autopsy import cause, memory_kills


@pytest.mark.parametrize(
    ("status", "is_short", "text"),
    [
        (-signal.SIGKILL, True, "out of memory, as the kernel says"),
        (-signal.SIGKILL, False, "out of memory .dmesg tells., or somebody's kill -9"),
        (-signal.SIGSEGV, False, "a fault in C code"),
        (-signal.SIGTERM, False, "somebody else has sent that"),
        (0, False, "ended by itself, or somebody else told it to"),
        (7, True, "something in it has ended the process"),
    ],
)
def test_every_end_has_a_likely_cause(status: int, is_short: bool, text: str) -> None:
    assert re.search(text, cause(status, is_short))


def test_kills_for_want_of_memory_are_counted(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("0::/system.slice/house.service\n")
    folder = tmp_path / "system.slice/house.service"
    folder.mkdir(parents=True)
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 4\noom 1\noom_kill 3\n")
    assert memory_kills(groups, tmp_path) == 3


def test_where_nobody_counts_nobody_was_killed(tmp_path: Path) -> None:
    assert memory_kills(tmp_path / "nothing", tmp_path) == 0
