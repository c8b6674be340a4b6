"""What a server has of the system: Unix sockets, systemd, users, pid files, and being process 1."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.settings.bind import Bind
from tests.support.server import DEADLINE_S, eventually, launched
from tests.support.supervised import LAUNCH, PID, supervised

# Becomes the program that follows with a socket as systemd passes it.
ACTIVATE = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="web")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
ENVIRONMENT = """
@app.route("/env")
def env(request):
    names = [name for name in os.environ if name.startswith(("LISTEN", "NOTIFY", "WATCHDOG"))]
    return request.Response(text=" ".join(names) or "none")
"""


def get_unix(path: Path) -> bytes:
    """Return the answer to a GET over a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_S)
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


# Places.


def test_several_places_are_served_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s"
    binds = (Bind("tcp", "127.0.0.1", 0), Bind("unix", path=str(path)))
    with supervised(bind=binds, workers=2, uds_permissions=0o600) as server:
        server.wait_for(f"Accepting connections on unix:{path}\n")
        server.wait_ready()
        assert server.get()[0] == 200
        assert get_unix(path).startswith(b"HTTP/1.1 200 OK")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections on unix", count=2)
        assert get_unix(path).startswith(b"HTTP/1.1 200 OK")
        assert server.stop() == 0
    assert not path.exists()


def test_a_socket_of_a_dead_server_is_taken_over_and_of_a_living_one_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s"
    binds = (Bind("unix", path=str(path)),)
    with supervised(bind=binds) as server:
        with supervised(bind=binds, is_announced=False) as second:
            assert second.wait() == 3
            assert "is in use by another server" in second.output("stderr")
        assert get_unix(path).startswith(b"HTTP/1.1 200 OK")
        server.process.kill()
        server.wait()
    assert path.exists()
    with supervised(bind=binds):
        assert get_unix(path).startswith(b"HTTP/1.1 200 OK")


# systemd.


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE_S)
        yield manager


def test_the_service_manager_is_told_what_goes_on(manager: socket.socket) -> None:
    slow = "import time\ntime.sleep(0.3)\n" + PID + ENVIRONMENT
    env = {"NOTIFY_SOCKET": manager.getsockname()}
    with supervised(slow, env=env, workers=2, is_announced=False) as server:
        assert manager.recv(4096) == b"READY=1\nSTATUS=2 workers serve"
        server.wait_ready()
        assert server.get("/env") == (200, "none")
        server.process.send_signal(signal.SIGHUP)
        assert manager.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert manager.recv(4096).startswith(b"READY=1\n")
        server.process.send_signal(signal.SIGTERM)
        assert manager.recv(4096).startswith(b"STOPPING=1\n")
        assert server.wait() == 0


def test_the_watchdog_is_fed_only_while_workers_beat(manager: socket.socket) -> None:
    env = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "400000"}
    with supervised(env=env) as server:
        assert manager.recv(4096).startswith(b"READY=1")
        assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        (worker,) = server.children()
        os.kill(worker, signal.SIGSTOP)
        time.sleep(1.5)  # until the silence is noticed
        manager.setblocking(False)
        while True:
            try:
                manager.recv(4096)
            except BlockingIOError:
                break
        manager.settimeout(0.8)
        with pytest.raises(TimeoutError):
            manager.recv(4096)
        os.kill(worker, signal.SIGCONT)
        manager.settimeout(DEADLINE_S)
        assert manager.recv(4096) == b"WATCHDOG=1"


def test_a_passed_socket_is_served(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PID + ENVIRONMENT)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", ACTIVATE, str(port), "-c", LAUNCH, repr({"workers": 2})]
    with launched(command, tmp_path) as server:
        server.wait_ready()
        assert server.port == port
        assert server.get("/env") == (200, "none")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections on ", count=2)
        assert server.get()[0] == 200
        assert server.stop() == 0


