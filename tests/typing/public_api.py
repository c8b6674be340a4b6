"""What type checkers are told of the public names; read by mypy, never run.

`assert_type` fails where mypy thinks otherwise. A `type: ignore` below is a check as well: strict
mypy complains about one that is not needed, so each of them says that this mistake is found.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, assert_type

from japy import (
    Application,
    BadRequest,
    CallNext,
    File,
    Headers,
    Limits,
    MethodNotAllowed,
    ProtocolService,
    Request,
    Response,
    Route,
    RouteNotFoundException,
    Router,
    Service,
    Sockets,
    StreamService,
    __version__,
    redirect,
    run_in_thread,
)
from japy.pytest_plugin import LiveServer
from japy.request import HttpRequest
from japy.session import Session, Sessions
from japy.template import Templates
from japy.testing import AsyncClient, ClientResponse, SyncClient

assert_type(__version__, str)

app = Application(
    reaper_settings={"check_interval": 1, "idle_timeout": 0.5},
    log_request=True,
    debug=False,
    limits=Limits(body=1024),
    redirect_slashes=True,
)
Application({})  # type: ignore[call-arg]  # only keywords
Application(debug="yes")  # type: ignore[arg-type]
assert_type(app.router, Router)
assert_type(app.state, Any)
assert_type(app.loop, asyncio.AbstractEventLoop)
assert_type(app.debug, bool)


# Handlers keep their types, so that they can be called like any function.


@app.get("/plain", name="plain")
def plain(request: Request) -> Response:
    return request.Response("x", 200)


@app.post("/waiting")
async def waiting(request: Request) -> dict[str, int]:
    return {"a": 1}


@app.route("/any", methods=["GET", "POST"])
def anything(request: HttpRequest) -> str:
    return "x"


app.get("/number")(5)  # type: ignore[type-var]  # not callable
app.route("/wrong", method=5)  # type: ignore[arg-type]
app.get("/nothing")(lambda: None)  # type: ignore[type-var]  # takes no request


def call_handlers(request: Request) -> None:
    assert_type(plain(request=request), Response)
    assert_type(anything(request), str)


async def await_handlers(request: Request) -> None:
    assert_type(await waiting(request), dict[str, int])


class Counter:
    """Handlers that are bound methods, and objects."""

    def show(self, request: Request) -> Response:
        return request.Response("x")

    def __call__(self, request: Request) -> int:
        return 5


app.router.add_route("/method", Counter().show, "GET")
app.router.add_route("/object", Counter(), methods={"GET"})
assert_type(app.router.add_route("/route", plain), Route)
assert_type(app.url_for("plain"), str)
assert_type(app.url_for(plain, number=5), str)
app.url_for(5)  # type: ignore[arg-type]

kitchen = Router("/kitchen")
kitchen.add_converter("even", int)
kitchen.get("/stock")(plain)
app.include(kitchen, prefix="/house")


# Requests.


def read(request: Request) -> None:
    assert_type(request.method, str)
    assert_type(request.path, str)
    assert_type(request.query_string, str | None)
    assert_type(request.query, dict[str, str])
    assert_type(request.query_list, list[tuple[str, str]])
    assert_type(request.version, str)
    assert_type(request.headers, Headers)
    assert_type(request.headers["Host"], str)
    assert_type(request.headers.get("Host"), str | None)
    assert_type(request.headers.get("Host", ""), str)
    assert_type(request.headers.getlist("Host"), list[str])
    assert_type(request.match_dict, dict[str, Any])
    assert_type(request.route, Route | None)
    assert_type(request.body, bytes | None)
    assert_type(request.text, str | None)
    assert_type(request.json, Any)
    assert_type(request.form, dict[str, str] | None)
    assert_type(request.form_list, list[tuple[str, str]])
    assert_type(request.files, dict[str, File] | None)
    assert_type(request.cookies, dict[str, str])
    assert_type(request.hostname, str | None)
    assert_type(request.port, int | None)
    assert_type(request.remote_addr, str)
    assert_type(request.scheme, str)
    assert_type(request.mime_type, str | None)
    assert_type(request.encoding, str | None)
    assert_type(request.keep_alive, bool)
    assert_type(request.app, Application)
    assert_type(request.extra, dict[str, Any])
    request.add_done_callback(lambda done: assert_type(done, Request))
    request.method = "GET"  # type: ignore[misc]  # read-only
    request.cursor  # type: ignore[attr-defined]  # noqa: B018  # an error is what it is for


def save(file: File) -> None:
    assert_type(file.type, str | None)
    assert_type(file.body, bytes)
    assert_type(file.name, str | None)
    assert_type(file.read(), bytes)
    file.save("photo.png")
    file.save(5)  # type: ignore[arg-type]


# Attributes of one's own: a class that only type checkers see.

if TYPE_CHECKING:

    class HouseRequest(Request):
        person: str

        def says(self, text: str) -> Response: ...


def person(request: Request) -> str:
    return request.headers.get("X-Person", "somebody")


app.extend_request(person, property=True)
app.extend_request(lambda request, text: request.Response(text), name="says")


@app.get("/me")
def show_me(request: "HouseRequest") -> Response:
    assert_type(request.person, str)
    assert_type(request.path, str)
    assert_type(person(request), str)
    return assert_type(request.says("hello"), Response)


# Responses.


def respond(request: Request) -> None:
    response = request.Response("x", 200, None, None, "text/plain", "utf-8", {"X-A": "1"}, None)
    assert_type(response, Response)
    Response(json={"a": [1]}, headers=[("X-A", "1"), ("X-A", ["2", "3"])], cookies=SimpleCookie())
    Response(body=b"x")
    Response(body="x")  # type: ignore[arg-type]
    Response("x", "200")  # type: ignore[arg-type]
    assert_type(response.code, int)
    assert_type(response.body, bytes)
    assert_type(response.text, str)
    response.code = 404
    response.text = "y"
    response.headers["X-A"] = "1"
    response.headers.add("X-A", "2")
    del response.headers["X-A"]
    assert_type(response.headers.get("X-A"), str | None)
    assert_type(response.headers.getlist("X-A"), list[str])
    assert_type("X-A" in response.headers, bool)
    assert_type(response.copy(), Response)
    response.set_cookie("a", "b", max_age=60, secure=True, httponly=True, samesite="strict")
    response.delete_cookie("a")
    assert_type(redirect("/", 307), Response)


# Errors.


class Busy(Exception):
    """An error of the application's."""


