"""`bench/memory` in short: what an idle connection costs, and that memory does not grow."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.memory.growth import Sample, judge

BENCH = Path(__file__).parent.parent / "bench" / "memory"
DEADLINE_S = 240

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")


def run_bench(*args: str) -> str:
    """Run the bench; return what it printed if it is content."""
    command = [sys.executable, str(BENCH), *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True) as bench:
        try:
            printed, _ = bench.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            bench.terminate()  # it stops its servers then
            raise
    assert bench.returncode == 0, printed
    return printed


def test_idle_connection_costs_at_most_4_kib() -> None:
    """The bench fails where japy's part of allocated or resident memory is over the limit."""
    printed = run_bench("--connections", "500", "--requests", "0")
    assert "1 Connection" in printed
    assert "Limit of the difference: 4096: kept" in printed


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed: apt-get install wrk")
def test_no_growth_with_mixed_requests() -> None:
    """The bench fails where memory grows, or where a connection stays behind."""
    args = ["--requests", "300000", "--kind", "mixed", "--seconds", "1"]
    assert "one connection: kept" in run_bench("--connections", "0", *args)


def samples(rss_per_request: float, blocks_per_request: float) -> list[Sample]:
    """Return what a server looks like that grows that much, with noise."""
    noise = (0, 300_000, 100_000, 400_000)
    counts = range(0, 400_001, 40_000)
    return [
        Sample(
            count,
            int(30e6 + count * rss_per_request) + noise[number % len(noise)],
            0,
            int(90_000 + count * blocks_per_request),
            1,
        )
        for number, count in enumerate(counts)
    ]


def test_noise_is_no_growth() -> None:
    assert judge(samples(0, 0)).is_harmless


def test_leak_of_an_object_per_hundred_requests_is_found() -> None:
    assert not judge(samples(0, 0.01)).is_harmless


def test_leak_of_few_bytes_per_request_is_found() -> None:
    assert not judge(samples(16, 0)).is_harmless


def test_growth_of_the_warm_up_does_not_count() -> None:
    first, *rest = samples(0, 0)
    assert judge([Sample(0, first.rss // 2, 0, first.blocks // 2, 1), *rest]).is_harmless
