"""However a chunked body is cut, the same bytes decode to the same body or the same refusal.

Only BadRequest is ever raised; a decoder never looks beyond the end of its body; what is coded
decodes to what it was.
"""

import sys

import pytest

if __name__ == "__main__":  # pytest imports this file again, from where it finds what comes next
    raise SystemExit(pytest.main([__file__, *sys.argv[1:]]))

from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from japy.core.body import ChunkedBody, LengthBody, read_length
from japy.core.errors import BadRequest
from tests.support.strategies import chunked
from tests.support.wire import cut

LIMIT = 1000
PIECES = [b"0", b"1", b"5", b"a", b"F", b"\r\n", b"\r", b"\n", b";", b"=", b'"', b"\\", b" ", b"\t"]
NEARLY_CHUNKED = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3))).map(b"".join)
CUTS = st.lists(st.integers(0, 400), max_size=6)


class Outcome(NamedTuple):
    """What a decoder has made of some bytes."""

    body: bytes | None  # None: refused
    refusal: tuple[int, str] | None
    used: int  # bytes that belong to the body, if it is complete
    is_done: bool


def decode(pieces: list[bytes]) -> Outcome:
    """Feed pieces to a decoder until it is done."""
    body = ChunkedBody(LIMIT, 1000, 100)
    used = 0
    try:
        for piece in pieces:
            if body.done:
                break
            pos = body.feed(piece, 0)
            assert body.done or pos == len(piece)
            assert len(body.line) <= len(b"".join(pieces))
            used += pos
    except BadRequest as error:
        return Outcome(None, (error.status, error.name), 0, False)
    return Outcome(body.value(), None, used, body.done)


@given(NEARLY_CHUNKED, CUTS)
@example(b"5\r\nhello\rx", [9])
@example(b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n', [6])
def test_any_cut_gives_the_same(data: bytes, places: list[int]) -> None:
    whole = decode([data])
    assert decode(cut(data, [place for place in places if place <= len(data)])) == whole
    assert decode([data[i : i + 1] for i in range(len(data))]) == whole
    if whole.is_done:
        assert decode([data[: whole.used]]) == whole, "it has looked behind the body"


@given(st.data(), st.binary(max_size=LIMIT), CUTS)
def test_what_is_coded_decodes_to_what_it_was(
    data: st.DataObject, body: bytes, places: list[int]
) -> None:
    coded = data.draw(chunked(body))
    pieces = cut(coded + b"rest", [place for place in places if place <= len(coded)])
    assert decode(pieces) == Outcome(body, None, len(coded), True)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 300), CUTS)
def test_a_length_takes_what_it_says(data: bytes, size: int, places: list[int]) -> None:
    body = LengthBody(size)
    used = 0
    for piece in cut(data, [place for place in places if place <= len(data)]):
        used += 0 if body.done else body.feed(piece, 0)
    assert used == min(size, len(data))
    assert body.done is (size <= len(data))
    assert body.value() == data[:size]


@given(st.one_of(st.binary(max_size=25), st.text("0123456789 +-,", max_size=25).map(str.encode)))
def test_a_length_is_its_number_or_refused(digits: bytes) -> None:
    if digits.isdigit() and int(digits) <= LIMIT:
        assert read_length(digits, LIMIT) == int(digits)
        return
    with pytest.raises(BadRequest) as caught:
        read_length(digits, LIMIT)
    assert caught.value.status == (413 if digits.isdigit() else 400)
