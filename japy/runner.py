"""The master: it binds, forks workers, watches them, and passes signals on.

Knows processes and signals. Never imports an application, starts a loop or a thread: what it forks
is clean, and code that has changed is seen by the next worker.

How it works: signal handlers do nothing, but their numbers arrive in a pipe (`Signals`). One loop
waits for that pipe and for what new workers say, then looks who has died and who is due to start.

Invariants:
- The listening socket stays open until the master is told to stop: connections wait meanwhile.
- No process outlives the master: each child holds a channel whose end it notices.
"""

import functools
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from japy import importer, worker
from japy.app import Application
from japy.config import Config
from japy.console import complain, say, set_up_logging
from japy.importer import LoadError, Script
from japy.listener import BindError, listen, url
from japy.process import Child, Signals, fill_standard_streams, flush, fork, has_terminal
from japy.reload import watch

log = logging.getLogger("japy.error")

EXIT_UNUSABLE = 3  # the application cannot be loaded, or the address cannot be bound
EXIT_FORCED = 128 + signal.SIGINT
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0  # before a worker that has died is replaced
Job = Callable[[Config, socket.socket, socket.socket], int]


class Slot:
    """The place of one worker."""

    def __init__(self) -> None:
        self.child: Child | None = None  # who is in it; None while it waits for the next
        self.failures = 0  # workers in a row that did not live long
        self.due = 0.0  # when the next worker starts, by the monotonic clock

    def rest(self) -> float:
        """Put the next start off, for longer from failure to failure; return the seconds."""
        pause = min(FIRST_PAUSE_S * 2.0 ** min(self.failures, 10), LONGEST_PAUSE_S)
        self.failures += 1
        self.due = time.monotonic() + pause
        return pause


class Master:
    """A listening socket and the workers on it, from the first fork to the last exit.

    Args:
        config: how to serve.
        job: what a worker does, given the settings, the listening socket and its channel.
        folders: what is watched for changes if that is asked for.
        listener: a listening socket; closed at the end.
    """

    def __init__(
        self, config: Config, job: Job, folders: list[Path], listener: socket.socket
    ) -> None:
        self._config = config
        self._job = job
        self._folders = folders
        self._listener = listener
        self._url = url(listener)
        self._signals = Signals()
        self._slots = [Slot() for _ in range(config.workers)]
        self._retired: set[Child] = set()  # told to stop, but not gone yet
        self._watcher: Child | None = None  # the process that watches files
        self._is_announced = False  # since the last start of all workers
        self._has_served = False  # set once all workers were ready
        self._is_stopping = False
        self._had_terminal = has_terminal() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        self._said = ""  # why workers could not start, as last printed
        self._status = 0

    def run(self) -> int:
        """Serve until told to stop and return the exit status."""
        with self._signals, self._listener:
            if self._config.reload:
                job = functools.partial(watch, self._folders, os.getpid())
                self._watcher = self._fork(job)
            self._fill()
            while self._children() or not self._is_stopping:
                self._listen()
                self._reap()
                self._kill_overdue()
                self._fill()
                self._announce()
        return self._status

    def _children(self) -> list[Child]:
        placed = [slot.child for slot in self._slots]
        return [child for child in (*placed, *self._retired, self._watcher) if child is not None]

    def _listen(self) -> None:
        """Wait until something happens; take in signals and what children say."""
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        speakers = {
            child.channel.fileno(): child for child in self._children() if not child.is_silent
        }
        for number in speakers:
            poll.register(number, select.POLLIN)
        for number, _ in poll.poll(self._patience_ms()):
            if number in speakers:
                speakers[number].hear()
        for received in self._signals.read():
            self._on_signal(received)

    def _patience_ms(self) -> float | None:
        """Return when something is due by itself; None for never."""
        dues = [slot.due for slot in self._slots if slot.child is None and not self._is_stopping]
        dues += [child.deadline for child in self._children()]
        due = min(dues, default=float("inf"))
        return None if due == float("inf") else max(0.0, (due - time.monotonic()) * 1000 + 1)

    # Signals.

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP and (has_terminal() or not self._had_terminal):
            self._reload()
        elif number == signal.SIGQUIT or (number == signal.SIGINT and self._is_stopping):
            self._stop()
            self._status = self._status or EXIT_FORCED
            for child in self._children():
                child.kill()
        elif number != signal.SIGCHLD and not self._is_stopping:
            say("Termination request received")
            self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        self._listener.close()
        for slot in self._slots:
            self._retire(slot)
        if self._watcher is not None:
            self._watcher.stop(worker.KILL_S)

    def _reload(self) -> None:
        is_due = all(slot.child is None and slot.due == 0 for slot in self._slots)
        if self._is_stopping or is_due:  # one start is enough for a burst of signals
            return
        say("Reload request received")
        self._is_announced = False
        self._said = ""
        for slot in self._slots:
            self._retire(slot)
            slot.failures, slot.due = 0, 0.0

    def _retire(self, slot: Slot) -> None:
        """Tell a worker to stop and make room for the next."""
        if slot.child is not None:
            slot.child.stop(self._config.drain_s + worker.KILL_S)
            self._retired.add(slot.child)
            slot.child = None

    # Births and deaths.

    def _fill(self) -> None:
        """Start the workers that are due."""
        for slot in self._slots:
            if slot.child is None and not self._is_stopping and slot.due <= time.monotonic():
                job = functools.partial(self._job, self._config, self._listener)
                slot.child = self._fork(job)
                if slot.child is None:
                    slot.rest()

    def _fork(self, job: Callable[[socket.socket], int]) -> Child | None:
        """Start a child; None if the system has no room for one now."""
        try:
            return fork(job, self._children(), self._signals)
        except OSError as error:
            log.error("No process could be started (%s): ulimit -u shows the limit", error)
            return None

    def _announce(self) -> None:
        """Tell once per start that everybody is ready."""
        workers = [slot.child for slot in self._slots]
        ready = all(child is not None and child.is_ready for child in workers)
        ready = ready and (self._watcher is None or self._watcher.is_ready)
        if ready and not self._is_announced and not self._is_stopping:
            self._is_announced = self._has_served = True
            say(f"Accepting connections on {self._url}")

    def _reap(self) -> None:
        """Take leave of the children that have ended."""
        for child in self._children():
            if child.has_ended():
                self._bury(child)

    def _bury(self, child: Child) -> None:
        if child in self._retired:
            self._retired.remove(child)
        elif child is self._watcher:
            self._watcher = None
        else:
            slot = next(slot for slot in self._slots if slot.child is child)
            slot.child = None
            self._replace(slot, child)
        child.channel.close()

    def _replace(self, slot: Slot, child: Child) -> None:
        """Decide what follows the end of a worker that nobody has told to stop."""
        if child.is_ready and child.age() > LONGEST_PAUSE_S:
            slot.failures = 0
        pause = slot.rest()
        if child.is_ready:
            log.error("Worker %s: another one starts in %.1f s", child.epitaph(), pause)
            return
        self._explain(child)
        if not self._has_served:
            self._status = EXIT_UNUSABLE
            self._stop()
        elif self._config.reload:
            slot.due = float("inf")

    def _explain(self, child: Child) -> None:
        """Print why workers cannot start, once however many there are."""
        text = child.report() or f"Worker {child.epitaph()}, before it could serve."
        if text == self._said or self._is_stopping:
            return
        self._said = text
        complain(text)
        if self._has_served and self._config.reload:
            complain("Waiting for a change: save a file to try again.")

    def _kill_overdue(self) -> None:
        for child in self._children():
            if child.deadline <= time.monotonic():
                log.error("Worker (pid %d) did not stop in time: it is killed", child.pid)
                child.kill()


