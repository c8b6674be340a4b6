"""Workers that take over from others: nobody is refused, and no request is lost."""

import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.lossless.client import Strict
from tests.support.server import DEADLINE_S, Server, eventually
from tests.support.supervised import PID, supervised

ROUNDS = 4  # bench/lossless goes through 20 of each
ROUTES = """
@app.route("/wait")
async def wait(request):
    print("waiting", flush=True)
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.01)
    return request.Response(text=str(os.getpid()))
"""


@contextmanager
def asked(server: Server) -> Iterator[list[Strict]]:
    """Have strict clients of all sorts ask all the while."""
    address = (server.host, server.port)
    clients = [
        Strict(address),
        Strict(address, pause_s=0.05),
        Strict(address, pause_s=1.0),
        Strict(address, pause_s=0.01, per_connection=1),
        Strict(address, pause_s=0.01, per_connection=7),
        Strict(address, pause_s=0.01, depth=5),
    ]
    for client in clients:
        client.start()
    yield clients
    for client in clients:
        client.finish()


def all_go_on(clients: list[Strict], before: list[int]) -> bool:
    """Tell whether each client has got an answer since."""
    return all(client.answered > count for client, count in zip(clients, before, strict=True))


def failures(clients: list[Strict]) -> list[str]:
    """Return what was lost."""
    assert all(client.answered for client in clients)
    return [failure for client in clients for failure in client.failures]


@pytest.mark.parametrize("reuse_port", ["auto", "off"])
def test_a_reload_loses_nothing(reuse_port: str) -> None:
    with supervised(workers=2, reuse_port=reuse_port) as server:
        old = set(server.children())
        with asked(server) as clients:
            for count in range(ROUNDS):
                server.process.send_signal(signal.SIGHUP)
                server.wait_for("Accepting connections on ", count=count + 2)
        assert failures(clients) == []
        eventually(lambda: not old & set(server.children()))  # who has gone on may be the last
        assert server.stop() == 0


def test_workers_that_have_served_enough_lose_nothing() -> None:
    with supervised(workers=2, limit_max_requests=300, limit_max_requests_jitter=100) as server:
        with asked(server) as clients:
            text = server.wait_for("is to be replaced: --limit-max-requests", count=ROUNDS)
        assert failures(clients) == []
        counts = re.findall(r"s, ([\d,]+) requests", text)
        assert all(int(count.replace(",", "")) >= 300 for count in counts)
        assert server.stop() == 0


def test_a_kill_loses_what_that_worker_had_in_hand() -> None:
    with supervised(workers=2) as server:
        with asked(server) as clients:
            for count in range(ROUNDS):
                eventually(lambda: len(server.children()) == 2)
                before = [client.answered for client in clients]
                eventually(lambda: all_go_on(clients, before))  # noqa: B023  # called at once
                os.kill(server.children()[0], signal.SIGKILL)
                server.wait_for("crashed on signal SIGKILL", count=count + 1)
        lost = failures(clients)
        assert len(lost) <= ROUNDS * len(clients)
        assert not [failure for failure in lost if "Refused" in failure]


def test_a_worker_that_is_too_old_or_too_large_is_replaced() -> None:
    with supervised(workers=1, worker_max_lifetime=0.3) as server:
        server.wait_for("is to be replaced: --worker-max-lifetime", count=2)
    grown = "hoard = b'x' * 60_000_000\n"
    with supervised(grown + PID, worker_max_rss=50_000_000) as server:
        (old,) = server.children()
        server.wait_for("is to be replaced: --worker-max-rss")
        eventually(lambda: old not in server.children() and len(server.children()) == 1)


def test_workers_are_replaced_one_by_one_and_only_by_one_that_serves(tmp_path: Path) -> None:
    source = "import time\nprint('importing', flush=True)\ntime.sleep(0.3)\n" + PID
    with supervised(source, cwd=tmp_path, workers=3) as server:
        server.process.send_signal(signal.SIGHUP)
        most = 0
        while server.output().count("Accepting connections on ") < 2:
            most = max(most, len(server.children()))
            assert server.get()[0] == 200
        assert 3 < most <= 5  # one who starts, and one or the other who leaves
        assert server.output().count("importing") == 6


