"""An application with handlers of every kind, and hooks that write what they do."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from japy import Application, Request, Response
from japy.application.middleware import CallNext
from tests.support.handlers import get
from tests.support.wire import Answer, Server

name: ContextVar[str] = ContextVar("name", default="nobody")
CONSTANT = Response("constant")


def application() -> Application:
    """Return an application with a handler of each kind."""
    app = Application()
    app.router.add_route("/sync", lambda request: request.Response(f"sync {name.get()}"))
    app.router.add_route("/constant", lambda request: CONSTANT)
    app.router.add_route("/post", lambda request: request.Response("post"), method="POST")

    @app.route("/quick")
    async def quick(request: Request) -> Response:
        return request.Response(f"quick {name.get()}")

    @app.route("/slow")
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response(f"slow {name.get()}")

    @app.route("/fail")
    def fail(request: Request) -> Response:
        raise LookupError("on purpose")

    @app.route("/slow/fail")
    async def slow_fail(request: Request) -> Response:
        await asyncio.sleep(0)
        raise LookupError("on purpose")

    @app.route("/json")
    def json(request: Request) -> dict[str, int]:
        return {"a": 1}

    @app.route("/none")
    async def none(request: Request) -> None:
        return None

    return app


EVERY_PATH = {
    "/sync": 200,
    "/quick": 200,
    "/slow": 200,
    "/constant": 200,
    "/fail": 500,
    "/slow/fail": 500,
    "/json": 200,
    "/none": 204,
    "/nowhere": 404,
    "/post": 405,
}


def ask(app: Application, *paths: str) -> list[Answer]:
    """Send requests for paths in one read; return their answers."""
    with Server(app) as server:
        wire = server.connect()
        wire.send(b"".join(get(path) for path in paths))
        server.until(lambda: wire.has_answers(len(paths)))
        return wire.answers()


def only(app: Application, path: str) -> Answer:
    """Return the answer to a request for a path."""
    [answer] = ask(app, path)
    return answer


def texts(answers: list[Answer]) -> list[str]:
    """Return the bodies of answers."""
    return [answer.body.decode() for answer in answers]


def writer(lines: list[str], text: str, wait: bool) -> Callable[..., Any]:
    """Return a hook that writes a line and has no answer."""

    def write(request: Request, response: Response | None = None) -> None:
        lines.append(text)

    async def wait_and_write(request: Request, response: Response | None = None) -> None:
        await asyncio.sleep(0)
        lines.append(text)

    return wait_and_write if wait else write


def layer(lines: list[str], text: str, wait: bool = False) -> Callable[..., Any]:
    """Return a middleware that writes lines on the way in and out."""

    async def write(request: Request, call_next: CallNext) -> Response:
        if wait:
            await asyncio.sleep(0)
        lines.append(f"{text} in")
        response = await call_next(request)
        lines.append(f"{text} out {response.code}")
        return response

    return write
