"""The lookout: a watcher that dies is replaced, and one that cannot watch is not."""

import mmap
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from japy.supervisor.lookout import Lookout
from japy.supervisor.process import CHANGED, READY, Child, Signals, fork
from tests.support.server import eventually

# Pytest's plugins may have started threads; the children below do not touch what these hold.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
Make = Callable[[Callable[[socket.socket], int]], Lookout]


@pytest.fixture
def make() -> Iterator[Make]:
    """Return what makes a lookout, given what its processes do."""
    made: list[Lookout] = []
    with Signals() as signals:

        def make_one(job: Callable[[socket.socket], int]) -> Lookout:
            made.append(Lookout(lambda: fork(job, [], signals), True))
            return made[-1]

        yield make_one
        for lookout in made:
            end(lookout)


def end(lookout: Lookout) -> None:
    """Have a lookout end, and wait for that."""
    lookout.stop(1)
    eventually(lambda: seen(lookout).is_blind())


def seen(lookout: Lookout) -> Lookout:
    """Do what a master does again and again; return the lookout."""
    for child in lookout.children():
        child.hear()
    lookout.reap()
    lookout.advance()
    return lookout


def tell(channel: socket.socket) -> int:
    """Be a process that tells of one change and waits."""
    channel.sendall(READY + CHANGED)
    time.sleep(60)
    return 0


def wait(channel: socket.socket) -> int:
    """Be a process that sees no change."""
    channel.sendall(READY)
    time.sleep(60)
    return 0


def test_changes_are_told_once(make: Make) -> None:
    lookout = make(tell)
    assert not lookout.is_ready()
    assert not lookout.is_settled()
    eventually(lambda: seen(lookout).is_ready())
    assert lookout.is_settled()
    eventually(lambda: seen(lookout).has_news())
    assert not seen(lookout).has_news()


def test_one_that_dies_is_replaced_and_its_gap_is_a_change(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    lookout = make(wait)
    eventually(lambda: seen(lookout).is_ready())
    assert not lookout.has_news()
    os.kill(lookout.children()[0].pid, signal.SIGKILL)
    eventually(lambda: not seen(lookout).is_ready())
    assert not lookout.is_blind()
    assert lookout.is_settled()  # what changes meanwhile is told of by the next one
    assert not lookout.has_news()
    assert "watches files crashed on signal SIGKILL" in caplog.text
    eventually(lambda: seen(lookout).is_ready())
    assert lookout.has_news()
    assert not lookout.has_news()


@pytest.mark.parametrize(("status", "lines"), [(0, 0), (1, 1)])
def test_one_that_cannot_watch_is_not_replaced(
    make: Make, status: int, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lookout = make(lambda channel: status)
    eventually(lambda: seen(lookout).is_blind())
    assert lookout.is_settled()
    text = capsys.readouterr().err  # with status 0 it has said itself why
    assert text.count("Files cannot be watched (exited with code 1") == lines


def test_a_later_one_that_dies_at_its_start_is_replaced(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    started = mmap.mmap(-1, 1)

    def fail_once(channel: socket.socket) -> int:
        started[0] += 1
        return 1 if started[0] == 2 else wait(channel)

    lookout = make(fail_once)
    eventually(lambda: seen(lookout).is_ready())
    os.kill(lookout.children()[0].pid, signal.SIGKILL)
    eventually(lambda: seen(lookout).is_ready() and started[0] == 3)
    assert lookout.has_news()
    assert "watches files exited with code 1" in caplog.text


def test_one_that_is_told_to_end_is_not_replaced(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    lookout = make(wait)
    eventually(lambda: seen(lookout).is_ready())
    end(lookout)
    assert caplog.text == ""


def test_that_a_change_is_waited_for_is_said_once_it_would_be_seen(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    lookout = make(wait)
    lookout.expect()
    lookout.advance()
    assert capsys.readouterr().err == ""
    eventually(lambda: seen(lookout).is_ready())
    seen(seen(lookout))
    assert capsys.readouterr().err == "Waiting for a change: save a file to try again.\n"
    assert not lookout.is_vain()


def test_a_wait_for_what_nobody_will_see_is_vain(make: Make) -> None:
    lookout = make(lambda channel: 0)
    lookout.expect()
    assert not lookout.is_vain()
    eventually(lambda: seen(lookout).is_vain())


def test_there_is_none_unless_one_is_wanted() -> None:
    assert seen(Lookout(lambda: pytest.fail("it was started"), False)).is_blind()


def test_one_that_there_is_no_room_for_is_tried_again() -> None:
    tries = []

    def start() -> Child | None:
        tries.append(time.monotonic())
        return None

    lookout = Lookout(start, True)
    eventually(lambda: seen(lookout) and len(tries) == 3)
    assert not lookout.is_blind()
    assert tries[2] - tries[1] > tries[1] - tries[0] > 0.1
