"""Every kind of handler; and `/facts`, what this process knows about its own memory."""

import asyncio
import gc
import logging
import sys
import tracemalloc
from collections import defaultdict

from japy import Application, Request, Response


class Formatter(logging.Handler):
    """Renders what is logged, tracebacks included, and keeps nothing: no disk is filled."""

    def emit(self, record: logging.LogRecord) -> None:
        """Render one record."""
        self.format(record)


logging.getLogger("japy.error").addHandler(Formatter())
logging.getLogger("japy.error").propagate = False
app = Application()


@app.route("/")
def hello(request: Request) -> Response:
    return request.Response(text="Hello world!")


@app.route("/last")
def last(request: Request) -> Response:
    return request.Response(text="that is all")


@app.route("/async")
async def hello_async(request: Request) -> Response:
    return request.Response(text="Hello world!")


@app.route("/waiting")
async def waiting(request: Request) -> Response:
    await asyncio.sleep(0)
    return request.Response(text="Hello world!")


@app.route("/later")
async def later(request: Request) -> Response:
    await asyncio.sleep(0.001)
    return request.Response(text="Hello world!")


@app.route("/task")
async def in_task(request: Request) -> Response:
    return await asyncio.create_task(waiting(request))


@app.route("/forever")
async def forever(request: Request) -> Response:
    await asyncio.Event().wait()
    return request.Response(text="never")


@app.route("/users/{name}")
def user(request: Request) -> Response:
    told = {"name": request.match_dict["name"], "query": request.query, "path": request.path}
    return request.Response(json={**told, "fields": len(request.headers)})


@app.route("/post", method="POST")
def post(request: Request) -> Response:
    return request.Response(body=request.body, headers={"X-Size": str(len(request.body or b""))})


@app.route("/fail")
def fail(request: Request) -> Response:
    raise LookupError("as asked")


@app.route("/fail/async")
async def fail_async(request: Request) -> Response:
    await asyncio.sleep(0)
    raise LookupError("as asked")


@app.route("/facts")
def facts(request: Request) -> Response:
    gc.collect()
    sizes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])  # count and bytes by type
    for each in gc.get_objects():
        if str(type(each).__module__).startswith("japy."):
            sizes[type(each).__name__][0] += 1
            sizes[type(each).__name__][1] += sys.getsizeof(each)
    traced, _ = tracemalloc.get_traced_memory()
    told = {"traced": traced, "blocks": sys.getallocatedblocks(), "objects": sizes}
    return request.Response(json=told)
