"""Clients that go while their handler waits, over real sockets, and those that only seem to."""

import signal
import socket
import struct

from tests.support.server import DEADLINE_S, Server, running

APP = """
import asyncio
from japy import Application

app = Application()

def tell(text):
    print(text, flush=True)

@app.get("/ever")
async def ever(request):
    tell("waiting")
    request.add_done_callback(lambda request: tell("done"))
    try:
        await asyncio.Event().wait()
    finally:
        tell("cancelled")

@app.get("/stay", handler_cancellation=False)
async def stay(request):
    tell("staying")
    await asyncio.sleep(0.3)
    tell("finished")
    return "stayed"

@app.get("/late")
async def late(request):
    await asyncio.sleep(1.5)
    return "late"
"""


def connect(server: Server, *paths: str) -> socket.socket:
    """Send requests over a connection of their own."""
    client = socket.create_connection((server.host, server.port), timeout=DEADLINE_S)
    requests = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths]
    client.sendall(b"".join(requests))
    return client


def test_clients_that_go() -> None:
    with running(APP) as server:
        closed = connect(server, "/ever")
        server.wait_for("waiting")
        closed.close()
        server.wait_for("cancelled", timeout=4)
        reset = connect(server, "/ever")
        server.wait_for("waiting", 2)
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
        server.wait_for("cancelled", 2, timeout=4)
        server.wait_for("done", 2)
        many = connect(server, *["/ever"] * 70)  # more than it reads on for
        server.wait_for("waiting", 66)
        many.close()
        server.wait_for("done", 66, timeout=4)
        stays = connect(server, "/stay")
        server.wait_for("staying")
        stays.close()
        server.wait_for("finished")
        assert server.stop(signal.SIGTERM) == 0
        assert server.output("stderr") == ""


def test_a_client_that_only_ends_its_side_gets_all_its_answers() -> None:
    with running(APP) as server:
        received = b""
        with connect(server, "/late", "/nowhere", "/late") as client:
            client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                received += data
        parts = received.split(b"HTTP/1.1 ")
        assert [part[:3] for part in parts] == [b"", b"200", b"404", b"200"]
        assert received.endswith(b"late")
