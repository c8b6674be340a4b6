"""One process that serves: a uvloop, listening sockets, the clock tick, and the order of its end.

Knows what is served as one (`House`), sockets that somebody else has bound, and a channel to its
master, whose end of file means that the master is gone. Of its siblings it knows the sockets, and
on which of them nobody accepts connections: then it does.

Invariants:
- The master hears once that this worker is ready, or why it will never be.
- No connection is accepted before the startup of what is served has succeeded.
- What has been told to stop ends: after the drain every connection is closed, busy or not.
- The shutdown of what is served comes after the last connection, whatever ended that.
"""

import asyncio
import contextlib
import dataclasses
import faulthandler
import functools
import gc
import itertools
import math
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from japy.application.app import Application
from japy.core.limits import Limits
from japy.logs.console import complain, say
from japy.logs.journal import AccessLog, open_access_log
from japy.logs.log import error_log, reopen
from japy.logs.setup import LogConfigError, configure, set_up_logging
from japy.monitoring.tally import Tally
from japy.serving.drain import Drain
from japy.serving.ensemble import Ensemble, alone, applications_of
from japy.serving.heap import Heap, keep_heap
from japy.serving.heart import Heart
from japy.serving.house import House, loop_of
from japy.serving.importer import FinalError, LoadError, Script, foreign_frames, guarded
from japy.serving.leftover import warn_later
from japy.serving.loop import borrow, close_servers
from japy.serving.site import Audience
from japy.serving.tether import prepare, say_word, tell
from japy.serving.tls import TLSError
from japy.settings.capacity import raise_open_files, within
from japy.settings.config import Config, ConfigError
from japy.supervisor.board import Board, Figure, Row
from japy.supervisor.place import Listener
from japy.supervisor.process import DEAF, READY, REOPEN, RETIRE, fill_standard_streams

