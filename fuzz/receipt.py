"""What a client received, read as RFC 9112 has it read: responses, one behind the other.

Knows the grammar of a response as japy has to keep it, without tolerance: one Content-Length, one
Date, no field twice, no byte that belongs to nothing. Knows no request but whether it was HEAD.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

HEAD = re.compile(
    rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]+\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [ -~\t]*\r\n)*)\r\n"
)
BODILESS = (204, 304)


class Answer(NamedTuple):
    """One final response."""

    status: int
    fields: dict[bytes, bytes]
    body: bytes
    interims: int  # 100 Continue before it


class Receipt(NamedTuple):
    """All that a client received."""

    answers: list[Answer]
    interims: int  # 100 Continue behind the last answer
    rest: bytes  # the beginning of an answer that is not complete


def read(data: bytes, heads: Sequence[bool]) -> Receipt:
    """Read all that a client received.

    Args:
        data: the bytes.
        heads: of each request whether its method was HEAD; there may be more answers.

    Raises:
        AssertionError: the bytes break the grammar.
    """
    answers: list[Answer] = []
    interims = pos = 0
    while pos < len(data):
        match = HEAD.match(data, pos)
        if match is None:
            assert data.find(b"\r\n\r\n", pos) < 0, f"no head of a response: {data[pos:]!r}"
            break
        status, fields = int(match[1]), read_fields(match[2])
        if status == 100 and not fields:
            interims += 1
            pos = match.end()
            continue
        is_head = len(answers) < len(heads) and heads[len(answers)]
        end = match.end() + size_of(status, fields, is_head)
        if end > len(data):
            break
        answers.append(Answer(status, fields, data[match.end() : end], interims))
        interims, pos = 0, end
    return Receipt(answers, interims, data[pos:])


def read_fields(lines: bytes) -> dict[bytes, bytes]:
    """Return the fields of a head; none of japy's comes twice."""
    pairs = [line.split(b": ", 1) for line in lines.split(b"\r\n")[:-1]]
    fields = {pair[0]: pair[1] for pair in pairs}
    assert len(fields) == len(pairs), f"a field twice: {lines!r}"
    return fields


def size_of(status: int, fields: dict[bytes, bytes], is_head: bool) -> int:
    """Return the size of the body behind a head."""
    assert b"Date" in fields, "no Date"
    assert b"Transfer-Encoding" not in fields, "a coding that nobody asked for"
    if status in BODILESS or status < 200:
        assert b"Content-Length" not in fields, f"a length in {status}"
        return 0
    size = int(fields[b"Content-Length"])
    return 0 if is_head else size
