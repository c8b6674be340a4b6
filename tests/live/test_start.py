"""`japy run` from the command to the announcement: targets, addresses, options."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from japy.supervisor.listener import sockets_of
from tests.support.server import ANNOUNCED, eventually, launched, running

HELLO = """
from japy import Application
app = Application()
app.router.add_route("/", lambda request: request.Response(text="hello"))
"""


def ports_of(pid: int) -> list[int]:
    """Return the ports that a process listens on."""
    inodes = set(sockets_of(Path(f"/proc/{pid}")))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes]


@pytest.mark.parametrize("target", ["app:app", "app.app", "app.py:app", "app.py"])
def test_every_form_of_target_is_served(target: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    with running(target, cwd=tmp_path) as server:
        assert server.get() == (200, "hello")
        assert server.output("stdout") == f"Accepting connections on {server.url}\n"
        assert server.stop() == 0
        assert server.output("stderr") == ""


def test_the_command_finds_modules_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    # The console script starts with its own folder on the import path, unlike `python -m`.
    command = [
        "-c",
        "import sys; del sys.path[0]; from japy.__main__ import main; sys.exit(main())",
    ]
    command += ["run", "app:app", "--port", "0"]
    with launched([sys.executable, *command], tmp_path) as server:
        server.wait_ready()
        assert server.get() == (200, "hello")


def test_a_file_may_import_what_lies_beside_it_and_what_lies_here(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "here.py").write_text("")
    (tmp_path / "src/beside.py").write_text("")
    (tmp_path / "src/site.py").write_text(f"import here, beside\n{HELLO}")
    with running("src/site.py:app", cwd=tmp_path) as server:
        assert server.get() == (200, "hello")


@pytest.mark.parametrize("guard", ["", "if __name__ == '__main__': "])
def test_a_call_of_run_in_the_module_is_ignored(guard: str) -> None:
    with running(f"{HELLO}\n{guard}app.run(port=1)\n") as server:
        assert server.get() == (200, "hello")


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "[::1]"])
def test_hosts(host: str) -> None:
    if ":" in host:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with running(HELLO, "--host", host) as server:
        address = {"localhost": "127.0.0.1"}.get(host, host.strip("[]"))
        assert server.host == address
        assert server.get() == (200, "hello")


def test_the_variable_port_is_honoured(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    command = [sys.executable, "-m", "japy", "run", "app:app"]
    with launched(command, tmp_path, {"PORT": "0"}) as server:
        server.wait_ready()
        assert server.get() == (200, "hello")


def test_the_announcement_comes_when_all_workers_accept() -> None:
    slow = "import os, time\ntime.sleep(0.2 if os.getpid() % 2 else 0)\n" + HELLO
    with running(slow, "--workers", "3") as server:
        assert len(server.children()) == 3
        assert len(ANNOUNCED.findall(server.output())) == 1
        for _ in range(12):
            assert server.get() == (200, "hello")


def test_debug_logs_requests_and_shows_tracebacks() -> None:
    source = HELLO + "app.router.add_route('/fail', lambda request: 1 / 0)\n"
    with running(source, "--debug") as server:
        assert server.get()[0] == 200
        status, text = server.get("/fail")
        assert status == 500
        assert "ZeroDivisionError" in text
        server.wait_for(r"127.0.0.1 GET /fail 500\n")
        assert "127.0.0.1 GET / 200\n" in server.output("stdout")


def test_without_debug_requests_are_not_logged_but_errors_are() -> None:
    source = HELLO + "app.router.add_route('/fail', lambda request: 1 / 0)\n"
    with running(source) as server:
        assert server.get() == (200, "hello")
        assert server.get("/fail") == (500, "Internal Server Error")
        server.wait_for("ZeroDivisionError: division by zero")
        assert "ERROR GET /fail failed\nTraceback (most recent" in server.output("stderr")
        assert server.get() == (200, "hello")
        assert "GET" not in server.output("stdout")


def test_limits_given_as_options_hold() -> None:
    with running(HELLO, "--limit-request-line", "100") as server:
        assert server.get("/" + "x" * 50)[0] == 404
        assert server.get("/" + "x" * 200)[0] == 414


@pytest.mark.skipif(sys.platform != "linux", reason="the port is looked up in /proc")
@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_failure(redirection: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    command = [sys.executable, "-m", "japy", "run", "app:app", "--port", "0"]
    with launched(["sh", "-c", f'exec "$@" {redirection}', "sh", *command], tmp_path) as server:
        eventually(lambda: ports_of(server.process.pid))
        server.host, server.port = "127.0.0.1", ports_of(server.process.pid)[0]
        for child in (server.process.pid, *server.children()):
            links = [os.readlink(f"/proc/{child}/fd/{number}") for number in range(3)]
            assert not any(link.startswith("socket:") for link in links)
        assert server.get() == (200, "hello")
        assert server.stop() == 0


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_module_may_close_the_standard_streams(loop: str) -> None:
    source = f"import os\nfor number in range(3):\n    os.close(number)\n{HELLO}"
    with running(source, "--loop", loop) as server:
        assert server.get() == (200, "hello")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("Accepting connections on ", count=2)
        assert server.stop() == 0
        assert server.output("stderr") == ""


def test_an_application_may_start_processes_of_its_own() -> None:
    source = """
import multiprocessing, subprocess, sys
from japy import Application
app = Application()

def child(queue):
    queue.put("forked")

@app.route("/")
def both(request):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    text = queue.get()
    process.join()
    code = "import signal; print(signal.getsignal(signal.SIGINT).__name__)"
    out = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True).stdout
    return request.Response(text=f"{text} {process.exitcode} {out.strip()}")
"""
    with running(source) as server:
        assert server.get() == (200, "forked 0 default_int_handler")


def test_processes_of_the_application_end_with_it_and_not_the_other_way_round() -> None:
    source = """
import asyncio, multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from japy import Application
app = Application()

def pid():
    return os.getpid()

@app.on_startup
async def start():
    app.pool = ProcessPoolExecutor(1)  # nobody shuts it down

@app.route("/pool")
async def pool(request):
    found = await asyncio.get_running_loop().run_in_executor(app.pool, pid)
    return request.Response(text=str(found))

@app.route("/daemon")
def daemon(request):
    context = multiprocessing.get_context("fork")
    process = context.Process(target=time.sleep, args=(60,), daemon=True)
    process.start()
    return request.Response(text=str(process.pid))

@app.route("/end")
def end(request):
    context = multiprocessing.get_context("fork")
    process = context.Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join()
    return request.Response(text=str(process.exitcode))
"""
    with running(source) as server:
        (worker,) = server.children()
        assert server.get("/end") == (200, "-15")
        others = [int(server.get(path)[1]) for path in ("/pool", "/daemon")]
        assert server.children() == [worker]
        assert server.stop() == 0
        eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in others))
        assert server.output("stderr") == ""
