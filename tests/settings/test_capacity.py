"""Capacity: what fake trees of control groups say, and what this machine says."""

import os
from pathlib import Path

import pytest

from japy import Limits
from japy.settings.capacity import SPARE_FILES, count, processors, raise_open_files, within

V1 = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder; return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 8),
        ({"proc/self/cgroup": "0::/\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "250000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "1600000 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "garbage"}, 8),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 50000\n"}, 3),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "500000 100000\n",
                "sys/fs/cgroup/a/cpu.max": "400000 100000\n",
            },
            4,
        ),
        ({"proc/self/cgroup": "0::/../x\n", "sys/fs/cgroup/x/cpu.max": "100000 100000\n"}, 1),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            8,
        ),
    ],
)
def test_a_quota_is_rounded_up(files: dict[str, str], count: int, tmp_path: Path) -> None:
    found, reason = processors(tree(tmp_path, files), 8)
    assert found == count
    assert reason == "8 processors may be used" or (
        reason.startswith("the control group allows ") and reason.endswith(" of 8 processors")
    )


def test_this_machine() -> None:
    count, reason = processors()
    assert 1 <= count <= (os.cpu_count() or 1)
    assert reason


def test_a_number_of_workers_is_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert count(3) == 3
    assert capsys.readouterr().out == ""


def test_the_reason_for_a_number_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    found, reason = processors()
    assert count("auto") == found
    assert capsys.readouterr().out == f"Workers: {found}, as {reason}\n"


def test_there_are_files_for_connections_and_some_more() -> None:
    assert raise_open_files() == raise_open_files() > 0
    limits = Limits(connections=1000)
    assert within(limits, 10_000) is limits
    assert within(limits, 1000).connections == 1000 - SPARE_FILES
    assert within(limits, 100).connections == 50
    assert within(limits, 1).connections == 1
