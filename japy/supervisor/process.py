"""Forked processes and signals: what the system gives to a master.

Knows how to fork a child that is clean, how to learn of its end, and how to read signals where one
waits for other things as well. Knows nothing of servers: `master` decides what happens.

Invariants:
- Signal handlers do nothing; numbers are read from a pipe that the interpreter writes (`Signals`).
- A child never returns into its parent's code, and inherits neither its signals nor its channels.
- What a child says is a stream of single bytes, each a word, and of text between them.
"""

import atexit
import contextlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from types import FrameType, TracebackType
from typing import Any, NoReturn

READY = b"\0"  # what a child says when it can serve; text before that is why it never will
DEAF = b"\1"  # what a worker says when it accepts no connection any more
WORN = {  # what a worker says when another should take its place, and why
    b"\2": "--limit-max-requests",
    b"\3": "--worker-max-rss",
    b"\4": "--worker-max-lifetime",
}
CHANGED = b"\5"  # what the watcher of files says
WORDS = READY + DEAF + b"".join(WORN) + CHANGED
RETIRE = signal.SIGUSR2  # stop, but there is no hurry: others serve
MOST_SAID = 1 << 20  # bytes of what a child has said that are kept
REOPEN = signal.SIGUSR1  # open log files again
STACK = signal.SIGURG  # say where you are; nobody else sends it, and by default it does nothing
HANDLED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGCHLD,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
# What a child does not mind: what terminals send to all, and what it may be told too early.
HARMLESS = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class Signals:
    """The signals of this process as numbers to read, from `with` to its end."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}  # handlers to restore; Any: as the signal module has it
        self._fd_before = -1  # wake-up file descriptor to restore
        self._reader, self._writer = -1, -1  # the pipe; open inside of `with`

    def __enter__(self) -> "Signals":
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._fd_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in HANDLED:
            self._before[number] = signal.signal(number, do_nothing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._close()

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._reader

    def read(self) -> bytes:
        """Return the numbers of the signals that have come since the last call, in their order."""
        try:
            return os.read(self._reader, 1024)
        except BlockingIOError:
            return b""

    def leave_to_child(self) -> None:
        """Forget the parent's signals; but what must not end a child does nothing."""
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            signal.signal(number, do_nothing if number in HARMLESS else signal.SIG_DFL)
        self._close()

    def _close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


def disown_signals() -> None:
    """Have processes that this one forks from now on end by SIGTERM, and get no other's signals.

    They would write theirs into the pipe that tells our event loop of ours: who ends a child of
    `multiprocessing` would end us. What comes in the middle of a fork waits until that is done.
    """

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)

    def disown() -> None:
        with contextlib.suppress(ValueError):  # it was forked by another interpreter
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=disown)


def do_nothing(number: int, frame: FrameType | None) -> None:
    """Be a handler: unlike SIG_IGN, it is not inherited by programs that a child executes."""


