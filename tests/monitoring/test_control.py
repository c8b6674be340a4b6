"""Control: what is a request, who may send one, and answers that wait; see also tests/live."""

import json
import os
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from japy.monitoring.control import Control, Levers, Refusal, is_trusted, read, user_of
from japy.monitoring.report import Server, View
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.board import Board
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import open_listening
from japy.supervisor.slot import Slot


class Boss:
    """A master that does only what it is told, and a control socket of it."""

    def __init__(self, path: Path) -> None:
        self.told: list[object] = []
        self.view = View([], [], 0, -1, True, False, "")
        self.path = path
        tell = self.told.append
        ends = (lambda: tell("stop"), lambda: tell("quit"))
        levers = Levers(lambda: tell("reload"), self._scale, *ends)
        listening = open_listening(Bind("unix", path=str(path)), 0o600)
        server = Server(Config(), [], "")
        self.control = Control(listening, server, Ledger(), lambda: self.view, levers)

    def _scale(self, count: int) -> None:
        self.told.append(count)
        self.view = self.view._replace(slots=[Slot(number) for number in range(count)])

    def turn(self) -> None:
        """Do what a master's loop does, once."""
        poll = select.poll()
        self.control.desk.register(poll)
        for number, events in poll.poll(0):
            self.control.desk.handle(number, events)
        self.control.look()
        self.control.desk.look(time.monotonic())

    def ask(self, verb: str, **more: object) -> socket.socket:
        """Send a request; its answer may come later."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(0.05)
        client.connect(str(self.path))
        client.sendall(json.dumps({"verb": verb, **more}).encode() + b"\n")
        self.turn()
        self.turn()
        return client


@pytest.fixture
def boss(tmp_path: Path) -> Iterator[Boss]:
    """Return a master."""
    boss = Boss(tmp_path / "x")
    yield boss
    boss.control.desk.close()


def answer_to(client: socket.socket) -> Any:
    """Return the answer that has come; None if none has."""
    try:
        return json.loads(client.recv(1 << 16))
    except TimeoutError:
        return None


def test_a_reload_is_answered_when_it_is_done(boss: Boss) -> None:
    boss.view = boss.view._replace(generation=1, is_announced=False)
    with boss.ask("reload") as client:
        assert answer_to(client) is None
        boss.view = boss.view._replace(is_announced=True, slots=[Slot(0)])
        boss.turn()
        assert answer_to(client) == {"v": 1, "ok": True, "workers": 1, "reloads": 1}
    assert boss.told == ["reload"]


def test_who_has_ended_its_side_waits_as_others_do(boss: Boss) -> None:
    boss.view = boss.view._replace(is_announced=False)
    with boss.ask("reload") as client:
        client.shutdown(socket.SHUT_WR)  # as `nc -N` does
        boss.turn()
        boss.turn()
        assert boss.control._waiting
        boss.view = boss.view._replace(is_announced=True)
        boss.turn()
        assert answer_to(client)["ok"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"spoiled": 1, "said": "SyntaxError\n"}, "SyntaxError"),
        ({"is_stopping": True}, "The server has been told to stop."),
    ],
)
def test_a_reload_that_fails_says_why(boss: Boss, changes: dict[str, Any], error: str) -> None:
    boss.view = boss.view._replace(generation=1, is_announced=False)
    with boss.ask("reload") as client:
        boss.view = boss.view._replace(**changes)
        boss.turn()
        assert answer_to(client) == {"v": 1, "ok": False, "error": error}


def test_while_it_stops_a_server_is_not_steered(boss: Boss) -> None:
    boss.view = boss.view._replace(is_stopping=True)
    for verb in ("reload", "scale"):
        with boss.ask(verb, workers=2) as client:
            assert "told to stop" in answer_to(client)["error"]
    assert boss.told == []


@pytest.mark.parametrize(
    ("verb", "name", "value", "error"),
    [
        ("stop", "now", "yes", 'Expected now to be true or false; got "yes".'),
        ("stop", "now", 1, "Expected now to be true or false; got 1."),
        ("stop", "now", None, "Expected now to be true or false; got null."),
        ("scale", "workers", "3", 'Expected 1 to 1,024 workers; got "3".'),
        ("scale", "workers", True, "Expected 1 to 1,024 workers; got true."),
        ("scale", "workers", -1, "Expected 1 to 1,024 workers; got -1."),
    ],
)
def test_a_value_that_cannot_be_does_nothing(
    boss: Boss, verb: str, name: str, value: object, error: str
) -> None:
    with boss.ask(verb, **{name: value}) as client:
        assert answer_to(client) == {"v": 1, "ok": False, "error": error}
    assert boss.told == []


def test_scaling_waits_for_workers_and_says_why_they_do_not_start(boss: Boss) -> None:
    with boss.ask("scale", workers=1) as client:
        boss.view = boss.view._replace(said="ImportError")
        assert answer_to(client) is None
        boss.view.slots[0].failures = 1
        boss.turn()
        assert answer_to(client)["error"] == "ImportError"
    with boss.ask("scale", workers=3) as client, boss.ask("scale", workers=1):
        assert "asked for 1 workers since" in answer_to(client)["error"]
    assert boss.told == [1, 3, 1]


def test_who_has_told_to_stop_hears_of_the_end(tmp_path: Path) -> None:
    boss = Boss(tmp_path / "x")
    with boss.ask("stop") as client, boss.ask("stop", now=True) as other:
        boss.view = boss.view._replace(is_announced=False)
        with boss.ask("reload") as third:
            assert answer_to(client) is None
            boss.control.part(130)
            assert answer_to(client) == answer_to(other) == {"v": 1, "ok": True, "status": 130}
            assert not answer_to(third)["ok"]
    assert boss.told == ["stop", "quit", "reload"]
    boss.control.desk.close()


def test_stacks_of_nobody(boss: Boss) -> None:
    with boss.ask("stacks") as client:
        deadline = time.monotonic() + 5
        while (answer := answer_to(client)) is None:
            assert boss.control.due() < deadline  # the workers may speak at any time
            boss.turn()
    assert answer == {"v": 1, "ok": True, "workers": []}


def test_who_has_gone_is_forgotten(boss: Boss) -> None:
    boss.view = boss.view._replace(is_announced=False)
    boss.ask("reload").close()
    boss.turn()
    assert not boss.control._waiting


@pytest.mark.parametrize(
    "line",
    [b"", b"null", b"5", b"{", b"\xff", b'{"v": 2}', b'{"v": "1"}', b'{"v": true}', b'{"v": 1.0}'],
)
def test_what_is_no_request(line: bytes) -> None:
    with pytest.raises(Refusal):
        read(line)


def test_our_own_user_is_trusted() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert user_of(ours) == os.geteuid()
        assert is_trusted(ours)


def test_status_reads_the_board(boss: Boss) -> None:
    assert Board().take().index == 1
    with boss.ask("status") as client:
        assert answer_to(client)["workers"] == []
