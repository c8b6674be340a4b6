"""The reaper closes connections that were quiet for too long, and no other."""

from collections.abc import Callable

import pytest

from japy import Application
from tests.support.handlers import Held, get
from tests.support.wire import Server

Serve = Callable[[Application], Server]


def reap(server: Server, times: int, interval: float = 1, timeout: float = 3) -> None:
    for _ in range(times):
        server.call(server.service.reap, interval, timeout)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r", b"\n", get("/sync"), get("/sync") + b"\r\n"])
def test_a_quiet_connection_is_closed_after_the_timeout(serve: Serve, data: bytes) -> None:
    app = Application()
    Held(app)
    server = serve(app)
    wire = server.connect()
    if data:
        wire.send(data)
    reap(server, 3)
    assert not wire.is_closed()
    reap(server, 1)
    assert wire.is_lost()


def test_reading_starts_the_time_again(serve: Serve) -> None:
    app = Application()
    Held(app)
    server = serve(app)
    wire = server.connect()
    for _ in range(4):
        reap(server, 3)
        wire.send(get("/sync"))
    assert not wire.is_closed()
    assert wire.has_answers(4)


def test_a_request_in_progress_is_left_alone(serve: Serve) -> None:
    app = Application()
    held = Held(app)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/wait/a"))
    reap(server, 20)
    assert not wire.is_closed()
    server.call(held.release("a"))
    assert wire.has_answers(1)
    reap(server, 3)
    assert not wire.is_closed()
    reap(server, 1)
    assert wire.is_closed()


def test_parts_of_seconds_count(serve: Serve) -> None:
    server = serve(Application())
    wire = server.connect()
    reap(server, 4, 0.25, 0.75)
    assert wire.is_closed()


@pytest.mark.parametrize(
    "data", [b"GET /half HTTP/1.1\r\n", get("/sync")[:-2] + b"Content-Length: 2\r\n\r\n1"]
)
def test_a_request_that_has_begun_is_left_to_other_limits(serve: Serve, data: bytes) -> None:
    server = serve(Application())
    wire = server.connect()
    wire.send(data)
    reap(server, 20)
    assert not wire.is_closed()


def test_an_answer_that_is_not_read_yet_is_left_to_other_limits(serve: Serve) -> None:
    app = Application()
    Held(app)
    server = serve(app)
    wire = server.connect()
    wire.send(get("/big"))
    wire.unsent = 1
    reap(server, 20)
    assert not wire.is_closed()
    wire.unsent = 0
    reap(server, 1)
    assert wire.is_closed()
