"""What leaves where there are too many connections, too many answers, or nobody to read them."""

from collections.abc import Callable

from japy import Application, Limits
from tests.support.handlers import Held, get
from tests.support.wire import Server, Wire

Serve = Callable[[Application], Server]


def held(serve: Serve, limits: Limits | None = None) -> tuple[Held, Server, Wire]:
    """Return handlers, the server that has them, and a connection to it."""
    handlers = Held(Application(limits=limits))
    server = serve(handlers.app)
    return handlers, server, server.connect()


def bodies(wire: Wire) -> list[str]:
    """Return the bodies received so far."""
    return [answer.body.decode() for answer in wire.answers()]


# Too many connections.


def test_a_connection_beyond_the_limit_is_turned_away(serve: Serve) -> None:
    _, server, first = held(serve, Limits(connections=2))
    second, third = server.connect(), server.connect()
    (answer,) = third.answers()
    assert (answer.status, answer.body) == (503, b"Service Unavailable")
    assert answer.fields["Retry-After"] == "1"
    assert answer.fields["Connection"] == "close"
    server.run()
    assert third.is_lost()
    assert server.service.turned_away == 1
    for wire in (first, second):
        wire.send(get("/sync"))
        assert bodies(wire) == ["sync"]


def test_there_is_room_again_once_one_has_gone(serve: Serve) -> None:
    _, server, first = held(serve, Limits(connections=1))
    first.disconnect()
    wire = server.connect()
    wire.send(get("/sync"))
    assert bodies(wire) == ["sync"]


def test_who_is_turned_away_is_never_served(serve: Serve) -> None:
    _, server, _ = held(serve, Limits(connections=1))
    wire = server.connect()
    wire.send(get("/sync"), get("/sync"))
    assert [answer.status for answer in wire.answers()] == [503]


# Answers that wait.


def test_answers_that_wait_are_bounded_by_their_bytes(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(output=150_000))
    wire.send(get("/wait/a") + get("/big"))
    assert not wire.is_paused()
    wire.send(get("/big"))
    assert wire.is_paused()
    wire.send(get("/sync"))
    server.call(handlers.release("a"))
    assert [len(body) for body in bodies(wire)] == [1, 100_000, 100_000, 4]
    assert not wire.is_paused()


def test_an_answer_that_comes_late_counts_as_well(serve: Serve) -> None:
    handlers, server, wire = held(serve, Limits(output=1))
    wire.send(get("/wait/a") + get("/wait/bb"))
    assert not wire.is_paused()
    server.call(handlers.release("bb"))
    assert wire.is_paused()
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a", "bb"]
    assert not wire.is_paused()


def test_what_comes_behind_the_last_answer_is_not_kept(serve: Serve) -> None:
    _, server, wire = held(serve)
    wire.is_slow = True
    server.call(wire.connection.data_received, get("/big", "Connection: close"))
    assert wire.connection.is_congested
    for _ in range(5):
        server.call(wire.connection.data_received, b"x" * 1000)
    assert wire.connection.tail == b""


# The early byte.


def test_a_wire_without_a_descriptor_is_never_asked(serve: Serve) -> None:
    handlers, server, wire = held(serve)
    wire.send(get("/wait/a"), eof=True)
    server.tick(5)
    assert wire.received == b""
    server.call(handlers.release("a"))
    assert bodies(wire) == ["a"]
    assert wire.is_closed()