EXIT_FAILED = 1  # the application's life ended by itself, or not cleanly
EXIT_UNLOADABLE = 3
EXIT_FINAL = 4  # the same, and no change of the code would help
STDERR = 2
EARLY_S = 0.1  # what a timer may come before its time
QUEUE_S = 0.2  # how long connections are accepted that the kernel has kept waiting
TELL_S = 0.5  # what services get at least to tell their connections of the end


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What a worker is given by its master.

    Args:
        number: which of the workers it is, from 1.
        listeners: its own sockets.
        others: the sockets of the other slots, for when nobody is in them.
        row: its numbers; None if nobody looks at them.
        board: where the master tells what all should know; None if there is none.
    """

    number: int
    listeners: Sequence[Listener]
    others: Mapping[int, Sequence[Listener]] = field(default_factory=dict)
    row: Row | None = None
    board: Board | None = None

    def owned(self) -> list[socket.socket]:
        """Return the sockets that the master has opened for all its workers, and nobody else."""
        all_listeners = [*self.listeners, *itertools.chain(*self.others.values())]
        return [one.socket for one in all_listeners if one.bind.kind == "tcp"]


class Worker:
    """What is served on its sockets, from the first connection to the last.

    Args:
        ensemble: what to serve.
        config: how.
        seat: where.
        files: how many may be open.
        access: told of each answer, if somebody wants that.

    Raises:
        LoadError: it cannot be served.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        config: Config,
        seat: Seat,
        files: int = sys.maxsize,
        access: AccessLog | None = None,
    ) -> None:
        area = None if seat.row is None else seat.row.area
        tally = None if area is None else Tally(area)
        try:
            limits = within(config.limits(Limits()), files)
            audience = Audience(access, tally, self._is_stopping)
            self.house = House(ensemble, config, seat.listeners, limits, audience)
        except TLSError as error:
            raise FinalError(str(error)) from None
        self.access = access
        self.failures: ExceptionGroup[Exception] | None = None  # of hooks, at the end
        self._config = config
        self._seat = seat
        self._servers: list[Any] = []  # on our own sockets; Any: whatever has close()
        self._guests: dict[int, list[Any]] = {}  # on the sockets of deserted slots
        self._adoption: asyncio.Task[None] | None = None  # the last change of those
        self._stop = asyncio.Event()  # set by a signal, or by the end of the master
        self._is_hurried = False  # set if nobody waits for who is idle
        self._is_followed = False  # set if another worker accepts on our sockets
        self._heap = Heap()
        self._heart: Heart | None = None  # what keeps our numbers; None while nobody looks at them
        self._startup: asyncio.Timeout | None = None  # ends the startup; None while there is none

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop that serves."""
        return self.house.loop

    async def serve(self, channel: socket.socket) -> int:
        """Start what is served, serve until told to stop, drain; return the exit status.

        Raises:
            LoadError: it did not start.
        """
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():  # no other one gets signals
            loop.add_signal_handler(signal.SIGTERM, self._hurry)
            loop.add_signal_handler(RETIRE, self._retire)
            loop.add_signal_handler(REOPEN, self._reopen)
        loop.add_reader(channel, self._on_channel, channel)
        if not await self._start():
            return 0
        deadline, failures = 0.0, list[Exception]()
        try:
            self._beat(channel, loop)
            say_word(channel, READY)
            await self._stop.wait()
            deadline = loop.time() + self._config.drain_s
            await self._close()
            say_word(channel, DEAF)
            failures = await self._drain(deadline, loop)
        finally:
            if self._heart is not None:
                self._heart.stop()
            failures += await self._end(max(0.0, deadline - loop.time()))
            warn_later(loop)
        if not failures:
            return 0
        self.failures = ExceptionGroup("the application did not shut down cleanly", failures)
        return EXIT_FAILED

    def rest(self) -> None:
        """Have nobody wait for beats any more: what may still come is what runs at exit."""
        if self._seat.row is not None:
            self._seat.row[Figure.IS_OVER] = 1
        if self.access is not None:
            self.access.close()

    def _is_stopping(self) -> bool:
        """Tell whether requests should go to other servers: a successor of ours is none."""
        board = self._seat.board
        return self._stop.is_set() if board is None else board.is_stopping

    async def _start(self) -> bool:
        """Start what is served, and accept connections; return False if told to stop meanwhile."""
        is_expired = False
        try:
            async with asyncio.timeout(None) as startup:
                self._startup = startup
                try:
                    await self._open()
                finally:
                    self._startup = None
                    is_expired = startup.expired()
        except BaseException as error:
            for server in self._servers:
                server.close()
            await self.house.end(0.0)
            if is_expired:
                return False
            raise LoadError(failed_start(self.house.place, error)) from error
        return True

    async def _open(self) -> None:
        await self.house.start(self._hurry)
        self._tick(asyncio.get_running_loop())
        self._servers = await self.house.open(self._seat.listeners)
        await self.house.begin()

    def _beat(self, channel: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to keep our numbers, if there is a master to read them."""
        row, board = self._seat.row, self._seat.board
        if row is not None and board is not None:
            faulthandler.enable(STDERR)  # until now the master would have told of a crash
            row[Figure.FOREIGN] = self.house.foreign(self._seat.listeners)
            tell = functools.partial(say_word, channel)
            self._heart = Heart(row, board, self.house, self._config, tell, self._on_deserted)
            self._heart.start(loop)

    def _on_deserted(self, flags: bytes) -> None:
        """Accept what comes to slots that nobody is in, and leave them once somebody is."""
        before = self._adoption
        self._adoption = asyncio.get_running_loop().create_task(self._adopt(flags, before))

    async def _adopt(self, flags: bytes, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        for slot, listeners in self._seat.others.items():
            if not flags[slot] or self._stop.is_set():
                await close_servers(self._guests.pop(slot, ()))
            elif slot not in self._guests:
                open_ones = filter(is_open, listeners)
                copies = [Listener(one.bind, borrow(one.socket)) for one in open_ones]
                self._guests[slot] = []
                try:
                    self._guests[slot] = await self.house.open(copies)
                except Exception as error:  # of a service: who comes there waits for a successor
                    error_log.error("%s failed", self.house.place, exc_info=error)

    async def _close(self) -> None:
        """Accept no connection any more; whoever waits for that is accepted if nobody follows."""
        if self._adoption is not None:
            await self._adoption
        for slot in list(self._guests):
            await close_servers(self._guests.pop(slot))
        queues = select.poll()
        for listener in () if self._is_followed else filter(is_open, self._seat.listeners):
            queues.register(listener.socket, select.POLLIN)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUEUE_S
        while queues.poll(0) and loop.time() < deadline:
            await asyncio.sleep(0)
        if self._is_stopping() and not self._is_followed:
            self._hang_up()
        await close_servers(self._servers)
        for listeners in self._seat.others.values():
            for listener in listeners:
                listener.socket.close()

    def _hang_up(self) -> None:
        """Refuse what comes to our own sockets, as others have them open and do not accept there.

        Else a connection would wait there until the last of them has closed, and be reset.
        """
        own = {listener.bind for others in self._seat.others.values() for listener in others}
        for listener in self._seat.listeners:
            if listener.bind in own:  # and nobody else's
                with contextlib.suppress(OSError):
                    listener.socket.shutdown(socket.SHUT_RDWR)

    async def _drain(self, deadline: float, loop: asyncio.AbstractEventLoop) -> list[Exception]:
        """End the connections; return what services raised that were told to tell them."""
        telling = loop.create_task(self.house.finish())
        house, entrance, seconds = self.house, self.house.entrance, deadline - loop.time()
        drain = Drain(house, entrance, seconds, lambda: self._is_hurried, house.abandon)
        await drain.run(loop)
        await asyncio.wait({telling}, timeout=max(TELL_S, deadline - loop.time()))
        if telling.done():
            return telling.result()
        telling.cancel()
        error_log.error("%s took too long, and was cancelled", house.place)
        return [TimeoutError(f"{house.place} took too long")]

    async def _end(self, grace_s: float) -> list[Exception]:
        """Run what comes last; return what it raised, which has been logged."""
        names = self.house.running()
        if names and grace_s:
            say(f"Waiting for {len(names)} background tasks: {', '.join(names)}")
        return await self.house.end(grace_s)

    def _tell(self) -> None:
        """Stop serving, or starting."""
        self._stop.set()
        if self._startup is not None and not self._startup.expired():  # it was told before
            self._startup.reschedule(asyncio.get_running_loop().time())

    def _hurry(self) -> None:
        """Stop, and do not wait for who is idle."""
        self._is_hurried = True
        self._tell()

    def _retire(self) -> None:
        """Stop, as another worker serves in our place."""
        self._is_followed = True
        if self._config.reload:  # who has saved a file wants to see no answer of the old code
            self._hurry()
        else:
            self._tell()

    def _reopen(self) -> None:
        """Open log files again."""
        reopen()
        if self.access is not None:
            self.access.reopen()

    def _on_channel(self, channel: socket.socket) -> None:
        """Stop: the master never writes, so its end of the channel is gone, and so is it."""
        asyncio.get_running_loop().remove_reader(channel)
        self._hurry()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell what is served that another second has begun (RFC 9110 §6.6.1: Date).

        A timer may be early: then the second to come is meant. Deadlines are counted in ticks, so
        there is one for each second, also where a handler has made the last one late.
        """
        now = time.time()
        second = math.floor(now + EARLY_S)
        loop.call_later(second + 1 - now, self._tick, loop)  # first: whatever fails, time goes on
        self.house.tick(formatdate(second, usegmt=True))
        self._heap.tick()


# What `Application.run` does in this process instead of starting a server; set in workers only.
on_run: Callable[[Application], None] | None = None


def set_on_run(action: Callable[[Application], None]) -> None:
    """Say what `Application.run` does in this process."""
    global on_run
    on_run = action


def ignore(app: Application) -> None:
    """Do nothing: it has been decided already what this worker serves."""


def work(
    load: Callable[[], Application | Ensemble], config: Config, seat: Seat, channel: socket.socket
) -> int:
    """Be a worker: load what to serve and serve it until told to stop; return the exit status."""
    set_on_run(ignore)
    try:
        prepare(config, seat.number, seat.owned(), channel)
        configure_logging(config)
        return serve(make_worker(load(), config, seat), channel)
    except LoadError as error:
        tell(channel, str(error))
        return EXIT_FINAL if isinstance(error, FinalError) else EXIT_UNLOADABLE


def work_script(script: Script, config: Config, seat: Seat, channel: socket.socket) -> int:
    """Be a worker: run a script and serve what calls `run` in it; return the exit status."""
    status: int | None = None  # None until it was served
    exit_status = EXIT_UNLOADABLE  # if it never was
    failure = f"The {script.place} ended without a call of Application.run: add one."

    def serve_now(app: Application) -> None:
        nonlocal status, failure
        set_on_run(ignore)
        try:
            status = serve(make_worker(app, config, seat), channel)
        except LoadError as error:
            failure = str(error)
            raise

    set_on_run(serve_now)
    try:
        prepare(config, seat.number, seat.owned(), channel)
        configure_logging(config)
        script.execute()
    except LoadError as error:
        if status is not None and not isinstance(error.__cause__, SystemExit):
            complain(str(error))
        failure = str(error)
        exit_status = EXIT_FINAL if isinstance(error, FinalError) else EXIT_UNLOADABLE
    if status is not None:
        return status
    tell(channel, failure)
    return exit_status


def make_worker(served: Application | Ensemble, config: Config, seat: Seat) -> Worker:
    """Return a worker for an application, or whatever else is served.

    Raises:
        LoadError: it cannot be served.
    """
    fill_standard_streams()  # which a module may have closed, as daemons do
    ensemble = alone(served) if isinstance(served, Application) else served
    applications = applications_of(ensemble)
    files = raise_open_files()
    for app in applications:
        fit(app, config, files)
    access = None
    if applications:
        access = access_log(guarded("event loop", lambda: loop_of(ensemble)), config)
    place = ensemble[0].title if len(ensemble) == 1 else "services"
    worker = guarded(place, lambda: Worker(ensemble, config, seat, files, access))
    is_debug = config.debug or any(app.debug for app in applications)
    set_up_logging(config, is_debug, any(app.logs_requests for app in applications))
    return worker


def fit(app: Application, config: Config, files: int) -> None:
    """Have an application take over from the settings what is its own.

    Raises:
        LoadError: the limits do not go together.
    """
    try:
        app.limits = within(config.limits(app.limits), files)
    except ConfigError as error:
        raise LoadError(f"The application's own limits do not go with {error}.") from None
    if config.timeout_keep_alive is not None:
        app.reaper = dataclasses.replace(app.reaper, idle_timeout=config.timeout_keep_alive)


def configure_logging(config: Config) -> None:
    """Do what the log configuration says, before the application is loaded.

    Raises:
        FinalError: it cannot be done.
    """
    try:
        configure(config)
    except LogConfigError as error:
        raise FinalError(str(error)) from None


def access_log(loop: asyncio.AbstractEventLoop, config: Config) -> AccessLog | None:
    """Return the access log, if one is wanted.

    Raises:
        FinalError: its file cannot be opened.
    """
    try:
        return open_access_log(config, loop.call_later)
    except OSError as error:
        place = config.access_log
        raise FinalError(
            f"{place} cannot be opened ({error.strerror}): name a file that this user may write "
            "with --access-log-file."
        ) from None
    except LogConfigError as error:  # it has changed since it was read
        raise FinalError(str(error)) from None


def serve(worker: Worker, channel: socket.socket) -> int:
    """Serve until told to stop; return the exit status.

    Raises:
        LoadError: the application did not start.
    """
    keep_heap()
    gc.collect()
    gc.freeze()  # what was imported stays: later collections need not walk it
    try:
        with asyncio.Runner(loop_factory=worker.loop) as runner:
            return runner.run(worker.serve(channel))
    finally:
        worker.rest()


def failed_start(place: str, error: BaseException) -> str:
    """Return the traceback and the sentence about what the startup has raised."""
    lines = traceback.format_exception(type(error), error, foreign_frames(error.__traceback__))
    if isinstance(error, SystemExit):
        return "".join(lines) + f"The {place} ended the process: remove the call, or guard it."
    name = type(error).__name__
    return "".join(lines) + f"The {place} raised {name} before the application served: see above."


def is_open(listener: Listener) -> bool:
    """Tell whether a socket listens still: the one of a slot that was given up does not.

    To accept on that would have it listen again, and nobody would notice when we leave it. Nor does
    one that a service has closed, or taken the descriptor of.
    """
    if listener.socket.fileno() < 0:
        return False
    return bool(listener.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
