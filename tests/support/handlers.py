"""Handlers that a test holds in its hand: each waits until it is told how to end."""

import asyncio
from collections.abc import Callable

from japy import Application, Request, Response


class Held:
    """Handlers of every kind under /name paths, and the ends of those that wait.

    /sync, /quick (a coroutine that does not wait), /big (100 kB), /fail, /quick/fail, and
    /wait/{name}, which ends as `release` says.
    """

    def __init__(self, app: Application) -> None:
        self.app = app
        self.started: list[str] = []  # names, in order
        self.cancelled: list[str] = []  # names of those that saw CancelledError
        self._ends: dict[str, asyncio.Future[str]] = {}
        app.router.add_route("/sync", lambda request: request.Response("sync"))
        app.router.add_route("/big", lambda request: request.Response("x" * 100_000))
        app.router.add_route("/quick", self._quick)
        app.router.add_route("/fail", self._fail)
        app.router.add_route("/quick/fail", self._quick_fail)
        app.router.add_route("/wait/{name}", self.wait)

    async def _quick(self, request: Request) -> Response:
        return request.Response("quick")

    def _fail(self, request: Request) -> Response:
        raise LookupError("on purpose")

    async def _quick_fail(self, request: Request) -> Response:
        raise LookupError("on purpose")

    async def wait(self, request: Request) -> Response:
        """Answer with the name in the path once that is released."""
        name = request.match_dict["name"]
        self.started.append(name)
        end = self._ends[name] = asyncio.get_running_loop().create_future()
        try:
            return request.Response(await end)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise

    def release(self, name: str, error: BaseException | None = None) -> Callable[[], None]:
        """Return what ends a waiting handler, with its name or with an error."""

        def end() -> None:
            if error is None:
                self._ends[name].set_result(name)
            else:
                self._ends[name].set_exception(error)

        return end


def get(path: str, *fields: str, version: str = "1.1") -> bytes:
    """Return a GET for a path."""
    lines = "".join(f"{field}\r\n" for field in ("Host: x", *fields))
    return f"GET {path} HTTP/{version}\r\n{lines}\r\n".encode()
