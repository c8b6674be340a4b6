"""Clients that mean harm, in short: `bench/hostile` does the same for longer and with more.

What they cost is read from Linux's /proc.
"""

import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, eventually, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's /proc is read")

APP = """
import asyncio, time
from japy import Application, Limits
app = Application(limits=Limits(%s))

@app.route("/")
def hello(request):
    return request.Response(text="hello")

@app.route("/big")
def big(request):
    return request.Response(body=bytes(int(request.query_string or %d)))

@app.route("/post", method="POST")
def post(request):
    return request.Response(text=str(len(request.body)))

@app.route("/work")
def work(request):
    time.sleep(0.001)
    return request.Response(text="worked")

@app.route("/now")
def now(request):
    request.add_done_callback(lambda request: print("done now", flush=True))
    return request.Response(text="now")

@app.route("/wait")
async def wait(request):
    request.add_done_callback(lambda request: print("done waiting", flush=True))
    print("waiting", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cleaned up", flush=True)
"""
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = [
    (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Slow: 1\r\n"),
    (b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"x"),
    (b"POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
BIG = 20_000_000  # bytes of /big: more than the kernel keeps for a client
PIPELINED = 300_000  # requests; more bytes than the kernel keeps for a sender
BOUND = 16 << 20  # of what they may cost
PAGE = os.sysconf("SC_PAGE_SIZE")


def connect(server: Server) -> socket.socket:
    """Open a connection."""
    return socket.create_connection((server.host, server.port), timeout=DEADLINE_S)


@contextmanager
def connected(server: Server, count: int, request: bytes = b"") -> Iterator[list[socket.socket]]:
    """Open connections and send the same on each."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(count)]
        for client in clients:
            client.sendall(request)
        yield clients


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes."""
    return b"".join(iter(lambda: client.recv(1 << 20), b""))


def open_files(server: Server) -> int:
    """Return how many descriptors the only worker has."""
    (worker,) = server.children()
    return len(os.listdir(f"/proc/{worker}/fd"))


def resident(server: Server) -> int:
    """Return the bytes that the only worker has in memory."""
    (worker,) = server.children()
    return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * PAGE


@contextmanager
def quiet(limits: str = "", told: str = "") -> Iterator[tuple[Server, int]]:
    """Serve with these limits; yield how many files are open, which in the end has to be so again.

    Nothing may be printed to stderr meanwhile, but lines with what is `told` in them, if any is.
    """
    with running(APP % (limits, BIG)) as server:
        assert server.get() == (200, "hello")
        files = 0

        def is_settled() -> bool:
            nonlocal files
            last, files = files, open_files(server)
            return last == files

        eventually(is_settled)
        yield server, files
        eventually(lambda: open_files(server) <= files)
        assert server.get() == (200, "hello")
        assert server.stop() == 0
        lines = server.output("stderr").splitlines()
        assert [line for line in lines if not (told and told in line)] == []


@pytest.mark.parametrize(("first", "piece"), SLOW)
def test_slow_clients_get_408_while_others_are_answered(first: bytes, piece: bytes) -> None:
    with quiet("head_s=1, body_s=1") as (server, _), connected(server, 20, first) as clients:
        waiting = list(clients)
        while waiting:
            ready, _, _ = select.select(waiting, [], [], 0.1)
            for client in ready:
                answer = read_all(client)
                assert answer.startswith(b"HTTP/1.1 408 ")
                assert b"\r\nconnection: close\r\n" in answer.lower()
                waiting.remove(client)
            for client in waiting:
                client.sendall(piece)
            assert server.get() == (200, "hello")


def test_a_silent_client_is_not_slow() -> None:
    with (
        quiet("head_s=1") as (server, _),
        connected(server, 1) as (silent,),
        connected(server, 1, GET[:5]) as (slow,),
    ):
        assert read_all(slow).startswith(b"HTTP/1.1 408 ")
        silent.sendall(GET)
        assert silent.recv(1 << 16).endswith(b"hello")


def test_pipelined_requests_that_nobody_reads_answers_of() -> None:
    with quiet() as (server, _), connected(server, 1) as (client,):
        before = resident(server)
        sending = threading.Thread(target=client.sendall, args=(GET * PIPELINED,))
        sending.start()
        needed = []
        for _ in range(50):
            assert server.get() == (200, "hello")
            needed.append(resident(server) - before)
            sending.join(0.01)
        assert sending.is_alive()
        assert max(needed) < BOUND
        answers = 0
        tail = b""
        while answers < PIPELINED:
            part = tail + client.recv(1 << 20)
            answers += part.count(b"hello")
            tail = part[-4:]
        sending.join(DEADLINE_S)
        assert not sending.is_alive()


def test_who_pipelines_work_does_not_have_the_others_wait_for_all_of_it() -> None:
    work = GET.replace(b"/ ", b"/work ") * 2000  # what takes seconds, and comes in one read
    with quiet() as (server, _), connected(server, 1) as (busy,), connected(server, 1) as (other,):
        begin = time.monotonic()
        busy.sendall(work)
        answers = busy.recv(1 << 16)
        asked = time.monotonic()
        other.sendall(GET)
        assert other.recv(1 << 16).endswith(b"hello")
        waited = time.monotonic() - asked
        while answers.count(b"worked") < 2000:
            answers += busy.recv(1 << 16)
        assert waited < (time.monotonic() - begin) / 4


def test_resets_with_answers_pending() -> None:
    count = 20
    requests = [GET.replace(b"/ ", b"/wait ")] * 3 + [GET.replace(b"/ ", b"/now ")] * 2
    with quiet() as (server, _), connected(server, count, b"".join(requests)) as clients:
        server.wait_for("waiting", 3 * count)
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
        server.wait_for("cleaned up", 3 * count)
        server.wait_for("done waiting", 3 * count)
        text = server.wait_for("done now", 2 * count)
        assert server.get() == (200, "hello")
        assert text.count("cleaned up") == text.count("done waiting") == 3 * count
        assert server.output().count("done") == 5 * count


@pytest.mark.parametrize("sent", [GET[:-9], SLOW[1][0] + b"x" * 100, SLOW[2][0] + b"5\r\nab"])
def test_resets_in_the_middle_of_a_request(sent: bytes) -> None:
    with quiet() as (server, files), connected(server, 20, sent) as clients:
        # `files` may count the end of the connection that asked whether it serves
        eventually(lambda: open_files(server) >= files - 1 + len(clients))
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()


def test_more_connections_than_the_limit() -> None:
    told = "connections beyond 3 were answered with 503"
    with quiet("connections=3", told) as (server, _), connected(server, 3) as clients:
        for client in clients:
            client.sendall(GET)
            assert client.recv(1 << 16).endswith(b"hello")
        for _ in range(5):
            with connect(server) as late:
                late.sendall(GET)
                answer = read_all(late).lower()
                assert answer.startswith(b"http/1.1 503 ")
                assert b"\r\nretry-after: 1\r\n" in answer
                assert b"\r\nconnection: close\r\n" in answer
        for client in clients:
            client.sendall(GET)
            assert client.recv(1 << 16).endswith(b"hello")
        clients[0].close()
        eventually(lambda: server.get() == (200, "hello"))


@pytest.mark.parametrize("size", [BIG, 1_000_000], ids=["queued", "all in the system"])
def test_a_client_that_does_not_read_is_dropped(size: int) -> None:
    with (
        quiet("write_s=1") as (server, files),
        connected(server, 3, GET.replace(b"/ ", b"/big?%d " % size)) as clients,
    ):
        assert select.select(clients[:1], [], [], DEADLINE_S)[0]
        assert server.get() == (200, "hello")
        eventually(lambda: open_files(server) <= files)
        for client in clients:  # not as if this was all: the end is a reset
            with pytest.raises(ConnectionResetError):
                read_all(client)


def test_what_follows_a_head_that_is_too_long_does_not_lose_the_answer() -> None:
    endless = b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * 5_000_000
    with quiet() as (server, _), connected(server, 5) as clients:
        for client in clients:
            sending = threading.Thread(target=client.sendall, args=(endless,))
            sending.start()
            assert read_all(client).startswith(b"HTTP/1.1 431 ")
            sending.join(DEADLINE_S)
            assert not sending.is_alive()
            client.close()
