"""The workloads as a bare ASGI application on uvicorn, with httptools and uvloop."""

# uvicorn is not installed where types are checked:
# mypy: ignore-errors

import asyncio
import sys

import orjson
import uvicorn

TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")


async def answer(send, body, mime_type=TEXT):
    headers = [mime_type, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read(receive):
    parts = []
    while True:
        event = await receive()
        parts.append(event["body"])
        if not event["more_body"]:
            return b"".join(parts)


async def hello(path, receive, send):
    await answer(send, b"Hello world!")


async def json(path, receive, send):
    await answer(send, orjson.dumps({"message": "Hello world!"}), JSON)


async def hello_sleep0(path, receive, send):
    await asyncio.sleep(0)
    await answer(send, b"Hello world!")


async def post(path, receive, send):
    await answer(send, orjson.loads(await read(receive))["name"].encode())


async def upload(path, receive, send):
    await answer(send, str(len(await read(receive))).encode())


async def user(path, receive, send):
    await answer(send, path.rpartition("/")[2].encode())


ROUTES = {
    "/": hello,
    "/json": json,
    "/async": hello,
    "/sleep0": hello_sleep0,
    "/post": post,
    "/upload": upload,
}


async def app(scope, receive, send):
    await ROUTES.get(scope["path"], user)(scope["path"], receive, send)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
