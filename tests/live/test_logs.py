"""What a real server logs: lines that are whole, files that move, and settings that change."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, eventually, running

APP = """
import asyncio
from japy import Application
app = Application()

@app.route("/")
def hello(request):
    return request.Response(text="hello")

@app.route("/wait/{s}")
async def wait(request):
    print("waiting", flush=True)
    await asyncio.sleep(float(request.match_dict["s"]))
    return request.Response(text="waited")

@app.route("/fail")
def fail(request):
    raise LookupError("on purpose")
"""
DATE = r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"
COMBINED = re.compile(rf'127\.0\.0\.1 - - {DATE} "([^"]*)" (\d+) (\d+|-) "-" "-"')


def connected(server: Server) -> socket.socket:
    """Return a connection."""
    return socket.create_connection((server.host, server.port), timeout=DEADLINE_S)


def exchange(server: Server, data: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with connected(server) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(1 << 16), b""))


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def launch(tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a server that is not to start."""
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0", *options]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S)


def test_requests_are_not_logged_unless_somebody_asks() -> None:
    with running(APP) as server:
        exchange(server, get("/"))
        assert server.stop() == 0
        assert "GET" not in server.output()


@pytest.mark.parametrize("options", [["--access-log"], ["--access-log-file", "-"]])
def test_they_are_logged_to_stdout(options: Sequence[str]) -> None:
    with running(APP, *options) as server:
        exchange(server, get("/?a=%0a") + get("/none"))
        server.wait_for("none")
        assert [m.groups() for m in COMBINED.finditer(server.output("stdout"))] == [
            ("GET /?a=%0a HTTP/1.1", "200", "5"),
            ("GET /none HTTP/1.1", "404", "9"),
        ]
        assert server.stop() == 0
        assert server.output("stderr") == ""


@pytest.mark.parametrize("count", [1, 3])
def test_workers_share_a_file_and_lose_nothing(count: int, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    options = ["--workers", str(count), "--access-log-file", str(log)]
    with running(APP, *options, "--access-log-format", "%(p)s %(U)s %(s)s %(D)s") as server:

        def ask(number: int) -> bytes:
            return exchange(server, b"".join(get(f"/{number}/{n}") for n in range(50)))

        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(ask, range(40)))) == 40
        assert server.stop() == 0
    found = [line.split() for line in lines(log)]
    assert all(re.fullmatch(r"<\d+> /\d+/\d+ 404 \d+", " ".join(line)) for line in found)
    paths = sorted(line[1] for line in found)
    assert paths == sorted(f"/{number}/{n}" for number in range(40) for n in range(50))


def test_what_ends_in_the_drain_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    options = ["--access-log-file", str(log), "--access-log-format", "%(U)s %(M)s"]
    with running(APP, *options) as server, connected(server) as client:
        client.sendall(get("/wait/0.31"))  # uvloop may wait a millisecond less
        server.wait_for("waiting")
        assert server.stop() == 0
    ((path, milliseconds),) = (line.split() for line in lines(log))
    assert path == "/wait/0.31"
    assert int(milliseconds) >= 300


def test_files_are_opened_again_at_usr1(tmp_path: Path) -> None:
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    options = ["--workers", "2", "--access-log-file", str(log), "--access-log-format", "%(U)s"]
    with running(APP, *options) as server:
        exchange(server, get("/before"))
        eventually(lambda: lines(log) == ["/before"])
        log.rename(old)
        server.process.send_signal(signal.SIGUSR1)
        eventually(log.exists)

        def is_in_new_file() -> bool:
            exchange(server, get("/after"))
            return "/after" in lines(log)

        eventually(is_in_new_file)
        assert server.stop() == 0
    assert set(lines(old)) <= {"/before", "/after"}, "the second worker may still have had it"


def test_usr1_ends_nobody() -> None:
    with running(APP) as server:
        for _ in range(5):
            server.process.send_signal(signal.SIGUSR1)
        assert server.get() == (200, "hello")
        assert server.stop() == 0
        assert server.output("stderr") == ""


