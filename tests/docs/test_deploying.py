"""The configuration of the last chapter does what the chapter says, where its programs are."""

import configparser
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from japy.cli.option import collect
from japy.cli.serve import run
from japy.settings.config import Config
from tests.docs.document import TOP
from tests.support import debian
from tests.support.server import DEADLINE_S, eventually, running

CHAPTER = TOP / "tutorial" / "16_deploying"
APP = TOP / "tutorial" / "16_deploying.py"
UNIT = CHAPTER / "house.service"
SITE = CHAPTER / "nginx.conf"
NGINX = debian.find("nginx")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    {temporary}
    {site}
}}
"""


def service() -> configparser.SectionProxy:
    """Return what the unit says of its service."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    return unit["Service"]


def started() -> Config:
    """Return the settings of the command that the unit starts."""
    program, command, *words = shlex.split(service()["ExecStart"])
    assert (Path(program).name, command) == ("japy", "run")
    return collect(run.make_context("run", words).params, is_alone=True).config


def test_the_unit_starts_japy_with_options_that_it_has() -> None:
    config = started()
    assert (config.target, config.workers) == ("house:app", 2)
    assert f"127.0.0.1:{config.port};" in SITE.read_text(encoding="utf-8")


def test_the_unit_waits_longer_than_the_drain_takes() -> None:
    assert float(service()["TimeoutStopSec"]) > started().drain_s


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("/srv/house/.venv/bin/japy", "/bin/true")
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert complaints == []


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="japy-") as name:
        yield Path(name)


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[Path]:
    """Run nginx before a port with the site of the chapter; it listens on the socket returned."""
    socket = folder / "nginx.sock"
    site = SITE.read_text(encoding="utf-8").replace("127.0.0.1:8001", f"127.0.0.1:{port}")
    site = site.replace("listen 80;", f"listen unix:{socket};")
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    config = folder / "nginx.conf"
    config.write_text(AROUND.format(folder=folder, temporary=paths, site=site), encoding="utf-8")
    assert NGINX is not None
    command = [NGINX, "-c", str(config), "-e", "stderr", "-p", str(folder)]
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env=debian.environment(command)
    ) as process:
        try:
            eventually(lambda: socket.exists() or process.poll() is not None)
            assert process.poll() is None, "nginx does not start"
            yield socket
        finally:
            process.terminate()


def curl(socket: Path, *words: str) -> str:
    """Ask nginx, as a client of the house."""
    command = ["curl", "-sS", "-i", "--unix-socket", str(socket), "-H", "Host: house.example"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_nginx_serves_the_house(folder: Path) -> None:
    environment = {"HOUSE_DATABASE": str(folder / "house.sqlite")}
    with running(APP, env=environment) as server, nginx(folder, server.port) as socket:
        assert curl(socket, "http://house/health").endswith("\n\nfine\n")
        added = curl(socket, "-d", '{"title": "Buy milk"}', "http://house/todos")
        assert added.startswith("HTTP/1.1 201 Created\n")
        assert curl(socket, "http://house/todos").endswith('\n["Buy milk"]')
        for _ in range(20):  # over connections that nginx keeps
            assert " served by process " in curl(socket, "http://house/whoami")
        large = curl(socket, "--data-binary", f"@{APP}", "-H", "Expect:", "http://house/todos")
        assert large.startswith("HTTP/1.1 400 Bad Request\n")


def test_a_proxy_says_for_whom_it_asks() -> None:
    options = [word for word in shlex.split(service()["ExecStart"]) if word == "--proxy-headers"]
    environment = {"HOUSE_DATABASE": ":memory:"}
    with running(APP, *options, cwd=tempfile.gettempdir(), env=environment) as server:
        asking = Request(f"{server.url}/whoami", headers={"X-Forwarded-For": "192.0.2.7"})
        with urlopen(asking, timeout=DEADLINE_S) as answer:
            assert answer.read().startswith(b"192.0.2.7, served by process ")
