"""Every number a peer is held to, with its default and the reason for it.

Knows nothing of options or files: `japy/config.py` fills these in.
"""

from typing import Final

from mypy_extensions import i64, mypyc_attr

FIELDS_ROOM: Final = 256  # what the parser has room for


@mypyc_attr(native_class=True)
class Limits:
    """What one connection may ask for. Sizes are bytes.

    Args:
        line: longest request line without its CRLF; beyond it 414. 8,190 is what Apache allows.
        head: longest request head; beyond it 431. Four pages of 8 KiB is what nginx allows.
        fields: most field lines in a head; beyond it 431.
        body: longest request body; beyond it 413, before it is read when its length is announced.
        pipeline: most answers a connection may be owed; beyond it japy stops reading from it.
        output: answers collected before they are handed to the transport.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        line: int = 8190,
        head: int = 32 * 1024,
        fields: int = 100,
        body: int = 128 * 1024 * 1024,
        pipeline: int = 64,
        output: int = 64 * 1024,
    ) -> None:
        check("head", head, 64, 16 * 1024 * 1024)
        check("line", line, 16, head)
        check("fields", fields, 1, FIELDS_ROOM)
        check("body", body, 0, 1 << 40)
        check("pipeline", pipeline, 1, 1_000_000)
        check("output", output, 1, 1 << 30)
        self.line: Final[i64] = line
        self.head: Final[i64] = head
        self.fields: Final[i64] = fields
        self.body: Final = body  # an int: it is compared with numbers from the wire
        self.pipeline: Final[i64] = pipeline
        self.output: Final[i64] = output


def check(name: str, value: int, low: int, high: int) -> None:
    """Raise ValueError unless low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"limit {name}: expected {low} to {high}; got {value}")
