"""Message framing (RFC 9112 §6): what follows a head, and the decoders of what follows.

Knows the fields that framing depends on and the chunked coding (§7.1). Knows no connection: a
decoder is fed bytes and says where it stopped.

Invariants:
- A message that two readers could frame in two ways is refused (request smuggling, §11.2).
- A decoder never looks beyond the end of its body and counts every byte it is made to keep.
"""

import re
from enum import Enum
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

from japy.core.errors import INVALID_HEADERS, MALFORMED_BODY, BadRequest, quote
from japy.core.parser import (
    CODING,
    CODING_END,
    LENGTH,
    LENGTH_END,
    MARK_CODING,
    MARK_LENGTH,
    MARK_OLD,
    MARK_REPEATED,
    MARKS,
    is_repeated,
)

CHUNKED: Final = -1  # what `frame` returns for a body whose length is not announced
MAX_LINE: Final = 4096  # a chunk-size line with its extensions, or a trailer field line
MAX_HEX: Final = 15  # significant digits of a chunk size: what surely fits 64 bits
HEX: Final = b"0123456789ABCDEFabcdef"
SMALL: Final = 4096  # pieces of a body below this are joined as they come

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
_QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'  # RFC 9110 §5.6.4
# RFC 9112 §7.1: chunk-size [ chunk-ext ]
CHUNK_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]+)(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?)*" % (_TOKEN, _TOKEN, _QUOTED)
)
# RFC 9110 §5.5: field-name ":" OWS field-value OWS
FIELD_LINE: Final = re.compile(rb"%b:[\t -~\x80-\xff]*" % _TOKEN)


def frame(data: bytes, table: vec[i64], row: i64, limit: int) -> int:
    """Return the length of the body in bytes, 0 for none, or CHUNKED.

    Args:
        data: the buffer that the head lies in.
        table: the parser's positions.
        row: where the head's row begins in the table.
        limit: the longest body.

    Raises:
        BadRequest: the framing is ambiguous, unknown or over the limit (RFC 9112 §6.1 to §6.3).
    """
    marks: i64 = table[row + MARKS]
    if marks & MARK_CODING:
        if marks & MARK_LENGTH:  # RFC 9112 §6.1: ought to be handled as an error
            raise BadRequest(INVALID_HEADERS, "Content-Length beside Transfer-Encoding")
        if marks & MARK_OLD:  # RFC 9112 §6.1: faulty framing in HTTP/1.0
            raise BadRequest(INVALID_HEADERS, "Transfer-Encoding in HTTP/1.0")
        if marks & MARK_REPEATED and is_repeated(data, table, row, b"transfer-encoding"):
            raise BadRequest(INVALID_HEADERS, "more than one Transfer-Encoding")
        check_coding(data[table[row + CODING] : table[row + CODING_END]])
        return CHUNKED
    if not marks & MARK_LENGTH:
        return 0
    if marks & MARK_REPEATED and is_repeated(data, table, row, b"content-length"):
        raise BadRequest(INVALID_HEADERS, "more than one Content-Length")
    return read_length(data[table[row + LENGTH] : table[row + LENGTH_END]], limit)


def read_length(digits: bytes, limit: int) -> int:
    """Return the number of a Content-Length field (RFC 9110 §8.6: digits, nothing else)."""
    if not digits.isdigit():
        raise BadRequest(INVALID_HEADERS, f"Content-Length {quote(digits)}")
    significant = digits.lstrip(b"0")
    if len(significant) > 18 or int(significant or b"0") > limit:
        raise too_large(limit)
    return int(significant or b"0")