def serve(config: Config, job: Job, folders: list[Path]) -> int:
    """Bind and be the master; return the exit status."""
    fill_standard_streams()
    try:
        listener = listen(config.host, config.port, config.backlog)
    except BindError as error:
        complain(str(error))
        return EXIT_UNUSABLE
    set_up_logging(config.debug)
    return Master(config, job, folders, listener).run()


def run_target(config: Config, text: str) -> int:
    """Serve what `japy run` names; return the exit status."""
    try:
        target = importer.parse(text)
        folders = target.folders()
    except LoadError as error:
        complain(str(error))
        return EXIT_UNUSABLE
    job = functools.partial(worker.work, functools.partial(importer.load, target))
    return serve(config, job, folders)


def run_script(config: Config, script: Script) -> int:
    """Serve a script that calls `Application.run`, again after each change; return exit status."""
    return serve(config, functools.partial(worker.work_script, script), [script.folder])


def run_application(
    app: Application, host: str, port: int, workers: int, reload: bool, debug: bool
) -> None:
    """Be what `Application.run` is: serve an application until told to stop, then return.

    In a worker this does what `worker.on_run` says: nothing if `japy run` imports the module.

    Raises:
        ValueError: a value is out of range.
        RuntimeError: this is not the main thread, or nothing is there to be started again.
        SystemExit: the application or the address cannot be served; the reason has been printed.
    """
    if worker.on_run is not None:
        worker.on_run(app)
        return
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Application.run must be called from the main thread")
    if app.has_loop:
        complain(
            "The event loop `app.loop` was used before the workers exist, and none of them has it: "
            "what must run in them belongs into a function that @app.on_startup decorates."
        )
    config = Config(host=host, port=port, workers=workers, reload=reload, debug=debug)
    if reload:
        start_again(config)
    job = functools.partial(worker.work, lambda: app)
    status = serve(config, job, [])
    if status:
        raise SystemExit(status)


def start_again(config: Config) -> NoReturn:
    """Become a master that has imported nothing and has its workers run this script."""
    main = sys.modules["__main__"]
    name = main.__spec__.name if main.__spec__ is not None else "__main__"
    module = name if name != "__main__" else ""  # the latter also for a folder with __main__.py
    script = module or getattr(main, "__file__", None)
    if not script:
        raise RuntimeError("run(reload=True) works in a file only: there is none to start again")
    flags = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    flags = flags[:-1] if module and flags[-1:] == ["-m"] else flags
    options = ["--host", config.host, "--port", str(config.port), "--workers", str(config.workers)]
    options += ["--reload", *["--debug"] * config.debug, *["--module"] * bool(module)]
    flush()
    command = [sys.executable, *flags, "-m", "japy", "script", *options, script, *sys.argv[1:]]
    os.execv(sys.executable, command)
