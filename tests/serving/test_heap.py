"""japy.heap: what a worker keeps of the memory it has used."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from japy.serving.heap import keep_heap

def faults():
    with open("/proc/self/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[7])

keep_heap()
for _ in range(4):
    blocks = [bytes(1 << 20) for _ in range(8)]
    del blocks
before = faults()
for _ in range(50):
    blocks = [bytes(1 << 20) for _ in range(8)]
    del blocks
print(faults() - before)
"""

FLOOD = """
from japy.serving.heap import KEPT, LOOK_S, Heap, keep_heap, resident

keep_heap()
heap = Heap()
before = resident()
flood = [b"x" * (100_000 + _) for _ in range(2000)]
kept = flood[::50]
survivor = b"x" * 100_000
del flood
high = resident()
for _ in range(LOOK_S - 1):
    heap.tick()
assert resident() == high
heap.tick()
print((high - before) >> 20, (resident() - before) >> 20)
"""


def run(script: str, folder: Path) -> list[int]:
    """Return the numbers that a script prints, run elsewhere than where japy could be imported."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; only glibc has this setting")
def test_memory_is_used_again_without_asking_the_kernel(tmp_path: Path) -> None:
    assert run(SCRIPT, tmp_path)[0] < 2000  # one round of 8 MiB alone has 2,048 pages


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; only glibc gives memory back")
def test_memory_is_given_back_after_a_flood(tmp_path: Path) -> None:
    high, low = run(FLOOD, tmp_path)
    assert high > 150
    assert low < 60
