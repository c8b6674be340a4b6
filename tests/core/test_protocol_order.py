"""Pipelining: answers leave in the order of their requests, and no more are owed than allowed."""

import logging
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Limits
from tests.support.handlers import Held, get
from tests.support.wire import Answer, Server, Wire, cut, feeds

Serve = Callable[[Application], Server]
BODIES = {
    "/sync": b"sync",
    "/quick": b"quick",
    "/fail": b"Internal Server Error",
    "/quick/fail": b"Internal Server Error",
    "/nowhere": b"Not Found",
}


def held(serve: Serve, limits: Limits | None = None) -> tuple[Held, Server, Wire]:
    """Return handlers, the server that has them, and a connection to it."""
    handlers = Held(Application(limits=limits))
    server = serve(handlers.app)
    return handlers, server, server.connect()


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "japy.error")


def test_answers_of_every_kind_leave_in_order(serve: Serve) -> None:
    _, server, _ = held(serve)
    paths = ["/quick", "/sync", "/fail", "/quick/fail", "/nowhere", "/quick", "/sync"]
    data = b"".join(map(get, paths))
    expected = server.exchange([data])
    for name, pieces in feeds(data):
        assert server.exchange(pieces) == expected, name
    wire = server.connect()
    wire.send(data)
    assert [answer.body for answer in wire.answers()] == [BODIES[path] for path in paths]
    assert len(wire.writes) == 1


def test_waiting_handlers_run_at_the_same_time(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/wait/b"), get("/wait/c"))
    assert handlers.started == ["a", "b", "c"]
    assert wire.received == b""
    server.call(handlers.release("c"))
    server.call(handlers.release("b"))
    assert wire.received == b""
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "b", "c"]
    assert len(wire.writes) == 1


def test_each_answer_leaves_when_its_turn_comes(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/sync") + get("/wait/a") + get("/sync") + get("/wait/b") + get("/nowhere"))
    assert bodies(wire) == ["sync"], "what is ready before the first wait is not held back"
    server.call(handlers.release("a"))
    assert bodies(wire) == ["sync", "a", "sync"]
    server.call(handlers.release("b"))
    assert bodies(wire) == ["sync", "a", "sync", "b", "Not Found"]


def test_later_requests_start_while_earlier_ones_wait(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a"))
    wire.send(get("/sync"))
    assert wire.received == b""
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "sync"]


def test_a_failing_handler_answers_500_in_its_turn(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/wait/b") + get("/sync"))
    server.call(handlers.release("b", LookupError("on purpose")))
    assert wire.received == b""
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "Internal Server Error", "sync"]
    assert not wire.is_closed()


def test_a_cancelled_handler_answers_503(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a") + get("/sync"))
    server.call(wire.connection.abandon)
    assert handlers.cancelled == ["a"]
    assert bodies(wire) == ["Service unavailable", "sync"]
    assert not wire.is_closed()


def test_connections_do_not_wait_for_each_other(serve: Serve) -> None:
    handlers, server, one = held(serve)
    two = server.connect()
    one.send(get("/wait/a"))
    two.send(get("/wait/b") + get("/sync"))
    server.call(handlers.release("b"))
    assert bodies(two) == ["b", "sync"]
    assert bodies(one) == []


def test_a_full_backlog_stops_reading_and_loses_nothing(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=3))
    wire.send(*(get(f"/wait/{name}") for name in "abcdefg"))
    assert handlers.started == ["a", "b", "c"]
    assert wire.is_paused()
    assert wire.undelivered == b"".join(get(f"/wait/{name}") for name in "defg")
    server.call(handlers.release("b"))
    assert wire.is_paused(), "b is still owed"
    server.call(handlers.release("a"))
    assert handlers.started == ["a", "b", "c", "d", "e"]
    assert wire.is_paused()
    for name in "cdefg":
        server.call(handlers.release(name))
    assert bodies(wire) == list("abcdefg")
    assert not wire.is_paused()
    assert wire.undelivered == b""


def test_a_backlog_of_one_read_is_kept(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=3))
    wire.send(b"".join(get(f"/wait/{name}") for name in "abcdefg") + get("/sync")[:10])
    assert handlers.started == ["a", "b", "c"]
    assert wire.is_paused()
    wire.send(get("/sync")[10:])
    for name in "abcdefg":
        server.call(handlers.release(name))
    assert bodies(wire) == [*"abcdefg", "sync"]


@pytest.mark.parametrize("limit", [1, 2, 5, 64])
@pytest.mark.parametrize("piece", [1, 7, 100, 100_000])
def test_any_backlog_is_worked_off_in_order(serve: Serve, limit: int, piece: int) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=limit))
    names = [str(i) for i in range(100)]
    data = b"".join(get(f"/wait/{name}") + get("/sync") for name in names)
    wire.send(*cut(data, range(piece, len(data), piece)))
    for name in names:
        server.call(handlers.release(name))
        assert len(handlers.started) - int(name) <= limit + 1
    assert bodies(wire) == [part for name in names for part in (name, "sync")]


def test_a_body_behind_a_full_backlog_waits(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=1))
    post = b"POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    wire.send(get("/wait/a") + post + get("/sync"))
    wire.send(post[:50], post[50:])
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "sync", "sync", "sync"]


