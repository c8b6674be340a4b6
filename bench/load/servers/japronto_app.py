"""The workloads on Japronto 0.1.2; runs on CPython 3.7."""

# written for CPython 3.7 and a package without types:
# mypy: ignore-errors

import asyncio
import sys

from japronto import Application


def hello(request):
    return request.Response(text="Hello world!")


def json(request):
    return request.Response(json={"message": "Hello world!"})


def user(request):
    return request.Response(text=request.match_dict["id"])


async def hello_async(request):
    # Japronto turns a coroutine function that never awaits into a plain function
    return request.Response(text="Hello world!")


async def hello_sleep0(request):
    await asyncio.sleep(0)
    return request.Response(text="Hello world!")


def post(request):
    return request.Response(text=request.json["name"])


def upload(request):
    return request.Response(text=str(len(request.body)))


app = Application()
app.router.add_route("/", hello)
app.router.add_route("/json", json)
app.router.add_route("/users/{id}", user)
app.router.add_route("/async", hello_async)
app.router.add_route("/sleep0", hello_sleep0)
app.router.add_route("/post", post, "POST")
app.router.add_route("/upload", upload, "POST")

if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), worker_num=1)
