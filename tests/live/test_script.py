"""`python script.py`, where the script calls `app.run()`."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import Server, launched

SCRIPT = """
import sys
from japy import Application

def hello(request):
    return request.Response(text="one")

app = Application()
app.router.add_route("/", hello)
"""
GUARD = 'if __name__ == "__main__":\n    '


@contextmanager
def scripted(
    folder: Path, source: str, *args: str, flags: tuple[str, ...] = ()
) -> Iterator[Server]:
    """Run a script; do not wait for it to be ready."""
    (folder / "script.py").write_text(source)
    with launched([sys.executable, *flags, "script.py", *args], folder) as server:
        yield server


@pytest.mark.parametrize("guard", ["", GUARD])
def test_run_serves_and_returns(guard: str, tmp_path: Path) -> None:
    source = SCRIPT + f"{guard}app.run(port=0); print('returned')\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.host == "0.0.0.0"
        assert server.get() == (200, "one")
        assert server.stop() == 0
        assert server.output("stdout") == (
            f"Accepting connections on {server.url}\nTermination request received\nreturned\n"
        )
        assert server.output("stderr") == ""


def test_run_takes_what_japrontos_takes(tmp_path: Path) -> None:
    source = SCRIPT + "app.router.add_route('/fail', lambda request: 1 / 0)\n"
    source += "app.run('127.0.0.1', 0, worker_num=2, reload=False, debug=True)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.host == "127.0.0.1"
        assert len(server.children()) == 2
        assert "ZeroDivisionError" in server.get("/fail")[1]


def test_a_loop_from_before_the_workers_is_warned_of(tmp_path: Path) -> None:
    source = SCRIPT + "app.loop.call_later(0, print, 'lost')\napp.run(port=0)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.get() == (200, "one")
        assert "@app.on_startup" in server.output("stderr")
        assert server.stop() == 0


def test_requests_are_logged_on_demand(tmp_path: Path) -> None:
    source = SCRIPT.replace("Application()", "Application(log_request=True)") + "app.run(port=0)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.get("/x?y") == (404, "Not Found")
        server.wait_for("127.0.0.1 GET /x 404")


def test_what_handlers_print_is_seen_at_once(tmp_path: Path) -> None:
    source = SCRIPT.replace("    return", "    print('seen')\n    return") + "app.run(port=0)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.get() == (200, "one")
        server.wait_for("seen")


def test_two_runs_follow_each_other(tmp_path: Path) -> None:
    with scripted(tmp_path, SCRIPT + "app.run(port=0)\napp.run(port=0)\n") as server:
        server.wait_ready()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Accepting connections on ", count=2)
        assert server.stop() == 0


def test_the_signals_of_the_script_are_restored(tmp_path: Path) -> None:
    source = SCRIPT + "import signal\nbefore = signal.getsignal(signal.SIGINT)\napp.run(port=0)\n"
    source += "print('restored', signal.getsignal(signal.SIGINT) is before)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        assert server.stop(signal.SIGINT) == 0
        assert "restored True" in server.output()


def test_a_port_in_use_ends_the_script_with_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        source = SCRIPT + f"app.run('127.0.0.1', {port})\nprint('not reached')\n"
        with scripted(tmp_path, source) as server:
            assert server.wait() == 3
            assert server.output("stdout") == ""
            text = server.output("stderr")
    assert text.startswith(f"Port {port} on 127.0.0.1 is in use by pid {os.getpid()} (")
    assert text.count("\n") == 1


def test_an_application_that_cannot_be_served_ends_the_script(tmp_path: Path) -> None:
    source = SCRIPT + "def fail(*args): raise ValueError('routes clash')\n"
    with scripted(tmp_path, source + "app.service = fail\napp.run(port=0)\n") as server:
        assert server.wait() == 3
        assert server.output("stderr").count("ValueError: routes clash") == 1


# Reload.


@pytest.mark.parametrize("guard", ["", GUARD])
def test_reload_runs_the_script_again(guard: str, tmp_path: Path) -> None:
    run = f"{guard}app.run('127.0.0.1', 0, worker_num=2, reload=True, debug=True)\n"
    source = f"{SCRIPT}print(f'argv {{sys.argv[1:]}} {{sys.flags.dev_mode}}', flush=True)\n{run}"
    with scripted(tmp_path, source, "--word", "x", flags=("-X", "dev")) as server:
        server.wait_ready()
        assert server.get() == (200, "one")
        assert (
            server.output().count("argv ['--word', 'x'] True\n") == 3
        )  # the script, and two workers
        server.wait_for("127.0.0.1 GET / 200\n")
        (tmp_path / "script.py").write_text(source.replace('"one"', '"two"'))
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "two")
        assert server.stop() == 0
        assert "Warning" not in server.output()


def test_reload_survives_a_broken_script(tmp_path: Path) -> None:
    source = SCRIPT + "app.run('127.0.0.1', 0, reload=True)\n"
    with scripted(tmp_path, source) as server:
        server.wait_ready()
        (tmp_path / "script.py").write_text("x = (\n")
        server.wait_for("Waiting for a change")
        assert "SyntaxError" in server.output("stderr")
        (tmp_path / "script.py").write_text(SCRIPT)
        server.wait_for("Waiting for a change", count=2)
        assert "ended without a call of Application.run" in server.output("stderr")
        (tmp_path / "script.py").write_text(source.replace('"one"', '"two"'))
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "two")


def test_reload_survives_a_startup_that_fails_at_first(tmp_path: Path) -> None:
    source = SCRIPT + "app.run('127.0.0.1', 0, reload=True)\n"
    broken = source.replace("app.run(", "app.on_startup(lambda: 1 / 0)\napp.run(")
    with scripted(tmp_path, broken) as server:
        server.wait_for("Waiting for a change")
        assert server.output("stderr").count("ZeroDivisionError: ") == 1
        (tmp_path / "script.py").write_text(source)
        server.wait_ready()
        assert server.get() == (200, "one")


def test_reload_in_a_function_of_a_script(tmp_path: Path) -> None:
    body = "".join(f"    {line}\n" for line in SCRIPT.splitlines())
    source = (
        f"def main():\n{body}    app.run('127.0.0.1', 0, reload=True)\n{GUARD}sys.exit(main())\n"
    )
    with scripted(tmp_path, "import sys\n" + source) as server:
        server.wait_ready()
        assert server.get() == (200, "one")
        assert server.stop() == 0
        assert server.output("stderr") == ""


def test_reload_of_a_module_run_with_m(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").touch()
    (tmp_path / "pkg/word.py").write_text("word = 'one'\n")
    source = SCRIPT.replace('"one"', "word") + "app.run('127.0.0.1', 0, reload=True)\n"
    (tmp_path / "pkg/__main__.py").write_text("from .word import word\n" + source)
    with launched([sys.executable, "-m", "pkg", "x"], tmp_path) as server:
        server.wait_ready()
        assert server.get() == (200, "one")
        word = tmp_path / "pkg/word.py"
        saved = word.stat().st_mtime_ns
        word.with_suffix(".new").write_text("word = 'two'\n")
        os.utime(word.with_suffix(".new"), ns=(saved, saved))  # the same second, the same size
        word.with_suffix(".new").rename(word)
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "two")


def test_reload_without_a_file(tmp_path: Path) -> None:
    source = SCRIPT + "app.run(port=0, reload=True)\n"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert "there is none to start again" in done.stderr