def test_a_client_that_does_not_read_is_not_read_from(serve: Serve) -> None:
    _, _, wire = held(serve)
    wire.congest()
    assert wire.is_paused()
    wire.send(get("/sync"), get("/quick"))
    assert wire.received == b""
    wire.relieve()
    assert not wire.is_paused()
    assert bodies(wire) == ["sync", "quick"]


def test_answers_that_come_meanwhile_wait_for_the_client(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a"))
    wire.congest()
    server.call(handlers.release("a"))
    assert bodies(wire) == []
    assert wire.is_paused(), "there is room in the backlog, but not at the client"
    wire.relieve()
    assert bodies(wire) == ["a"]
    assert not wire.is_paused()


def test_congestion_and_backlog_both_have_to_pass(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=1))
    wire.send(get("/wait/a") + get("/sync"))
    wire.congest()
    wire.relieve()
    assert wire.is_paused()
    wire.congest()
    server.call(handlers.release("a"))
    assert bodies(wire) == []
    wire.relieve()
    assert bodies(wire) == ["a", "sync"]


def test_congestion_in_the_middle_of_a_read_stops_the_rest(serve: Serve) -> None:
    _, server, wire = held(serve)
    sent: list[bytes] = []
    wire.congest()
    wire.relieve()
    for _ in range(3):
        wire.congest()
        wire.send(get("/sync") + get("/sync"))
        sent.append(wire.received)
        wire.relieve()
        sent.append(wire.received)
    assert [len(data) // len(sent[1]) * 2 for data in sent] == [0, 2, 2, 4, 4, 6]
    assert server.noise == []


KINDS = ["/sync", "/quick", "/fail", "/quick/fail", "/nowhere", "/wait/", "/wait/", "/wait/"]


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    st.sampled_from([1, 2, 3, 64]),
    st.integers(0, 200),
)
def test_any_mixture_in_any_order_of_ends_is_answered_in_order(
    kinds: list[str], chance: random.Random, limit: int, piece: int
) -> None:
    handlers = Held(Application(limits=Limits(pipeline=limit)))
    paths = [f"{kind}{i}" if kind == "/wait/" else kind for i, kind in enumerate(kinds)]
    data = b"".join(map(get, paths))
    with Server(handlers.app) as server:
        wire = server.connect()
        wire.send(*cut(data, range(piece, len(data), piece) if piece else ()))
        done: set[str] = set()
        while waiting := [name for name in handlers.started if name not in done]:
            name = chance.choice(waiting)
            done.add(name)
            error = LookupError("on purpose") if chance.random() < 0.2 else None
            server.call(handlers.release(name, error))
        answers = wire.answers()
    assert len(answers) == len(paths)
    for path, answer in zip(paths, answers, strict=True):
        expected = BODIES.get(path, path.removeprefix("/wait/").encode())
        assert answer.body in (expected, BODIES["/fail"])


def test_answers_are_of_the_connection_they_were_asked_on(serve: Serve) -> None:
    handlers, server, _ = held(serve)
    wires = [server.connect() for _ in range(20)]
    for i, wire in enumerate(wires):
        wire.send(get(f"/wait/{i}") + get("/sync"))
    for i in random.Random(1).sample(range(20), 20):
        server.call(handlers.release(str(i)))
    assert [wire.answers()[0] for wire in wires] == [
        Answer(200, wires[i].answers()[0].fields, str(i).encode()) for i in range(20)
    ]


def test_what_waits_for_room_is_not_copied(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(pipeline=4))
    wire.send(b"".join(get(f"/wait/{n}") for n in range(20)))
    tail = wire.connection.tail
    assert handlers.started == ["0", "1", "2", "3"]
    server.call(handlers.release("0"))
    assert len(handlers.started) == 4, "half of the room has to be free"
    for n in range(1, 16):
        server.call(handlers.release(str(n)))
        assert wire.connection.tail in (b"", tail)
        assert wire.connection.tail is tail or not wire.connection.tail
    for n in range(16, 20):
        server.call(handlers.release(str(n)))
    assert bodies(wire) == [str(n) for n in range(20)]


def test_who_sends_much_waits_for_the_others(serve: Serve) -> None:
    _, server, wire = held(serve)
    order: list[str] = []
    much = get("/sync") * 2500
    assert len(much) >= 64 * 1024
    server.loop.call_soon(wire.connection.data_received, much)
    server.loop.call_soon(lambda: order.append("paused" if wire.is_paused() else "reading"))
    server.run()
    assert order == ["paused"]
    assert not wire.is_paused()
    assert bodies(wire) == ["sync"] * 2500
    wire.send(get("/sync"))
    assert len(bodies(wire)) == 2501


def test_who_sends_much_and_is_gone_is_not_read_from_again(serve: Serve) -> None:
    _, server, wire = held(serve)
    server.loop.call_soon(wire.connection.data_received, get("/sync") * 2500)
    server.loop.call_soon(wire.connection.eof_received)
    server.run()
    other = server.connect()
    server.loop.call_soon(other.connection.data_received, get("/sync") * 2500)
    server.loop.call_soon(other.connection.connection_lost, None)
    server.run()
    assert len(bodies(wire)) == 2500
