"""Pulse: silence is counted, told and punished; time that nobody was awake for is not."""

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from japy.settings.config import Config
from japy.supervisor.board import Board, Figure, Row
from japy.supervisor.process import READY, Child
from japy.supervisor.pulse import DUMP_S, LOOK_S, STALL_S, Pulse


class Patient(Child):
    """A child that takes note of the signals that it is sent."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(os.getpid(), channel)
        self.sent: list[int] = []

    def signal(self, number: signal.Signals) -> None:
        """Take note of a signal."""
        self.sent.append(number)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a channel."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def row() -> Row:
    """Return the numbers of a worker."""
    return Board().take()


class Watch:
    """A clock, and a pulse that is looked at regularly."""

    def __init__(self, child: Child, row: Row, config: Config) -> None:
        self.now = 100.0
        self.pulse = Pulse(child, row, config, self.now)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / LOOK_S)):
            self.now += LOOK_S
            self.pulse.look(self.now)


def begin(watch: Watch, child: Child, channel: socket.socket, row: Row) -> None:
    """Have a worker be ready, and beat for the first time."""
    channel.sendall(READY)
    child.hear()
    row[Figure.BEATS] += 1
    watch.run(LOOK_S)


def test_silence_is_warned_of_at_half_and_ended_at_the_limit(
    ends: tuple[socket.socket, socket.socket], row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=10))
    begin(watch, child, ends[1], row)
    assert not watch.pulse.is_stalled()
    watch.run(STALL_S)
    assert watch.pulse.is_stalled()
    watch.run(5 - STALL_S)
    assert child.sent == [signal.SIGURG]
    ends[1].sendall(b"Thread 0x1:\n  File x, line 1 in hang\n")
    watch.run(DUMP_S + LOOK_S)
    assert "has blocked its event loop for 5.5 s and is here:\nThread 0x1" in caplog.text
    watch.run(5)
    assert child.sent == [signal.SIGURG, signal.SIGURG, signal.SIGKILL]
    assert "for too long (--timeout-worker-healthcheck) and does not say where" in caplog.text
    assert child.is_killed


def test_a_beat_ends_the_silence(ends: tuple[socket.socket, socket.socket], row: Row) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=10))
    ends[1].sendall(READY)
    child.hear()
    for _ in range(30):
        row[Figure.BEATS] += 1
        watch.run(4)
    assert child.sent == []


def test_a_master_that_slept_does_not_count_that(
    ends: tuple[socket.socket, socket.socket], row: Row
) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=10))
    child.is_ready = True
    row[Figure.BEATS] += 1
    watch.run(LOOK_S)
    watch.now += 3600
    watch.run(LOOK_S)
    assert child.sent == []
    assert watch.pulse.silent_s < 1


def test_the_start_has_a_limit_of_its_own(
    ends: tuple[socket.socket, socket.socket], row: Row
) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=1, timeout_startup=20))
    watch.run(19)
    assert child.sent == []
    watch.run(2)
    assert child.sent == [signal.SIGURG, signal.SIGKILL]
    assert "was not ready within 20 s (--timeout-startup)" in child.report()


DEBUGGED = b"""Current thread 0x1 (most recent call first):
  File "/usr/lib/python3.11/cmd.py", line 126 in cmdloop
  File "/usr/lib/python3.11/pdb.py", line 361 in _cmdloop
  File "/app.py", line 7 in hello
"""
HANGING = DEBUGGED.replace(b"/pdb.py", b"/pdb/app_pdb.py")


@pytest.mark.parametrize("is_ready", [True, False])
def test_who_is_in_a_debugger_is_told_once_and_not_killed(
    ends: tuple[socket.socket, socket.socket],
    row: Row,
    caplog: pytest.LogCaptureFixture,
    is_ready: bool,
) -> None:
    child = Patient(ends[0])
    config = Config(timeout_worker_healthcheck=10, timeout_startup=10)
    watch = Watch(child, row, config)
    if is_ready:
        begin(watch, child, ends[1], row)
    for _ in range(400):
        sent = len(child.sent)
        watch.run(LOOK_S)
        if len(child.sent) > sent:
            ends[1].sendall(DEBUGGED)
            child.hear()
    assert set(child.sent) == {signal.SIGURG}
    assert [record.getMessage() for record in caplog.records] == [
        f"Worker (pid {child.pid}) is in a debugger: it serves nobody, but is not killed for that"
    ]


def test_who_hangs_behind_a_debugger_is_killed(
    ends: tuple[socket.socket, socket.socket], row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=10))
    begin(watch, child, ends[1], row)
    for stack in (DEBUGGED, HANGING, HANGING):
        while not child.sent:
            watch.run(LOOK_S)
        assert child.sent == [signal.SIGURG]
        ends[1].sendall(stack)
        child.hear()
        watch.run(1)
        child.sent = [number for number in child.sent if number != signal.SIGURG]
    assert child.sent == [signal.SIGKILL]


def test_behind_its_loop_a_worker_has_no_pulse(
    ends: tuple[socket.socket, socket.socket], row: Row
) -> None:
    child = Patient(ends[0])
    watch = Watch(child, row, Config(timeout_worker_healthcheck=10))
    begin(watch, child, ends[1], row)
    row[Figure.IS_OVER] = 1
    watch.run(20)
    assert child.sent == []
