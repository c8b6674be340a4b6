"""One process that serves: a uvloop, listening sockets, the clock tick, and the order of its end.

Knows an application, sockets that somebody else has bound, and a channel to its master, whose end
of file means that the master is gone. Of its siblings it knows the sockets, and on which of them
nobody accepts connections: then it does.

Invariants:
- The master hears once that this worker is ready, or why it will never be.
- No connection is accepted before the startup of the application has succeeded.
- What has been told to stop ends: after the drain every connection is closed, busy or not.
- The shutdown of the application comes after the last connection, whatever ended that.
"""

import array
import asyncio
import contextlib
import dataclasses
import faulthandler
import fcntl
import functools
import gc
import io
import itertools
import math
import os
import resource
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from japy.app import Application
from japy.board import Board, Row
from japy.bytecode import keep_settled_only
from japy.config import Config, ConfigError
from japy.console import complain, say
from japy.core.limits import NAMES, Limits
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.drain import Drain
from japy.entrance import Entrance
from japy.health import add_health, bare
from japy.heap import Heap, keep_heap
from japy.heart import Heart
from japy.importer import LoadError, Script, foreign_frames, guarded
from japy.journal import AccessLog, open_access_log
from japy.log import error_log, reopen, set_worker
from japy.logs import LogConfigError, configure, set_up_logging
from japy.loop import choose_loop, close_servers
from japy.orphan import end_with_master
from japy.place import Listener
from japy.privilege import drop
from japy.process import DEAF, READY, REOPEN, RETIRE, STACK, WORDS, disown_signals
from japy.tally import Tally
from japy.tls import TLSError
from japy.witness import journal_of

