"""Message framing and the decoders: what follows a head, and where it ends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.body import (
    CHUNKED,
    MAX_LINE,
    SMALL,
    Body,
    ChunkedBody,
    LengthBody,
    check_coding,
    frame,
    read_length,
)
from japy.core.errors import BadRequest
from japy.core.limits import Limits
from japy.core.parser import WORDS, Parser
from tests.support.strategies import chunked
from tests.support.wire import cut, feeds

LIMIT = 1000
EXTRAS = 16 * 1024
FIELDS = 5


def framing(*fields: bytes, version: bytes = b"1.1") -> int | tuple[int, str]:
    """Return the length a head announces, or status and name that it is refused with."""
    lines = b"".join(field + b"\r\n" for field in (b"Host: x", *fields))
    head = b"POST / HTTP/" + version + b"\r\n" + lines + b"\r\n"
    parser = Parser(Limits())
    assert parser.parse(head, 0) == 1
    try:
        return frame(head, parser.table, WORDS, LIMIT)
    except BadRequest as error:
        return error.status, error.name


def fed(body: Body, pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Feed pieces to a decoder; return the decoded body and what it left behind."""
    rest = b""
    for piece in pieces:
        pos = 0 if body.done else body.feed(piece, 0)
        assert body.done or pos == len(piece)
        rest += piece[pos:]
    assert body.done
    return body.value(), rest


def refusal(data: bytes, limit: int = LIMIT) -> tuple[int, str] | None:
    """Return status and name that chunked bytes are refused with, however they are cut; or None."""
    verdicts: set[tuple[int, str] | None] = set()
    for pieces in [[data], *(pieces for _, pieces in feeds(data))]:
        body = ChunkedBody(limit, EXTRAS, FIELDS)
        try:
            for piece in pieces:
                if not body.done:
                    body.feed(piece, 0)
        except BadRequest as error:
            verdicts.add((error.status, error.name))
        else:
            verdicts.add(None)
    assert len(verdicts) == 1
    return verdicts.pop()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], 0),
        ([b"Content-Length: 0"], 0),
        ([b"Content-Length: 12"], 12),
        ([b"content-length:012"], 12),
        ([b"Content-Length: " + b"0" * 300 + b"7"], 7),
        ([b"Content-Length: 1000"], 1000),
        ([b"Content-Length: 1001"], (413, "content too large")),
        ([b"Content-Length: 18446744073709551617"], (413, "content too large")),
        ([b"Content-Length: " + b"9" * 5000], (413, "content too large")),
        ([b"Transfer-Encoding: chunked"], CHUNKED),
        ([b"Transfer-Encoding: Chunked "], CHUNKED),
        ([b"Transfer-Encoding: gzip, chunked"], (501, "not implemented")),
        ([b"Transfer-Encoding: identity"], (501, "not implemented")),
        ([b"Transfer-Encoding: chunked, gzip"], (400, "invalid_headers")),
        ([b"Transfer-Encoding: chunked, chunked"], (400, "invalid_headers")),
        ([b"Transfer-Encoding:"], (400, "invalid_headers")),
        ([b"Transfer-Encoding: ,chunked"], (400, "invalid_headers")),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 3"], (400, "invalid_headers")),
        ([b"Content-Length: 3", b"Transfer-Encoding: chunked"], (400, "invalid_headers")),
        ([b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"], (400, "invalid_headers")),
        ([b"Content-Length: 3", b"Content-Length: 4"], (400, "invalid_headers")),
        ([b"Content-Length: 3", b"Content-Length: 3"], (400, "invalid_headers")),
        ([b"Content-Length: 3", b"Expect: a", b"Expect: b"], 3),
    ],
)
def test_framing_is_decided_by_the_head(
    fields: list[bytes], expected: int | tuple[int, str]
) -> None:
    assert framing(*fields) == expected


def test_http_1_0_has_no_transfer_coding() -> None:
    assert framing(b"Content-Length: 5", version=b"1.0") == 5
    assert framing(b"Transfer-Encoding: chunked", version=b"1.0") == (400, "invalid_headers")


