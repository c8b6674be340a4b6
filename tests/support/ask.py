"""Ask a handler over a wire, on the event loop that a test was given."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from japy import Application, Request
from tests.support.handlers import get
from tests.support.wire import Server, Wire

NewLoop = Callable[[], asyncio.AbstractEventLoop]
Handler = Callable[[Request], Any]


class OnLoop(Application):
    """An application, and the kind of loop that a test wants it on."""

    def __init__(self, new_loop: NewLoop) -> None:
        super().__init__()
        self.new_loop = new_loop


def ask(app: OnLoop, handler: Handler, times: int = 2) -> list[str]:
    """Ask a handler several times over one connection, one after the other; return its answers."""
    with serve(app, handler) as server:
        wire = server.connect()
        for i in range(times):
            wire.send(get(f"/?{i}"))
            server.until(partial(wire.has_answers, i + 1))
        return bodies(wire)


def serve(app: OnLoop, handler: Handler) -> Server:
    """Return a server of one handler."""
    app.router.add_route("/", handler)
    return Server(app, app.new_loop)


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]