def on_busy(request: Request, error: Busy) -> Response:
    return request.Response("later", 503)


async def on_missing(request: Request, error: RouteNotFoundException) -> Response:
    if isinstance(error, MethodNotAllowed):
        assert_type(error.allow, tuple[str, ...])
    return request.Response("nowhere", 404)


app.add_error_handler(Busy, on_busy)
app.add_error_handler(RouteNotFoundException, on_missing)
app.add_error_handler(None, lambda request, error: request.Response("any"))
app.add_error_handler("Busy", on_busy)  # type: ignore[arg-type]
assert_type(BadRequest("name").name, str)
assert_type(BadRequest("name", status=422).status, int)


# Hooks, middleware and life.


@app.before_request
def check(request: Request) -> Response | None:
    return None


@app.after_response
async def sign(request: Request, response: Response) -> None:
    response.headers["X-A"] = "1"


@app.middleware
async def around(request: Request, call_next: CallNext) -> Response:
    return assert_type(await call_next(request), Response)


@app.on_startup
async def begin(app: Application) -> None: ...


@app.on_shutdown
def end() -> int:
    return 5


@app.lifespan
async def live(app: Application) -> AsyncIterator[None]:
    yield


async def call_hooks(request: Request) -> None:
    assert_type(check(request), Response | None)
    await sign(request=request, response=Response())
    await begin(app=app)
    assert_type(end(), int)
    assert_type(live(app), AsyncIterator[None])


async def count() -> int:
    return 5


async def use_background() -> None:
    app.spawn(count(), name="count")
    app.spawn(count)  # type: ignore[arg-type]  # not called
    assert_type(await run_in_thread(os.getpid), int)
    assert_type(await run_in_thread(int, "5", base=16), int)
    await run_in_thread(os.listdir, 5.0)  # type: ignore[arg-type]


# Sessions and templates.

sessions = Sessions(app, secret="not known to anybody else")
templates = Templates(app, ".")


def use_extras(request: Request) -> None:
    assert_type(sessions.of(request), Session)
    assert_type(templates.render("page.html", title="x"), Response)


# Testing.


def ask() -> None:
    with app.test_client() as client:
        assert_type(client, SyncClient)
        answer = client.post("/", json={"a": 1}, headers={"X-A": "1"})
        assert_type(answer, ClientResponse)
        assert_type(answer.code, int)
        assert_type(answer.text, str)
        assert_type(answer.json, Any)
        assert_type(answer.headers["Date"], str)
        client.get("/", jsn={})  # type: ignore[call-arg]


async def ask_and_wait() -> None:
    async with app.test_client(raise_errors=True, timeout=60) as client:
        assert_type(client, AsyncClient)
        assert_type(await client.get("/"), ClientResponse)


def test_on_a_port(japy_server: Callable[..., LiveServer]) -> None:
    assert_type(japy_server(app).url, str)


# Services.


class Echo(asyncio.Protocol):
    pass


class Lines(Service):
    bind = "lines"

    async def pre_start(self) -> None:
        self.count = 0

    def cleanup(self) -> None:
        self.count = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1


class Made(Service):
    bind = ("one", "other")

    async def make_servers(self, sockets: Sockets) -> list[asyncio.Server]:
        assert_type(sockets.named("one"), list[socket.socket])
        return []


services = {
    "http": app,
    "lines": StreamService(Lines().handle, limit=100),
    "echo": ProtocolService(Echo, tls=True),
    "made": Made(),
}
ProtocolService(5)  # type: ignore[arg-type]
StreamService(Lines().pre_start)  # type: ignore[arg-type]


def serve() -> None:
    app.run("127.0.0.1", 8080, worker_num=2, reload=True, debug=True)
    app.run(workers=2)  # type: ignore[call-arg]
