"""How the tables of this folder are read: a row a rule, and every row in every way bytes can come.

A row is fed whole, byte by byte, cut at random, and behind a good request; the verdict must not
depend on it. Its data may end where the message does: the connection is left open, unless the row
is about an EOF.
"""

from collections.abc import Callable
from typing import NamedTuple

from japy import Application, Limits, Request, Response
from tests.support.wire import Answer, Server, feeds, read_answers

HOST = b"Host: x\r\n"
GOOD = b"GET /good HTTP/1.1\r\nHost: x\r\n\r\n"
LIMITS = Limits(line=200, head=1000, fields=10, body=100)


class Row(NamedTuple):
    """One rule."""

    rule: str  # the section, and what it asks for in a few words
    data: bytes
    statuses: tuple[int, ...]  # of the answers to the data, interim ones left out
    closes: bool = False  # whether the connection ends behind the last of them
    eof: bool = False  # whether the client ends its side behind the data


def good(rule: str, data: bytes, *, closes: bool = False, eof: bool = False) -> Row:
    """Return a row about one request that has to be answered with 200."""
    return Row(rule, data, (200,), closes, eof)


def bad(rule: str, data: bytes, status: int = 400, *, eof: bool = False) -> Row:
    """Return a row about a request that has to be refused, and the connection ended."""
    return Row(rule, data, (status,), True, eof)


def title(row: Row) -> str:
    """Return the name of a row in pytest's output."""
    return row.rule


def application() -> Application:
    """Return what the rows are asked: one route for any method, one for GET."""

    def answer(request: Request) -> Response:
        return request.Response("answer")

    app = Application(limits=LIMITS)
    app.router.add_route("/", answer)
    app.router.add_route("/good", answer, "GET")
    app.router.add_route("*", answer, "OPTIONS")
    return app


def check(row: Row, serve: Callable[[Application], Server]) -> None:
    """Hold japy to one row."""
    server = serve(application())
    expected = (row.statuses, row.closes)
    ways = [("whole", [row.data]), *feeds(row.data)]
    for name, pieces in ways:
        received, is_closed = server.exchange(pieces, row.eof)
        answers = final_answers(row.data, received)
        assert (tuple(answer.status for answer in answers), is_closed) == expected, name
        assert all("Date" in answer.fields for answer in answers)
    behind = GOOD + row.data
    for name, pieces in [("behind a good one", [behind]), *feeds(behind)]:
        received, is_closed = server.exchange(pieces, row.eof)
        first, *answers = final_answers(behind, received)
        assert first.status == 200, name
        assert (tuple(answer.status for answer in answers), is_closed) == expected, name


def final_answers(data: bytes, received: bytes) -> list[Answer]:
    """Return the answers that are not interim; a request that begins with HEAD gets no body."""
    is_behind = data.startswith(GOOD)
    heads = {int(is_behind)} if data.removeprefix(GOOD).startswith(b"HEAD") else set()
    return [answer for answer in read_answers(received, heads) if answer.status >= 200]