def check_coding(value: bytes) -> None:
    """Raise unless a Transfer-Encoding is exactly one `chunked` (RFC 9112 §6.1, §6.3)."""
    codings = [coding.strip(b" \t").lower() for coding in value.split(b",")]
    if codings == [b"chunked"]:
        return
    if codings.count(b"chunked") > 1 or b"" in codings:
        raise BadRequest(INVALID_HEADERS, f"Transfer-Encoding {quote(value)}")
    if b"chunked" in codings[:-1]:
        raise BadRequest(INVALID_HEADERS, f"chunked is not the last coding in {quote(value)}")
    raise BadRequest("not implemented", f"transfer coding {quote(value)}", 501)


def too_large(limit: int) -> BadRequest:
    """Return the refusal of a body beyond the limit (RFC 9110 §15.5.14)."""
    return too_long(f"body over {limit} bytes")


def too_long(detail: str) -> BadRequest:
    """Return the refusal of a body whose coding is longer than what it carries deserves."""
    return BadRequest("content too large", detail, 413)


def too_many(detail: str) -> BadRequest:
    """Return the refusal of trailer fields beyond a limit (RFC 6585 §5)."""
    return BadRequest("trailer fields too large", detail, 431)


class Chunk(Enum):
    """What the next byte of a chunked body belongs to."""

    SIZE = "size"
    DATA = "data"
    DATA_END = "data end"
    TRAILER = "trailer"


