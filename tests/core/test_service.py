"""What connections share: the buffers they borrow, the clock, and the numbers they are held to."""

from collections.abc import Callable

from japy import Application, Limits, Request, Response
from japy.core.response import Stamp
from tests.support.handlers import get
from tests.support.wire import STAMP, Server, read_answers

Serve = Callable[[Application], Server]


def test_buffers_are_lent_one_at_a_time_and_come_back_empty(serve: Serve) -> None:
    service = serve(Application()).service
    first = service.borrow()
    second = service.borrow()
    assert first is not second
    first.out.write(b"left over")
    service.give_back(first)
    assert service.borrow() is first
    assert first.out.getvalue() == b""


def test_a_service_begins_without_connections_and_without_a_date() -> None:
    app = Application(limits=Limits(body=5))
    service = app.service()
    assert service.connections == set()
    assert service.stamp.line == b"\r\n"
    assert service.app is app
    assert service.limits is app.limits


def test_connections_are_counted_from_beginning_to_end(serve: Serve) -> None:
    server = serve(Application())
    wires = [server.connect() for _ in range(3)]
    assert server.service.connections == {wire.connection for wire in wires}
    wires.pop().disconnect()
    assert server.service.connections == {wire.connection for wire in wires}


def test_every_answer_carries_the_date_of_its_time(serve: Serve) -> None:
    app = Application()
    app.router.add_route("/", lambda request: request.Response("plain"))
    app.router.add_route("/other", lambda request: request.Response("other", 201))
    server = serve(app)
    data = get("/") + get("/other") + b"\0"
    for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:01 GMT"):
        server.service.stamp = Stamp(date)
        answers = read_answers(server.exchange([data]).received)
        assert [answer.fields["Date"] for answer in answers] == [date] * 3
    server.service.stamp = STAMP


def test_a_handler_may_feed_another_connection(serve: Serve) -> None:
    servers: list[Server] = []

    def outer(request: Request) -> Response:
        inner = servers[0].connect()
        inner.connection.data_received(get("/inner") * 2)
        (first, second) = inner.answers()
        assert first == second
        return request.Response(first.body.decode() + " within")

    app = Application()
    app.router.add_route("/outer", outer)
    app.router.add_route("/inner", lambda request: request.Response("inner"))
    servers.append(serve(app))
    received = servers[0].exchange([get("/outer") + get("/inner") + get("/outer")]).received
    assert [answer.body for answer in read_answers(received)] == [
        b"inner within",
        b"inner",
        b"inner within",
    ]