EXIT_FAILED = 1  # the application's life ended by itself, or not cleanly
EXIT_UNLOADABLE = 3
STDERR = 2
SPARE_FILES = 128  # that are left for everything that is no connection
EARLY_S = 0.1  # what a timer may come before its time
QUEUE_S = 0.2  # how long connections are accepted that the kernel has kept waiting
HOOKS_S = 5.0  # what a worker gets on top of its drain, for its shutdown, before it is killed


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
    """An application on its sockets, from the first connection to the last.

    Args:
        app: what to serve.
        config: how.
        seat: where.
        access: told of each answer, if somebody wants that.
    """

    def __init__(
        self, app: Application, config: Config, seat: Seat, access: AccessLog | None = None
    ) -> None:
        app.debug = app.debug or config.debug
        health = None
        if config.health_path is not None:
            health = add_health(app, config.health_path, self._is_stopping)
        area = None if seat.row is None else seat.row.area
        journal = journal_of(access, None if area is None else Tally(area), health)
        self.service: Service = app.service(
            os.write, app.loop.call_soon, reset_at_close, count_unread, journal
        )
        if health is not None:
            bare(health)
        self.access = access
        self.failures: ExceptionGroup[Exception] | None = None  # of the shutdown
        self._app = app
        self._config = config
        self._seat = seat
        self._servers: list[asyncio.Server] = []  # on our own sockets
        self._guests: dict[int, list[asyncio.Server]] = {}  # on the sockets of deserted slots
        self._adoption: asyncio.Task[None] | None = None  # the last change of those
        self._stop = asyncio.Event()  # set by a signal, or by the end of the master
        self._is_hurried = False  # set if nobody waits for who is idle
        self._is_followed = False  # set if another worker accepts on our sockets
        self._heap = Heap()
        self._heart: Heart | None = None  # what keeps our numbers; None while nobody looks at them
        self._turned_away = 0  # connections, as far as that was logged
        try:
            self._entrance = Entrance(config, self.service)
        except TLSError as error:
            raise LoadError(str(error)) from None
        self._startup: asyncio.Timeout | None = None  # ends the startup; None while there is none

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the application's event loop."""
        return self._app.loop

    async def serve(self, channel: socket.socket) -> int:
        """Start the application, serve until told to stop, drain; return the exit status.

        Raises:
            LoadError: the application did not start.
        """
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():  # no other one gets signals
            loop.add_signal_handler(signal.SIGTERM, self._hurry)
            loop.add_signal_handler(RETIRE, self._retire)
            loop.add_signal_handler(REOPEN, self._reopen)
        loop.add_reader(channel, self._on_channel, channel)
        if not await self._start():
            return 0
        deadline = 0.0
        try:
            self._tick(loop)
            loop.call_later(self._app.reaper.check_interval, self._reap, loop)
            for listener in self._seat.listeners:
                self._servers.append(await self._listen(listener, loop))
            self._beat(channel, loop)
            say_word(channel, READY)
            await self._stop.wait()
            deadline = loop.time() + self._config.drain_s
            await self._close()
            say_word(channel, DEAF)
            await self._drain().run(loop)
        finally:
            if self._heart is not None:
                self._heart.stop()
            status = await self._end(max(0.0, deadline - loop.time()))
        return status

    def _is_stopping(self) -> bool:
        """Tell whether requests should go to other servers: a successor of ours is none."""
        board = self._seat.board
        return self._stop.is_set() if board is None else board.is_stopping

    async def _start(self) -> bool:
        """Run the application's startup; return False if told to stop meanwhile."""
        life = self._app.life
        try:
            async with asyncio.timeout(None) as self._startup:
                await life.start(self._hurry)
        except BaseException as error:
            if self._startup is not None and self._startup.expired():
                return False
            raise LoadError(failed_start(life.place, error)) from error
        finally:
            self._startup = None
        self.service.rebase(life.context.copy())
        return True

    def _beat(self, channel: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to keep our numbers, if there is a master to read them."""
        row, board = self._seat.row, self._seat.board
        if row is not None and board is not None:
            faulthandler.enable(STDERR)  # until now the master would have told of a crash
            tell = functools.partial(say_word, channel)
            self._heart = Heart(row, board, self.service, self._config, tell, self._on_deserted)
            self._heart.start(loop)

    async def _listen(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        """Accept connections, in the context that the startup has left."""
        factory = self._app.protocol_factory
        server = self._entrance.open(
            functools.partial(Connection, self.service)
            if factory is None
            else functools.partial(factory, self._app),
            sock=listener.socket,
            backlog=self._config.backlog,
        )
        return await loop.create_task(server, context=self._app.life.context.copy())

    def _on_deserted(self, flags: bytes) -> None:
        """Accept what comes to slots that nobody is in, and leave them once somebody is."""
        before = self._adoption
        self._adoption = asyncio.get_running_loop().create_task(self._adopt(flags, before))

    async def _adopt(self, flags: bytes, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        loop = asyncio.get_running_loop()
        for slot, listeners in self._seat.others.items():
            if not flags[slot] or self._stop.is_set():
                await close_servers(self._guests.pop(slot, ()))
            elif slot not in self._guests:
                self._guests[slot] = []
                for listener in filter(is_open, listeners):
                    copy = Listener(listener.bind, listener.socket.dup())
                    self._guests[slot].append(await self._listen(copy, loop))

    async def _close(self) -> None:
        """Accept no connection any more; whoever waits for that is accepted if nobody follows."""
        if self._adoption is not None:
            await self._adoption
        for slot in list(self._guests):
            await close_servers(self._guests.pop(slot))
        queues = select.poll()
        for listener in () if self._is_followed else self._seat.listeners:
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

    def _drain(self) -> Drain:
        def cancel() -> None:
            self._app.is_stopping = True

        return Drain(
            self.service, self._entrance, self._config.drain_s, lambda: self._is_hurried, cancel
        )

    async def _end(self, grace_s: float) -> int:
        """Run the application's shutdown; return the exit status."""
        names = sorted(task.get_name() for task in self._app.life.running())
        if names and grace_s:
            say(f"Waiting for {len(names)} background tasks: {', '.join(names)}")
        try:
            await self._app.life.stop(grace_s)
        except ExceptionGroup as failures:  # they have been logged
            self.failures = failures
            return EXIT_FAILED
        return 0

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
        """Tell the service that another second has begun (RFC 9110 §6.6.1: Date).

        A timer may be early: then the second to come is meant. Deadlines are counted in ticks, so
        there is one for each second, also where a handler has made the last one late.
        """
        now = time.time()
        second = math.floor(now + EARLY_S)
        self.service.tick(formatdate(second, usegmt=True))
        self._entrance.tick()
        self._tell_turned_away()
        self._heap.tick()
        loop.call_later(second + 1 - now, self._tick, loop)

    def _tell_turned_away(self) -> None:
        """Log how many connections were beyond the limit, once for all that were so meanwhile."""
        count = self.service.turned_away - self._turned_away
        if count:
            self._turned_away += count
            most = self.service.limits.connections
            text = "%d connections beyond %d were answered with 503 (--limit-concurrency)"
            error_log.warning(text, count, most)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what has been idle for too long, and look again after a while."""
        reaper = self._app.reaper
        self.service.reap(reaper.check_interval, reaper.idle_timeout)
        loop.call_later(reaper.check_interval, self._reap, loop)


# What `Application.run` does in this process instead of starting a server; set in workers only.
on_run: Callable[[Application], None] | None = None


def set_on_run(action: Callable[[Application], None]) -> None:
    """Say what `Application.run` does in this process."""
    global on_run
    on_run = action


def ignore(app: Application) -> None:
    """Do nothing: it has been decided already what this worker serves."""


def work(
    load: Callable[[], Application], config: Config, seat: Seat, channel: socket.socket
) -> int:
    """Be a worker: load an application and serve it until told to stop; return the exit status."""
    set_on_run(ignore)
    try:
        prepare(config, seat, channel)
        configure_logging(config)
        return serve(make_worker(load(), config, seat), channel)
    except LoadError as error:
        tell(channel, str(error))
        return EXIT_UNLOADABLE


def work_script(script: Script, config: Config, seat: Seat, channel: socket.socket) -> int:
    """Be a worker: run a script and serve what calls `run` in it; return the exit status."""
    status: int | None = None  # None until it was served
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
        prepare(config, seat, channel)
        configure_logging(config)
        script.execute()
    except LoadError as error:
        if status is not None and not isinstance(error.__cause__, SystemExit):
            complain(str(error))
        failure = str(error)
    if status is not None:
        return status
    tell(channel, failure)
    return EXIT_UNLOADABLE


def make_worker(app: Application, config: Config, seat: Seat) -> Worker:
    """Return a worker for an application.

    Raises:
        LoadError: it cannot be served.
    """
    try:
        app.limits = within(config.limits(app.limits), raise_open_files())
    except ConfigError as error:
        raise LoadError(f"The application's own limits do not go with {error}.") from None
    if config.timeout_keep_alive is not None:
        app.reaper = dataclasses.replace(app.reaper, idle_timeout=config.timeout_keep_alive)
    access = access_log(app, config)
    worker = guarded("application", lambda: Worker(app, config, seat, access))
    set_up_logging(config, app.debug, app.logs_requests)
    return worker


def configure_logging(config: Config) -> None:
    """Do what the log configuration says, before the application is loaded.

    Raises:
        LoadError: it cannot be done.
    """
    try:
        configure(config)
    except LogConfigError as error:
        raise LoadError(str(error)) from None


def access_log(app: Application, config: Config) -> AccessLog | None:
    """Return the access log, if one is wanted.

    Raises:
        LoadError: its file cannot be opened.
    """
    loop = guarded("event loop", lambda: app.loop)
    try:
        return open_access_log(config, loop.call_later)
    except OSError as error:
        place = config.access_log
        raise LoadError(
            f"{place} cannot be opened ({error.strerror}): name a file that this user may write "
            "with --access-log-file."
        ) from None
    except LogConfigError as error:  # it has changed since it was read
        raise LoadError(str(error)) from None


def raise_open_files() -> int:
    """Let this process open as many files as the system lets it; return how many they are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems say more than they mean
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def within(limits: Limits, files: int) -> Limits:
    """Return limits with no more connections than there may be open files.

    So a client is told that there are too many, and the application has files left to open.
    """
    room = max(1, files - SPARE_FILES, files // 2)
    if limits.connections <= room:
        return limits
    return Limits(**{name: getattr(limits, name) for name in NAMES} | {"connections": room})


def reset_at_close(end: Any) -> None:
    """Have a socket end with a reset, and drop what its peer has not read."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def count_unread(number: int) -> int:
    """Return how many bytes the system keeps for the peer of a socket; 0 if it does not say."""
    size = array.array("i", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(number, termios.TIOCOUTQ, size)
    return size[0]


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
        if worker.access is not None:
            worker.access.close()


def failed_start(place: str, error: BaseException) -> str:
    """Return the traceback and the sentence about what the startup has raised."""
    lines = traceback.format_exception(type(error), error, foreign_frames(error.__traceback__))
    if isinstance(error, SystemExit):
        return "".join(lines) + f"The {place} ended the process: remove the call, or guard it."
    name = type(error).__name__
    return "".join(lines) + f"The {place} raised {name} before the application served: see above."


def is_open(listener: Listener) -> bool:
    """Tell whether a socket listens still: the one of a slot that was given up does not.

    To accept on that would have it listen again, and nobody would notice when we leave it.
    """
    return bool(listener.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def say_word(channel: socket.socket, word: bytes) -> None:
    """Say a word to the master; if that is gone, the worker hears of it elsewhere."""
    with contextlib.suppress(OSError):
        channel.sendall(word)


def tell(channel: socket.socket, text: str) -> None:
    """Tell the master, if it is still there, why this worker cannot serve.

    What an application has raised may hold any byte: none of them is a word.
    """
    with contextlib.suppress(OSError):
        channel.sendall(text.encode(errors="replace").translate(None, WORDS))


def prepare(config: Config, seat: Seat, channel: socket.socket) -> None:
    """Make sure that this process says where it is and why it crashes, and ends with its master.

    Raises:
        LoadError: it cannot become who it is to be.
    """
    set_worker(seat.number)
    keep_settled_only()  # not only with --reload: whoever sends SIGHUP may have saved twice, too
    choose_loop(config.loop)
    faulthandler.enable(channel)  # the master tells it: once, however many crash at the same place
    faulthandler.register(STACK, channel, all_threads=True)
    if isinstance(sys.stdout, io.TextIOWrapper):  # else what handlers print waits in a buffer
        sys.stdout.reconfigure(line_buffering=True)
    disown_signals()
    end_with_master(channel, seat.owned(), config.drain_s + HOOKS_S)
    guarded("worker", lambda: drop(config))
