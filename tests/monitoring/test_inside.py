"""Inside: the sockets of a master, from their opening to their end."""

import json
import os
import select
import socket
import stat
import time
from pathlib import Path

import pytest

from japy.monitoring.control import Levers
from japy.monitoring.desk import NEVER
from japy.monitoring.inside import Inside, Openings, open_control
from japy.monitoring.report import View
from japy.settings.config import Config
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import BindError


def make_inside(openings: Openings | None) -> Inside:
    """Return the desks of a master that does nothing."""

    def nothing(count: int = 0) -> None:
        return None

    levers = Levers(nothing, nothing, nothing, nothing)
    view = View([], [], 0, -1, True, False, "")
    return Inside(openings, ["http://x"], lambda: view, levers, Ledger())


def test_a_question_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    openings = Openings(Config(control_socket=path), "app:app")
    inside = make_inside(openings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert inside.due() == NEVER
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b'{"verb": "status"}\n')
        for _ in range(3):
            poll = select.poll()
            inside.register(poll)
            for number, events in poll.poll(0):
                inside.handle(number, events)
            inside.look(time.monotonic())
        assert json.loads(client.recv(1 << 16))["target"] == "app:app"
        assert inside.due() < NEVER
    inside.close(0)
    assert not path.exists()


def test_without_sockets_there_is_nothing_to_do(tmp_path: Path) -> None:
    inside = make_inside(None)
    inside.register(select.poll())
    inside.handle(0, select.POLLIN)
    inside.look(0.0)
    inside.forget()
    inside.close(0)
    assert inside.due() == NEVER
    openings = Openings(Config(control_socket=False))
    assert openings.control is None
    openings.close()


def test_what_was_not_taken_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    openings = Openings(Config(control_socket=path))
    assert path.exists()
    openings.close()
    assert not path.exists()


def test_only_a_place_that_was_named_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BindError, match="cannot be listened on"):
        open_control(tmp_path / "missing" / "x")
    with pytest.raises(BindError, match="--control-socket: expected a path of 1 to"):
        open_control(tmp_path / ("x" * 200))
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "japy").mkdir(mode=0o700)
    (tmp_path / "japy" / f"{os.getpid()}.sock").mkdir()  # in the way
    assert open_control(True) is None
    assert open_control(False) is None
