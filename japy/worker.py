"""One process that serves: a uvloop, a listening socket, the clock tick, and the drain.

Knows an application, a socket that somebody else has bound, and a channel to its master, whose end
of file means that the master is gone. Knows nothing of its siblings.

Invariants:
- The master hears once that this worker is ready, or why it will never be.
- What has been told to stop ends: after the drain every connection is closed, busy or not.
"""

import asyncio
import contextlib
import faulthandler
import fcntl
import functools
import gc
import math
import os
import signal
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from types import FrameType

import uvloop

from japy.app import Application
from japy.config import Config, ConfigError
from japy.console import complain, say, set_up_logging
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.heap import keep_heap
from japy.importer import LoadError, Script, guarded
from japy.process import READY

EXIT_UNLOADABLE = 3
STDERR = 2
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
        self.service: Service = app.service(app.debug, os.write)
        set_up_logging(app.debug)
        self._app = app
        self._config = config
        self._listener = listener
        self._stop = asyncio.Event()  # set by a signal, or by the end of the master

    async def serve(self, channel: socket.socket) -> None:
        """Serve until told to stop, then drain."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_reader(channel, self._on_channel, channel)
        self._tick(loop)
        server = await loop.create_server(
            functools.partial(Connection, self.service),  # type: ignore[arg-type]  # see core.protocol: no subclass of asyncio.Protocol
            sock=self._listener,
            backlog=self._config.backlog,
        )
        with contextlib.suppress(OSError):  # the master is gone: the reader above is called
            channel.sendall(READY)
        await self._stop.wait()
        server.close()
        await self._drain(loop)

    def _on_channel(self, channel: socket.socket) -> None:
        """Stop: the master never writes, so its end of the channel is gone, and so is it."""
        asyncio.get_running_loop().remove_reader(channel)
        self._stop.set()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Render the Date line, once for every second (RFC 9110 §6.6.1)."""
        now = time.time()
        self.service.tick(formatdate(now, usegmt=True))
        loop.call_later(1 - now % 1, self._tick, loop)

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
        worker = make_worker(load(), config, listener)
    except LoadError as error:
        tell(channel, str(error))
        return EXIT_UNLOADABLE
    serve(worker, channel)
    return 0


def work_script(
    script: Script, config: Config, listener: socket.socket, channel: socket.socket
) -> int:
    """Be a worker: run a script and serve what calls `run` in it; return the exit status."""
    is_served = False

    def serve_now(app: Application) -> None:
        nonlocal is_served
        worker = make_worker(app, config, listener)
        set_on_run(ignore)
        is_served = True
        serve(worker, channel)

    set_on_run(serve_now)
    prepare(config, channel)
    failure = f"The {script.place} ended without a call of Application.run: add one."
    try:
        script.execute()
    except LoadError as error:
        if is_served and not isinstance(error.__cause__, SystemExit):
            complain(str(error))
        failure = str(error)
    if is_served:
        return 0
    tell(channel, failure)
    return EXIT_UNLOADABLE


def make_worker(app: Application, config: Config, listener: socket.socket) -> Worker:
    """Return a worker for an application.

    Raises:
        LoadError: it cannot be served.
    """
    try:
        app.limits = config.limits(app.limits)
    except ConfigError as error:
        raise LoadError(f"The application's own limits do not go with {error}.") from None
    return guarded("application", lambda: Worker(app, config, listener))


def serve(worker: Worker, channel: socket.socket) -> None:
    """Serve until told to stop."""
    keep_heap()
    gc.collect()
    gc.freeze()  # what was imported stays: later collections need not walk it
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(worker.serve(channel))


def tell(channel: socket.socket, text: str) -> None:
    """Tell the master, if it is still there, why this worker cannot serve."""
    with contextlib.suppress(OSError):
        channel.sendall(text.encode(errors="replace"))


def prepare(config: Config, channel: socket.socket) -> None:
    """Make sure that this process says why it crashes, and that it does not outlive its master."""
    faulthandler.enable(STDERR)
    seconds = config.drain_s + KILL_S

    def set_alarm(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    # The loop notices by itself that the master is gone, unless a handler blocks it. Then this
    # helps: SIGIO comes for the end of the channel, and SIGALRM, unhandled, ends a process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGIO, set_alarm)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, fcntl.fcntl(channel, fcntl.F_GETFL) | os.O_ASYNC)
