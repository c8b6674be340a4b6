# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""Handlers that answer at once beside handlers that wait."""

import asyncio

from japronto import Application


def synchronous(request):
    return request.Response(text="I am synchronous!")


async def asynchronous(request):
    for i in range(1, 4):
        await asyncio.sleep(0.05)
        print(i, "sleeps done")

    return request.Response(text="3 sleeps elapsed")


app = Application()
router = app.router
router.add_route("/sync", synchronous)
router.add_route("/async", asynchronous)
app.run()
