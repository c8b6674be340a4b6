"""The floor: what a connection costs in uvloop and the kernel when nobody keeps anything."""

import asyncio
import gc
import json
import sys
import tracemalloc
from typing import cast

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
HELLO = HEAD % (12, b"Hello world!")


def facts() -> bytes:
    """Return what this process knows about its own memory."""
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    told = {"traced": traced, "blocks": sys.getallocatedblocks(), "objects": {}}
    body = json.dumps(told).encode()
    return HEAD % (len(body), body)


class Floor(asyncio.Protocol):
    """One connection: a transport, and nothing else."""

    __slots__ = ("_transport",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer once, whatever it is."""
        self._transport.write(facts() if data.startswith(b"GET /facts ") else HELLO)


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Floor, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
