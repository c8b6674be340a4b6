"""The master's decisions that need no application; tests/live shows the rest."""

import mmap
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.serving.worker import Seat
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.master import SPARE, Job, Master
from japy.supervisor.notify import Notifier
from japy.supervisor.place import Places
from japy.supervisor.process import DEAF, READY, RETIRE

# Pytest's plugins may have started threads; the children below do not touch what these hold.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture
def places() -> Iterator[Places]:
    """Return a listening socket."""
    with Places([Bind("tcp", "127.0.0.1", 0)], Config(), 1) as places:
        yield places


def end_with(status: int, master: int) -> Job:
    """Return the job of a worker that is ready, has its master stop, and ends with a status."""

    def job(config: Config, seat: Seat, channel: socket.socket) -> int:
        channel.sendall(READY)
        time.sleep(0.1)
        os.kill(master, signal.SIGTERM)
        signal.sigwait([signal.SIGTERM])
        channel.sendall(DEAF)
        return status

    return job


def blocked(job: Job) -> Job:
    """Return a job whose process waits for signals instead of being ended by them."""

    def block(config: Config, seat: Seat, channel: socket.socket) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, RETIRE])
        return job(config, seat, channel)

    return block


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 1), (7, 1)])
def test_the_exit_status_tells_how_workers_have_ended(
    places: Places, status: int, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    job = blocked(end_with(status, os.getpid()))
    master = Master(Config(), job, 1, [], places, Notifier({}))
    assert master.run() == expected
    out = capsys.readouterr().out
    assert out.startswith("Accepting connections on http://127.0.0.1:")
    assert out.endswith("Termination request received\n")


def test_workers_that_cannot_start_stop_the_master(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    def job(config: Config, seat: Seat, channel: socket.socket) -> int:
        channel.sendall(b"it is broken")
        return 3

    assert Master(Config(), job, 3, [], places, Notifier({})).run() == 3
    assert capsys.readouterr().err == "it is broken\n"


def test_so_many_may_leave_at_the_same_time_and_more_is_told(
    places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    master, started = os.getpid(), mmap.mmap(-1, 1)

    def job(config: Config, seat: Seat, channel: socket.socket) -> int:
        """Be ready, have the next one start, and leave only when there is no time any more."""
        channel.sendall(READY)
        started[0] += 1
        os.kill(master, signal.SIGHUP if started[0] < SPARE + 4 + 3 else signal.SIGTERM)
        signal.sigwait([signal.SIGTERM])
        return 0

    assert Master(Config(), blocked(job), 1, [], places, Notifier({})).run() == 0
    message = f"{SPARE + 4 + 1} workers are leaving: the oldest (pid "
    assert caplog.messages[0].startswith(message)


def test_nobody_waits_for_a_change_that_nobody_will_see(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, started = os.getpid(), mmap.mmap(-1, 1)

    def job(config: Config, seat: Seat, channel: socket.socket) -> int:
        """Serve and end; be broken; serve again."""
        started[0] += 1
        if started[0] == 2:
            channel.sendall(b"it is broken")
            return 3
        channel.sendall(READY)
        if started[0] == 1:
            time.sleep(0.3)  # until the watcher is ready, too
            return 1
        os.kill(master, signal.SIGTERM)
        signal.sigwait([signal.SIGTERM])
        return 0

    def watch(config: Config, folders: list[Path], channel: socket.socket) -> int:
        """Watch until a change is waited for, then say that nothing can be watched any more."""
        channel.sendall(READY)
        while started[0] < 2:
            time.sleep(0.01)
        time.sleep(0.3)
        assert started[0] == 2
        return 0

    monkeypatch.setattr("japy.supervisor.master.watch", watch)
    assert Master(Config(reload=True), blocked(job), 1, [], places, Notifier({})).run() == 0
    assert started[0] == 3