@mypyc_attr(native_class=True)
class Body:
    """Collector of one body. Invariant: `chunks` holds what came between head and `done`."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.done = False  # set once the last byte of the message was consumed
        self.received: i64 = 0  # bytes that have come, as they were sent
        self._seen: i64 = 0  # how many of them at the last tick
        self._slow_s = 0.0  # how long they have come too slowly

    def is_slow(self, patience_s: float, rate: float) -> bool:
        """Tell whether the body comes too slowly; to be called once a second.

        Args:
            patience_s: seconds that it may be slower than the rate.
            rate: bytes per second that it has to come with.
        """
        came = float(self.received - self._seen)
        self._seen = self.received
        self._slow_s = max(0.0, self._slow_s + 1.0 - came / rate)
        return self._slow_s > patience_s

    def feed(self, data: bytes, pos: i64) -> i64:
        """Consume bytes from `pos` on and return the position after the last one consumed."""
        raise NotImplementedError

    def keep(self, piece: bytes) -> None:
        """Add decoded bytes; small pieces are joined, so that overhead stays under one percent."""
        if self.chunks and len(self.chunks[-1]) < SMALL:
            self.chunks[-1] += piece
            return
        self.chunks.append(piece)

    def value(self) -> bytes:
        """Return the decoded body."""
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)


@mypyc_attr(native_class=True)
class LengthBody(Body):
    """Collector of a body whose length is announced. Invariant: `left` is never negative."""

    def __init__(self, size: i64) -> None:
        super().__init__()
        self.left = size

    def feed(self, data: bytes, pos: i64) -> i64:
        """Consume at most the bytes that the length still owes."""
        end = min(pos + self.left, i64(len(data)))
        # PERF: what belongs to the body as a whole is not copied (bench/load, workload upload).
        self.keep(data if pos == 0 and end == len(data) else data[pos:end])
        self.left -= end - pos
        self.received += end - pos
        self.done = self.left == 0
        return end


@mypyc_attr(native_class=True)
class ChunkedBody(Body):
    """Decoder of one chunked body. Invariant: `line` never grows beyond MAX_LINE.

    Args:
        limit: longest body.
        max_extras: most bytes of chunk extensions and trailer fields together.
        max_fields: most trailer fields.
    """

    def __init__(self, limit: int, max_extras: i64, max_fields: i64) -> None:
        super().__init__()
        self.limit: Final = limit
        self.max_extras: Final = max_extras
        self.max_fields: Final = max_fields
        self.state = Chunk.SIZE
        self.left: i64 = 0  # bytes the current chunk still owes; set on leaving SIZE
        self.size = 0  # bytes announced so far
        self.line = b""  # the beginning of a line whose end has not come yet
        self.extras: i64 = 0  # bytes of chunk extensions and trailer fields so far
        self.fields: i64 = 0  # trailer fields so far

    def feed(self, data: bytes, pos: i64) -> i64:
        """Consume bytes up to the end of the chunked body or of the data.

        Raises:
            BadRequest: the coding is malformed or the body too large.
        """
        size: i64 = len(data)
        self.received += size - pos
        while pos < size and not self.done:
            if self.state is Chunk.DATA:
                pos = self._feed_data(data, pos)
                continue
            end: i64 = data.find(b"\n", pos) + 1
            if end == 0:
                end = size
            self.line += data[pos : min(end, pos + MAX_LINE + 1)]
            pos = end
            if self.state is Chunk.DATA_END and len(self.line) > 2:
                raise BadRequest(MALFORMED_BODY, "chunk longer than its size")
            if len(self.line) > MAX_LINE:
                raise self._long_line()
            if self.line.endswith(b"\n"):
                self._end_line(self.line)
                self.line = b""
        return pos

    def _feed_data(self, data: bytes, pos: i64) -> i64:
        end = min(pos + self.left, i64(len(data)))
        self.keep(data[pos:end])
        self.left -= end - pos
        if self.left == 0:
            self.state = Chunk.DATA_END
        return end

    def _end_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise BadRequest(MALFORMED_BODY, "bare LF in the chunked coding")
        text = line[:-2]
        if self.state is Chunk.SIZE:
            self._begin_chunk(text)
        elif self.state is Chunk.DATA_END:
            if text:
                raise BadRequest(MALFORMED_BODY, "chunk longer than its size")
            self.state = Chunk.SIZE
        elif text:
            self._count_trailer(len(line))
            if FIELD_LINE.fullmatch(text) is None:
                raise BadRequest(MALFORMED_BODY, f"trailer field {quote(text)}")
        else:
            self.done = True

    def _begin_chunk(self, text: bytes) -> None:
        # PERF: a size alone needs no regular expression: 1.04 -> 0.76 us a chunk. Clients that send
        # chunks of one byte should not be able to make this the most expensive line of japy.
        digits = text if text and not text.strip(HEX) else self._read_line(text)
        if len(digits) > MAX_HEX:
            self._check_zeros(digits)
        size = int(digits, 16)
        self.size += size
        if self.size > self.limit:
            raise too_large(self.limit)
        self.left = size
        self.state = Chunk.DATA if size else Chunk.TRAILER

    def _check_zeros(self, digits: bytes) -> None:
        """Count zeros that say nothing like extensions."""
        if len(digits.lstrip(b"0")) > MAX_HEX:
            raise too_large(self.limit)
        self._count_extension(len(digits) - MAX_HEX)

    def _count_extension(self, size: i64) -> None:
        self.extras += size
        if self.extras > self.max_extras:  # RFC 9112 §7.1.1
            raise too_long(f"over {self.max_extras} bytes of chunk extensions")

    def _read_line(self, text: bytes) -> bytes:
        """Return the digits of a line with extensions, which are counted and ignored."""
        match = CHUNK_LINE.fullmatch(text)
        if match is None:
            raise BadRequest(MALFORMED_BODY, f"chunk size {quote(text)}")
        digits: bytes = match.group(1)
        self._count_extension(len(text) - len(digits))
        return digits

    def _count_trailer(self, size: i64) -> None:
        self.extras += size
        self.fields += 1
        if self.extras > self.max_extras or self.fields > self.max_fields:
            raise too_many(f"over {self.max_fields} trailer fields or {self.max_extras} bytes")

    def _long_line(self) -> BadRequest:
        """Return the refusal of a line that may have been well formed until here."""
        text = f"line over {MAX_LINE} bytes"
        if self.state is Chunk.TRAILER:
            return too_many(text)
        return too_long(text) if b";" in self.line[:MAX_LINE] else BadRequest(MALFORMED_BODY, text)
