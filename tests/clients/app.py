"""The application that the clients talk to.

GET  /                   Hello world!
GET  /async, /waiting    the same, from a coroutine that ends at once, or that has waited
GET  /json, /json/async  an object
GET  /echo/{name}        the name, the query, and the method
ANY  /target             path and Host as the handler sees them
ANY  /digest             SHA-256 and size of the body, and how it was framed
GET  /large              1 MiB
GET  /status/{code}      an answer with this status
GET  /fail, /fail/async  a handler that raises
GET  /hold/{name}        answered once somebody asks for /release/{name}
GET  /cancelled          how many held requests were cancelled
"""

import asyncio
import hashlib
from collections import defaultdict

from japy import Application, Request, Response

LARGE = bytes(range(256)) * 4096

app = Application()
events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
cancelled = 0


@app.route("/")
def hello(request: Request) -> Response:
    return request.Response(text="Hello world!")


@app.route("/async")
async def hello_async(request: Request) -> Response:
    return request.Response(text="Hello world!")


@app.route("/waiting")
async def waiting(request: Request) -> Response:
    await asyncio.sleep(0.001)
    return request.Response(text="Hello world!")


@app.route("/json")
def json(request: Request) -> Response:
    return request.Response(json={"message": "Hello world!", "query": request.query})


@app.route("/json/async")
async def json_async(request: Request) -> Response:
    await asyncio.sleep(0)
    return request.Response(json={"got": request.json})


@app.route("/echo/{name}")
def echo(request: Request) -> Response:
    name, query = request.match_dict["name"], request.query_string
    return request.Response(text=f"{request.method} {name} {query}")


@app.route("/target")
@app.route("/target/{rest}")
@app.route("/up/../target")
def target(request: Request) -> Response:
    return request.Response(text=f"{request.path} of {request.headers.get('Host')}")


@app.route("/digest", body_limit=128 * 1024 * 1024)
def digest(request: Request) -> Response:
    body = request.body
    told = {"digest": None if body is None else hashlib.sha256(body).hexdigest()}
    told["framing"] = request.headers.get("Transfer-Encoding", "length")
    return request.Response(json={**told, "size": len(body or b"")})


@app.route("/large")
def large(request: Request) -> Response:
    return request.Response(body=LARGE)


@app.route("/status/{code}")
def status(request: Request) -> Response:
    return request.Response(text="as asked", code=int(request.match_dict["code"]))


@app.route("/fail")
def fail(request: Request) -> Response:
    raise LookupError("the sync handler's mistake")


@app.route("/fail/async")
async def fail_async(request: Request) -> Response:
    await asyncio.sleep(0)
    raise LookupError("the async handler's mistake")


@app.route("/hold/{name}")
async def hold(request: Request) -> Response:
    global cancelled
    name = request.match_dict["name"]
    try:
        await events[name].wait()
    except asyncio.CancelledError:
        cancelled += 1
        raise
    return request.Response(text=f"held {name}")


@app.route("/release/{name}")
def release(request: Request) -> Response:
    events[request.match_dict["name"]].set()
    return request.Response(text="released")


@app.route("/cancelled")
def count_cancelled(request: Request) -> Response:
    return request.Response(text=str(cancelled))


@app.route("/posted", method="POST")
def posted(request: Request) -> Response:
    return request.Response(text=request.text)
