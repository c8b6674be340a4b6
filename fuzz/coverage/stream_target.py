"""However a stream of bytes is cut, a connection sends the same bytes back, and ends the same.

Nothing but bytes leaves it: no exception, whatever came, in whatever pieces; every answer is one;
nothing is written behind an end. Handlers answer at once here; `fuzz/fuzz_stream.py` has those that
wait.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from fuzz.coverage.guide import instrumented, search

with instrumented("japy.core"):
    from japy import Limits
    from japy.core.protocol import Connection
    from japy.core.response import Stamp
from tests.support.mirror import mirror
from tests.support.request import Sink

CONTROLS = 3
PIECES = 12  # of the finest cut
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"  # comes only if the body was not there yet
SERVICES = [
    mirror(limits).service()
    for limits in (Limits(line=60, head=200, fields=6, body=300, extras=40), Limits(body=10_000))
]
for service in SERVICES:
    service.stamp = Stamp("Thu, 01 Jan 1970 00:00:00 GMT")


class Ear(Sink):
    """A transport that hears what a connection says."""

    def __init__(self) -> None:
        super().__init__(("192.0.2.1", 50000))
        self.heard = b""
        self.is_closed = False  # in both directions
        self.is_ended = False  # in that of the answers

    def write(self, data: bytes) -> None:
        assert not self.is_closed, data
        assert not self.is_ended, data
        self.heard += data

    def write_eof(self) -> None:
        self.is_ended = True

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


class Outcome(NamedTuple):
    """What a client gets."""

    answers: bytes
    is_over: bool  # before the client has ended its side
    last: bytes  # what came when it did


def play(service_at: int, data: bytes, places: Sequence[int]) -> Outcome:
    """Send data cut at these places, then the end, and return what came back."""
    service = SERVICES[service_at]
    connection, ear = Connection(service), Ear()
    connection.connection_made(ear)
    for start, end in itertools.pairwise([0, *sorted(places), len(data)]):
        if start < end and not ear.is_closed:
            connection.data_received(data[start:end])
    answers, is_over = ear.heard, ear.is_closed or ear.is_ended
    if not ear.is_closed:
        connection.eof_received()
    connection.connection_lost(None)
    assert not service.connections
    return Outcome(answers.replace(CONTINUE, b""), is_over, ear.heard[len(answers) :])


def check(data: bytes) -> None:
    """Hold one input to all of this: a byte of options, two for where to cut, then the stream."""
    if len(data) < CONTROLS:
        return
    controls, data = data[:CONTROLS], data[CONTROLS:]
    service_at = controls[0] & 1
    whole = play(service_at, data, ())
    assert all(part.startswith(b"HTTP/1.1 ") for part in (whole.answers, whole.last) if part)
    finest = range(1, len(data), 1 + len(data) // PIECES)
    for places in ([place * len(data) // 256 for place in controls[1:]], finest):
        found = play(service_at, data, places)
        assert found == whole, f"cut at {list(places)}: {found}; whole: {whole}"


if __name__ == "__main__":
    search(check)
