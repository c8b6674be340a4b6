"""japy.heap: what a worker keeps of the memory it has used."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from japy.heap import keep_heap

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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; only glibc has this setting")
def test_memory_is_used_again_without_asking_the_kernel(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT]
    # Elsewhere than in the checkout, whose japy it would import.
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert int(done.stdout) < 2000  # one round of 8 MiB alone has 2,048 pages
