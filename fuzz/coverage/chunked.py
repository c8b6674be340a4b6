"""The chunked coding read byte by byte, straight from RFC 9112 §7.1: an oracle for japy's decoder.

Knows the grammar and the limits that japy documents, and none of japy's code. Slow on purpose: no
regular expressions, no searching, one byte and one state at a time.
"""

import string
from dataclasses import dataclass, field

FREE_DIGITS = 15  # of a chunk size; more of them are zeros, which count as extensions
TOKEN = frozenset((string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode())
HEX = frozenset(string.hexdigits.encode())
BLANK = frozenset(b"\t ")
TEXT = frozenset(range(0x20, 0x100)) - {0x7F} | {0x09}
QUOTED = TEXT - frozenset(b'"\\')


class Refused(Exception):
    """The bytes are no chunked body, or one beyond a limit."""


@dataclass
class Reading:
    """What the bytes so far amount to."""

    body: bytearray = field(default_factory=bytearray)
    used: int = 0
    is_done: bool = False


def read_chunked(
    data: bytes, max_body: int, max_line: int, max_extras: int, max_fields: int
) -> Reading:
    """Decode as much of the data as belongs to one chunked body.

    Raises:
        Refused: whatever may follow, these bytes are wrong.
    """
    reading = Reading()
    announced = extras = fields = size = 0
    in_trailer = False
    while not reading.is_done:
        line = take_line(data, reading.used, max_line)
        if line is None:
            return reading
        reading.used += len(line) + 2
        if in_trailer:
            extras += len(line) + 2 if line else 0
            fields += line != b""
            reading.is_done = not line
            require(not line or is_field(line))
        else:
            size, digits = read_size(line)
            extras += len(line) - digits + max(0, digits - FREE_DIGITS)
            announced += size
            in_trailer = size == 0
        require(announced <= max_body and extras <= max_extras and fields <= max_fields)
        if not in_trailer and not take_chunk(data, reading, size):
            return reading
    return reading


def require(fact: bool) -> None:
    """Raise unless it is so."""
    if not fact:
        raise Refused


def take_line(data: bytes, start: int, max_line: int) -> bytes | None:
    """Return the line that begins at a place, without its CRLF; None if it may still grow."""
    for pos in range(start, len(data)):
        require(pos - start < max_line)
        if data[pos] == 0x0A:
            require(pos > start and data[pos - 1] == 0x0D)
            return data[start : pos - 1]
    return None


def take_chunk(data: bytes, reading: Reading, size: int) -> bool:
    """Take the data of a chunk and the CRLF behind it; return whether all of it is there."""
    piece = data[reading.used : reading.used + size]
    reading.body += piece
    reading.used += len(piece)
    if len(piece) < size:
        return False
    end = data[reading.used : reading.used + 3]
    if end[:2] == b"\r\n":
        reading.used += 2
        return True
    require(len(end) < 3 and b"\n" not in end)
    return False


def read_size(line: bytes) -> tuple[int, int]:
    """Return a chunk's size and the number of its digits, from the line that it begins with."""
    digits = span(line, 0, HEX)
    require(digits > 0)
    pos = digits
    while pos < len(line):
        pos = span(line, pos, BLANK)
        require(line[pos : pos + 1] == b";")
        pos = span(line, pos + 1, BLANK)
        start, pos = pos, span(line, pos, TOKEN)
        require(pos > start)
        after = span(line, pos, BLANK)
        if line[after : after + 1] == b"=":
            pos = end_of_value(line, span(line, after + 1, BLANK))
    return int(line[:digits], 16), digits


def end_of_value(line: bytes, pos: int) -> int:
    """Return the end of a token or a quoted string that begins at a place."""
    if line[pos : pos + 1] != b'"':
        end = span(line, pos, TOKEN)
        require(end > pos)
        return end
    pos += 1
    while line[pos : pos + 1] != b'"':
        is_escape = line[pos : pos + 1] == b"\\"
        pos += is_escape
        require(pos < len(line) and line[pos] in (TEXT if is_escape else QUOTED))
        pos += 1
    return pos + 1


def is_field(line: bytes) -> bool:
    """Tell whether a line is a field: a token, a colon, text."""
    colon = span(line, 0, TOKEN)
    return colon > 0 and line[colon : colon + 1] == b":" and span(line, colon, TEXT) == len(line)


def span(line: bytes, pos: int, allowed: frozenset[int]) -> int:
    """Return the first place from `pos` on whose byte is none of these."""
    while pos < len(line) and line[pos] in allowed:
        pos += 1
    return pos
