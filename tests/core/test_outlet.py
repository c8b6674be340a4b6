"""The way out: at once by the descriptor where that is possible, and never out of order."""

import asyncio
import contextlib
import os
import socket
import time
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
    assert transport.queued == b""
    far.setblocking(False)
    assert far.recv(100) == b""


def test_an_outlet_of_a_closed_socket_queues(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    near.close()
    outlet, transport = outlet_of(near)
    outlet.send(b"data")
    assert transport.queued == b"data"


# Peers that are gone, slow, or still there.


@pytest.fixture
def tcp_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a TCP connection; the first one does not block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname(), 10)
        near, _ = listener.accept()
    near.setblocking(False)
    with near, far:
        yield near, far


def is_gone_soon(outlet: Outlet) -> bool:
    """Tell whether a reset is heard of within a second."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if outlet.is_gone():
            return True
        time.sleep(0.01)
    return False


def test_a_peer_that_has_closed_is_told_from_one_that_waits(
    tcp_ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = tcp_ends
    outlet, _ = outlet_of(near)
    far.shutdown(socket.SHUT_WR)
    assert not is_gone_soon(outlet)
    far.close()
    outlet, _ = outlet_of(near)
    assert is_gone_soon(outlet)


def test_what_was_sent_early_is_not_sent_again(
    tcp_ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = tcp_ends
    outlet, transport = outlet_of(near)
    for way in (outlet.send, outlet.queue):
        assert not outlet.is_gone()
        assert not outlet.is_gone()
        way(b"HTTP/1.1 200 OK\r\n")
        way(b"HTTP/1.1 201 Created\r\n")
        transport.flush()
        expected = b"HTTP/1.1 200 OK\r\nHTTP/1.1 201 Created\r\n"
        received = b""
        while len(received) < len(expected):
            received += far.recv(100)
        assert received == expected


def test_a_peer_that_is_owed_bytes_is_not_asked(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    outlet, transport = outlet_of(near)
    outlet.queue(b"data")
    assert not outlet.is_gone()
    transport.flush()
    assert far.recv(100) == b"data"


@pytest.mark.parametrize("is_flushed", [False, True], ids=["queued", "all in the system"])
def test_what_the_system_keeps_is_not_read_yet(
    is_flushed: bool, ends: tuple[socket.socket, socket.socket]
) -> None:
    near, _ = ends
    outlet, transport = outlet_of(near)
    kept = 1_000_000

    def count(number: int) -> int:
        return kept if number == near.fileno() else 0

    outlet.queue(bytes(kept))
    transport.queued = b"" if is_flushed else b"more"
    assert not outlet.is_stuck(2.5, 100, count)
    for _ in range(10):
        kept -= 100
        assert not outlet.is_stuck(2.5, 100, count)
    assert not outlet.is_stuck(2.5, 100, count)
    assert outlet.is_stuck(2.5, 100, count)


def test_what_grows_as_it_is_encrypted_does_not_make_a_peer_slow(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends
    outlet, transport = outlet_of(near)
    kept = 0

    def count(number: int) -> int:
        return kept

    for given in (20_000_000, 0, 0, 0, 20_000_000, 0, 0, 0):  # 27,500 bytes more on the wire
        outlet.queue(bytes(given))
        transport.queued = b"more"
        kept += given + given // 16_000 * 22 - 200
        assert not outlet.is_stuck(2.5, 100, count)
    assert [outlet.is_stuck(2.5, 100, count) for _ in range(3)] == [False, False, True]


def test_a_peer_that_has_read_all_has_its_full_patience_again(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends
    outlet, transport = outlet_of(near)
    for _ in range(3):
        outlet.queue(bytes(100_000))
        assert [outlet.is_stuck(2.5, 100, None) for _ in range(3)] == [False, False, True]
        transport.queued = b""
        assert not outlet.is_stuck(2.5, 100, None)


def test_the_system_is_not_asked_about_small_answers(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends
    asked: list[int] = []

    def count(number: int) -> int:
        asked.append(number)
        return 0

    outlet, _ = outlet_of(near)
    for _ in range(4):
        outlet.send(bytes(5_000))
        assert len(far.recv(5_000)) == 5_000
        assert not outlet.is_stuck(2.5, 100, count)
    assert asked == [near.fileno()]


def test_bytes_that_are_no_answer_end_what_was_begun(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends
    outlet, transport = outlet_of(near)
    assert not outlet.is_gone()
    outlet.send(b"no answer")
    assert transport.has_closed


def test_lingering_ends_by_silence_or_after_a_while(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends
    lingering: list[Outlet] = []
    silent, transport = outlet_of(near)
    silent.part(False, lingering)
    assert lingering == [silent]
    for _ in range(2):
        silent.linger()
        assert not transport.has_closed
    silent.linger()
    assert transport.has_closed
    loud, transport = outlet_of(near)
    loud.part(False, lingering)
    seconds = 0
    while not transport.has_closed:
        loud.hear()
        loud.linger()
        seconds += 1
    assert seconds == 30


def test_lingering_waits_for_what_is_unsent(ends: tuple[socket.socket, socket.socket]) -> None:
    near, _ = ends
    outlet, transport = outlet_of(near)
    outlet.queue(b"answer")
    outlet.part(False, [])
    for _ in range(10):
        outlet.linger()
    assert not transport.has_closed
    transport.flush()
    for _ in range(3):
        outlet.linger()
    assert transport.has_closed


class Secure(Queue):
    """A transport that speaks TLS, as loops have it: it cannot end its side alone."""

    def write_eof(self) -> None:
        raise NotImplementedError  # as loops do

    def get_extra_info(self, name: str) -> object:
        return object() if name == "sslcontext" else super().get_extra_info(name)


@pytest.mark.parametrize("is_eof", [False, True])
def test_tls_is_closed_as_soon_as_nothing_is_unsent(
    ends: tuple[socket.socket, socket.socket], is_eof: bool
) -> None:
    transport = Secure(ends[0])
    lingering: list[Outlet] = []
    outlet = Outlet(transport, None, os.write, True)
    outlet.queue(b"answer")
    outlet.part(is_eof, lingering)
    assert lingering == [outlet]
    states = []
    for _ in range(40):
        outlet.linger()
        states.append(transport.has_closed)
    transport.flush()
    outlet.linger()
    states.append(transport.has_closed)
    assert states == [False] * 40 + [True]
    quick = Secure(ends[0])
    outlet = Outlet(quick, None, os.write, True)
    outlet.queue(b"answer")
    quick.flush()
    outlet.part(is_eof, lingering)
    assert quick.has_closed


def test_a_connection_with_tls_ends_as_a_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    app = Application()
    seen: list[str] = []
    app.router.add_route("/", lambda request: seen.append(request.scheme))
    for transport, ending in ((Queue(ends[0]), True), (Secure(ends[0]), False)):
        connection = Connection(app.service())
        connection.connection_made(transport)
        connection.data_received(get("/"))
        assert transport.queued.startswith(b"HTTP/1.1 204 ")
        transport.flush()
        assert connection.eof_received() is ending
        assert transport.has_closed
    assert seen == ["http", "https"]


@pytest.mark.parametrize("kind", [Queue, Secure])
def test_who_does_not_say_goodbye_is_left_once_it_has_all(
    ends: tuple[socket.socket, socket.socket], kind: type[Queue]
) -> None:
    transport = kind(ends[0])
    aborted: list[int] = []
    transport.abort = lambda: aborted.append(1)  # type: ignore[method-assign]  # it is a fake
    kept = [5, 5, 0]  # by the system, for the peer
    app = Application()
    connection = Connection(app.service(count=lambda number: kept.pop(0)))
    connection.connection_made(transport)
    connection.drain()
    assert transport.has_closed
    transport.queued = b"answer"
    connection.drain()
    transport.flush()
    connection.drain()
    assert aborted == []
    connection.drain()
    assert aborted == [1] * (kind is Secure)


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
