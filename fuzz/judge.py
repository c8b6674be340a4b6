"""What h11 and japy each make of the same bytes: the requests in them, and how it ended.

Knows how to ask both, as servers that answer each request at once. Knows not who is right.
"""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

import h11

from fuzz.line import Line
from fuzz.receipt import read
from fuzz.stage import DATE, Loop
from japy import Application, BadRequest, Limits, Request, Response
from japy.core.response import Stamp

LIMITS = Limits(line=2000, head=4000, fields=50, body=2000)
ANSWER = [("content-length", "0")]


class End(Enum):
    """How reading has ended."""

    REFUSED = "refused"
    CLOSED = "closed"  # behind a request that has asked for it
    DONE = "done"  # behind the last byte


class Seen(NamedTuple):
    """A request as a server has understood it."""

    method: bytes
    target: bytes
    fields: dict[bytes, bytes]  # by name in lower case, repeated ones joined
    body: bytes


class Verdict(NamedTuple):
    """What a server has made of some bytes."""

    seen: list[Seen]
    end: End
    reason: str  # why it has refused
    is_head: bool = False  # what it has refused was answered without a body, as HEAD has to be


def ask_h11(data: bytes) -> tuple[Verdict, list[int]]:
    """Return what h11 makes of a stream, and where each of its requests begins, or would."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    connection.receive_data(b"")
    seen: list[Seen] = []
    starts = [0]
    try:
        while True:
            request = connection.next_event()
            if not isinstance(request, h11.Request):
                is_done = isinstance(request, h11.ConnectionClosed)
                end = End.DONE if is_done else End.REFUSED
                return Verdict(seen, end, "" if is_done else "incomplete head"), starts
            body = bytearray()
            event = connection.next_event()
            while isinstance(event, h11.Data):
                body += event.data
                event = connection.next_event()
            if not isinstance(event, h11.EndOfMessage):
                return Verdict(seen, End.REFUSED, f"incomplete body: {event}"), starts
            seen.append(as_seen(request, bytes(body)))
            starts.append(len(data) - len(connection.trailing_data[0]))
            connection.send(h11.Response(status_code=400, headers=ANSWER))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE:
                return Verdict(seen, End.CLOSED, ""), starts
            connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        return Verdict(seen, End.REFUSED, str(error)), starts


def as_seen(request: h11.Request, body: bytes) -> Seen:
    """Return a request of h11's in the form that both are compared in."""
    fields: dict[bytes, bytes] = {}
    for name, value in request.headers:
        between = b"; " if name == b"cookie" else b", "
        fields[name] = fields[name] + between + value if name in fields else value
    return Seen(request.method, request.target, fields, body)


def unified(seen: Seen) -> Seen:
    """Return a request of japy's without differences that h11 makes on purpose."""
    coding = seen.fields.get(b"transfer-encoding")
    return (
        seen
        if coding is None
        else seen._replace(fields={**seen.fields, b"transfer-encoding": coding.lower()})
    )


class Refusals(logging.Handler):
    """Hears why requests are refused: an answer to HEAD does not say it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.errors: list[BadRequest] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason that a record is about."""
        self.errors += [value for value in record.args or () if isinstance(value, BadRequest)]


class Japy:
    """An application that takes note of each request, whatever it is."""

    def __init__(self) -> None:
        self._loop = Loop()
        self._seen: list[Seen] = []
        self._refusals = Refusals()
        self._log = logging.getLogger("japy.error")
        app = Application(limits=LIMITS)
        app.add_error_handler(None, self._note)
        app.router.add_route("*", self._note, method="OPTIONS")
        self._service = app.service(None, self._loop.loop.call_soon)
        self._service.stamp = Stamp(DATE)
        self._service.turn_s = math.inf

    def ask(self, data: bytes) -> Verdict:
        """Return what japy makes of a stream."""
        self._seen.clear()
        self._refusals.errors.clear()
        line = Line(self._loop.loop, self._service)
        with self._listening():
            self._loop.call(self._play, line, data)
        assert line.faults == []
        assert line.is_ended
        assert not self._service.connections
        return self._verdict(line.received, self._seen.copy())

    def _verdict(self, received: bytes, seen: list[Seen]) -> Verdict:
        heads = [each.method == b"HEAD" for each in seen]
        is_head = bool(read(received, heads).rest)  # a length, but no body
        answers = read(received, [*heads, is_head]).answers
        assert [answer.status for answer in answers[: len(seen)]] == [200] * len(seen)
        if len(answers) > len(seen):
            [error] = self._refusals.errors
            [refusal] = answers[len(seen) :]
            assert refusal.status == error.status
            assert refusal.body == (b"" if is_head else error.name.encode())
            return Verdict(seen, End.REFUSED, f"{error.status} {error.name}", is_head)
        is_last = bool(answers) and answers[-1].fields.get(b"Connection") == b"close"
        return Verdict(seen, End.CLOSED if is_last else End.DONE, "")

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._log.addHandler(self._refusals)
        level = self._log.level
        self._log.setLevel(logging.INFO)
        try:
            yield
        finally:
            self._log.setLevel(level)
            self._log.removeHandler(self._refusals)

    def _play(self, line: Line, data: bytes) -> None:
        line.open()
        line.connection.data_received(data)
        if not line.is_ended:
            line.send(eof=True)

    def _note(self, request: Request, error: object = None) -> Response:
        query = request.raw_query
        target = request.line[request.method_size + 1 :]
        fields = {
            name.lower().encode("latin-1"): value.encode("latin-1")
            for name, value in request.headers.items()
        }
        self._seen.append(
            Seen(
                request.method.encode("latin-1"),
                target if query is None else target + b"?" + query,
                fields,
                request.body or b"",
            )
        )
        return request.Response("seen")
