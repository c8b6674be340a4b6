"""Headers of the PROXY protocol: both versions, wherever they are cut, and what is none."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.serving.preamble import SIGNATURE, Preamble, PreambleError, read_preamble

LIMIT = 32_768
NAMES = ("203.0.113.7", 50000), ("192.0.2.1", 443)
NAMES_6 = ("2001:db8::7", 50000), ("2001:db8::1", 443)


def binary(block: bytes, family: int = 0x11, command: int = 0x21, size: int | None = None) -> bytes:
    """Return a header of version 2."""
    length = len(block) if size is None else size
    return SIGNATURE + struct.pack("!BBH", command, family, length) + block


V4 = (
    socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 50000, 443)
)
V6 = (
    socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + struct.pack("!HH", 50000, 443)
)
UNIX = b"/run/client".ljust(108, b"\0") + b"/run/server".ljust(108, b"\0")
EXTRAS = b"\x01\x00\x02h2" + b"\x04\x00\x00" + b"\x20\x00\x05\x01\0\0\0\0"
LONGEST = b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n"

WHOLE = {
    "tcp4": (b"PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n", NAMES),
    "tcp6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 443\r\n", NAMES_6),
    "tcp6, upper case": (b"PROXY TCP6 2001:DB8:0::7 2001:db8::1 50000 443\r\n", NAMES_6),
    "longest": (LONGEST, ((":".join(["ffff"] * 8), 65535),) * 2),
    "unknown": (b"PROXY UNKNOWN\r\n", (None, None)),
    "unknown with more": (b"PROXY UNKNOWN ffff::1 anything at all\r\n", (None, None)),
    "port 0": (b"PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n", (("1.2.3.4", 0), ("5.6.7.8", 0))),
    "binary tcp4": (binary(V4), NAMES),
    "binary tcp6": (binary(V6, 0x21), NAMES_6),
    "binary tcp4 with extras": (binary(V4 + EXTRAS), NAMES),
    "binary tcp6 with extras": (binary(V6 + EXTRAS, 0x21), NAMES_6),
    "binary unix": (binary(UNIX, 0x31), (None, None)),
    "binary unix with extras": (binary(UNIX + EXTRAS, 0x31), (None, None)),
    "local": (binary(b"", 0x00, 0x20), (None, None)),
    "local with a family": (binary(V4, 0x11, 0x20), (None, None)),
    "local with anything": (binary(b"x" * 100, 0xFF, 0x20), (None, None)),
    "unspecified": (binary(b"", 0x00), (None, None)),
    "unspecified with anything": (binary(b"\xff" * 50, 0x00), (None, None)),
    "as long as may be": (
        binary(V4 + b"\x04" + struct.pack("!H", LIMIT - 31) + bytes(LIMIT - 31)),
        NAMES,
    ),
}

NONE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "lower case": b"proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    "space before": b" PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    "other family": b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n",
    "no family": b"PROXY \r\n",
    "family in lower case": b"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n",
    "UDP": b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
    "wrong family": b"PROXY TCP4 ::1 ::2 1 2\r\n",
    "wrong family for 6": b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
    "one address": b"PROXY TCP4 1.2.3.4 1 2\r\n",
    "one port": b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
    "too many words": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
    "two spaces": b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
    "space at the end": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
    "tab": b"PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n",
    "line feed in it": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nGET / HTTP/1.1\r\n",
    "carriage return in it": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r \r\n",
    "zero before": b"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n",
    "no address": b"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n",
    "address out of range": b"PROXY TCP4 256.2.3.4 5.6.7.8 1 2\r\n",
    "zone": b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    "brackets": b"PROXY TCP6 [::1] ::1 1 2\r\n",
    "port out of range": b"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
    "long port": b"PROXY TCP4 1.2.3.4 5.6.7.8 000001 2\r\n",
    "port with zero before": b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
    "port with sign": b"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
    "port of other digits": b"PROXY TCP4 1.2.3.4 5.6.7.8 \xb2 2\r\n",
    "too long": b"PROXY UNKNOWN ".ljust(106, b"x") + b"\r\n",
    "endless": b"PROXY UNKNOWN " + b"x" * 200,
    "version 1 in binary": binary(V4, command=0x11),
    "version 3 in binary": binary(V4, command=0x31),
    "other command": binary(V4, command=0x22),
    "udp over 4": binary(V4, 0x12),
    "udp over 6": binary(V6, 0x22),
    "unix datagrams": binary(UNIX, 0x32),
    "family without protocol": binary(V4, 0x10),
    "unknown family": binary(V4, 0x41),
    "short block of 4": binary(V4[:-1]),
    "empty block": binary(b""),
    "short block of 6": binary(V6[:-1], 0x21),
    "4 where 6 is said": binary(V4, 0x21),
    "short block of unix": binary(UNIX[:-1], 0x31),
    "extra cut in its length": binary(V4 + EXTRAS + b"\x04\x00"),
    "extra cut in its type": binary(V4 + b"\x04"),
    "extra beyond the end": binary(V4 + b"\x04\x00\x02x"),
    "extra far beyond the end": binary(V4 + b"\x04\xff\xff"),
    "extra of unix beyond the end": binary(UNIX + b"\x04\x00\x02x", 0x31),
    "too long in binary": binary(V4 + bytes(LIMIT)),
    "too long before it has come": binary(V4, size=0xFFFF),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("rest", [b"", b"GET / HTTP/1.1\r\n\r\n", b"PROXY ", b"\0"])
def test_a_header_is_read_wherever_it_is_cut(name: str, rest: bytes) -> None:
    header, (source, target) = WHOLE[name]
    expected = Preamble(len(header), source, target)
    assert read_preamble(header + rest, LIMIT) == expected
    for cut in [*range(min(len(header), 400)), len(header) - 1]:
        assert read_preamble(header[:cut], LIMIT) is None, cut


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_header_is_refused_wherever_it_is_cut(name: str) -> None:
    data = NONE[name]
    with pytest.raises(PreambleError, match="expected"):
        read_preamble(data, LIMIT)
    refused = False
    for cut in range(min(len(data), 400)):
        try:
            assert read_preamble(data[:cut], LIMIT) is None
            assert not refused, "what was refused was not taken back"
        except PreambleError:
            refused = True


def test_a_line_is_refused_once_it_is_too_long() -> None:
    line = b"PROXY UNKNOWN ".ljust(105, b"x")
    assert read_preamble(line + b"\r\n", LIMIT) == Preamble(107)
    assert read_preamble(line + b"\r", LIMIT) is None
    with pytest.raises(PreambleError, match="107 bytes at most"):
        read_preamble(line + b"xx", LIMIT)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_header_or_none_or_the_beginning_of_one(data: bytes) -> None:
    for start in (b"", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11", SIGNATURE + b"\x21"):
        try:
            found = read_preamble(start + data, 200)
        except PreambleError:
            continue
        assert found is None or found.size <= len(start + data)


@given(block=st.binary(max_size=60), family=st.sampled_from([0x11, 0x21, 0x31, 0x00]))
def test_a_block_ends_where_it_says(block: bytes, family: int) -> None:
    for block_of in (V4, V6, UNIX, b""):
        header = binary(block_of + block, family)
        try:
            found = read_preamble(header + b"rest", LIMIT)
        except PreambleError:
            continue
        assert found is not None
        assert found.size == len(header)
