"""Measure how long a save takes to be answered by the new code, and what waiting for it costs.

    python bench/reload

Prints the median and the longest of 20 saves of the hello app, and the processor time that an idle
server with the reloader takes.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: japy is what is installed

from tests.support.server import Server, eventually
from tests.support.supervised import supervised

HELLO = """
from japy import Application
app = Application()
app.router.add_route("/", lambda request: request.Response(text="{}"))
"""
SAVES = 20
IDLE_S = 10.0


def save(folder: Path, text: str) -> float:
    """Have the application answer another text; return when that was."""
    (folder / "new~").write_text(HELLO.format(text))
    (folder / "new~").rename(folder / "app.py")
    return time.perf_counter()


def until(server: Server, text: str) -> float:
    """Return when the application answers a text."""
    while server.get()[1] != text:
        time.sleep(0.002)
    return time.perf_counter()


def cpu_s(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with supervised(HELLO.format("first"), cwd=folder, reload=True) as server:
            times = []
            for number in range(SAVES):
                began = save(folder, str(number))
                times.append((until(server, str(number)) - began) * 1000)
            eventually(lambda: len(server.children()) == 2)  # the watcher and one worker
            processes = [server.process.pid, *server.children()]
            before = sum(map(cpu_s, processes))
            time.sleep(IDLE_S)
            share = (sum(map(cpu_s, processes)) - before) / IDLE_S
    print(f"save to new answer: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")
    print(f"idle: {share:.2%} of a core for {len(processes)} processes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
