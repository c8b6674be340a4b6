"""The parser: positions in the table, limits at the same byte however cut, and the C beside it."""

import ast
import re
from pathlib import Path

import pytest

from japy._pico import lib
from japy.core import parser as module
from japy.core.errors import BadRequest
from japy.core.limits import FIELDS_ROOM, Limits
from japy.core.parser import (
    COLUMNS,
    EMPTY,
    END,
    FULL,
    HOST,
    HOST_END,
    MARK_BARE_LF,
    MARK_CODING,
    MARK_CONNECTION,
    MARK_EXPECT,
    MARK_FOLDED,
    MARK_HOST,
    MARK_LENGTH,
    MARK_ODD_HOST,
    MARK_ODD_TARGET,
    MARK_OLD,
    MARK_REPEATED,
    MARK_SPACES,
    MARK_UPGRADE,
    MARKS,
    METHOD_END,
    NEXT,
    OUTCOME,
    PARTIAL,
    PATH_END,
    ROWS,
    START,
    STOPPED,
    TARGET,
    TARGET_END,
    WORDS,
    Parser,
    is_repeated,
    is_version,
    read_fields,
    use_simd,
)

RECIPE = Path(__file__).parents[2] / "japy" / "_pico_build.py"
HEAD = b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
RENAMED = {"ROWS": "MAX_ROWS"}  # a name that parser.py uses otherwise


