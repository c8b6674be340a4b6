"""Bytes on a socket: what no client library sends, but every server gets."""

import json
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.support.server import DEADLINE_S, Server, eventually

GET = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
HELLO = (200, b"Hello world!")
FAILED = (500, b"Internal Server Error")
MISSING = (404, b"Not Found")
MIXED = {"/": HELLO, "/fail": FAILED, "/waiting": HELLO, "/async": HELLO, "/missing": MISSING}
MIXED |= {"/fail/async": FAILED, "/echo/a": (200, b"GET a None"), "/status/204": (204, b"")}


class Client:
    """A socket, and answers read from it in order."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), DEADLINE_S)
        self._stream = self.socket.makefile("rb")

    def send(self, *paths: str) -> None:
        """Send GET requests in one piece."""
        self.socket.sendall("".join(GET.format(path) for path in paths).encode())

    def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next answer; its head must be there."""
        status = int(self._stream.readline().split()[1])
        size = 0
        while (line := self._stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            size = int(value) if name == b"Content-Length" else size
        return status, self._stream.read(size)

    def answers(self, count: int) -> list[tuple[int, bytes]]:
        """Return status and body of the next answers."""
        return [self.answer() for _ in range(count)]

    def rest(self) -> bytes:
        """Return what comes up to the end of the connection."""
        return self._stream.read()

    def reset(self) -> None:
        """End the connection by RST instead of FIN."""
        self._stream.close()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close both ways."""
        self._stream.close()
        self.socket.close()


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[], Client]]:
    """Return what makes clients; they are closed at the end."""
    clients: list[Client] = []

    def make() -> Client:
        clients.append(Client(server))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_mixed_pipeline_is_answered_in_order(connect: Callable[[], Client]) -> None:
    client = connect()
    for _ in range(3):
        client.send(*list(MIXED) * 50)
        assert client.answers(len(MIXED) * 50) == list(MIXED.values()) * 50


def test_handlers_run_concurrently(connect: Callable[[], Client]) -> None:
    """The first answers wait for what only a later request of the same pipeline causes."""
    client = connect()
    client.send("/hold/raw-1", "/", "/hold/raw-2", "/release/raw-2", "/fail", "/release/raw-1")
    assert client.answers(6) == [
        (200, b"held raw-1"),
        HELLO,
        (200, b"held raw-2"),
        (200, b"released"),
        FAILED,
        (200, b"released"),
    ]


def test_more_requests_than_may_be_owed(connect: Callable[[], Client]) -> None:
    """Reading stops at `Limits.pipeline` answers owed; what was sent meanwhile is not lost."""
    client, other = connect(), connect()
    client.send("/hold/deep", *["/echo/a", "/waiting"] * 200)
    other.send("/release/deep")
    assert other.answer() == (200, b"released")
    assert client.answers(401) == [(200, b"held deep"), *[(200, b"GET a None"), HELLO] * 200]


def test_half_close_gets_every_answer(connect: Callable[[], Client]) -> None:
    client, other = connect(), connect()
    client.send("/hold/half", *MIXED)
    client.socket.shutdown(socket.SHUT_WR)
    other.send("/release/half")
    assert client.answers(1 + len(MIXED)) == [(200, b"held half"), *MIXED.values()]
    assert client.rest() == b""


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"GET / HT", id="head"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nAda", id="body"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nAda", id="chunk"
        ),
    ],
)
def test_half_close_within_a_message(connect: Callable[[], Client], part: bytes) -> None:
    client = connect()
    client.socket.sendall(GET.format("/waiting").encode() + part)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer() == HELLO
    assert client.answer()[0] == 400
    assert client.rest() == b""


def test_error_answer_comes_behind_what_is_owed(connect: Callable[[], Client]) -> None:
    client, other = connect(), connect()
    client.send("/hold/owed", "/")
    client.socket.sendall(b"rubbish\r\n\r\n" + GET.format("/").encode())
    other.send("/release/owed")
    assert client.answers(2) == [(200, b"held owed"), HELLO]
    assert client.answer()[0] == 400
    assert client.rest() == b""


def test_reset_with_answers_pending_hurts_nobody(
    server: Server, connect: Callable[[], Client]
) -> None:
    other, leavers = connect(), [connect() for _ in range(20)]
    other.send("/cancelled", "/hold/stay", *MIXED)
    before = int(other.answer()[1])
    for leaver in leavers:
        leaver.send("/", "/hold/never", "/waiting", "/hold/never")
        assert leaver.answer() == HELLO  # the handlers behind it run already
        leaver.reset()

    def cancelled() -> int:
        with closing(Client(server)) as client:
            client.send("/cancelled", "/release/stay")
            return int(client.answer()[1])

    eventually(lambda: cancelled() == before + 2 * len(leavers))
    assert other.answers(1 + len(MIXED)) == [(200, b"held stay"), *MIXED.values()]


def test_reset_while_a_large_answer_is_sent(connect: Callable[[], Client]) -> None:
    other = connect()
    for _ in range(10):
        client = connect()
        client.send(*["/large"] * 30)  # far more than socket buffers hold
        assert client.socket.recv(1) == b"H"
        client.reset()
        other.send(*MIXED)
        assert other.answers(len(MIXED)) == list(MIXED.values())


def test_slow_reader_gets_everything(connect: Callable[[], Client]) -> None:
    slow, other = connect(), connect()
    slow.send(*["/large", "/waiting"] * 20)
    other.send(*MIXED)
    assert other.answers(len(MIXED)) == list(MIXED.values())
    large = (200, bytes(range(256)) * 4096)
    assert slow.answers(40) == [large, HELLO] * 20


@pytest.mark.parametrize(
    ("path", "mistake"),
    [("/fail", "the sync handler's mistake"), ("/fail/async", "the async handler's mistake")],
)
def test_handler_error_is_logged_and_the_connection_lives_on(
    server: Server, connect: Callable[[], Client], path: str, mistake: str
) -> None:
    def tracebacks() -> int:
        pattern = (
            rf"GET {path} failed\nTraceback .*\n(?:  .*\n)+LookupError: {re.escape(mistake)}\n"
        )
        return len(re.findall(pattern, server.output("stderr")))

    client, before = connect(), tracebacks()
    for _ in range(3):
        client.send(path, "/")
        assert client.answers(2) == [FAILED, HELLO]
    eventually(lambda: tracebacks() == before + 3)


def test_continue_comes_before_the_body_and_in_order(connect: Callable[[], Client]) -> None:
    client = connect()
    head = "POST /posted HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    client.socket.sendall((GET.format("/waiting") + head).encode())
    assert client.answers(2) == [HELLO, (100, b"")]
    client.socket.sendall(b"Ada" + GET.format("/").encode())
    assert client.answers(2) == [(200, b"Ada"), HELLO]


def test_upload_byte_by_byte(connect: Callable[[], Client]) -> None:
    client = connect()
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = b"POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for byte in head + b"3;a=b\r\nAda\r\n0\r\nX-Trailer: 1\r\n\r\n" + GET.format("/").encode():
        client.socket.send(bytes([byte]))
    assert json.loads(client.answer()[1])["size"] == 3
    assert client.answer() == HELLO


def test_absolute_form_names_the_host(connect: Callable[[], Client]) -> None:
    client = connect()
    for target in ("http://ada.example/target", "HTTP://ada.example:81/target/x?y=1"):
        client.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: ada.example\r\n\r\n".encode())
    assert client.answers(2) == [
        (200, b"/target of ada.example"),
        (200, b"/target/x of ada.example"),
    ]