@pytest.mark.parametrize(
    "digits",
    [b"", b"+5", b"-5", b"0x12", b"12a", b"1 2", b"5,5", b"1.0", b"1_0", b"\xb2", b"\xd9\xa1"],
)
def test_a_length_is_digits_and_nothing_else(digits: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        read_length(digits, LIMIT)
    assert (caught.value.status, caught.value.name) == (400, "invalid_headers")


def test_a_refused_coding_is_quoted_in_the_log() -> None:
    with pytest.raises(BadRequest, match=re.escape("chunked is not the last coding")):
        check_coding(b"chunked, gzip")


def test_a_length_body_ends_where_it_said() -> None:
    assert fed(LengthBody(5), [b"hellorest"]) == (b"hello", b"rest")
    assert fed(LengthBody(5), [b"he", b"l", b"lor", b"est"]) == (b"hello", b"rest")


def test_a_body_begins_where_it_is_told() -> None:
    body = LengthBody(3)
    assert body.feed(b"headabcrest", 4) == 7
    assert body.value() == b"abc"
    decoder = ChunkedBody(LIMIT, EXTRAS, FIELDS)
    assert decoder.feed(b"head3\r\nabc\r\n0\r\n\r\nrest", 4) == 17
    assert (decoder.done, decoder.value()) == (True, b"abc")


def test_small_pieces_are_joined_as_they_come() -> None:
    body = LengthBody(3 * SMALL)
    for _ in range(3 * SMALL):
        body.feed(b"x", 0)
    assert body.done
    assert len(body.chunks) <= 3
    assert body.value() == b"x" * 3 * SMALL


CHUNKED_BODIES = [
    (b"0\r\n\r\n", b""),
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    (b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", b"hello"),
    (b"00005\r\nhello\r\n000\r\n\r\n", b"hello"),
    (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    (b"a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n" * 5),
    (b"5;a\r\nhello\r\n0;b=c\r\n\r\n", b"hello"),
    (b'5 ; a = "b\\"c;\xe9" ;d\r\nhello\r\n0\r\n\r\n', b"hello"),
    (b"5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n", b"hello"),
    (b"5\r\nhello\r\n0\r\nA: b\xe9\t c\r\n\r\n", b"hello"),
]


@pytest.mark.parametrize(("data", "expected"), CHUNKED_BODIES)
def test_chunks_are_joined_however_they_are_cut(data: bytes, expected: bytes) -> None:
    assert fed(ChunkedBody(LIMIT, EXTRAS, FIELDS), [data + b"rest"]) == (expected, b"rest")
    for _, pieces in feeds(data + b"rest"):
        assert fed(ChunkedBody(LIMIT, EXTRAS, FIELDS), pieces) == (expected, b"rest")


@pytest.mark.parametrize("data", [data for data, _ in CHUNKED_BODIES])
def test_no_beginning_of_a_chunked_body_is_done(data: bytes) -> None:
    for size in range(len(data)):
        body = ChunkedBody(LIMIT, EXTRAS, FIELDS)
        body.feed(data[:size], 0)
        assert not body.done


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b" 5\r\n",
        b"+5\r\n",
        b"-5\r\n",
        b"0x5\r\n",
        b"g\r\n",
        b"5_0\r\n",
        b"5 \r\n",
        b"5\n",
        b"5;\r\n",
        b"5;a=\r\n",
        b"5;a b\r\n",
        b'5;a="b\r\n',
        b"5;a=\x00\r\n",
        b"5\r\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\rxy",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"0\r\n\n",
        b"0\r\nA: b\n\r\n",
        b"0\r\n A: b\r\n\r\n",
        b"0\r\nA : b\r\n\r\n",
        b"0\r\n: b\r\n\r\n",
        b"0\r\nA\r\n\r\n",
        b"0\r\nA: \x00\r\n\r\n",
        b"0\r\nA: b\r\n folded\r\n\r\n",
    ],
)
def test_a_malformed_coding_is_refused_however_it_is_cut(data: bytes) -> None:
    assert refusal(data) == (400, "malformed_body")


def test_the_size_of_all_chunks_is_limited() -> None:
    assert refusal(b"5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", limit=10) is None
    assert refusal(b"5\r\nhello\r\n6\r\n", limit=10) == (413, "content too large")
    assert refusal(b"b\r\n", limit=10) == (413, "content too large")
    assert refusal(b"0" * 100 + b"1\r\n", limit=10) is None


@pytest.mark.parametrize("digits", [b"f" * 15, b"f" * 16, b"1" + b"0" * 16, b"f" * 300])
def test_sizes_no_machine_has_are_too_large(digits: bytes) -> None:
    assert refusal(digits + b"\r\n", limit=1 << 40) == (413, "content too large")


def test_a_line_of_the_coding_is_limited() -> None:
    longest = b"0;" + b"a" * (MAX_LINE - 4) + b"\r\n"
    assert len(longest) == MAX_LINE
    assert refusal(longest) is None
    assert refusal(b"0;" + b"a" * (MAX_LINE - 3) + b"\r\n") == (413, "content too large")
    assert refusal(b"0" * MAX_LINE) is None
    assert refusal(b"0" * (MAX_LINE + 1)) == (400, "malformed_body")
    assert refusal(b"a" * (MAX_LINE + 1) + b";" + b"a" * 100) == (400, "malformed_body")
    assert refusal(b"a;" + b"a" * (MAX_LINE + 100)) == (413, "content too large")
    assert refusal(b"1\r\nx" + b"y;" * MAX_LINE) == (400, "malformed_body")
    assert refusal(b"0\r\nA: " + b"a" * MAX_LINE) == (431, "trailer fields too large")


def test_zeros_that_say_nothing_are_limited() -> None:
    chunk = b"0" * 4000 + b"1\r\nx\r\n"
    assert refusal(chunk * 4) is None
    assert refusal(chunk * 5) == (413, "content too large")
    assert refusal((b"0" * 14 + b"1\r\nx\r\n") * 900) is None


def test_trailer_fields_are_limited() -> None:
    assert refusal(b"0\r\n" + b"A: b\r\n" * FIELDS + b"\r\n") is None
    many = b"0\r\n" + b"A: b\r\n" * (FIELDS + 1)
    assert refusal(many) == (431, "trailer fields too large")


def test_extensions_and_trailers_together_are_limited() -> None:
    extension = b";" + b"a" * 4000
    chunks = (b"1" + extension + b"\r\nx\r\n") * 4
    left = EXTRAS - 4 * len(extension)
    trailer = b"A: " + b"b" * (left - 5) + b"\r\n"
    assert refusal(chunks + b"0\r\n" + trailer + b"\r\n") is None
    assert refusal(chunks + b"0;\r\n"[:1] + b";a\r\n" + trailer) == (
        431,
        "trailer fields too large",
    )
    assert refusal(chunks + b"0\r\nb" + trailer) == (431, "trailer fields too large")
    assert refusal(chunks + b"1" + extension + b"\r\n") == (413, "content too large")


@given(st.data(), st.binary(max_size=900))
def test_any_coding_of_a_body_decodes_to_it(data: st.DataObject, body: bytes) -> None:
    coded = data.draw(chunked(body))
    places = data.draw(st.lists(st.integers(0, len(coded)), max_size=8))
    assert fed(ChunkedBody(LIMIT, EXTRAS, FIELDS), cut(coded + b"rest", places)) == (body, b"rest")