class Child:
    """A forked process, as its parent sees it."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel  # the child writes; that it closes tells the child of our end
        self.deadline = float("inf")  # when it is killed; set when it is told to stop
        self.is_ready = False  # set once it has said so
        self.is_deaf = False  # set once it has said that it accepts no connections any more
        self.is_silent = False  # set once nothing more can come from it
        self.is_killed = False  # set once it was we who have killed it
        self.worn = ""  # why it wants to be replaced; set once it has said so
        self.has_news = False  # set when a watcher has said that files have changed
        self.fault = ""  # why it was killed before it was ready; set if it was
        self.born = time.monotonic()
        self._said = b""  # the last of what it has said
        self._heard = 0  # bytes of text that it has said, all in all
        self._told = 0  # how many of them are no part of its report
        self._status: int | None = None  # exit code, or the negative number of a signal; set by end

    def hear(self) -> None:
        """Take in what the child has said; return at once."""
        while not self.is_silent:
            try:
                data = self.channel.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.is_silent = not data
            self._take(data)

    def _take(self, data: bytes) -> None:
        text = data.translate(None, WORDS)
        self._said += text
        if self.is_ready:  # only stacks follow
            self._said = self._said[-MOST_SAID:]
        self._heard += len(text)
        if len(text) == len(data):
            return
        if READY in data:
            self.is_ready = True
            self._said = b""
        self.is_deaf = self.is_deaf or DEAF in data
        self.has_news = self.has_news or CHANGED in data
        for word, reason in WORN.items():
            if word in data:
                self.worn = reason

    def has_ended(self) -> bool:
        """Tell whether the process has ended, and take in its last words if it has."""
        if self._status is not None:
            return True
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # the application has waited for it
            pid, status = self.pid, 0
        if not pid:
            return False
        self.end(status)
        return True

    def end(self, status: int) -> None:
        """Take note of the end, given what the system says of it."""
        self._status = os.waitstatus_to_exitcode(status)
        self.hear()

    def stop(self, seconds: float) -> None:
        """Ask the process to end; `deadline` says when that has taken too long."""
        self.deadline = time.monotonic() + seconds
        self.signal(signal.SIGTERM)

    def retire(self, seconds: float) -> None:
        """Ask a worker to end as soon as its clients do not mind, or at the deadline."""
        self.deadline = time.monotonic() + seconds
        self.signal(RETIRE)

    def kill(self) -> None:
        """End the process at once."""
        self.deadline = float("inf")
        self.is_killed = True
        self.signal(signal.SIGKILL)

    def ask_stack(self) -> int:
        """Have the child say where it is; return the mark from which on it does."""
        self.hear()
        self.signal(STACK)
        return self._heard

    def stack(self, mark: int) -> str:
        """Return what the child has said since it was asked. Several may ask at the same time."""
        self.hear()
        size = min(max(0, self._heard - mark), len(self._said))
        return self._said[len(self._said) - size :].decode(errors="replace")

    def close_report(self) -> None:
        """Have what was said so far be no part of the report: it was a stack."""
        self._told = self._heard

    def age(self) -> float:
        """Return the seconds since the fork."""
        return time.monotonic() - self.born

    def report(self) -> str:
        """Return why the child cannot serve: in its own words, with the signal that ended it."""
        if self.is_ready or self.fault:
            return self.fault
        size = min(self._heard - self._told, len(self._said))
        said = self._said[len(self._said) - size :].decode(errors="replace").rstrip()
        if said and self.status() >= 0:
            return said
        return f"{said}\nWorker {self.epitaph()}, before it could serve.".lstrip()

    def epitaph(self) -> str:
        """Return how the process has ended."""
        detail = f"(pid {self.pid}, after {self.age():.1f} s)"
        status = self._status or 0
        if status >= 0:
            return f"exited with code {status} {detail}"
        try:
            return f"crashed on signal {signal.Signals(-status).name} {detail}"
        except ValueError:  # a real-time signal
            return f"crashed on signal {-status} {detail}"

    def status(self) -> int:
        """Return the exit code, or the negative number of the signal; 0 before the end."""
        return self._status or 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self._status is None:  # until we have waited for it, its id cannot be another's
            os.kill(self.pid, number)


def reap_orphans(children: Iterable[Child]) -> None:
    """As the first process of a system, wait for children that nobody else waits for."""
    known = {child.pid: child for child in children}
    pid = -1
    while pid:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid in known:
            known[pid].end(status)


def fork(job: Callable[[socket.socket], int], siblings: Iterable[Child], signals: Signals) -> Child:
    """Start a process that does a job, given its end of a channel, and exits with its result."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    flush()
    # A signal between fork and `leave_to_child` would be written into the parent's pipe.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        pid = os.fork()
        if pid == 0:
            ours.close()
            for sibling in siblings:
                sibling.channel.close()
            become(job, theirs, signals, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return Child(pid, ours)


def become(
    job: Callable[[socket.socket], int],
    channel: socket.socket,
    signals: Signals,
    mask: Iterable[int],
) -> NoReturn:
    """Be the child: do the job and exit."""
    status = 1
    try:
        atexit._clear()  # what the parent has registered is for the parent to run
        signals.leave_to_child()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        status = job(channel)
    except BaseException:
        traceback.print_exc()
    finally:
        run_exits()
        flush()
        os._exit(status)


def run_exits() -> None:
    """Do what the interpreter does at its end, but for waiting for threads: some never end.

    Unless a pool of processes is told to end first, what is registered waits for these for ever.
    """
    pools = sys.modules.get("concurrent.futures.process")
    if pools is not None:
        with contextlib.suppress(Exception):  # it is nobody's official function
            pools._python_exit()
    atexit._run_exitfuncs()


def flush() -> None:
    """Write out what is buffered, so that a fork does not double it and an exit not lose it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # there is none, or it is closed
            continue


def fill_standard_streams() -> None:
    """Open what is closed of stdin, stdout and stderr, or the next socket would be taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number


def has_terminal() -> bool:
    """Tell whether this process belongs to a terminal that is still open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
