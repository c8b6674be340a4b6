"""Bytes to request heads, by picohttpparser: where each part of each head in a buffer lies.

Knows the grammar of a head as far as picohttpparser does, and the one rule of this file: a buffer
that holds more than the limits allow is refused at the same byte, however it was cut on its way.
Knows no meaning: `body.py` and `protocol.py` decide what the positions stand for.

Invariants:
- One call into C per buffer, as many heads as it holds (a row each), up to the first head that has
  a body or an upgrade behind it.
- A table belongs to its Parser and is overwritten by the next call; nobody keeps a row.
"""

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

try:
    from japy._pico import ffi, lib
except ModuleNotFoundError:  # in a checkout, whose folder `japy` hides the one that is installed
    raise ImportError(
        "japy was imported from its source, in which nothing is built: change to another folder, "
        "or see CONTRIBUTING.md for the ways to run it from there"
    ) from None
from japy.core.errors import MALFORMED_HEADERS, BadRequest, quote
from japy.core.limits import FIELDS_ROOM, Limits

# MYPYC: literal Finals are compiled in as C constants; the extension's own enums would be looked up
# at run time. tests/core/test_parser.py holds them equal to `japy/_pico_build.py`.
OUTCOME: Final = 0
NEXT: Final = 1
SIZE: Final = 2
MAX_HEAD: Final = 3
MAX_FIELDS: Final = 4
MAX_ROWS: Final = 5
WORDS: Final = 6

START: Final = 0
METHOD_END: Final = 1
TARGET: Final = 2
PATH_END: Final = 3
TARGET_END: Final = 4
END: Final = 5
MARKS: Final = 6
HOST: Final = 7
HOST_END: Final = 8
LENGTH: Final = 9
LENGTH_END: Final = 10
CODING: Final = 11
CODING_END: Final = 12
CONNECTION: Final = 13
CONNECTION_END: Final = 14
EXPECT: Final = 15
EXPECT_END: Final = 16
UPGRADE: Final = 17
UPGRADE_END: Final = 18
COLUMNS: Final = 19

MARK_HOST: Final = 1
MARK_LENGTH: Final = 2
MARK_CODING: Final = 4
MARK_CONNECTION: Final = 8
MARK_EXPECT: Final = 16
MARK_UPGRADE: Final = 32
MARK_REPEATED: Final = 64
MARK_BARE_LF: Final = 128
MARK_FOLDED: Final = 256
MARK_SPACES: Final = 512
MARK_ODD_HOST: Final = 1024
MARK_ODD_TARGET: Final = 2048
MARK_OLD: Final = 4096

PARTIAL: Final = 0
MALFORMED: Final = 1
MANY_FIELDS: Final = 2
LONG: Final = 3
FULL: Final = 4
STOPPED: Final = 5
EMPTY: Final = 6

ROWS: Final = 64  # heads per call; more than the 24 of the benchmark, 5 KiB of table
MAX_KNOWN: Final = 32 * 1024  # data beyond this is not kept for comparison
VERSION_SIZE: Final = 9  # " HTTP/1.x"