def test_all_is_json_if_wanted() -> None:
    with running(APP, "--log-format", "json", "--access-log") as server:
        exchange(server, get("/fail"))
        server.wait_for("japy.access")
        assert server.stop() == 0
    error = json.loads(server.output("stderr"))
    (answer,) = (json.loads(x) for x in server.output("stdout").splitlines() if x[0] == "{")
    assert (error["level"], error["route"], error["path"]) == ("ERROR", "/fail", "/fail")
    assert "LookupError: on purpose" in error["exc"]
    assert (answer["status"], answer["route"], answer["bytes"]) == (500, "/fail", 21)


CONFIG = """
[handlers.file]
class = "logging.FileHandler"
filename = "NAME"
formatter = "short"
[formatters.short]
format = "%(name)s %(levelname)s %(status)s %(path)s"
defaults = { status = "-", path = "-" }
[loggers."japy.access"]
handlers = ["file"]
"""


def test_a_file_says_where_lines_go_and_is_read_again_at_hup(tmp_path: Path) -> None:
    config, first, second = (tmp_path / name for name in ("log.toml", "first.log", "second.log"))
    config.write_text(CONFIG.replace("NAME", str(first)))
    with running(APP, "--log-config", str(config), "--access-log") as server:
        exchange(server, get("/a"))
        eventually(lambda: lines(first) == ["japy.access INFO 404 /a"])
        assert "GET" not in server.output("stdout")
        config.write_text(CONFIG.replace("NAME", str(second)))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections", 2)
        exchange(server, get("/b"))
        eventually(lambda: lines(second) == ["japy.access INFO 404 /b"])
        assert server.stop() == 0
    assert len(lines(first)) == 1


def test_nobody_waits_for_who_does_not_read(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0", "--access-log"]
    with open(reader, "rb", buffering=0) as far, open(writer, "wb") as near:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=near, stderr=near)
        try:
            port = int(far.readline().rsplit(b":")[-1])
            for number in range(30):  # with a traceback for each
                if number == 20:
                    process.send_signal(signal.SIGHUP)
                with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as client:
                    client.sendall(get("/fail"))
                    assert client.recv(1 << 16).startswith(b"HTTP/1.1 500 ")
            process.terminate()
            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()
            process.wait()


def test_a_full_disk_ends_nobody() -> None:
    with running(APP, "--access-log-file", "/dev/full") as server:
        for _ in range(3):
            assert server.get() == (200, "hello")
        server.wait_for("The access log cannot be written")
        assert server.stop() == 0
        assert server.output("stderr").count("cannot be written") == 1


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        (
            ["--access-log-file", "/none/x"],
            3,
            "/none/x cannot be opened (No such file or directory)",
        ),
        (["--access-log-format", "jsn"], 2, "got 'jsn' (did you mean json?)"),
        (["--access-log-format", "%(x)s"], 2, "got %(x)s"),
        (["--log-config", "none.toml"], 2, "there is no file 'none.toml'"),
        (["--log-config", "app.py"], 2, "app.py: expected a file .json or .toml"),
        (["--log-level", "loud"], 2, "'loud'"),
    ],
)
def test_what_cannot_be_done_is_said_at_the_start(
    options: Sequence[str], status: int, reason: str, tmp_path: Path
) -> None:
    done = launch(tmp_path, *options)
    assert done.returncode == status, done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "variables", "is_coloured"),
    [
        ([], {}, False),
        (["--use-colors"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        (["--no-use-colors"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_those_who_want_them(
    options: Sequence[str], variables: dict[str, str], is_coloured: bool
) -> None:
    with running(APP, *options, env={"NO_COLOR": "", "FORCE_COLOR": "", **variables}) as server:
        exchange(server, get("/fail"))
        assert ("\x1b[31mERROR\x1b[0m" in server.wait_for("on purpose")) is is_coloured


def test_a_level_shows_more() -> None:
    with running(APP, "--log-level", "info") as server:
        exchange(server, b"GET\r\n\r\n")
        server.wait_for("INFO 127.0.0.1 refused with 400")
