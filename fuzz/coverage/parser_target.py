"""However a head is cut, it is accepted or refused the same, and h11 reads it as japy does.

Only BadRequest is ever raised; what japy accepts h11 accepts, with the same method, target and
fields, the same length of the body, and the same view of persistence and 100-continue. What japy
alone refuses is japy's right; what h11 alone refuses is listed in `is_beyond_h11`.
"""

from typing import NamedTuple

import h11

from fuzz.coverage.guide import instrumented, search

with instrumented("japy.core.body", "japy.core.head", "japy.core.parser"):
    from japy.core.body import CHUNKED, frame
    from japy.core.errors import BadRequest
    from japy.core.head import expects_continue, is_persistent, read_line
    from japy.core.limits import Limits
    from japy.core.parser import (
        END,
        MARK_CODING,
        MARK_LENGTH,
        MARK_OLD,
        MARK_UPGRADE,
        MARKS,
        METHOD_END,
        START,
        TARGET,
        TARGET_END,
        WORDS,
        Parser,
        read_fields,
    )

CONTROLS = 3
LIMITS = [Limits(line=60, head=200, fields=6, body=1000), Limits(body=10_000)]
ROOM = 1 << 20  # what h11 may collect of one head


class Head(NamedTuple):
    """What japy makes of a head that it accepts."""

    start: int
    end: int
    method: bytes
    target: bytes
    line: bytes
    fields: list[tuple[bytes, bytes]]
    size: int  # of the body, or CHUNKED
    is_old: bool
    is_upgrade: bool
    is_persistent: bool
    expects_continue: bool


class Refusal(NamedTuple):
    """The answer to a head that is not accepted."""

    status: int
    name: str


def judge(data: bytes, limits: Limits) -> Head | Refusal | None:
    """Return what japy says about the head that the data begins with; None: it waits for more."""
    parser = Parser(limits)
    try:
        if parser.parse(data, 0) == 0:
            parser.check(data)
            return None
        return read_head(data, parser, limits)
    except BadRequest as error:
        return Refusal(error.status, error.name)


def read_head(data: bytes, parser: Parser, limits: Limits) -> Head:
    """Ask of the first row what a connection asks, in the same order."""
    table = parser.table
    line = read_line(data, table, WORDS, limits.line)
    row = [int(table[WORDS + column]) for column in range(END + 2)]
    stays = is_persistent(data, table, WORDS)
    has_body = row[MARKS] & (MARK_LENGTH | MARK_CODING)
    return Head(
        row[START],
        row[END],
        data[row[START] : row[METHOD_END]],
        data[row[TARGET] : row[TARGET_END]],
        line,
        read_fields(data, row[START], row[END]),
        frame(data, table, WORDS, limits.body) if has_body else 0,
        row[MARKS] & MARK_OLD != 0,
        row[MARKS] & MARK_UPGRADE != 0,
        stays,
        expects_continue(data, table, WORDS),
    )


def is_beyond_h11(head: Head) -> bool:
    """Tell whether h11 refuses what japy lets pass knowingly.

    That is bytes beyond ASCII in a target, and a Content-Length with zeros in front of it that make
    more than 20 digits of it.
    """
    lengths = [value for name, value in head.fields if name.lower() == b"content-length"]
    return not head.target.isascii() or any(len(value) > 20 for value in lengths)


def compare(data: bytes, head: Head) -> None:
    """Hold what japy has read to what h11 reads."""
    peer = h11.Connection(h11.SERVER, max_incomplete_event_size=ROOM)
    peer.receive_data(data[head.start : head.end])
    request = peer.next_event()
    assert isinstance(request, h11.Request), request
    assert (request.method, request.target) == (head.method, head.target)
    assert list(request.headers) == [normal(name, value) for name, value in head.fields]
    assert (request.http_version == b"1.0") is head.is_old
    assert peer.they_are_waiting_for_100_continue is head.expects_continue
    assert find_size(peer, head) == head.size
    if not (head.is_old or head.is_upgrade):  # h11 ends every connection of HTTP/1.0
        assert (peer.their_state is h11.DONE) is head.is_persistent, peer.their_state


def normal(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a field as h11 gives it out: names, and transfer codings, in lower case."""
    name = name.lower()
    return name, value.lower() if name == b"transfer-encoding" else value


def find_size(peer: h11.Connection, head: Head) -> int:
    """Return how long h11 holds the body to be, by feeding it one."""
    if head.size == CHUNKED:
        peer.receive_data(b"0\r\n\r\n")
        return CHUNKED if isinstance(peer.next_event(), h11.EndOfMessage) else 0
    size = 0
    if head.size:  # no bytes would mean that the client has ended its side
        peer.receive_data(bytes(head.size))
    while isinstance(event := peer.next_event(), h11.Data):
        size += len(event.data)
    assert isinstance(event, h11.EndOfMessage), event
    return size


def check(data: bytes) -> None:
    """Hold one input to all of this: a byte of options, two for where to cut, then the head."""
    if len(data) < CONTROLS:
        return
    controls, data = data[:CONTROLS], data[CONTROLS:]
    limits = LIMITS[controls[0] & 1]
    whole = judge(data, limits)
    for place in {int.from_bytes(controls[1:]) % (len(data) + 1), len(data) - 1, len(data) // 2}:
        part = judge(data[: max(place, 0)], limits)
        assert part is None or part == whole, f"cut at {place}: {part}; whole: {whole}"
    if isinstance(whole, Head):
        assert whole.size <= limits.body
        assert whole.line.count(b" ") == 1
        if not is_beyond_h11(whole):
            compare(data, whole)


if __name__ == "__main__":
    search(check)
