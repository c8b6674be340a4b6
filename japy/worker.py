"""One process that serves: a uvloop, a listening socket, the clock tick, and the drain.

Knows an application, a socket that somebody else has bound, and a channel to its master, whose end
of file means that the master is gone. Knows nothing of its siblings.

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
import math
import os
import resource
import signal
import socket
import struct
import sys
import termios
import threading
import time
import traceback
from collections.abc import Callable
from email.utils import formatdate
from types import FrameType
from typing import Any

from japy.app import Application
from japy.config import Config, ConfigError
from japy.console import complain, say, set_up_logging
from japy.core.limits import NAMES, Limits
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.heap import Heap, keep_heap
from japy.importer import LoadError, Script, foreign_frames, guarded
from japy.log import error_log
from japy.process import READY

EXIT_FAILED = 1  # the application's life ended by itself, or not cleanly
EXIT_UNLOADABLE = 3
STDERR = 2
SPARE_FILES = 128  # that are left for everything that is no connection
EARLY_S = 0.1  # what a timer may come before its time
POLL_S = 0.02  # how often a drain looks whether the last connection is gone
KILL_S = 2.0  # what a worker gets on top of its drain before it is killed
UNWIND_S = 0.5  # what cancelled handlers get to clean up in


class Worker:
    """An application on a socket, from the first connection to the last.

    Args:
        app: what to serve.
        config: how.
        listener: a listening socket.
    """

    def __init__(self, app: Application, config: Config, listener: socket.socket) -> None:
        app.debug = app.debug or config.debug
        self.service: Service = app.service(
            os.write, app.loop.call_soon, reset_at_close, count_unread
        )
        self.failures: ExceptionGroup[Exception] | None = None  # of the shutdown
        self._app = app
        self._config = config
        self._listener = listener
        self._stop = asyncio.Event()  # set by a signal, or by the end of the master
        self._heap = Heap()
        self._turned_away = 0  # connections, as far as that was logged
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
            loop.add_signal_handler(signal.SIGTERM, self._tell)
        loop.add_reader(channel, self._on_channel, channel)
        if not await self._start():
            return 0
        deadline = 0.0
        try:
            server = await self._listen(loop)
            with contextlib.suppress(OSError):  # the master is gone: the reader above is called
                channel.sendall(READY)
            await self._stop.wait()
            deadline = loop.time() + self._config.drain_s
            server.close()
            await self._drain(loop)
        finally:
            status = await self._end(max(0.0, deadline - loop.time()))
        return status

    async def _start(self) -> bool:
        """Run the application's startup; return False if told to stop meanwhile."""
        life = self._app.life
        try:
            async with asyncio.timeout(None) as self._startup:
                await life.start(self._tell)
        except BaseException as error:
            if self._startup is not None and self._startup.expired():
                return False
            raise LoadError(failed_start(life.place, error)) from error
        finally:
            self._startup = None
        self.service.rebase(life.context.copy())
        return True

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        """Accept connections, in the context that the startup has left."""
        self._tick(loop)
        loop.call_later(self._app.reaper.check_interval, self._reap, loop)
        factory = self._app.protocol_factory
        server = loop.create_server(
            functools.partial(Connection, self.service)  # type: ignore[arg-type]  # see core.protocol: no subclass of asyncio.Protocol
            if factory is None
            else functools.partial(factory, self._app),
            sock=self._listener,
            backlog=self._config.backlog,
        )
        return await loop.create_task(server, context=self._app.life.context.copy())

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
        if self._startup is not None:
            self._startup.reschedule(asyncio.get_running_loop().time())

    def _on_channel(self, channel: socket.socket) -> None:
        """Stop: the master never writes, so its end of the channel is gone, and so is it."""
        asyncio.get_running_loop().remove_reader(channel)
        self._tell()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell the service that another second has begun (RFC 9110 §6.6.1: Date).

        A timer may be early: then the second to come is meant. Deadlines are counted in ticks, so
        there is one for each second, also where a handler has made the last one late.
        """
        now = time.time()
        second = math.floor(now + EARLY_S)
        self.service.tick(formatdate(second, usegmt=True))
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

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what is idle, wait for what is busy, and end what does not end by itself."""
        connections = self.service.connections
        for connection in connections:  # what is already on its way is answered, and then closed
            connection.is_draining = True
        await asyncio.sleep(POLL_S)
        if not connections:
            return
        say("Draining connections...")
        idle = sum(connection.is_idle() for connection in connections)
        busy = len(connections) - idle
        if idle:
            say(f"{idle} idle connections closed immediately")
        if busy:
            say(f"{busy} connections busy, read-end closed")
        await self._wait(loop.time() + self._config.drain_s, loop)
        busy = sum(not connection.is_idle() for connection in connections)
        if busy:
            say(f"Forcefully killing {busy} connections")
        await self._kill()

    async def _wait(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until the deadline for the connections to end, and count the seconds."""
        connections = self.service.connections
        told = math.inf
        while connections:
            for connection in list(connections):
                connection.drain()
            left = deadline - loop.time()
            if left <= 0:
                return
            busy = sum(not connection.is_idle() for connection in connections)
            if busy and math.ceil(left) < told:
                told = math.ceil(left)
                say(f"{told} seconds remaining, {busy} connections still busy")
            await asyncio.sleep(min(POLL_S, left))

    async def _kill(self) -> None:
        """Cancel the handlers, let their answers leave, and close."""
        self._app.is_stopping = True
        connections = self.service.connections
        for connection in list(connections):
            connection.abandon()
        for _ in range(math.ceil(UNWIND_S / POLL_S)):
            if not connections:
                return
            await asyncio.sleep(POLL_S)
        for connection in list(connections):
            connection.close()


# What `Application.run` does in this process instead of starting a server; set in workers only.
on_run: Callable[[Application], None] | None = None


def set_on_run(action: Callable[[Application], None]) -> None:
    """Say what `Application.run` does in this process."""
    global on_run
    on_run = action


def ignore(app: Application) -> None:
    """Do nothing: it has been decided already what this worker serves."""


def work(
    load: Callable[[], Application], config: Config, listener: socket.socket, channel: socket.socket
) -> int:
    """Be a worker: load an application and serve it until told to stop; return the exit status."""
    set_on_run(ignore)
    prepare(config, channel)
    try:
        return serve(make_worker(load(), config, listener), channel)
    except LoadError as error:
        tell(channel, str(error))
        return EXIT_UNLOADABLE


def work_script(
    script: Script, config: Config, listener: socket.socket, channel: socket.socket
) -> int:
    """Be a worker: run a script and serve what calls `run` in it; return the exit status."""
    status: int | None = None  # None until it was served
    failure = f"The {script.place} ended without a call of Application.run: add one."

    def serve_now(app: Application) -> None:
        nonlocal status, failure
        set_on_run(ignore)
        try:
            status = serve(make_worker(app, config, listener), channel)
        except LoadError as error:
            failure = str(error)
            raise

    set_on_run(serve_now)
    prepare(config, channel)
    try:
        script.execute()
    except LoadError as error:
        if status is not None and not isinstance(error.__cause__, SystemExit):
            complain(str(error))
        failure = str(error)
    if status is not None:
        return status
    tell(channel, failure)
    return EXIT_UNLOADABLE


def make_worker(app: Application, config: Config, listener: socket.socket) -> Worker:
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
    worker = guarded("application", lambda: Worker(app, config, listener))
    set_up_logging(app.debug, app.logs_requests)
    return worker


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
    with asyncio.Runner(loop_factory=worker.loop) as runner:
        return runner.run(worker.serve(channel))


def failed_start(place: str, error: BaseException) -> str:
    """Return the traceback and the sentence about what the startup has raised."""
    lines = traceback.format_exception(type(error), error, foreign_frames(error.__traceback__))
    if isinstance(error, SystemExit):
        return "".join(lines) + f"The {place} ended the process: remove the call, or guard it."
    name = type(error).__name__
    return "".join(lines) + f"The {place} raised {name} before the application served: see above."


def tell(channel: socket.socket, text: str) -> None:
    """Tell the master, if it is still there, why this worker cannot serve."""
    with contextlib.suppress(OSError):
        channel.sendall(text.encode(errors="replace"))


def prepare(config: Config, channel: socket.socket) -> None:
    """Make sure that this process says why it crashes, and that it does not outlive its master."""
    faulthandler.enable(STDERR)
    if isinstance(sys.stdout, io.TextIOWrapper):  # else what handlers print waits in a buffer
        sys.stdout.reconfigure(line_buffering=True)
    seconds = config.drain_s + KILL_S

    def set_alarm(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    # The loop notices by itself that the master is gone, unless a handler blocks it. Then this
    # helps: SIGIO comes for the end of the channel, and SIGALRM, unhandled, ends a process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGIO, set_alarm)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, fcntl.fcntl(channel, fcntl.F_GETFL) | os.O_ASYNC)
