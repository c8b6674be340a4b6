"""Handlers that answer at once, handlers that wait, and what to do with a function that blocks."""

import asyncio
import time

from japy import Application, Request, Response, run_in_thread

app = Application()


@app.route("/")
def todo(request: Request) -> Response:
    return request.Response("Hang the laundry out.\n")


@app.route("/weather")
async def weather(request: Request) -> Response:
    await asyncio.sleep(0.2)  # where you would ask a weather service
    return request.Response("Dry until the evening.\n")


def read_meter() -> int:
    time.sleep(0.2)  # where you would talk to a device, with a library that knows no asyncio
    return 4711


@app.route("/meter")
async def meter(request: Request) -> Response:
    reading = await run_in_thread(read_meter)
    return request.Response(f"The water meter says {reading}.\n")
