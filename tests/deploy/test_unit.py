"""systemd's units: what it thinks of them, and japy started, reloaded and stopped by them."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.cli.option import collect
from japy.cli.serve import run
from japy.serving.tether import HOOKS_S
from japy.settings.config import Config
from tests.deploy.house import asked, go_on, house_files, lost
from tests.deploy.manager import Manager, section
from tests.deploy.page import changed, files
from tests.support.server import DEADLINE_S

UNIT, SOCKET = "house.service", "house.socket"
MOST_EXPOSED = 2.5  # of 10, as systemd counts it; a unit that says nothing has 9.6
NEEDS_SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@pytest.fixture
def manager(folder: Path) -> Iterator[Manager]:
    """Return a service manager with the unit of the page."""
    house_files(folder)
    often = ("WatchdogSec=240", "WatchdogSec=0.5")
    unit = changed(UNIT, ("--workers auto", "--workers 2"), ("delay 5s", "delay 0.5s"), often)
    with Manager(unit, folder) as manager:
        yield manager


def started() -> Config:
    """Return the settings of the command that the unit starts."""
    program, command, *words = shlex.split(section(files()[UNIT], "Service")["ExecStart"])
    assert (Path(program).name, command) == ("japy", "run")
    return collect(run.make_context("run", words).params, is_alone=True).config


def test_the_times_fit() -> None:
    service, config = section(files()[UNIT], "Service"), started()
    stop = config.shutdown_delay + config.drain_s + HOOKS_S
    assert float(service["TimeoutStopSec"]) > stop
    assert float(service["TimeoutStartSec"]) > config.timeout_startup
    silence = config.timeout_worker_healthcheck + config.timeout_startup  # none serves meanwhile
    assert float(service["WatchdogSec"]) / 2 > silence + 5
    assert config.health_path == "/health"
    assert config.proxy_headers


def save_units(folder: Path) -> list[str]:
    """Save the units, with programs and users that are here."""
    for name in (UNIT, SOCKET):
        text = files()[name].replace("/srv/house/.venv/bin/japy", "/bin/true")
        (folder / name).write_text(text.replace("User=house", "User=root"), encoding="utf-8")
    return [str(folder / name) for name in (SOCKET, UNIT)]


@NEEDS_SYSTEMD
def test_systemd_accepts_the_units(folder: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *save_units(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    complaints = [line for line in done.stderr.splitlines() if re.search(r"\bhouse\.", line)]
    assert complaints == []


@NEEDS_SYSTEMD
def test_systemd_finds_little_that_the_unit_leaves_open(folder: Path) -> None:
    unit = save_units(folder)[-1]
    Path(unit).write_text(files()[UNIT].replace("/srv/house/.venv/bin/japy", "/bin/true"))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd is older than 250")
    found = re.search(r"Overall exposure level for [\w.]+: (\d+\.\d)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= MOST_EXPOSED


def test_it_starts_as_systemd_starts_it_and_says_what_it_does(manager: Manager) -> None:
    with manager.service() as server, asked(manager.address) as clients:
        manager.wait_for("STATUS=2 workers serve")
        go_on(clients)
        for count in range(5):
            manager.reload(server)
            go_on(clients)
            assert manager.count("RELOADING=1") == count + 1
        manager.wait_for("WATCHDOG=1", manager.count("WATCHDOG=1") + 3)
        for client in clients:
            client.finish()
        assert server.stop() == 0
        manager.wait_for("STOPPING=1")
    assert lost(clients) == []


def test_connections_wait_in_the_socket_while_it_restarts(manager: Manager) -> None:
    with asked(manager.address) as clients:
        for _ in range(2):
            with manager.service() as server:
                go_on(clients)
                assert server.stop() == 0
        with manager.service():
            go_on(clients)
            for client in clients:
                client.finish()
    assert not [failure for failure in lost(clients) if "refused" in failure.lower()]
    assert len(lost(clients)) <= 2 * len(clients)


def test_the_master_alone_is_told_to_stop() -> None:
    assert section(files()[UNIT], "Service")["KillMode"] == "mixed"
    assert section(files()[SOCKET], "Socket")["ListenStream"] == "8001"
