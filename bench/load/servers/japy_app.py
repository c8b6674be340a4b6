"""The workloads on japy."""

import asyncio
from importlib import import_module
from typing import Any, cast

from japy import Application, Request, Response

try:
    codec: Any = import_module("orjson")  # where types are checked it may be missing
except ImportError:
    codec = import_module("json")


def hello(request: Request) -> Response:
    return request.Response(text="Hello world!")


def json(request: Request) -> Response:
    return request.Response(json={"message": "Hello world!"})


def user(request: Request) -> Response:
    return request.Response(text=request.match_dict["id"])


async def hello_async(request: Request) -> Response:
    return request.Response(text="Hello world!")


async def hello_sleep0(request: Request) -> Response:
    await asyncio.sleep(0)
    return request.Response(text="Hello world!")


def post(request: Request) -> Response:
    return request.Response(text=cast("dict[str, str]", request.json)["name"])


def upload(request: Request) -> Response:
    return request.Response(text=str(len(request.body or b"")))


app = Application()
app.json = codec
app.router.add_route("/", hello)
app.router.add_route("/json", json)
app.router.add_route("/users/{id}", user)
app.router.add_route("/async", hello_async)
app.router.add_route("/sleep0", hello_sleep0)
app.router.add_route("/post", post, method="POST")
app.router.add_route("/upload", upload, method="POST")
