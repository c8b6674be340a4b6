"""Replace, recycle and kill workers under strict clients and wrk, and count what was lost.

    python bench/lossless                  # 20 reloads, 20 replacements, 20 kills: two minutes
    python bench/lossless --rounds 5

Exits with 1 if a reload or a replacement has lost a request, or a kill more than one of each
connection that the worker had.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: japy is what is installed

from bench.lossless.client import Strict
from tests.support.server import Server, eventually
from tests.support.supervised import supervised

PAUSE_S = 0.3  # between two kills: so that clients are in the middle of something
CONNECTIONS = 16  # of wrk


def clients_of(server: Server) -> list[Strict]:
    """Return clients of all sorts."""
    address = (server.host, server.port)
    return [
        *(Strict(address) for _ in range(2)),
        *(Strict(address, pause_s=0.05) for _ in range(6)),
        *(Strict(address, pause_s=2.0) for _ in range(6)),
        *(Strict(address, pause_s=0.01, per_connection=1) for _ in range(2)),
        *(Strict(address, pause_s=0.01, per_connection=10) for _ in range(2)),
        *(Strict(address, pause_s=0.02, depth=24) for _ in range(2)),
    ]


@contextmanager
def wrk(server: Server, log: list[str]) -> Iterator[None]:
    """Have wrk ask all the while, if it is installed; its report is added to the log."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d600s", server.url]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        yield
        return
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)  # it reports then
        log.append(process.communicate(timeout=30)[0])


def reload(server: Server, number: int) -> None:
    """Replace all workers."""
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("Accepting connections on ", count=number + 2)


def recycle(server: Server, number: int) -> None:
    """Wait until another worker has served enough."""
    server.wait_for("is to be replaced", count=number + 1, timeout=60)


def kill(server: Server, number: int) -> None:
    """Kill a worker."""
    time.sleep(PAUSE_S)
    eventually(lambda: len(server.children()) == 2)
    os.kill(server.children()[number % 2], signal.SIGKILL)
    server.wait_for("crashed on signal SIGKILL", count=number + 1)


def measure(name: str, act: Callable[[Server, int], None], rounds: int, most: int) -> bool:
    """Go through some rounds of an act; print what was lost, and return whether that may be."""
    most_requests = 5000 if act is recycle else None
    reports: list[str] = []
    with supervised(workers=2, limit_max_requests=most_requests) as server, ExitStack() as stack:
        stack.enter_context(wrk(server, reports))
        clients = clients_of(server)
        for client in clients:
            client.start()
        for number in range(rounds):
            act(server, number)
        for client in clients:
            client.finish()
        stack.close()
        lost = [failure for client in clients for failure in client.failures]
        answered = sum(client.answered for client in clients)
    errors = [line.strip() for report in reports for line in report.splitlines() if "rror" in line]
    counted = [line.strip() for report in reports for line in report.splitlines() if " in " in line]
    print(f"{name}: {rounds} rounds, {answered:,} answers, {len(lost)} lost")
    print(f"  wrk: {'; '.join([*counted, *errors]) or 'not installed'}")
    for failure in sorted(set(lost)):
        print(f"  {lost.count(failure)} x {failure}")
    return len(lost) <= most * len(clients) and (bool(most) or not errors)


def main() -> int:
    """Measure all three; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench/lossless")
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    results = [
        measure("reload", reload, rounds, 0),
        measure("recycle", recycle, rounds, 0),
        measure("kill", kill, rounds, rounds),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
