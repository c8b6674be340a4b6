"""Workers that hang, or take long to start: who notices, what is said, and who serves meanwhile."""

import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, eventually
from tests.support.supervised import PID, supervised

HANG = (
    PID
    + """
@app.route("/hang")
def hang(request):
    print("hanging", flush=True)
    time.sleep(60)

@app.route("/nap")
def nap(request):
    time.sleep(2.3)
    return request.Response(text="awake")
"""
)
SLOW_IMPORT = "import time\ntime.sleep(1.5)\n"


def ask(server: Server, path: str) -> socket.socket:
    """Send a request and do not wait for the answer."""
    client = socket.create_connection((server.host, server.port), timeout=DEADLINE_S)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return client


def test_a_worker_that_hangs_is_warned_of_and_replaced_while_others_serve() -> None:
    with supervised(HANG, workers=3, timeout_worker_healthcheck=3) as server:
        old = set(server.children())
        began = time.monotonic()
        with ask(server, "/hang") as client:
            server.wait_for("hanging")  # what it had accepted before is lost with it
            # Connections that the kernel has given to the worker that hangs are taken by others.
            with ThreadPoolExecutor(8) as pool:
                answers = [pool.submit(server.get) for _ in range(60)]
                assert {answer.result()[0] for answer in answers} == {200}
            assert time.monotonic() - began < 2.9
            text = server.wait_for(r"It is killed after 3 s \(--timeout-worker-healthcheck\)")
            assert re.search(
                r"Worker \(pid \d+\) has blocked its event loop for \d\.\d s and", text
            )
            assert re.search(r'File ".*app.py", line \d+ in hang', text)
            text = server.wait_for("crashed on signal SIGKILL .*it was killed because it did not")
            assert "has blocked its event loop for too long" in text
            assert text.count("in hang") == 2
            assert client.recv(1) == b""
        assert 2.5 < time.monotonic() - began < 15
        eventually(lambda: len(set(server.children()) - old) == 1)
        eventually(lambda: len(server.children()) == 3)
        assert server.stop() == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGHUP, 0), (signal.SIGTERM, 1)])
def test_a_worker_that_hangs_while_it_is_to_end_is_watched(
    number: signal.Signals, status: int
) -> None:
    with (
        supervised(HANG, timeout_worker_healthcheck=3, timeout_graceful_shutdown=600) as server,
        ask(server, "/hang"),
    ):
        server.wait_for("hanging")
        server.process.send_signal(number)
        text = server.wait_for(r"It is killed after 3 s \(--timeout-worker-healthcheck\)")
        assert re.search(r'File ".*app.py", line \d+ in hang', text)
        server.wait_for(r"for too long \(--timeout-worker-healthcheck\) and is here:")
        if number == signal.SIGHUP:  # the next one serves, and nobody old is there any more
            server.wait_for("Accepting connections on ", count=2)
            server.process.terminate()
        assert server.wait() == status


def test_a_shutdown_that_takes_long_is_not_taken_for_a_hang() -> None:
    source = f"{PID}\n@app.on_shutdown\nasync def end():\n    await asyncio.sleep(5)\n"
    with supervised(source, timeout_worker_healthcheck=4, timeout_graceful_shutdown=600) as server:
        assert server.stop() == 0
        assert "kill" not in server.output("stderr")


def test_nor_is_what_comes_behind_the_loop() -> None:
    source = (
        f"import atexit, time\n{PID}\natexit.register(lambda: (time.sleep(5), print('flushed')))\n"
    )
    with supervised(source, timeout_worker_healthcheck=4, timeout_graceful_shutdown=20) as server:
        assert server.stop() == 0
        assert server.output("stdout").endswith("flushed\n")
        assert server.output("stderr") == ""


def test_a_worker_that_goes_on_is_not_killed() -> None:
    with supervised(HANG, workers=1, timeout_worker_healthcheck=3) as server:
        old = server.children()
        with ask(server, "/nap") as client:
            assert client.recv(1 << 16).endswith(b"awake")
        server.wait_for(r"WARNING Worker \(pid \d+\) goes on after \d\.\d s")
        assert server.children() == old
        assert server.stop() == 0


def test_time_to_start_does_not_count() -> None:
    with supervised(SLOW_IMPORT + PID, timeout_worker_healthcheck=0.5) as server:
        assert server.get()[0] == 200
        assert server.output("stderr") == ""


def test_a_worker_that_does_not_start_in_time_ends_the_start() -> None:
    source = "import time\ndef forever():\n    time.sleep(60)\nforever()\n"
    with supervised(source, workers=2, timeout_startup=0.6, is_announced=False) as server:
        assert server.wait() == 3
        text = server.output("stderr")
        assert "was not ready within 0.6 s (--timeout-startup) and is here:" in text
        assert text.count("in forever") == 1


def test_a_machine_that_slept_kills_nobody() -> None:
    with supervised(workers=2, timeout_worker_healthcheck=1) as server:
        children = server.children()
        for pid in (server.process.pid, *children):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2)  # nothing announces that time has passed
        for pid in (*children, server.process.pid):
            os.kill(pid, signal.SIGCONT)
        assert server.get()[0] == 200
        time.sleep(0.5)  # two looks of the master
        assert server.children() == children
        assert "is killed" not in server.output("stderr")


def test_a_worker_that_is_stopped_says_nothing_and_is_replaced(tmp_path: Path) -> None:
    with supervised(workers=2, timeout_worker_healthcheck=1) as server:
        victim = server.children()[0]
        os.kill(victim, signal.SIGSTOP)
        server.wait_for("and does not say where it is\nIt is killed\n")
        eventually(lambda: victim not in server.children() and len(server.children()) == 2)
        assert server.get()[0] == 200