def recipe_names(name: str) -> tuple[str, ...]:
    """Return a tuple of names as the cffi recipe spells it."""
    for node in ast.parse(RECIPE.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            names: tuple[str, ...] = ast.literal_eval(node.value)
            return names
    raise AssertionError(f"no {name} in the recipe")


def marks_of(data: bytes) -> int:
    """Return the marks of the first head in the data."""
    parser = Parser(Limits())
    assert parser.parse(data, 0) == 1
    return parser.table[WORDS + MARKS]


def verdict(limits: Limits, data: bytes) -> tuple[int, str] | None:
    """Return status and name that the data is refused with; None if it may become a head."""
    parser = Parser(limits)
    if parser.parse(data, 0):
        return None
    try:
        parser.check(data)
    except BadRequest as error:
        return error.status, error.name
    return None


@pytest.mark.parametrize(
    ("kind", "prefix"), [("WORDS", ""), ("ROW", ""), ("MARKS", "MARK_"), ("OUTCOMES", "")]
)
def test_numbers_are_those_of_the_c_code(kind: str, prefix: str) -> None:
    for i, name in enumerate(recipe_names(kind)):
        ours = getattr(module, prefix + (RENAMED.get(name, name) if kind == "WORDS" else name))
        assert ours == (1 << i if kind == "MARKS" else i), name


def test_sizes_are_those_of_the_c_code() -> None:
    assert (lib.WORDS, lib.COLUMNS, lib.FIELDS_ROOM) == (WORDS, COLUMNS, FIELDS_ROOM)


def test_a_row_says_where_the_parts_of_a_head_lie() -> None:
    parser = Parser(Limits())
    data = b"....\r\nPUT /p/q?r=s HTTP/1.1\r\nhost:\t example.org:80 \r\n\r\nrest"
    assert parser.parse(data, 4) == 1
    row = parser.table[WORDS : WORDS + COLUMNS]
    assert data[row[START] : row[METHOD_END]] == b"PUT"
    assert data[row[TARGET] : row[PATH_END]] == b"/p/q"
    assert data[row[TARGET] : row[TARGET_END]] == b"/p/q?r=s"
    assert data[row[HOST] : row[HOST_END]] == b"example.org:80"
    assert data[row[END] :] == b"rest"
    assert row[MARKS] == MARK_HOST
    assert parser.table[NEXT] == row[END]
    assert parser.table[OUTCOME] == PARTIAL


@pytest.mark.parametrize(
    ("field", "mark"),
    [
        (b"Content-Length: 1", MARK_LENGTH),
        (b"content-length: 1", MARK_LENGTH),
        (b"TRANSFER-ENCODING: chunked", MARK_CODING),
        (b"Connection: close", MARK_CONNECTION),
        (b"Expect: x", MARK_EXPECT),
        (b"Upgrade: websocket", MARK_UPGRADE),
        (b"Host: x", MARK_REPEATED),
        (b"a: b\r\n folded", MARK_FOLDED),
        (b"a: b\n", 0),
        (b"Hos: x", 0),
        (b"Content-Lengths: 1", 0),
        (b"Content.Length: 1", 0),
        (b"Expec\x54: x", MARK_EXPECT),
    ],
)
def test_fields_that_matter_are_marked(field: bytes, mark: int) -> None:
    if field.endswith(b"\n"):
        assert marks_of(b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n") == (
            MARK_HOST | MARK_BARE_LF
        )
        return
    assert marks_of(b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n") == MARK_HOST | mark


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", MARK_OLD),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", MARK_SPACES),
        (b"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", MARK_SPACES),
        (b"GET / HTTP/1.1\nHost: x\r\n\r\n", MARK_BARE_LF),
        (b"GET / HTTP/1.1\r\nHost: x\n\r\n", MARK_BARE_LF),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\n", MARK_BARE_LF),
        (b"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", MARK_BARE_LF),
        (b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 0),
        (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", MARK_ODD_TARGET),
        (b"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", MARK_ODD_TARGET),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", MARK_ODD_TARGET),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", MARK_ODD_HOST),
        (b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", MARK_ODD_HOST),
        (b"GET / HTTP/1.1\r\nHost: a_b\r\n\r\n", MARK_ODD_HOST),
        (b"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", MARK_ODD_HOST),
        (b"GET / HTTP/1.1\r\nHost: a:1b\r\n\r\n", MARK_ODD_HOST),
        (b"GET / HTTP/1.1\r\nHost: a:12345\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 0),
    ],
)
def test_oddities_of_a_head_are_marked(head: bytes, mark: int) -> None:
    assert marks_of(head) == MARK_HOST | mark


def test_one_call_notes_every_head_of_a_buffer() -> None:
    parser = Parser(Limits())
    data = HEAD * 30
    assert parser.parse(data, 0) == 30
    for i in range(30):
        row = WORDS + i * COLUMNS
        assert parser.table[row + START] == i * len(HEAD)
        assert parser.table[row + END] == (i + 1) * len(HEAD)
    assert parser.table[NEXT] == len(data)


def test_a_full_table_says_where_to_go_on() -> None:
    parser = Parser(Limits())
    data = HEAD * (ROWS + 1)
    assert parser.parse(data, 0) == ROWS
    assert parser.table[OUTCOME] == FULL
    parser.check(data)
    assert parser.parse(data, parser.table[NEXT]) == 1


@pytest.mark.parametrize(
    "field", [b"Content-Length: 0", b"Transfer-Encoding: chunked", b"Upgrade: websocket"]
)
def test_what_follows_a_body_or_an_upgrade_is_not_looked_at(field: bytes) -> None:
    parser = Parser(Limits())
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n"
    data = HEAD + head + b"\x00\x00\x00 no head at all"
    assert parser.parse(data, 0) == 2
    assert parser.table[OUTCOME] == STOPPED
    assert parser.table[NEXT] == len(HEAD) + len(head)
    parser.check(data)


def test_an_empty_buffer_is_no_fault() -> None:
    parser = Parser(Limits())
    for data, pos in ((b"", 0), (HEAD, len(HEAD)), (b"", 0)):
        assert parser.parse(data, pos) == 0
        assert parser.table[OUTCOME] == EMPTY
        parser.check(data)


def test_the_same_bytes_again_are_parsed_the_same() -> None:
    parser = Parser(Limits())
    for data in (HEAD * 2, HEAD + b"GET", b"\x00", HEAD * 2, b"GET / HTTP/1.1\r"):
        counts = [parser.parse(data, 0), parser.parse(bytes(bytearray(data)), 0)]
        table = list(parser.table)
        fresh = Parser(Limits())
        assert counts == [fresh.parse(data, 0)] * 2
        assert (
            table[: WORDS + counts[0] * COLUMNS]
            == list(fresh.table)[: len(table)][: WORDS + counts[0] * COLUMNS]
        )


def test_a_refusal_leaves_the_parser_as_good_as_new() -> None:
    parser = Parser(Limits())
    for _ in range(2):
        assert parser.parse(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 0) == 0
        with pytest.raises(BadRequest) as caught:
            parser.check(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n")
        assert caught.value.status == 505
        assert parser.parse(HEAD, 0) == 1


@pytest.mark.parametrize("size", range(1, len(HEAD)))
def test_every_beginning_of_a_head_may_grow(size: int) -> None:
    assert verdict(Limits(), HEAD[:size]) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", (505, "http version not supported")),
        (b"GET / HTTP/0.9\r\n", (505, "http version not supported")),
        (b"PRI * HTTP/2.0\r", (505, "http version not supported")),
        (b"PRI * HTTP/2.0\rHTTP/2.0\r\n\r\n", (505, "http version not supported")),
        (b"GET / HTTP/2.0\rX\r\n\r\n", (505, "http version not supported")),
        (b"GET / HTTP/1.10\r\n", (400, "malformed_headers")),
        (b"GET / HTTQ/1.1\r\n", (400, "malformed_headers")),
        (b"GET /\r\n", (400, "malformed_headers")),
        (b"GET\r\n", (400, "malformed_headers")),
        (b"G\r\n", (400, "malformed_headers")),
        (b"G(T / HTTP/1.1\r\n", (400, "malformed_headers")),
        (b"\x00", (400, "malformed_headers")),
        (b" GET / HTTP/1.1\r\n", (400, "malformed_headers")),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", (400, "malformed_headers")),
        (b"GET / HTTP/1.1\r\n: x\r\n\r\n", (400, "malformed_headers")),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", (400, "malformed_headers")),
        (b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n", (400, "malformed_headers")),
        (b"GET /\x7f HTTP/1.1\r\n", (400, "malformed_headers")),
    ],
)
def test_what_no_more_bytes_can_mend_is_refused(data: bytes, expected: tuple[int, str]) -> None:
    assert verdict(Limits(), data) == expected


@pytest.mark.parametrize("size", [17, 18, 19, 40, 200])
def test_a_long_request_line_is_refused_as_soon_as_it_is_over(size: int) -> None:
    limits = Limits(line=16)
    line = b"GET /" + b"a" * (size - 14) + b" HTTP/1.1"
    for rest in (b"\r\n", b"\r\nHost", b"\r\nHost: x\r\n", b"\r\n\0", b"\r\nHost : x\r\n\r\n"):
        assert verdict(limits, line + rest) == (414, "uri too long")
    assert verdict(limits, line[:16]) is None
    if size > 18:  # two more may be the end of the line
        assert verdict(limits, line[:19]) == (414, "uri too long")


def test_a_line_may_be_as_long_as_the_limit() -> None:
    line = b"GET /aa HTTP/1.1"
    for rest in (b"", b"\r", b"\r\n", b"\r\nHost"):
        assert verdict(Limits(line=16), line + rest) is None
    assert verdict(Limits(line=16), line + b"\r\n\0") == (400, "malformed_headers")


def test_a_head_may_be_as_long_as_the_limit() -> None:
    limits = Limits(line=64, head=200)
    start = b"GET / HTTP/1.1\r\nHost: x\r\nA: "
    for size in (199, 200):
        data = start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"
        assert len(data) == size
        assert Parser(limits).parse(data, 0) == 1
        for end in range(size):
            assert verdict(limits, data[:end]) is None
    data = start + b"a" * 300 + b"\r\n\r\n"
    assert verdict(limits, data[:199]) is None
    for end in range(200, len(data) + 1):
        assert verdict(limits, data[:end]) == (431, "request header fields too large")


def test_there_may_be_as_many_fields_as_the_limit() -> None:
    limits = Limits(fields=3)
    lines = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 2
    assert Parser(limits).parse(lines + b"\r\n", 0) == 1
    assert verdict(limits, lines + b"a: b\r\n") == (431, "request header fields too large")


def test_the_most_fields_there_is_room_for() -> None:
    limits = Limits(fields=FIELDS_ROOM)
    data = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * FIELDS_ROOM + b"\r\n"
    assert Parser(limits).parse(data, 0) == 1
    assert len(read_fields(data, 0, len(data))) == FIELDS_ROOM
    data = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (FIELDS_ROOM + 1) + b"\r\n"
    assert verdict(limits, data) == (431, "request header fields too large")


def test_fields_are_read_from_the_middle_of_a_buffer() -> None:
    data = b"x\r\n" + b"GET / HTTP/1.1\r\nA:b\r\nHost: \xe9 \r\nA: \r\n\r\n" + b"y: z\r\n\r\n"
    fields = read_fields(data, 3, len(data) - 8)
    assert fields == [(b"A", b"b"), (b"Host", b"\xe9"), (b"A", b"")]


def test_repeated_fields_are_told_from_single_ones() -> None:
    parser = Parser(Limits())
    data = b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 1\r\nEXPECT: 2\r\n\r\n"
    assert parser.parse(data, 0) == 1
    assert is_repeated(data, parser.table, WORDS, b"expect")
    assert not is_repeated(data, parser.table, WORDS, b"host")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1", True),
        (b"HTTP/2.0", True),
        (b"HTTP/x.1", False),
        (b"HTTP/1,1", False),
        (b"http/1.1", False),
        (b"HTTP/1.", False),
        (b"", False),
    ],
)
def test_versions_are_recognised(data: bytes, expected: bool) -> None:
    assert is_version(data) is expected


@pytest.mark.parametrize("bad", [b"\x00", b"\x0b", b"\x7f"])
def test_both_builds_of_the_parser_agree(bad: bytes) -> None:
    template = b"GET /aaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: bbbbbbbbbbbbbbbbbbbbbbb\r\n\r\n"
    results: list[list[tuple[int, list[int]]]] = []
    try:
        for wanted in (True, False):
            use_simd(wanted)
            found = []
            for i in range(len(template)):
                parser = Parser(Limits())
                count = parser.parse(template[:i] + bad + template[i + 1 :], 0)
                found.append((count, list(parser.table[: WORDS + COLUMNS])))
            results.append(found)
    finally:
        use_simd(True)
    assert results[0] == results[1]


def test_simd_is_in_use_where_it_can_be() -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or not re.search(r"\bsse4_2\b", flags.read_text()):
        pytest.skip("this processor has no SSE4.2, or does not say so")
    assert module.HAS_SIMD
    assert use_simd(True)
