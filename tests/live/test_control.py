"""The control socket of a real server: what it tells is true, what it is told is done."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import DEADLINE_S, Server, eventually, launched, running

APP = """
import asyncio, time
from japy import Application
app = Application()

@app.route("/")
def hello(request):
    return request.Response(text="one")

@app.route("/wait/{s}")
async def wait(request):
    await asyncio.sleep(float(request.match_dict["s"]))
    return request.Response(text="waited")

@app.route("/nap/{s}")
def nap(request):
    print("napping", flush=True)
    time.sleep(float(request.match_dict["s"]))
    return request.Response(text="awake")
"""


@contextmanager
def controlled(folder: Path, *args: str) -> Iterator[tuple[Server, Path]]:
    """Serve the application of a folder; yield the server and its control socket."""
    (folder / "app.py").write_text(APP)
    path = folder / "control.sock"
    with running("app:app", *args, cwd=folder, env={"JAPY_CONTROL_SOCKET": str(path)}) as server:
        yield server, path


def japy(folder: Path, *args: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that asks the server of a folder, if there is one."""
    path = str(folder / "control.sock")
    return subprocess.run(
        [sys.executable, "-m", "japy", *args],
        cwd=folder,
        env={**os.environ, "JAPY_CONTROL_SOCKET": path, "NO_COLOR": "1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def say(path: Path, data: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))  # waits where others do; with a timeout it would not
        client.settimeout(DEADLINE_S)
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


def ask(path: Path, verb: str, **more: object) -> dict[str, Any]:
    """Ask a server."""
    answer = json.loads(say(path, json.dumps({"v": 1, "verb": verb, **more}).encode() + b"\n"))
    assert isinstance(answer, dict)
    return answer


def test_status_is_true_under_a_known_load(tmp_path: Path) -> None:
    with controlled(tmp_path, "--workers", "2") as (server, path), ThreadPoolExecutor(8) as pool:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [server.get()[0] for _ in range(30)] == [200] * 30
        eventually(lambda: ask(path, "status")["requests"] == 30)
        waits = [pool.submit(server.get, "/wait/3") for _ in range(6)]
        eventually(lambda: ask(path, "status")["in_flight"] == 6)
        numbers = ask(path, "status")
        assert (numbers["ok"], numbers["v"], numbers["pid"]) == (True, 1, server.process.pid)
        assert (numbers["connections"], numbers["requests"]) == (6, 36)
        assert (numbers["target"], numbers["urls"]) == ("app:app", [server.url])
        assert [worker["pid"] for worker in numbers["workers"]] == server.children()
        assert {worker["state"] for worker in numbers["workers"]} == {"serving"}
        assert all(worker["rss"] > 1 << 20 for worker in numbers["workers"])
        assert sum(worker["in_flight"] for worker in numbers["workers"]) == 6
        shown = japy(tmp_path, "status")
        assert shown.returncode == 0
        assert re.search(r"36 requests, 6 in flight, 6 connections, 0 restarts", shown.stdout)
        assert re.search(rf"\n +1 +{server.children()[0]}  serving ", shown.stdout)
        assert {wait.result() for wait in waits} == {(200, "waited")}
        eventually(lambda: ask(path, "status")["in_flight"] == 0)


def test_status_tells_of_a_crash_and_of_a_hang(tmp_path: Path) -> None:
    with controlled(tmp_path, "--timeout-worker-healthcheck", "60") as (server, path):
        victim = server.children()[0]
        os.kill(victim, signal.SIGKILL)
        server.wait_for("crashed on signal SIGKILL")
        eventually(lambda: [one["state"] for one in ask(path, "status")["workers"]] == ["serving"])
        numbers = ask(path, "status")
        assert numbers["restarts"]["crash"] == numbers["workers"][0]["restarts"] == 1
        assert f"crashed on signal SIGKILL (pid {victim}, " in numbers["workers"][0]["why"]
        with ThreadPoolExecutor(1) as pool:
            nap = pool.submit(server.get, "/nap/3")
            server.wait_for("napping")
            eventually(lambda: ask(path, "status")["workers"][0]["state"] == "hangs")
            assert ask(path, "status")["workers"][0]["lag_s"] >= 1
            assert 'app.py", line 18 in nap' in japy(tmp_path, "stacks").stdout
            assert nap.result() == (200, "awake")


def test_reload_waits_for_the_new_code_or_says_why_not(tmp_path: Path) -> None:
    with controlled(tmp_path, "--workers", "2") as (server, path):
        (tmp_path / "app.py").write_text(APP.replace('"one"', '"two"'))
        done = japy(tmp_path, "reload")
        assert (done.returncode, done.stdout) == (0, "Reloaded: 2 workers serve the new code.\n")
        assert {server.get() for _ in range(20)} == {(200, "two")}
        assert ask(path, "status")["restarts"]["reload"] == 2
        (tmp_path / "app.py").write_text("1 / 0\n")
        failed = japy(tmp_path, "reload")
        assert failed.returncode == 1
        assert "ZeroDivisionError" in failed.stderr
        assert server.get() == (200, "two")
        assert ask(path, "status")["state"] == "reload failed"
        (tmp_path / "app.py").write_text(APP.replace('"one"', '"three"'))
        assert japy(tmp_path, "reload").returncode == 0
        assert server.get() == (200, "three")
        assert ask(path, "status")["state"] == "serving"


def test_scale_waits_for_the_workers(tmp_path: Path) -> None:
    with controlled(tmp_path) as (server, path):
        done = japy(tmp_path, "scale", "3")
        assert (done.returncode, done.stdout) == (0, "3 workers serve, 1 before.\n")
        assert len(ask(path, "status")["workers"]) == len(server.children()) == 3
        assert ask(path, "scale", workers=1)["before"] == 3
        eventually(lambda: len(server.children()) == 1)
        assert "Expected 1 to 1,024 workers; got 0" in ask(path, "scale", workers=0)["error"]
        assert not ask(path, "scale", workers="4")["ok"]
        assert not ask(path, "scale")["ok"]
        assert japy(tmp_path, "scale", "0").returncode == 2
        (tmp_path / "app.py").write_text("1 / 0\n")
        failed = japy(tmp_path, "scale", "2")
        assert failed.returncode == 1
        assert "ZeroDivisionError" in failed.stderr


def test_stacks_of_workers_that_do_nothing(tmp_path: Path) -> None:
    with controlled(tmp_path, "--workers", "2") as (server, path):
        with ThreadPoolExecutor(4) as pool:  # several ask at the same time
            answers = list(pool.map(lambda _: ask(path, "stacks"), range(4)))
        for answer in answers:
            assert [worker["pid"] for worker in answer["workers"]] == server.children()
            assert all("in serve" in worker["stack"] for worker in answer["workers"])


def test_stop_answers_what_is_under_way_and_waits(tmp_path: Path) -> None:
    with controlled(tmp_path) as (server, path), ThreadPoolExecutor(1) as pool:
        wait = pool.submit(server.get, "/wait/1.5")
        eventually(lambda: ask(path, "status")["in_flight"] == 1)
        done = japy(tmp_path, "stop")
        assert done.returncode == 0
        assert done.stdout == f"Stopped (pid {server.process.pid}).\n"
        assert wait.result() == (200, "waited")
        assert server.process.poll() == server.wait() == 0
        assert not path.exists()
        for command in (["status"], ["reload"], ["stop"], ["stacks"], ["scale", "2"]):
            none = japy(tmp_path, *command)
            assert none.returncode == 3
            assert none.stderr.count("\n") == 1
            assert "No server" in none.stderr


def test_stop_at_once(tmp_path: Path) -> None:
    with controlled(tmp_path) as (server, path), ThreadPoolExecutor(1) as pool:
        wait = pool.submit(server.get, "/wait/30")
        eventually(lambda: ask(path, "status")["in_flight"] == 1)
        assert japy(tmp_path, "stop", "--now").returncode == 0
        assert server.wait() == 130
        assert isinstance(wait.exception(), OSError)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\xff" * 100 + b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"[1]\n",
        b"[" * 10_000 + b"\n",
        b'{"v": 1}\n',
        b'{"v": 2, "verb": "status"}\n',
        b'{"v": 1, "verb": "__init__"}\n',
        b'{"v": 1, "verb": ["status"]}\n',
        b'{"v": 1, "verb": "status"',
    ],
)
def test_garbage_is_answered(shared: tuple[Server, Path], data: bytes) -> None:
    server, path = shared
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.settimeout(DEADLINE_S)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = json.loads(b"".join(iter(lambda: client.recv(1 << 16), b"")))
    assert answer["ok"] is False
    assert answer["error"]
    assert server.get() == (200, "one")