def test_a_request_under_way_is_finished_by_the_old_worker(tmp_path: Path) -> None:
    with supervised(PID + ROUTES, cwd=tmp_path) as server:
        (old,) = server.children()
        with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            server.wait_for("waiting")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for("Accepting connections on ", count=2)
            assert server.get() != (200, str(old))
            (tmp_path / "go").touch()
            answer = client.recv(1 << 16)
            assert answer.endswith(str(old).encode())
            assert b"Connection: close" in answer


def test_code_that_cannot_start_leaves_the_old_workers_serving(tmp_path: Path) -> None:
    with supervised(PID, cwd=tmp_path, workers=2) as server:
        old = server.children()
        (tmp_path / "app.py").write_text("import nothing_of_that_name\n")
        server.process.send_signal(signal.SIGHUP)
        text = server.wait_for("The workers that there are serve on")
        assert text.count("No module named 'nothing_of_that_name'") == 1
        assert server.get()[0] == 200
        assert server.children() == old
        (tmp_path / "app.py").write_text(PID)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections on ", count=2)
        eventually(lambda: not set(old) & set(server.children()))
        assert server.stop() == 0


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_who_looks_after_a_socket_that_is_given_up_says_nothing(loop: str) -> None:
    with supervised(workers=2, loop=loop) as server:
        server.process.send_signal(signal.SIGTTIN)
        server.wait_for("Workers: 3")
        server.process.send_signal(signal.SIGHUP)  # the new ones have the third socket, too
        server.wait_for("Accepting connections on ", count=2)
        assert listening(server) == 3
        server.process.send_signal(signal.SIGTTOU)
        eventually(lambda: listening(server) == 2)
        time.sleep(0.5)  # two beats: by then nobody looks after it any more
        assert server.get()[0] == 200
        assert server.output("stderr") == ""


def listening(server: Server) -> int:
    """Return how many sockets listen on the port of a server (Linux only)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f":{server.port:04X}"
    return sum(line.split()[1].endswith(port) and line.split()[3] == "0A" for line in lines)


def test_connections_spread_evenly() -> None:
    with supervised(workers=4) as server:
        counts: dict[str, int] = {}
        for _ in range(400):
            _, pid = server.get()
            counts[pid] = counts.get(pid, 0) + 1
        assert len(counts) == 4
        assert max(counts.values()) < 2 * min(counts.values())


def test_what_waits_for_a_dead_worker_is_taken_by_others() -> None:
    with supervised(workers=2) as server:
        victim, other = server.children()
        os.kill(victim, signal.SIGSTOP)
        clients = [socket.create_connection((server.host, server.port)) for _ in range(20)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        os.kill(victim, signal.SIGKILL)
        for client in clients:
            client.settimeout(DEADLINE_S)
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
            client.close()
        assert other in server.children()


def test_workers_are_added_and_removed_without_loss() -> None:
    with supervised(workers=2) as server:
        with asked(server) as clients:
            for number, count in ((signal.SIGTTIN, 3), (signal.SIGTTIN, 4)):
                server.process.send_signal(number)
                server.wait_for(f"Workers: {count}\n")
            eventually(lambda: len(server.children()) == 4)
            for count in (3, 2, 1):
                server.process.send_signal(signal.SIGTTOU)
                server.wait_for(f"Workers: {count}\n", count=2 if count == 3 else 1)
                time.sleep(1.5)  # ask until the slot has been given up
            server.process.send_signal(signal.SIGTTOU)  # the last one stays
            eventually(lambda: len(server.children()) == 1)
            server.process.send_signal(signal.SIGTTIN)
            server.wait_for("Workers: 2\n", count=2)
            eventually(lambda: len({server.get()[1] for _ in range(20)}) == 2)
        assert failures(clients) == []
        assert "Workers: 0" not in server.output()
        assert server.output("stderr") == ""
        assert server.stop() == 0
