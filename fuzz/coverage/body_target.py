"""However a chunked body is cut, japy decodes it as the grammar read byte by byte does.

What one of the two refuses the other refuses, no matter where the data is cut; nothing behind the
body is looked at; a Content-Length is digits and nothing else; nothing but BadRequest is raised.
"""

import itertools
from collections.abc import Sequence

from fuzz.coverage.chunked import Reading, Refused, read_chunked
from fuzz.coverage.guide import instrumented, search

with instrumented("japy.core.body"):
    from japy.core.body import MAX_LINE, ChunkedBody, check_coding, read_length
    from japy.core.errors import BadRequest

MAX_BODY = 1000
MAX_EXTRAS = 100
MAX_FIELDS = 4
CONTROLS = 2
PIECES = 16  # of the finest cut; more would take more time than they find


def decode(data: bytes, places: Sequence[int]) -> Reading | int:
    """Feed a decoder the data cut at these places; return the status if it refuses."""
    body = ChunkedBody(MAX_BODY, MAX_EXTRAS, MAX_FIELDS)
    reading = Reading()
    try:
        for start, end in itertools.pairwise([0, *sorted(places), len(data)]):
            if not body.done and start < end:
                reading.used += body.feed(data[start:end], 0)
    except BadRequest as error:
        return error.status
    assert len(body.line) <= MAX_LINE
    reading.body += body.value()
    reading.is_done = body.done
    return reading


def expect(data: bytes) -> Reading | None:
    """Return what the oracle makes of the data; None if it refuses."""
    try:
        reading = read_chunked(data, MAX_BODY, MAX_LINE, MAX_EXTRAS, MAX_FIELDS)
    except Refused:
        return None
    if not reading.is_done:
        reading.used = len(data)  # a decoder keeps the beginning of a line, too
    return reading


def check_chunked(data: bytes, places: Sequence[int]) -> None:
    """Compare the decoder with the oracle."""
    expected = expect(data)
    whole = decode(data, ())
    assert whole in ((400, 413, 431) if expected is None else (expected,)), f"{whole}; {expected}"
    for cut in (places, range(1, len(data), 1 + len(data) // PIECES)):
        found = decode(data, cut)
        assert found == whole, f"cut at {cut}: {found}; whole: {whole}"
    if expected is not None and expected.is_done:
        assert decode(data[: expected.used], ()) == expected, "it has looked behind the body"


def check_length(value: bytes) -> None:
    """Compare the reading of a Content-Length with what the word says."""
    is_number = value != b"" and all(byte in b"0123456789" for byte in value)
    try:
        size = read_length(value, MAX_BODY)
    except BadRequest as error:
        size = -error.status
    if not is_number:
        assert size == -400
    elif len(value.lstrip(b"0")) > 4 or int(value) > MAX_BODY:
        assert size == -413
    else:
        assert size == int(value)


def check_transfer_coding(value: bytes) -> None:
    """Hold the check of a Transfer-Encoding to the one value that it lets pass."""
    status = 0
    try:
        check_coding(value)
    except BadRequest as error:
        status = error.status
    assert status in ((0,) if value.strip(b" \t").lower() == b"chunked" else (400, 501))


def check(data: bytes) -> None:
    """Hold one input to all of this: two bytes that say where to cut, then the body."""
    if len(data) < CONTROLS:
        return
    controls, data = data[:CONTROLS], data[CONTROLS:]
    check_chunked(data, [place * len(data) // 256 for place in controls])
    check_length(data)
    check_transfer_coding(data)


if __name__ == "__main__":
    search(check)
