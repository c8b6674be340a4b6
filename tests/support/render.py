"""A response as bytes, and as a client reads them, without a connection."""

from librt.strings import BytesWriter

from japy.core.response import Response, Stamp
from tests.support.wire import STAMP, Answer, read_answers


def rendered(
    response: Response, *, is_old: bool = False, close: bool = False, stamp: Stamp = STAMP
) -> bytes:
    """Return the bytes of a response, head and body."""
    out = BytesWriter()
    response.render_head(out, stamp, is_old, close)
    return out.getvalue() + response.body


def read(response: Response) -> Answer:
    """Return a response as a client reads it."""
    (answer,) = read_answers(rendered(response))
    return answer
