"""A pytest plugin: the fixture `japy_server` serves applications on real ports.

    def test_hello(japy_server):
        server = japy_server(app)
        assert urllib.request.urlopen(server.url).read() == b"hello"

The server runs in a thread of the test's process, so that a test can look at what the application
keeps. It is the worker of `japy run`: the same hooks, connections, clock and drain.

Knows pytest and threads. Knows nothing of what is served.

Invariants:
- This module imports no other of japy's before a test asks for a server: plugins are loaded before
  coverage is measured, and by every run of pytest, whatever it tests.
- When a test has ended, so have its servers; what went wrong in their end fails the test.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from japy import Application
    from japy.serving.worker import Worker

START_S = 10.0  # what startup hooks may take
STOP_S = 5.0  # what is added to the drain before a thread is given up
DRAIN_S = 1.0  # shorter than that of `japy run`: a test waits for it


class LiveServer:
    """An application that is served on a port of this machine, until the test ends.

    Attributes:
        app: what is served.
        host: address, such as 127.0.0.1.
        port: port, a free one unless another was asked for.
        url: `http://host:port`, without a slash at its end.
    """

    def __init__(self, app: "Application", settings: dict[str, Any]) -> None:
        from japy.serving.ensemble import alone
        from japy.serving.worker import Seat, Worker
        from japy.settings.config import Config
        from japy.supervisor.listener import listen, url
        from japy.supervisor.place import Listener

        config = Config(**{"port": 0, "timeout_graceful_shutdown": DRAIN_S, **settings})
        self.app = app
        self._before = app.debug, app.limits  # the settings change them
        self._failure: BaseException | None = None  # what the worker has raised
        self._patience_s = config.drain_s + STOP_S
        app.limits, app.is_stopping = config.limits(app.limits), False
        self._listener = listen(config.host, config.port, config.backlog)
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = url(self._listener)
        try:
            app.life.require_stopped()
            seat = Seat(number=1, listeners=[Listener(config.binds[0], self._listener)])
            worker = Worker(alone(app), config, seat)
        except BaseException:
            self._restore()
            raise
        self._channel, theirs = socket.socketpair()
        self._thread = threading.Thread(
            target=self._serve,
            args=(worker, theirs),
            name="japy-server",
            daemon=True,  # a test may block it for ever
        )
        self._thread.start()
        self._wait_ready()

    def __repr__(self) -> str:
        """Return where it listens."""
        return f"<LiveServer {self.url}>"

    def stop(self) -> None:
        """Finish the requests that are under way, run the shutdown hooks, and end.

        Raises:
            BaseException: what the shutdown hooks raised.
        """
        self._channel.close()
        self._thread.join(self._patience_s)
        self._restore()
        if self._thread.is_alive():
            raise TimeoutError(f"{self.url} did not stop: something in it blocks the event loop")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _restore(self) -> None:
        self._listener.close()
        self.app.debug, self.app.limits = self._before

    def _wait_ready(self) -> None:
        """Wait until connections are accepted, or raise what stands in the way of that."""
        self._channel.settimeout(START_S)
        try:
            is_ready = self._channel.recv(1) != b""
        except TimeoutError:
            self.stop()
            raise TimeoutError(f"the startup hooks took more than {START_S:g} s") from None
        if not is_ready:
            self.stop()
            raise RuntimeError("the application has ended before it served")

    def _serve(self, worker: "Worker", channel: socket.socket) -> None:
        """Be the thread: serve until the other end of the channel is closed."""
        from japy.serving.importer import LoadError

        try:
            with channel, asyncio.Runner(loop_factory=worker.loop) as runner:
                runner.run(worker.serve(channel))
            self._failure = worker.failures
        except LoadError as error:
            self._failure = error.__cause__ or error  # what a startup hook has raised
        except BaseException as error:
            self._failure = error


class ServerFactory(Protocol):
    """What the fixture `japy_server` is."""

    def __call__(self, app: "Application", **settings: Any) -> LiveServer:
        """Serve an application; settings as of `japy run`, such as `limit_concurrency=5`."""


@pytest.fixture
def japy_server() -> Iterator[ServerFactory]:
    """Serve applications on real ports: `japy_server(app)` has `url`, `host` and `port`."""
    with contextlib.ExitStack() as stack:

        def start(app: "Application", **settings: Any) -> LiveServer:
            server = LiveServer(app, settings)
            stack.callback(server.stop)
            return server

        yield start