def test_who_sends_too_much_or_leaves_does_no_harm(shared: tuple[Server, Path]) -> None:
    server, path = shared
    with socket.socket(socket.AF_UNIX) as flood:
        flood.connect(str(path))
        flood.settimeout(DEADLINE_S)
        with pytest.raises(OSError):  # noqa: PT011  # whichever of them: it was closed
            flood.sendall(b"x" * 10_000_000)
    clients = []
    for _ in range(200):  # more than there is room for: some of those who say nothing have to go
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        clients.append(client)
    assert ask(path, "status")["ok"]
    for client in clients:
        client.close()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b'{"v": 1, "verb": "stacks"}\n')  # and is gone before the answer
    assert ask(path, "status")["ok"]
    assert server.get() == (200, "one")
    assert "Traceback" not in server.output()


def test_slow_clients_do_not_delay_the_supervisor(shared: tuple[Server, Path]) -> None:
    server, path = shared
    clients = []
    for _ in range(60):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        client.send(b'{"v"')
        clients.append(client)
    victim = server.children()[0]
    os.kill(victim, signal.SIGKILL)
    server.wait_for(rf"crashed on signal SIGKILL \(pid {victim}, ", timeout=5)
    eventually(lambda: victim not in server.children() and len(server.children()) == 1)
    assert ask(path, "status")["ok"]
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """Serve for several tests."""
    with controlled(tmp_path_factory.mktemp("shared")) as found:
        yield found


