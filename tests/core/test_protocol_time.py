"""What takes too long is ended: heads and bodies with 408, readers without a word, no one else."""

from collections.abc import Callable

import pytest

from japy import Application, Limits
from tests.support.handlers import Held, get
from tests.support.wire import Server, Wire

Serve = Callable[[Application], Server]
LIMITS = Limits(head_s=3, body_s=3, body_rate=100, write_s=3, write_rate=100)
HALF = b"GET /sync HTTP/1.1\r\nHo"
POST = b"POST /sync HTTP/1.1\r\nHost: x\r\n"
SIZED = POST + b"Content-Length: 10000\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def held(serve: Serve, limits: Limits = LIMITS) -> tuple[Held, Server, Wire]:
    """Return handlers, the server that has them, and a connection to it."""
    handlers = Held(Application(limits=limits))
    server = serve(handlers.app)
    return handlers, server, server.connect()


def statuses(wire: Wire) -> list[int]:
    """Return the statuses received so far."""
    return [answer.status for answer in wire.answers()]


# Heads.


def test_a_head_has_so_many_seconds_from_its_first_byte(serve: Serve) -> None:
    _, server, wire = held(serve)
    server.tick(10)
    wire.send(HALF)
    server.tick(3)
    assert statuses(wire) == []
    server.tick()
    assert statuses(wire) == [408]
    assert wire.answers()[0].body == b"request timeout"
    assert wire.is_closed()


def test_pieces_of_a_head_do_not_start_the_time_again(serve: Serve) -> None:
    _, server, wire = held(serve)
    for byte in (b"G", b"E", b"T", b" "):
        assert not wire.is_closed()
        wire.send(byte)
        server.tick()
    assert statuses(wire) == [408]


def test_each_head_has_its_own_time(serve: Serve) -> None:
    _, server, wire = held(serve)
    rest = get("/sync")
    for _ in range(5):
        wire.send(rest[:9])
        server.tick(3)
        wire.send(rest[9:])
    assert statuses(wire) == [200] * 5
    wire.send(rest[:9])
    server.tick(2)
    wire.send(rest[9:] + rest[:9])
    server.tick(3)
    assert statuses(wire) == [200] * 6
    server.tick()
    assert statuses(wire) == [200] * 6 + [408]


@pytest.mark.parametrize("data", [b"", b"\r\n", get("/sync"), get("/sync") + b"\r\n"])
def test_who_sends_nothing_is_idle_not_slow(serve: Serve, data: bytes) -> None:
    _, server, wire = held(serve)
    wire.send(data)
    server.tick(20)
    assert not wire.is_closed()


def test_a_late_head_waits_behind_what_is_owed(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + HALF)
    server.tick(4)
    assert statuses(wire) == []
    server.call(handlers.release("a"))
    assert statuses(wire) == [200, 408]
    assert wire.is_closed()


def test_the_time_does_not_run_while_japy_does_not_read(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(head_s=3, pipeline=1))
    wire.send(get("/wait/a") + HALF)
    server.tick(20)
    assert not wire.is_closed()
    server.call(handlers.release("a"))
    server.tick(3)
    assert statuses(wire) == [200]
    server.tick()
    assert statuses(wire) == [200, 408]


# Bodies.


def test_the_time_of_a_body_begins_when_its_client_is_told_to_send_it(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    waits = POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    wire.send(get("/wait/a") + waits)
    server.tick(20)
    server.call(handlers.release("a"))
    assert b"".join(wire.writes).endswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    server.tick(3)
    assert not wire.is_closed()
    server.tick()
    assert wire.is_closed()
    assert b"HTTP/1.1 408 " in b"".join(wire.writes)


@pytest.mark.parametrize("head", [SIZED, CHUNKED + b"1000\r\n"])
def test_a_body_that_stops_has_so_many_seconds(serve: Serve, head: bytes) -> None:
    _, server, wire = held(serve)
    wire.send(head)
    server.tick(3)
    assert statuses(wire) == []
    server.tick()
    assert statuses(wire) == [408]
    assert wire.is_closed()


@pytest.mark.parametrize(("rate", "stays"), [(100, True), (99, True), (50, False), (1, False)])
def test_a_body_has_to_keep_a_rate(serve: Serve, rate: int, stays: bool) -> None:
    _, server, wire = held(serve)
    wire.send(SIZED)
    for _ in range(20):
        wire.send(b"x" * rate)
        server.tick()
    assert wire.is_closed() is not stays
    assert statuses(wire) == ([] if stays else [408])


def test_much_at_once_buys_no_more_patience(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.send(SIZED + b"x" * 9000)
    server.tick(4)
    assert not wire.is_closed()
    server.tick()
    assert statuses(wire) == [408]


def test_a_body_that_is_complete_in_time_is_answered(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.send(SIZED + b"x" * 9000)
    server.tick(3)
    wire.send(b"x" * 1000)
    server.tick(20)
    assert statuses(wire) == [200]
    assert not wire.is_closed()


# Readers.


def test_a_client_that_reads_nothing_is_cut(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.send(get("/big"))
    wire.unsent = len(wire.received)
    server.tick(3)
    assert not wire.is_closed()
    server.tick()
    assert wire.is_lost()


@pytest.mark.parametrize(("rate", "stays"), [(200, True), (100, True), (50, False), (1, False)])
def test_a_client_has_to_read_at_a_rate(serve: Serve, rate: int, stays: bool) -> None:
    _, server, wire = held(serve)
    wire.send(get("/big"))
    wire.unsent = 50_000
    for _ in range(20):
        server.tick()
        wire.unsent -= rate
    assert wire.is_lost() is not stays


def test_a_client_that_has_caught_up_may_be_slow_again(serve: Serve) -> None:
    _, server, wire = held(serve)
    for _ in range(5):
        wire.send(get("/big"))
        wire.unsent = 10_000
        server.tick(3)
        wire.unsent = 0
        server.tick()
    assert not wire.is_closed()


def test_an_answer_behind_a_close_is_held_to_the_same(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.send(get("/big", "Connection: close"))
    assert statuses(wire) == [200]
    server.tick(20)
    assert wire.is_lost()
