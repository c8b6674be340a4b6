"""Loop: which kind of event loop the applications of this process get.

Knows uvloop and asyncio. Knows no application: `Application.loop` asks when it needs a loop.
"""

import asyncio

_name = "uvloop"  # of the kind; set by `choose_loop`


def choose_loop(name: str) -> None:
    """Have this process make loops of a kind: "uvloop" or "asyncio"."""
    global _name
    _name = name


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop."""
    if _name == "asyncio":
        return asyncio.new_event_loop()
    import uvloop  # PERF: not every process that imports an application needs one

    return uvloop.new_event_loop()
