"""Preamble: what a balancer says of a connection before the client's first byte.

Knows the headers of the PROXY protocol, version 1 (a line) and 2 (binary), as bytes. Refuses to
know who sends them, and what is done with what they say.

Invariants:
- A header that is complete is recognized wherever the bytes were cut, and never before.
- Bytes that cannot become a header are refused as soon as that can be seen.
"""

from ipaddress import ip_address
from typing import NamedTuple

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"  # of version 2
WORD = b"PROXY "  # what a line of version 1 begins with
MAX_LINE = 107  # bytes of version 1, with its end
FIXED = 16  # bytes of version 2 that say how many follow
LOCAL, PROXY = 0x20, 0x21  # version and command
IP_SIZES = {0x11: 4, 0x21: 16}  # bytes of an address, by family: TCP over IPv4, over IPv6
UNIX_STREAM, UNIX_SIZE = 0x31, 216
UNSPECIFIED = 0x00

Name = tuple[str, int]  # address and port


class PreambleError(ValueError):
    """Bytes that are no header."""


class Preamble(NamedTuple):
    """A header that has come.

    Args:
        size: bytes of it.
        source: where the connection comes from; None if the balancer does not say, as with checks
            of its own: then the connection is the balancer's.
        target: where it was to go; None like the source.
    """

    size: int
    source: Name | None = None
    target: Name | None = None


def read_preamble(data: bytes, limit: int) -> Preamble | None:
    """Return the header that bytes begin with; None as long as it is not complete.

    Args:
        data: the beginning of a connection.
        limit: most bytes that the header may have.

    Raises:
        PreambleError: it is none.
    """
    if data.startswith(WORD):
        return read_line(data)
    if data.startswith(SIGNATURE):
        return read_binary(data, limit)
    if WORD.startswith(data) or SIGNATURE.startswith(data):
        return None
    raise PreambleError(f"expected a PROXY header; got {data[:16]!r}")


def read_line(data: bytes) -> Preamble | None:
    """Return a header of version 1; None as long as it is not complete."""
    end = data.find(b"\r\n", 0, MAX_LINE)
    if end < 0:
        if len(data) >= MAX_LINE:
            raise PreambleError(f"expected a line of {MAX_LINE} bytes at most; got {len(data)}")
        return None
    line = data[:end].decode("latin-1")
    family, *words = line.split(" ")[1:]
    if family == "UNKNOWN":  # whatever follows that is to be ignored
        return Preamble(end + 2)
    if family not in {"TCP4", "TCP6"} or len(words) != 4:
        raise PreambleError(f"expected a family, two addresses and two ports; got {line!r}")
    source, target, *ports = words
    size = 4 if family == "TCP4" else 16
    return Preamble(
        end + 2,
        (written_address(source, size), written_port(ports[0])),
        (written_address(target, size), written_port(ports[1])),
    )


def written_address(text: str, size: int) -> str:
    """Return an address that is written as it is to be."""
    try:
        address = ip_address(text)
    except ValueError:
        raise PreambleError(f"expected an address; got {text!r}") from None
    if len(address.packed) != size or "%" in text:
        raise PreambleError(f"expected an address of the family named; got {text!r}")
    return str(address)


def written_port(text: str) -> int:
    """Return a port that is written in decimal digits, without zeros before it."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= 5 and str(int(text)) == text
    if not is_number or int(text) > 0xFFFF:
        raise PreambleError(f"expected a port; got {text!r}")
    return int(text)


def read_binary(data: bytes, limit: int) -> Preamble | None:
    """Return a header of version 2; None as long as it is not complete."""
    if len(data) > 12 and data[12] not in {LOCAL, PROXY}:
        raise PreambleError(f"expected version 2, command 0 or 1; got {data[12]:#04x}")
    if len(data) < FIXED:
        return None
    size = FIXED + int.from_bytes(data[14:16], "big")
    if size > limit:
        raise PreambleError(f"expected a header of {limit:,} bytes at most; got {size:,}")
    if len(data) < size:
        return None
    return read_block(data[12], data[13], data[FIXED:size])


def read_block(command: int, family: int, block: bytes) -> Preamble:
    """Return a header of version 2, given its parts."""
    size = FIXED + len(block)
    if command == LOCAL:  # whatever family and block are is to be ignored
        return Preamble(size)
    length = IP_SIZES.get(family, 0)
    addresses = {UNSPECIFIED: 0, UNIX_STREAM: UNIX_SIZE}.get(family, 2 * length + 4)
    if family not in {*IP_SIZES, UNIX_STREAM, UNSPECIFIED}:
        raise PreambleError(f"expected a connection over TCP or a Unix socket; got {family:#04x}")
    if len(block) < addresses:
        raise PreambleError(f"expected {addresses} bytes of addresses; got {len(block)}")
    if family == UNSPECIFIED:  # what follows need not be anything
        return Preamble(size)
    check_extras(block[addresses:])
    if not length:
        return Preamble(size)
    ports = block[2 * length :]
    return Preamble(
        size,
        (str(ip_address(block[:length])), int.from_bytes(ports[:2], "big")),
        (str(ip_address(block[length : 2 * length])), int.from_bytes(ports[2:4], "big")),
    )


def check_extras(block: bytes) -> None:
    """Raise PreambleError unless type, length and value follow each other up to the end."""
    pos = 0
    while pos < len(block):
        end = pos + 3 + int.from_bytes(block[pos + 1 : pos + 3], "big")
        if pos + 3 > len(block) or end > len(block):
            raise PreambleError(f"expected {end - pos} bytes more; got {len(block) - pos}")
        pos = end