def found_by_default(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run `japy status` where nobody has said which server is meant."""
    return japy(folder, "status", JAPY_CONTROL_SOCKET="yes", XDG_RUNTIME_DIR=str(folder / "run"))


def test_by_default_there_is_one_that_is_found(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "app.py").write_text(APP)
    env = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    with running("app:app", cwd=tmp_path, env=env) as server:
        path = tmp_path / "run" / "japy" / f"{server.process.pid}.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        found = found_by_default(tmp_path)
        if found.returncode:  # other servers of this user run
            assert f"-s {path}  app:app on {server.url}" in found.stderr
        with running("app:app", cwd=tmp_path, env=env) as other:
            found = found_by_default(tmp_path)
            assert found.returncode == 2
            assert found.stderr.startswith("Several servers run: name the one that you mean with")
            assert f"-s {path}  app:app on {server.url}\n" in found.stderr
            assert f"app:app on {other.url}\n" in found.stderr
        assert japy(tmp_path, "status", "-s", str(path)).returncode == 0
    assert not path.exists()


def test_a_socket_that_was_chosen(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with controlled(tmp_path, "--control-socket", "my.sock") as (server, _):
        assert not path.exists()
        assert stat.S_IMODE((tmp_path / "my.sock").stat().st_mode) == 0o600
        assert japy(tmp_path, "status", "--control-socket", "my.sock").returncode == 0
        (tmp_path / "japy.toml").write_text('control-socket = "my.sock"\n')
        command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0"]
        with launched(command, tmp_path) as other:
            assert other.wait() == 3
            assert "my.sock is in use by another server" in other.output("stderr")
        assert server.get() == (200, "one")
        assert (tmp_path / "my.sock").exists()


def test_none_at_all(tmp_path: Path) -> None:
    with controlled(tmp_path, "--no-control-socket") as (_, path):
        assert not path.exists()
        assert japy(tmp_path, "status").returncode == 3


def test_a_folder_that_is_not_our_own_is_not_used(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    (run / "japy").mkdir()
    (run / "japy").chmod(0o777)
    (tmp_path / "app.py").write_text(APP)
    with running("app:app", cwd=tmp_path, env={"XDG_RUNTIME_DIR": str(run)}) as server:
        assert not list((run / "japy").iterdir())
        assert server.get() == (200, "one")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_others_are_not_let_in(tmp_path: Path) -> None:
    with controlled(tmp_path) as (_, path):
        tmp_path.chmod(0o755)
        os.chmod(path, 0o666)  # as if somebody had been careless
        code = (
            "import os, socket, sys\nos.setuid(65534)\n"
            "client = socket.socket(socket.AF_UNIX)\nclient.connect(sys.argv[1])\n"
            'try:\n    client.sendall(b\'{"verb": "status"}\\n\')\n    data = client.recv(10)\n'
            "except OSError:\n    data = b''\nsys.exit(len(data))\n"
        )
        command = [sys.executable, "-c", code, path.name]  # the folders above it are closed
        asked = subprocess.run(command, cwd=path.parent, timeout=DEADLINE_S)
        assert asked.returncode == 0
        assert ask(path, "status")["ok"]


def test_on_a_terminal_the_table_is_shown_again_and_again(shared: tuple[Server, Path]) -> None:
    server, path = shared
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "japy", "status", "-s", str(path)]
    shown = subprocess.Popen(command, stdout=theirs, stdin=theirs)
    os.close(theirs)
    text = b""
    while text.count(b"the server goes on.") < 2:
        text += os.read(ours, 1 << 16)
    assert text.count(b"\x1b[H\x1b[J") == 2
    assert f"pid {server.process.pid}, serving: ".encode() in text
    shown.send_signal(signal.SIGINT)
    assert shown.wait(DEADLINE_S) == 0
    os.close(ours)
