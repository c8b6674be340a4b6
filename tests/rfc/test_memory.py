"""Every row in memory, in every way its bytes can come; the verdict must not depend on it."""

import logging
from collections.abc import Callable, Iterator

import pytest

from japy import Application, Limits
from tests.rfc import limit
from tests.rfc.application import make
from tests.rfc.row import GOOD, Outcome, Row
from tests.rfc.table import ROWS
from tests.rfc.verdict import PROBE, Echo, judge
from tests.support.wire import Server, cut, feeds

LONG = 2500  # a row beyond this is not fed byte by byte
LIMITS = Limits(line=limit.LINE, head=limit.HEAD, fields=limit.FIELDS, body=limit.BODY)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "japy.error")


def title(row: Row) -> str:
    """Return the name of a row in pytest's output."""
    return row.rule


def ways(data: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the names and pieces of all ways that bytes are fed in."""
    yield "whole", [data]
    if len(data) <= LONG:
        yield from feeds(data)
    else:
        yield "fixed 1500 bytes", cut(data, range(1500, len(data), 1500))
        yield "an end of one byte", cut(data, [len(data) - 1])


def send(server: Server, row: Row, pieces: list[bytes], *more: bytes) -> Echo:
    """Send a row over a connection of its own, and perhaps more behind it."""
    wire = server.connect()
    wire.send(*pieces, eof=row.eof)
    if row.then or more:
        wire.send(row.then, *more)
    size = 0
    while size < len(wire.received):  # a long pipeline takes the loop more than one run
        size = len(wire.received)
        server.run()
    echo = Echo(wire.received, wire.is_closed(), bool(more))
    wire.disconnect()
    return echo


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_row(row: Row, serve: Callable[[Application], Server]) -> None:
    server = serve(make(LIMITS))
    for name, pieces in ways(row.data):
        assert judge(row, send(server, row, pieces), is_strict=True) == "", name
        if not row.eof:
            echo = send(server, row, pieces, PROBE)
            assert judge(row, echo, is_strict=True) == "", f"{name}, with a request behind it"


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_row_behind_a_good_one(row: Row, serve: Callable[[Application], Server]) -> None:
    server = serve(make(LIMITS))
    promise = row.promise
    later = row._replace(
        data=GOOD + row.data,
        outcomes=(Outcome(("200", *promise.statuses), promise.end),),
        heads=tuple(head + 1 for head in row.heads),
        bodies=(b"", *row.bodies),
    )
    for name, pieces in ways(later.data):
        assert judge(later, send(server, later, pieces), is_strict=True) == "", name