@mypyc_attr(native_class=True)
class Parser:
    """A table of positions and the call that fills it. Invariant: `table` never grows or moves."""

    def __init__(self, limits: Limits) -> None:
        self.limits: Final = limits
        self.table: Final[vec[i64]] = vec[i64]([0] * (WORDS + ROWS * COLUMNS))
        self.table[MAX_HEAD] = limits.head
        self.table[MAX_FIELDS] = limits.fields
        self.table[MAX_ROWS] = ROWS
        self.lines: Final[list[bytes]] = [
            b""
        ] * ROWS  # one a row: method, space, path; its user fills it
        self.is_repeat = False  # set when the last call was given the same bytes as the one before
        self._known = b""  # the data that the table is about
        self._count: i64 = 0  # rows of the table that are filled
        self._pointer: Final = ffi.from_buffer("int64_t[]", self.table)
        self._heads: Final = lib.japy_heads

    def parse(self, data: bytes, pos: i64) -> i64:
        """Note every complete head from `pos` on and return their number."""
        # PERF: clients repeat themselves, and the same bytes have the same table. Comparing them
        # takes a twentieth of parsing them (bench/micro, stage parse).
        self.is_repeat = pos == 0 and data == self._known and len(data) > 0
        if self.is_repeat:
            return self._count
        self.table[NEXT] = pos
        self.table[SIZE] = len(data)
        self._count = self._heads(data, self._pointer)
        self._known = b""
        return self._count

    def remember(self, data: bytes) -> None:
        """Take note that `lines` is filled, for the case that the same data comes again."""
        if len(data) <= MAX_KNOWN:
            self._known = data

    def check(self, data: bytes) -> None:
        """Raise BadRequest if the head that begins at NEXT is wrong already; return if it may grow.

        Raises:
            BadRequest: the bytes break the grammar or a limit, whatever may follow them.
        """
        outcome: i64 = self.table[OUTCOME]
        pos: i64 = self.table[NEXT]
        if outcome in (FULL, STOPPED, EMPTY):
            return
        line = self._first_line(data, pos)
        if outcome == PARTIAL:
            self._check_partial(line)
            return
        if len(line) > self.limits.line + 2 and not self._is_malformed(line):
            raise long_line(self.limits.line, line)
        if outcome == MANY_FIELDS:
            raise many_fields(self.limits.fields)
        if outcome == LONG:
            raise BadRequest(
                "request header fields too large", f"head over {self.limits.head} bytes", 431
            )
        raise self._explain(line)

    def _first_line(self, data: bytes, pos: i64) -> bytes:
        """Return the request line as far as it is there, cut where it is too long in any case."""
        if data[pos : pos + 2] == b"\r\n":
            pos += 2
        elif data[pos : pos + 1] == b"\n":
            pos += 1
        end: i64 = data.find(b"\n", pos, pos + self.limits.line + 2)
        return data[pos : pos + self.limits.line + 3] if end < 0 else data[pos : end + 1]

    def _check_partial(self, line: bytes) -> None:
        """Refuse what picohttpparser would wait for although the request line is over."""
        if len(line) > self.limits.line + 2:
            raise long_line(self.limits.line, line)
        # It waits for nine bytes of version even if the line ends before them.
        if line.endswith(b"\n") and self._is_malformed(line + b"Host: x\r\n\r\n"):
            raise self._explain(line)

    def _is_malformed(self, data: bytes) -> bool:
        self.parse(data, 0)
        return self.table[OUTCOME] == MALFORMED

    def _explain(self, line: bytes) -> BadRequest:
        """Return 505 for another major version of HTTP, else 400."""
        line = line.partition(b"\n")[0].partition(b"\r")[0]  # the parser stops at either
        version = line[-8:]
        if is_version(version) and version[5:6] != b"1":
            known = line.replace(version, b"HTTP/1.1", 1) + b"\r\n"
            if not self._is_malformed(known):
                return BadRequest("http version not supported", quote(version), 505)
        return BadRequest(MALFORMED_HEADERS, quote(line))


def is_version(data: bytes) -> bool:
    """Tell whether the bytes are an HTTP-version (RFC 9112 §2.3)."""
    digits = data[5:6] + data[7:8]
    return data.startswith(b"HTTP/") and data[6:7] == b"." and len(digits) == 2 and digits.isdigit()


def long_line(limit: int, line: bytes) -> BadRequest:
    """Return the refusal of a request line beyond the limit (RFC 9112 §3).

    Args:
        limit: bytes of the longest one.
        line: the line; what is behind the limit and its CRLF does not count.
    """
    if b" " not in line[: limit + 3]:
        return BadRequest("not implemented", f"method over {limit} bytes", 501)
    return BadRequest("uri too long", f"request line over {limit} bytes", 414)


def many_fields(limit: int) -> BadRequest:
    """Return the refusal of too many field lines (RFC 6585 §5)."""
    return BadRequest("request header fields too large", f"more than {limit} fields", 431)


def read_fields(data: bytes, start: i64, end: i64) -> list[tuple[bytes, bytes]]:
    """Return the name and value of each field line of the well-formed head in [start, end)."""
    table = ffi.new("int64_t[]", 4 * FIELDS_ROOM)
    count = lib.japy_fields(data, end, start, table)
    spots = ffi.unpack(table, 4 * count)
    fields: list[tuple[bytes, bytes]] = []
    for i in range(0, 4 * count, 4):
        name = data[spots[i] : spots[i + 1]]
        fields.append((name, data[spots[i + 2] : spots[i + 3]]))
    return fields


def is_repeated(data: bytes, table: vec[i64], row: i64, name: bytes) -> bool:
    """Tell whether a head has more than one field line of that name (given in lower case)."""
    fields = read_fields(data, table[row + START], table[row + END])
    return [field[0].lower() for field in fields].count(name) > 1


def use_simd(wanted: bool) -> bool:
    """Choose the parser with or without SSE4.2; return whether SSE4.2 is in use from now on."""
    return lib.japy_use_simd(int(wanted)) == 1


HAS_SIMD: Final = use_simd(True)
