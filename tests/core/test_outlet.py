"""The way out: at once by the descriptor where that is possible, and never out of order."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator

import pytest
import uvloop

from japy import Application, Request, Response
from japy.core.outlet import Outlet
from japy.core.protocol import Connection
from tests.support.handlers import get
from tests.support.wire import read_answers

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Queue:
    """A transport that keeps what it is given, and writes it when told to."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.queued = b""
        self.has_closed = False

    def write(self, data: bytes) -> None:
        self.queued += data

    def close(self) -> None:
        self.has_closed = True

    def abort(self) -> None:
        self.has_closed = True

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write_eof(self) -> None: ...
    def is_closing(self) -> bool:
        return self.has_closed

    def get_write_buffer_size(self) -> int:
        return len(self.queued)

    def get_extra_info(self, name: str) -> object:
        return self.end if name == "socket" else None

    def flush(self) -> None:
        """Write what is queued."""
        self.end.sendall(self.queued)
        self.queued = b""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a connection; the first one does not block."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(10)
    with near, far:
        yield near, far


def outlet_of(near: socket.socket) -> tuple[Outlet, Queue]:
    """Return an outlet by the descriptor, and its transport."""
    transport = Queue(near)
    return Outlet(transport, near, os.write), transport


def test_bytes_are_written_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    outlet, transport = outlet_of(near)
    outlet.send(b"one")
    outlet.send(b"two")
    assert transport.queued == b""
    assert far.recv(100) == b"onetwo"


def test_without_a_descriptor_all_is_queued(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    transport = Queue(near)
    for outlet in (Outlet(transport, None, os.write), Outlet(transport, near, None)):
        outlet.send(b"data")
    assert transport.queued == b"datadata"


def test_nothing_overtakes_what_is_queued(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    outlet, transport = outlet_of(near)
    outlet.queue(b"one")
    outlet.send(b"two")
    assert transport.queued == b"onetwo"
    transport.flush()
    outlet.send(b"three")
    assert transport.queued == b""
    assert far.recv(100) == b"onetwothree"


def test_what_the_kernel_does_not_take_is_queued(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    outlet, transport = outlet_of(near)
    data = os.urandom(4 << 20)
    outlet.send(data)
    assert 0 < len(transport.queued) < len(data)
    outlet.send(b"more")
    sent = len(data) - len(transport.queued) + 4
    received = b""
    while len(received) < sent:
        received += far.recv(1 << 20)
    assert received + transport.queued == data + b"more"


def test_a_full_kernel_is_no_fault(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    with contextlib.suppress(BlockingIOError):
        while True:
            near.send(bytes(65536))
    outlet, transport = outlet_of(near)
    outlet.send(b"data")
    assert transport.queued == b"data"


def test_a_peer_that_is_gone_is_left_to_the_transport(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends
    far.close()
    outlet, transport = outlet_of(near)
    outlet.send(b"data")
    assert transport.queued == b"data"


def test_a_closed_descriptor_is_never_written_to(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    outlet, transport = outlet_of(near)
    transport.close()
    near.close()
    outlet.send(b"data")
    assert transport.queued == b"data"
    far.setblocking(False)
    assert far.recv(100) == b""


def test_an_outlet_of_a_closed_socket_queues(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    near.close()
    outlet, transport = outlet_of(near)
    outlet.send(b"data")
    assert transport.queued == b"data"


@pytest.mark.parametrize("new_loop", LOOPS)
def test_answers_of_all_sizes_leave_in_order_over_a_real_socket(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def wait(request: Request) -> Response:
        await asyncio.sleep(0)
        return request.Response("waited")

    sizes = [1, 70_000, 10, 3_000_000, 100, 40_000, 5]
    app = Application()
    app.router.add_route("/wait", wait)
    app.router.add_route("/{n}", lambda request: request.Response("x" * int(request.path[1:])))
    requests = b"".join(get(f"/{size}") + get("/wait") for size in sizes)
    near, far = socket.socketpair()
    received = b""

    async def converse() -> bytes:
        service = app.service()
        loop = asyncio.get_running_loop()
        near.setblocking(False)
        await loop.connect_accepted_socket(lambda: Connection(service), near)  # type: ignore[type-var]  # no subclass of asyncio.Protocol
        reader, writer = await asyncio.open_connection(sock=far)
        for i in range(0, len(requests), 37):
            writer.write(requests[i : i + 37])
            await asyncio.sleep(0)
        writer.write_eof()
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        return data

    with asyncio.Runner(loop_factory=new_loop) as runner:
        received = runner.run(asyncio.wait_for(converse(), 20))
    bodies = [len(answer.body) for answer in read_answers(received)]
    assert bodies == [length for size in sizes for length in (size, len("waited"))]
