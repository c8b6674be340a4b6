"""What a service manager is told, and what it has passed."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.settings.bind import Bind
from japy.supervisor.notify import Notifier, passed_sockets


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the manager's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        yield manager


def heard(manager: socket.socket) -> list[str]:
    """Return the lines of a message."""
    return manager.recv(4096).decode().splitlines()


def test_states_are_told_in_the_words_of_systemd(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready("2 workers serve")
    assert heard(manager) == ["READY=1", "STATUS=2 workers serve"]
    notifier.reloading()
    first, second, _ = heard(manager)
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping()
    assert heard(manager)[0] == "STOPPING=1"
    notifier.status("busy")
    assert heard(manager) == ["STATUS=busy"]


def test_an_abstract_address() -> None:
    name = f"japy-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).status("here")
        assert heard(manager) == ["STATUS=here"]


def test_the_watchdog_is_fed_at_half_its_interval(manager: socket.socket) -> None:
    variables = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "3000000"}
    notifier = Notifier({**variables, "WATCHDOG_PID": str(os.getpid())})
    assert notifier.interval_s == 1.5
    notifier.beat(9.0)  # before we are ready, nobody waits for that
    notifier.ready("")
    assert heard(manager)[0] == "READY=1"
    notifier.beat(10.0)
    notifier.beat(11.0)
    assert heard(manager) == ["WATCHDOG=1"]
    with pytest.raises(BlockingIOError):
        heard(manager)
    notifier.beat(11.5)
    assert heard(manager) == ["WATCHDOG=1"]
    assert Notifier({**variables, "WATCHDOG_PID": "1"}).interval_s is None


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    variables = {"PATH": "/bin"}
    notifier = Notifier(variables)
    notifier.ready("")
    notifier.beat(1.0)
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("")
    assert variables == {"PATH": "/bin"}


def test_what_is_meant_for_us_is_not_inherited(manager: socket.socket) -> None:
    variables = {
        "NOTIFY_SOCKET": manager.getsockname(),
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "LISTEN_PID": "1",
        "LISTEN_FDS": "1",
        "LISTEN_FDNAMES": "x",
    }
    Notifier(variables)
    assert passed_sockets(variables) == []  # they are somebody else's
    assert variables == {}


@pytest.mark.parametrize(
    ("names", "expected"), [("web:admin", ["web", "admin"]), ("", ["", ""]), ("web", ["web", ""])]
)
def test_passed_sockets_have_numbers_and_names(names: str, expected: list[str]) -> None:
    variables = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": names}
    assert passed_sockets(variables) == [
        Bind("fd", number=3, name=expected[0]),
        Bind("fd", number=4, name=expected[1]),
    ]
