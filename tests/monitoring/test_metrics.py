"""Metrics: as much HTTP as scrapers and probes need; tests/live/test_metrics.py has real ones."""

import select
import socket
import time
from collections.abc import Iterator

import pytest

from japy.monitoring import metrics
from japy.monitoring.metrics import SHARE, Metrics, ailment
from japy.monitoring.report import Server, View
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.board import Board
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import open_listening
from japy.supervisor.slot import Slot
from tests.monitoring.test_report import make_hand

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Scraped:
    """Metrics of a master with one worker, and clients that ask."""

    def __init__(self) -> None:
        slot = Slot(0)
        slot.hand = make_hand(Board())
        self.view = View([slot], [], 0, -1, True, False, "")
        listening = open_listening(Bind(host="127.0.0.1"), 0)
        server = Server(Config(health_path="/healthz"), [], "")
        self.address = listening.socket.getsockname()
        self.metrics = Metrics(listening, server, Ledger(), lambda: self.view)

    def ask(self, *parts: bytes) -> bytes:
        """Return what is answered."""
        with socket.create_connection(self.address) as client:
            client.settimeout(5)
            for part in parts:
                client.sendall(part)
                self.turn()
            return b"".join(iter(lambda: client.recv(1 << 16), b""))

    def turn(self) -> None:
        """Do what a master's loop does, some times."""
        for _ in range(4):
            poll = select.poll()
            self.metrics.desk.register(poll)
            for number, events in poll.poll(10):
                self.metrics.desk.handle(number, events)
            self.metrics.desk.look(time.monotonic())


@pytest.fixture
def scraped() -> Iterator[Scraped]:
    """Return metrics that can be asked for."""
    scraped = Scraped()
    yield scraped
    scraped.metrics.desk.close()


def test_a_scrape(scraped: Scraped) -> None:
    head, _, body = scraped.ask(
        b"GET /metr", b"ics?x=1 HTTP/1.1\r\nHost: x\r", b"\n\r\n"
    ).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {f"Content-Type: {TEXT}", f"Content-Length: {len(body)}"} < set(lines)
    assert b"\njapy_workers 1\n" in body
    assert scraped.ask(b"HEAD /metrics HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")[2] == b""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"GET /metrics/ HTTP/1.0\n\n", b"404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", b"405 Method Not Allowed"),
        (b"\0\xff\r\n\r\n", b"400 Bad Request"),
        (b"GET /metrics\r\n\r\n", b"400 Bad Request"),
        (b"GET /metrics HTTP/2.0\r\n\r\n", b"400 Bad Request"),
    ],
)
def test_other_requests(scraped: Scraped, request_: bytes, status: bytes) -> None:
    assert scraped.ask(request_).startswith(b"HTTP/1.1 " + status + b"\r\n")


def test_a_head_that_does_not_end(scraped: Scraped) -> None:
    with socket.create_connection(scraped.address) as client:
        client.settimeout(5)
        client.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 40_000)
        scraped.turn()
        scraped.turn()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_health(scraped: Scraped) -> None:
    ask = b"GET /healthz HTTP/1.1\r\n\r\n"
    assert scraped.ask(ask).startswith(b"HTTP/1.1 200 OK\r\n")
    scraped.view = scraped.view._replace(is_stopping=True)
    assert scraped.ask(ask).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert ailment(scraped.view) == "stopping"
    assert ailment(scraped.view._replace(is_stopping=False, slots=[Slot(0)])) == "no worker serves"


def test_what_takes_long_serves_several(scraped: Scraped, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def slow(*arguments: object) -> bytes:
        made.append(1)
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return b""

    monkeypatch.setattr(metrics, "exposition", slow)
    began = time.monotonic()
    while time.monotonic() < began + 0.05 * (SHARE - 1):
        scraped.ask(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert len(made) == 1