def test_a_descriptor_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PID)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = repr({"bind": (Bind("fd", number=3),)})
    shim = ACTIVATE.replace("LISTEN_PID=str(os.getpid())", 'LISTEN_PID="1"')
    command = [sys.executable, "-c", shim, str(port), "-c", LAUNCH, settings]
    with launched(command, tmp_path) as server:
        server.wait_ready()
        assert server.get()[0] == 200


# Users and pid files.


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_workers_are_who_they_are_to_be() -> None:
    who = "@app.route('/who')\ndef who(request):\n    text = f'{os.getuid()} {os.umask(0o77)}'\n"
    who += "    return request.Response(text=text)\n"
    with tempfile.TemporaryDirectory(prefix="japy-test-") as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "s")
        binds = (Bind("tcp", "127.0.0.1", 0), Bind("unix", path=str(path)))
        with supervised(
            PID + who, cwd=Path(folder), bind=binds, user="nobody", umask=0o27, is_announced=False
        ) as server:
            try:
                server.wait_ready()
            except AssertionError as error:
                if re.search("Permission denied|ModuleNotFoundError", str(error)):
                    pytest.skip("this Python is in a folder that only root can read")
                raise
            nobody = pwd.getpwnam("nobody").pw_uid
            assert server.get("/who") == (200, f"{nobody} {0o27}")
            assert path.stat().st_uid == nobody
            assert os.stat(f"/proc/{server.process.pid}").st_uid == 0
            assert server.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_changes_are_seen_by_a_watcher_that_is_somebody_else() -> None:
    with tempfile.TemporaryDirectory(prefix="japy-test-") as folder:
        os.chmod(folder, 0o755)
        with supervised(cwd=Path(folder), user="nobody", reload=True, is_announced=False) as server:
            try:
                server.wait_ready()
            except AssertionError as error:
                if re.search("Permission denied|ModuleNotFoundError", str(error)):
                    pytest.skip("this Python is in a folder that only root can read")
                raise
            Path(folder, "app.py").write_text(PID.replace("str(os.getpid())", "'new'"))
            server.wait_for("Accepting connections on ", count=2)
            assert server.get() == (200, "new")


def test_a_user_that_does_not_exist_is_named() -> None:
    with supervised(user="no-such-user", is_announced=False) as server:
        assert server.wait() == 3
        assert server.output() == "There is no user 'no-such-user': see getent passwd.\n"


def test_a_pid_file_names_the_master(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with supervised(pid_file=str(file)) as server:
        assert file.read_text() == f"{server.process.pid}\n"
        with supervised(pid_file=str(file), is_announced=False) as second:
            assert second.wait() == 3
            assert f"names process {server.process.pid}, which is alive" in second.output()
        assert server.stop() == 0
    assert not file.exists()


# Process 1.


@pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare"
)
def test_process_1_waits_for_orphans_and_says_nothing(tmp_path: Path) -> None:
    orphan = """
@app.route("/orphan")
def orphan(request):
    import subprocess
    subprocess.run(["sh", "-c", "(exit 5) & (sleep 0.1; exit 6) &"])
    return request.Response(text="orphaned")
"""
    (tmp_path / "app.py").write_text(PID + orphan)
    probe = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("this system does not let us have a process 1")
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", LAUNCH]
    with launched([*command, repr({"port": 0})], tmp_path) as server:
        server.wait_ready()
        (master,) = server.children()
        children = Path(f"/proc/{master}/task/{master}/children")
        assert server.get("/orphan") == (200, "orphaned")
        eventually(lambda: len(children.read_text().split()) == 1)
        os.kill(int(children.read_text()), signal.SIGKILL)  # ours is not taken for an orphan
        server.wait_for("crashed on signal SIGKILL .*; another one starts")
        assert server.get()[0] == 200
        assert server.output().count("ERROR") == 1
        os.kill(master, signal.SIGTERM)
        assert server.process.wait(DEADLINE_S) == 0
