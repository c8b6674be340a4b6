"""Several workers on one socket, and what follows when one of them ends."""

import os
import re
import signal
import socket
from pathlib import Path

from tests.support.server import DEADLINE_S, Server, eventually, running

APP = """
import os, time
from japy import Application
app = Application()

@app.route("/")
def pid(request):
    return request.Response(text=str(os.getpid()))

@app.route("/block")
def block(request):
    print("blocked", flush=True)
    while not os.path.exists("go"):
        time.sleep(0.005)
    return pid(request)

@app.route("/exit")
def leave(request):
    os._exit(7)
"""
# A worker that finds this file ends while it imports the application.
CRASH = "import os, sys\nif os.path.exists('crash'): sys.exit('no more')\n"


def serving(server: Server) -> int:
    """Return the id of a worker that serves."""
    status, text = server.get()
    assert status == 200
    return int(text)


def replaced(server: Server, old: set[int], count: int = 2) -> bool:
    """Tell whether as many workers run as are wanted, none of them an old one."""
    children = set(server.children())
    return len(children) == count and not children & old


def test_another_worker_serves_while_one_is_blocked() -> None:
    with running(APP, "--workers", "2") as server:
        with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as client:
            client.sendall(b"GET /block HTTP/1.1\r\nHost: x\r\n\r\n")
            server.wait_for("blocked")
            free = serving(server)
            Path(f"/proc/{server.process.pid}/cwd/go").touch()
            blocked = int(client.recv(1 << 16).split(b"\r\n")[-1])
        assert {free, blocked} == set(server.children())


def test_the_master_has_no_thread_and_has_not_imported_the_application() -> None:
    source = APP + "open(f'imported-{os.getpid()}', 'w').close()\n"
    with running(source, "--workers", "2", "--reload") as server:
        pid = server.process.pid
        folder = f"/proc/{pid}/cwd"
        seen = {name for name in os.listdir(folder) if name.startswith("imported-")}
        assert f"imported-{pid}" not in seen
        assert len(seen) == 2
        assert os.listdir(f"/proc/{pid}/task") == [str(pid)]


def test_a_worker_that_dies_is_reported_and_replaced() -> None:
    with running(APP, "--workers", "2") as server:
        old = set(server.children())
        victim = serving(server)
        os.kill(victim, signal.SIGKILL)
        server.wait_for(rf"ERROR Worker crashed on signal SIGKILL \(pid {victim}, after .* s\): ")
        eventually(lambda: replaced(server, {victim}))
        assert len(old & set(server.children())) == 1
        assert serving(server) != victim
        assert server.stop() == 0


def test_a_worker_that_exits_is_reported_and_replaced() -> None:
    with running(APP) as server:
        try:
            server.get("/exit")
        except OSError:
            server.wait_for(r"ERROR Worker exited with code 7 \(pid \d+, after .* s\): .*; another")
        assert serving(server)


def test_a_worker_told_to_stop_by_somebody_else_is_replaced() -> None:
    with running(APP) as server:
        os.kill(server.children()[0], signal.SIGTERM)
        server.wait_for(r"Worker exited with code 0")
        assert serving(server)


def test_workers_that_keep_crashing_do_not_spin() -> None:
    with running(APP) as server:
        for count in range(1, 4):
            os.kill(serving(server), signal.SIGKILL)
            server.wait_for("crashed on signal SIGKILL", count)
        pauses = re.findall(r"starts in (.*) s\n", server.output("stderr"))
        assert pauses == ["0.1", "0.2", "0.4"]


def test_a_new_worker_that_cannot_start_does_not_stop_the_others() -> None:
    with running(CRASH + APP, "--workers", "2") as server:
        pid = server.process.pid
        open(f"/proc/{pid}/cwd/crash", "w").close()
        victim, other = server.children()
        os.kill(victim, signal.SIGKILL)
        server.wait_for("'app' ended the process while it was loaded")
        assert serving(server) == other
        os.unlink(f"/proc/{pid}/cwd/crash")
        eventually(lambda: replaced(server, {victim}))
        assert server.output().count("while it was loaded") == 1
        assert server.stop() == 0


def test_hup_starts_all_workers_again() -> None:
    with running(APP, "--workers", "2") as server:
        old = set(server.children())
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Reload request received")
        server.wait_for("Accepting connections on ", count=2)
        eventually(lambda: replaced(server, old))
        assert serving(server) not in old
        assert server.output("stderr") == ""


def test_workers_ignore_what_a_terminal_sends_to_all() -> None:
    with running(APP) as server:
        (worker,) = server.children()
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            os.kill(worker, number)
        assert serving(server) == worker
        assert server.output("stderr") == ""
