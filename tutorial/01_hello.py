"""Hello world, in a handler that answers at once and in one that waits first."""

import asyncio

from japy import Application, Request, Response

app = Application()


@app.route("/")
def hello(request: Request) -> Response:
    """Answer at once."""
    return request.Response("Hello world!\n")


@app.route("/later")
async def later(request: Request) -> Response:
    """Answer after a while; other requests are answered meanwhile."""
    await asyncio.sleep(0.1)
    return request.Response("Hello later!\n")


if __name__ == "__main__":
    app.run()
