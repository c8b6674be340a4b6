"""Serve: `japy run` and `japy dev` on real ports, configured in each of the ways there are."""

import socket
import sys
from pathlib import Path

import pytest

from japy.cli.serve import dev
from japy.settings.source import gather
from tests.support.server import launched, running

SOURCE = """
import os
from japy import Application
app = Application()

@app.get("/")
def mode(request):
    return os.environ["JAPY_ENV"]

@app.get("/fail")
def fail(request):
    1 / 0
"""
JAPY = [sys.executable, "-m", "japy"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an application."""
    (tmp_path / "main.py").write_text(SOURCE)
    return tmp_path


def test_run_is_for_production() -> None:
    with running(SOURCE) as server:
        assert server.get() == (200, "production")
    with running(SOURCE, env={"JAPY_ENV": "staging"}) as server:
        assert server.get() == (200, "staging")


def test_dev_reloads_and_shows_tracebacks(folder: Path) -> None:
    with launched([*JAPY, "dev", "--port", "0"], folder) as server:
        server.wait_ready()
        assert server.output("stdout").startswith("Found main:app: main.py has 'app', and imports")
        assert server.host == "127.0.0.1"
        assert server.get() == (200, "development")
        assert "ZeroDivisionError" in server.get("/fail")[1]
        (folder / "main.py").write_text(SOURCE.replace('os.environ["JAPY_ENV"]', '"new"'))
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "new")


def test_dev_without_reload() -> None:
    params = dev.make_context("dev", ["--no-reload"]).params
    config = gather({"reload": params["reload"]}, environ={}, implied={"reload": True}).config
    assert not config.reload


def test_a_file_configures_the_server(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[tool.japy]\napp = "main:app"\nworkers = 2\nport = 0\nlimit-request-line = "100"\n'
    )
    with launched([*JAPY, "run"], folder) as server:
        server.wait_ready()
        assert len(server.children()) == 2
        assert server.get("/" + "x" * 200)[0] == 414
        assert server.output("stdout") == f"Accepting connections on {server.url}\n"


def test_variables_configure_the_server(folder: Path) -> None:
    environ = {"JAPY_APP": "main:app", "JAPY_PORT": "0", "WEB_CONCURRENCY": "2", "JAPY_PROT": "1"}
    with launched([*JAPY, "run"], folder, environ) as server:
        server.wait_ready()
        assert len(server.children()) == 2
        warning = "The variable JAPY_PROT is none that japy knows. Did you mean JAPY_PORT"
        assert server.output("stderr").startswith(warning)


def test_as_many_workers_as_there_is_room_for() -> None:
    with running(SOURCE, "--workers", "auto") as server:
        line = server.output("stdout").splitlines()[0]
        assert line.startswith(f"Workers: {len(server.children())}, as ")


@pytest.mark.parametrize(
    ("args", "status", "text"),
    [
        (["nono:app"], 3, "Module 'nono' was not found"),
        (["main:nono"], 3, "has no attribute 'nono'"),
        (["main:app", "--prot", "1"], 2, "There is no option --prot. Did you mean --port?\n"),
        (["main:app", "--ws", "auto"], 2, "--ws is no option of japy: "),
    ],
)
def test_exit_statuses(folder: Path, args: list[str], status: int, text: str) -> None:
    with launched([*JAPY, "run", "--port", "0", *args], folder) as server:
        assert server.wait() == status
        assert text in server.output("stderr")


def test_logging_as_a_file_says(folder: Path) -> None:
    (folder / "log.toml").write_text(
        '[formatters.own]\nformat = "OWN %(message)s"\n'
        '[handlers.own]\nclass = "logging.StreamHandler"\nformatter = "own"\n'
        '[root]\nlevel = "INFO"\nhandlers = ["own"]\n'
    )
    with running(folder / "main.py", "--log-config", "log.toml") as server:
        server.get("/fail")
        server.wait_for("ZeroDivisionError")
        assert "OWN GET /fail failed" in server.output("stderr")
        assert "ERROR GET /fail" not in server.output()


def test_a_logging_file_that_is_none(folder: Path) -> None:
    (folder / "log.json").write_text('{"handlers": {"x": {"class": "logging.NoHandler"}}}')
    with launched([*JAPY, "run", "main:app", "--log-config", "log.json"], folder) as server:
        assert server.wait() == 2
        assert server.output("stderr").startswith("log.json: Unable to configure handler 'x'")
        assert server.output("stderr").count("\n") == 1


@pytest.mark.parametrize(
    ("args", "environ", "is_colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--use-colors"], {"NO_COLOR": "1"}, True),
        (["--no-use-colors"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colors(args: list[str], environ: dict[str, str], is_colored: bool) -> None:
    plain = {"NO_COLOR": "", "FORCE_COLOR": ""}
    with running(SOURCE, *args, env={**plain, **environ}) as server:
        server.get("/fail")
        text = server.wait_for("GET /fail failed")
        assert ("\x1b[31mERROR\x1b[0m GET /fail" in text) == is_colored
        assert ("\x1b" in text) == is_colored


def test_the_level_of_what_is_logged() -> None:
    with running(SOURCE, "--log-level", "critical") as server:
        assert server.get("/fail")[0] == 500
        assert server.stop() == 0
        assert server.output("stderr") == ""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_the_loop_can_be_chosen(loop: str) -> None:
    source = SOURCE + (
        "import asyncio\nMADE = type(app.loop).__module__\n\n"
        '@app.get("/loop")\nasync def loop(request):\n'
        "    assert type(asyncio.get_running_loop()).__module__ == MADE\n    return MADE\n"
    )
    with running(source, "--loop", loop) as server:
        assert server.get("/loop")[1].startswith(loop)


def test_many_places_to_listen(folder: Path) -> None:
    command = ["run", "main:app", "--bind", "127.0.0.1:0", "-b", "unix:./x.sock"]
    with launched([*JAPY, *command], folder) as server:
        server.wait_ready()
        assert server.get() == (200, "production")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(folder / "x.sock"))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
