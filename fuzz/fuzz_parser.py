"""Whatever the bytes, positions lie inside the data in order, and only BadRequest is ever raised.

Both builds of picohttpparser agree; a beginning that is refused stays refused however it goes on;
the fields read are the bytes that were sent.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from japy.core.body import frame
from japy.core.errors import BadRequest
from japy.core.head import (
    expects_continue,
    is_persistent,
    normal_line,
    require_valid,
)
from japy.core.limits import Limits
from japy.core.parser import (
    COLUMNS,
    END,
    MARK_ODD_TARGET,
    MARKS,
    METHOD_END,
    NEXT,
    OUTCOME,
    PATH_END,
    START,
    TARGET,
    TARGET_END,
    WORDS,
    Parser,
    read_fields,
    use_simd,
)
from tests.support.strategies import Message, messages

LIMITS = Limits(line=60, head=200, fields=6, body=1000)
WORDS_OF_HEADS = [
    *(b"GET", b"POST", b"CONNECT", b"OPTIONS", b"PRI", b" ", b"  ", b"/", b"*", b"http://x", b"?"),
    *(b"#", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0"),
    *(b"Host: x", b"Host:", b"host: [::1]:80", b"Content-Length: 5", b"Content-Length: 4294967296"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Connection: close", b": ", b":"),
    *(b"Expect: 100-continue", b"Upgrade: websocket", b"A: b", b"\t", b"\x7f", b"\xff", b"a" * 40),
]
NEARLY_HEADS = st.lists(
    st.one_of(st.sampled_from(WORDS_OF_HEADS), st.binary(max_size=4)), max_size=30
).map(b"".join)
HEADS = st.one_of(NEARLY_HEADS, messages().map(lambda message: message.data))


def verdict(data: bytes) -> tuple[int, str] | None:
    """Return status and name that the beginning of the data is refused with, or None."""
    parser = Parser(LIMITS)
    if parser.parse(data, 0):
        return None
    try:
        parser.check(data)
    except BadRequest as error:
        return error.status, error.name
    return None


@given(NEARLY_HEADS, st.integers(0, 5))
def test_positions_lie_in_the_data(data: bytes, start: int) -> None:
    parser = Parser(LIMITS)
    start = min(start, len(data))
    count = parser.parse(data, start)
    table = list(parser.table)
    last = start
    for i in range(count):
        row = table[WORDS + i * COLUMNS : WORDS + (i + 1) * COLUMNS]
        places = [row[n] for n in (START, METHOD_END, TARGET, PATH_END, TARGET_END, END)]
        assert [last, *places] == sorted([last, *places])
        for n in range(MARKS + 1, COLUMNS, 2):
            assert row[n] == row[n + 1] == 0 or row[TARGET_END] < row[n] <= row[n + 1] < row[END]
        fields = read_fields(data, row[START], row[END])
        assert all(data.find(name) >= 0 and data.find(value) >= 0 for name, value in fields)
        last = row[END]
    assert last <= table[NEXT] <= len(data)


@given(NEARLY_HEADS)
def test_judging_a_head_raises_nothing_but_bad_request(data: bytes) -> None:
    parser = Parser(LIMITS)
    table = parser.table
    for i in range(parser.parse(data, 0)):
        row = WORDS + i * COLUMNS
        with suppress(BadRequest):
            require_valid(data, table, row, LIMITS.line)
            if table[row + MARKS] & MARK_ODD_TARGET:
                assert normal_line(data, table, row).count(b" ") == 1
            assert frame(data, table, row, LIMITS.body) >= -1
            assert is_persistent(data, table, row) in (True, False)
            assert expects_continue(data, table, row) in (True, False)


@given(HEADS)
def test_both_builds_agree(data: bytes) -> None:
    tables = []
    try:
        for wanted in (True, False):
            use_simd(wanted)
            parser = Parser(LIMITS)
            count = parser.parse(data, 0)
            tables.append((count, list(parser.table)[: WORDS + count * COLUMNS]))
    finally:
        use_simd(True)
    assert tables[0] == tables[1]


@given(NEARLY_HEADS)
@example(b"GET / HTTP/2.0\r\n\r\n")
@example(b"GET /" + b"a" * 80 + b"\0")
def test_a_refusal_stays_a_refusal(data: bytes) -> None:
    refusal = None
    for size in range(len(data) + 1):
        now = verdict(data[:size])
        if refusal is not None:
            assert now == refusal, f"after {size} bytes: {now} and no longer {refusal}"
        refusal = now


@given(st.lists(messages(), min_size=1, max_size=5))
def test_heads_are_found_where_they_are(sent: list[Message]) -> None:
    plain = [message for message in sent if message.body is None]
    data = b"".join(message.data for message in plain)
    parser = Parser(Limits())
    assert parser.parse(data, 0) == len(plain)
    assert parser.table[OUTCOME] in range(7)
    for i, message in enumerate(plain):
        row = parser.table[WORDS + i * COLUMNS : WORDS + (i + 1) * COLUMNS]
        assert data[row[START] : row[END]] == message.data
        assert data[row[TARGET] : row[TARGET_END]].decode() == message.target
        sent_fields = [(a.encode("latin-1"), b.encode("latin-1")) for a, b in message.fields]
        assert read_fields(data, row[START], row[END]) == sent_fields
