"""Every number a peer is held to, with its default and the reason for it.

Knows nothing of options or files: `japy/settings/config.py` fills these in.
"""

from typing import Final, final

from mypy_extensions import i64, mypyc_attr

LINE: Final = 8190
FIELDS_ROOM: Final = 256  # what the parser has room for
MAX_BODY: Final = 1 << 40
MAX_SECONDS: Final = 1_000_000_000  # decades: for who wants no limit
NAMES: Final = (  # of the arguments of Limits
    *("line", "head", "fields", "body", "extras", "pipeline", "output", "connections"),
    *("head_s", "body_s", "body_rate", "write_s", "write_rate"),
    *("form_fields", "form_text", "part_fields", "part_head"),
)


@final
@mypyc_attr(native_class=True)
class Limits:
    """What a peer may ask for. Sizes are bytes, names that end in `_s` are seconds.

    Times are looked at once a second, so what is due after n seconds happens within the next one.

    Args:
        line: longest request line without its CRLF; beyond it 414. 8,190 is what Apache allows; a
            shorter head makes that shorter, too.
        head: longest request head; beyond it 431. Four pages of 8 KiB is what nginx allows.
        fields: most field lines in a head, and in the trailer of a body; beyond it 431.
        body: longest request body; beyond it 413, before it is read when its length is announced.
            A route may have a limit of its own.
        extras: chunk extensions and trailer fields of one message together; beyond it 413 or 431,
            as for one line of them beyond 4,096 bytes.
        pipeline: most answers a connection may be owed; beyond it japy stops reading from it, as
            it does when the requests that they are owed to have bodies of more than `body`.
        output: answers collected before they are handed to the transport, and most that may wait
            for an earlier one before japy stops reading.
        connections: most connections of one worker; beyond it 503.
        head_s: what a head may take from its first byte to its last; beyond it 408.
        body_s: how long a body may be slower than `body_rate`; beyond it 408. A second costs one of
            these, and each `body_rate` bytes that come bring one back.
        body_rate: bytes per second below which a body is slow, as for Kestrel.
        write_s: how long a client may be slower than `write_rate` in reading what it is sent;
            beyond it the connection is cut.
        write_rate: bytes per second below which a client is slow.
        form_fields: most fields of a form, files included; beyond it 400. As Django allows.
        form_text: longest text field of a multipart form, and longest urlencoded form; beyond it
            400. Files are held to `body` only.
        part_fields: most field lines in the head of a part; RFC 7578 §4 knows three.
        part_head: longest of these lines: a file name of 255 characters has room many times.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        line: int = LINE,
        head: int = 32 * 1024,
        fields: int = 100,
        body: int = 16 * 1024 * 1024,
        extras: int = 16 * 1024,
        pipeline: int = 64,
        output: int = 64 * 1024,
        connections: int = 16_384,
        head_s: float = 10,
        body_s: float = 10,
        body_rate: int = 240,
        write_s: float = 60,
        write_rate: int = 240,
        form_fields: int = 1000,
        form_text: int = 1024 * 1024,
        part_fields: int = 8,
        part_head: int = 4096,
    ) -> None:
        check("head", head, 64, 16 * 1024 * 1024)
        if line == LINE:
            line = min(line, head)
        check("line", line, 16, head)
        check("fields", fields, 1, FIELDS_ROOM)
        check("body", body, 0, MAX_BODY)
        check("extras", extras, 0, 1 << 30)
        check("pipeline", pipeline, 1, 1_000_000)
        check("output", output, 1, 1 << 30)
        check("connections", connections, 1, 1 << 24)
        check_seconds("head_s", head_s)
        check_seconds("body_s", body_s)
        check_seconds("write_s", write_s)
        check("body_rate", body_rate, 1, 1 << 30)
        check("write_rate", write_rate, 1, 1 << 30)
        check("form_fields", form_fields, 1, 1_000_000)
        check("form_text", form_text, 0, 1 << 40)
        check("part_fields", part_fields, 1, 1000)
        check("part_head", part_head, 64, 1 << 20)
        self.line: Final[i64] = line
        self.head: Final[i64] = head
        self.fields: Final[i64] = fields
        self.body: Final = body  # an int: it is compared with numbers from the wire
        self.extras: Final[i64] = extras
        self.pipeline: Final[i64] = pipeline
        self.output: Final[i64] = output
        self.connections: Final = connections
        self.head_s: Final[float] = float(head_s)
        self.body_s: Final[float] = float(body_s)
        self.body_rate: Final[i64] = body_rate
        self.write_s: Final[float] = float(write_s)
        self.write_rate: Final[i64] = write_rate
        self.form_fields: Final = form_fields
        self.form_text: Final = form_text
        self.part_fields: Final = part_fields
        self.part_head: Final = part_head


def check(name: str, value: int, low: int, high: int) -> None:
    """Raise ValueError unless low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"limit {name}: expected {low} to {high}; got {value}")


def check_seconds(name: str, value: float) -> None:
    """Raise ValueError unless the value is a time that can be kept."""
    if not 0.1 <= value <= MAX_SECONDS:
        raise ValueError(f"limit {name}: expected 0.1 to {MAX_SECONDS} seconds; got {value:g}")
