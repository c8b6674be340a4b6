"""Ask a handler, by test client or over a wire, on the event loop that a test was given."""

import asyncio
from collections.abc import Callable
from typing import Any

from japy import Application, Request
from tests.support.wire import DEADLINE_S, Server, Wire

NewLoop = Callable[[], asyncio.AbstractEventLoop]
Handler = Callable[[Request], Any]


class OnLoop(Application):
    """An application, and the kind of loop that a test wants it on."""

    def __init__(self, new_loop: NewLoop) -> None:
        super().__init__()
        self.new_loop = new_loop


def ask(app: OnLoop, handler: Handler, times: int = 2) -> list[str]:
    """Ask a handler several times over one connection, one after the other; return its answers.

    What reaches the loop's exception handler fails the test.
    """
    app.router.add_route("/", handler)
    noise: list[dict[str, Any]] = []

    async def use() -> list[str]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        async with app.test_client(timeout=DEADLINE_S) as client:
            return [(await client.get(f"/?{i}")).text for i in range(times)]

    with asyncio.Runner(loop_factory=app.new_loop) as runner:
        answers = runner.run(use())
    assert noise == []
    return answers


def serve(app: OnLoop, handler: Handler) -> Server:
    """Return a server of one handler."""
    app.router.add_route("/", handler)
    return Server(app, app.new_loop)


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]
