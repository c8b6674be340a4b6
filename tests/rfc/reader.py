"""Bytes that a server has sent, to the answers in them, as RFC 9112 §6.3 tells a client to read.

Knows every framing that a server may choose. Refuses to know what was asked for.
"""

import re
from collections.abc import Container
from typing import NamedTuple

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2}) [\t -~\x80-\xff]*")
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t -~\x80-\xff]*)")


class Unreadable(ValueError):
    """What a server has sent is no sequence of answers."""


class Answer(NamedTuple):
    """One answer."""

    status: int
    line: bytes
    fields: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return the values of a field, a line each."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


def read_answers(data: bytes, heads: Container[int] = ()) -> list[Answer]:
    """Return the answers in the data.

    Args:
        data: all that came up to the end of the connection.
        heads: which of the answers that are not interim, counted from 0, are to HEAD.

    Raises:
        Unreadable: they are not complete, or not legal.
    """
    answers: list[Answer] = []
    final = 0
    while data:
        head, mark, data = data.partition(b"\r\n\r\n")
        if not mark:
            raise Unreadable(f"half a head: {head[:80]!r}")
        line, *lines = head.split(b"\r\n")
        status = STATUS_LINE.fullmatch(line)
        if status is None:
            raise Unreadable(f"no status line: {line[:80]!r}")
        answer = Answer(int(status[1]), line, [read_field(text) for text in lines], b"")
        if answer.status < 200:
            answers.append(answer)
            continue
        body, data = (b"", data) if final in heads else read_body(answer, data)
        final += 1
        answers.append(answer._replace(body=body))
    return answers


def read_field(text: bytes) -> tuple[str, str]:
    """Return name and value of a field line."""
    field = FIELD_LINE.fullmatch(text)
    if field is None:
        raise Unreadable(f"no field line: {text[:80]!r}")
    return field[1].decode("latin-1"), field[2].decode("latin-1").strip(" \t")


def read_body(answer: Answer, data: bytes) -> tuple[bytes, bytes]:
    """Return the body of an answer that may have one, and what follows it."""
    if answer.status in (204, 304):
        return b"", data
    if answer.values("Transfer-Encoding"):
        return read_chunks(data)
    lengths = answer.values("Content-Length")
    if not lengths:
        return data, b""
    if len(lengths) > 1 or not lengths[0].isdigit():
        raise Unreadable(f"Content-Length {lengths}")
    size = int(lengths[0])
    if len(data) < size:
        raise Unreadable(f"{size - len(data)} bytes of a body are missing")
    return data[:size], data[size:]


def read_chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return a chunked body, and what follows it; a server has no need of trailers here."""
    body = b""
    while True:
        text, mark, data = data.partition(b"\r\n")
        if not mark or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", text):
            raise Unreadable(f"chunk size {text[:80]!r}")
        size = int(text, 16)
        if data[size : size + 2] != b"\r\n":
            raise Unreadable("a chunk does not end where its size says")
        body, data = body + data[:size], data[size + 2 :]
        if size == 0:
            return body, data
