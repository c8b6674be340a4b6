"""Forked processes and signals, without a server."""

import atexit
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from japy.supervisor.process import READY, Child, Signals, fork, has_terminal
from tests.support.server import eventually

# Pytest's plugins may have started threads; the children below do not touch what these hold.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
Fork = Callable[[Callable[[socket.socket], int]], Child]


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Take the signals of this process over for one test."""
    with Signals() as signals:
        yield signals


@pytest.fixture
def start(signals: Signals) -> Iterator[Fork]:
    """Return what forks a child; all of them are gone after the test."""
    children: list[Child] = []

    def start(job: Callable[[socket.socket], int]) -> Child:
        children.append(fork(job, children, signals))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        eventually(child.has_ended)
        child.channel.close()


def heard(child: Child) -> Child:
    """Take in what a child has said."""
    child.hear()
    return child


def tell_ready(channel: socket.socket) -> int:
    """Be a child that is ready, and ends."""
    channel.sendall(READY)
    return 0


def wait_forever(channel: socket.socket) -> int:
    """Be a child that is ready, and ends only by a signal."""
    channel.sendall(READY)
    time.sleep(60)
    return 0


def exit_with(status: int) -> Callable[[socket.socket], int]:
    """Return the job of a child that ends at once."""
    return lambda channel: status


# Signals.


def test_signals_are_read_in_their_order(signals: Signals) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        signal.raise_signal(number)
    assert list(signals.read()) == [signal.SIGTERM, signal.SIGHUP, signal.SIGTERM]
    assert signals.read() == b""


def test_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1


# Children.


def test_a_child_tells_that_it_is_ready(start: Fork) -> None:
    child = start(wait_forever)
    eventually(lambda: heard(child).is_ready)
    assert not child.is_silent
    assert child.report() == ""
    assert not child.has_ended()
    child.stop(10)
    assert child.deadline < float("inf")
    eventually(child.has_ended)
    assert child.epitaph().startswith(f"crashed on signal SIGTERM (pid {child.pid}, after ")


def test_a_child_tells_why_it_cannot_serve(start: Fork) -> None:
    reason = "a long reason" * 100_000  # more than a socket's buffers hold

    def job(channel: socket.socket) -> int:
        channel.sendall(reason.encode())
        return 3

    child = start(job)
    eventually(lambda: heard(child).has_ended())
    assert child.report() == reason
    assert not child.is_ready
    assert child.epitaph().startswith("exited with code 3 (pid ")


def test_a_child_that_crashed_says_where_and_how(start: Fork) -> None:
    def job(channel: socket.socket) -> int:
        channel.sendall(b"in this line\n")
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    child = start(job)
    eventually(lambda: heard(child).has_ended())
    how = f"Worker {child.epitaph()}, before it could serve."
    assert child.report() == f"in this line\n{how}"
    child.fault = "it took too long"
    assert child.report() == "it took too long"


def test_last_words_are_heard_after_the_end(start: Fork) -> None:
    child = start(tell_ready)
    eventually(child.has_ended)
    assert child.is_ready
    assert child.has_ended()


def test_a_child_that_raises_ends_with_its_traceback(
    start: Fork, capfd: pytest.CaptureFixture[str]
) -> None:
    def job(channel: socket.socket) -> int:
        raise ValueError("a fault in the child")

    child = start(job)
    eventually(child.has_ended)
    assert child.epitaph().startswith("exited with code 1")
    assert "ValueError: a fault in the child" in capfd.readouterr().err


def test_a_child_notices_the_end_of_its_parent(start: Fork) -> None:
    def job(channel: socket.socket) -> int:
        return len(channel.recv(1))  # 0 at the end of the parent, which never writes

    children = [start(job), start(job), start(job)]
    children[0].channel.close()
    # Later children must not hold the channel of the first open.
    eventually(children[0].has_ended)
    assert not children[1].has_ended()


def test_a_child_has_its_own_signals(start: Fork, signals: Signals) -> None:
    def job(channel: socket.socket) -> int:
        signal.raise_signal(signal.SIGINT)  # a terminal's signals are for the master
        signal.raise_signal(signal.SIGHUP)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
        signal.raise_signal(signal.SIGTERM)
        return 0

    child = start(job)
    eventually(child.has_ended)
    assert "SIGTERM" in child.epitaph()
    assert set(signals.read()) <= {signal.SIGCHLD}


def test_what_is_buffered_is_printed_once(start: Fork, capfd: pytest.CaptureFixture[str]) -> None:
    print("parent")

    def job(channel: socket.socket) -> int:
        print("child")
        return 0

    child = start(job)
    eventually(child.has_ended)
    assert capfd.readouterr().out == "parent\nchild\n"


def test_handlers_for_the_exit_of_the_parent_are_not_run_by_a_child(start: Fork) -> None:
    read, write = os.pipe()
    atexit.register(os.write, write, b"parent")
    try:

        def job(channel: socket.socket) -> int:
            atexit.register(os.write, write, b"child")
            return 0

        eventually(start(job).has_ended)
        assert os.read(read, 100) == b"child"
    finally:
        atexit.unregister(os.write)
        os.close(read)
        os.close(write)


def test_a_killed_child(start: Fork) -> None:
    child = start(wait_forever)
    child.kill()
    eventually(child.has_ended)
    assert child.epitaph().startswith("crashed on signal SIGKILL")
    child.kill()  # its id may be another's by now: nothing happens
    assert child.age() > 0


def test_a_child_that_the_application_has_waited_for(start: Fork) -> None:
    child = start(exit_with(0))
    os.waitpid(child.pid, 0)
    assert child.has_ended()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no real-time signals")
def test_a_signal_without_a_name(start: Fork) -> None:
    def job(channel: socket.socket) -> int:
        os.kill(os.getpid(), signal.SIGRTMIN + 1)
        return 0

    child = start(job)
    eventually(child.has_ended)
    assert child.epitaph().startswith(f"crashed on signal {signal.SIGRTMIN + 1}")


def test_a_process_without_terminal() -> None:
    def job(channel: socket.socket) -> int:
        os.setsid()
        return int(has_terminal())

    with Signals() as signals:
        child = fork(job, [], signals)
        eventually(child.has_ended)
        child.channel.close()
    assert child.epitaph().startswith("exited with code 0")
