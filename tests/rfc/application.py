"""What the rows are asked of: `japy run application.py:app`, or `make(limits)` in memory.

ANY  /               what the handler has seen of the request, a line each
GET  /get            for GET alone
GET  /slow, /async   a coroutine that waits, or that ends at once
GET  /fail, /fail/slow
GET  /status/{code}  an answer with this status, and a body where one is allowed
GET  /close          an answer that ends the connection
GET  /split          an answer with a field made of the query
GET  /cookies        two cookies
"""

import asyncio

from japy import Application, Limits, Request, Response


def mirror(request: Request) -> Response:
    """Answer with what was understood."""
    seen = {
        "method": request.method,
        "path": request.path,
        "query": request.query_string,
        "version": request.version,
        "host": request.hostname,
        "port": request.port,
        "a": request.headers.get("A"),
        "body": request.body,
    }
    return request.Response("".join(f"{name}={value!a}\n" for name, value in seen.items()))


def sync(request: Request) -> Response:
    """Answer at once."""
    return request.Response("sync")


async def quick(request: Request) -> Response:
    """Answer at once, too."""
    return request.Response("async")


async def slow(request: Request) -> Response:
    """Answer behind what is ready sooner."""
    for _ in range(3):
        await asyncio.sleep(0)
    return request.Response("slow")


def fail(request: Request) -> Response:
    """Fail."""
    raise LookupError("on purpose")


async def fail_slowly(request: Request) -> Response:
    """Fail after a while."""
    await asyncio.sleep(0)
    raise LookupError("on purpose")


def status(request: Request) -> Response:
    """Answer with the status asked for."""
    return request.Response("as asked", code=int(request.match_dict["code"]))


def close(request: Request) -> Response:
    """Answer and end the connection."""
    return request.Response("closing", headers={"Connection": "close"})


def split(request: Request) -> Response:
    """Answer with a field that a careless author makes of what a client sends."""
    return request.Response("split", headers={"X-Query": request.query["x"]})


def cookies(request: Request) -> Response:
    """Answer with two fields of one name that must not be joined."""
    response = request.Response("cookies")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


def make(limits: Limits | None = None) -> Application:
    """Return the application."""
    app = Application(limits=limits)
    add = app.router.add_route
    add("/", mirror)
    for path, handler in (
        ("/get", sync),
        ("/async", quick),
        ("/slow", slow),
        ("/fail", fail),
        ("/fail/slow", fail_slowly),
        ("/status/{code}", status),
        ("/close", close),
        ("/split", split),
        ("/cookies", cookies),
    ):
        add(path, handler, "GET")
    return app


app = make()
