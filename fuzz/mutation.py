"""Legal requests with a few changes at the places where readers differ.

Knows what the parts of a request are: lines, words, numbers and what stands between them. Knows not
whether what comes out is still legal: that is for others to judge.
"""

import re

from fuzz.message import write
from fuzz.supply import Supply
from japy import Limits

SIZE = 64  # bytes of choices that a mutated request is made from
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: x\r\n\r\n"  # follows it: both must see it, or none
PART = re.compile(rb"\r\n|[A-Za-z]+|[0-9]+|.", re.DOTALL)
ATOMS = (
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"=", b'"', b"\0", b"\x0b", b"\x0c"),
    *(b"\x7f", b"\x80", b"\xff", b"\x1b", b"0", b"1", b"a", b"-", b"+", b"_", b"/", b"#", b"?"),
    *(
        b"*",
        b"%",
        b"\\",
        b"@",
        b"[",
        b"]",
        b"(",
        b"{",
        b"|",
        b"\x85",
        b"\xa0",
        b"\r\n\r\n",
        b"x" * 50,
    ),
)
LINES = (
    *(b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: 5, 5", b"content-length: 05"),
    *(b"Content-Length: +5", b"Content-Length : 5", b"Content-Length:", b"Content-Length: 5 "),
    *(b"Content-Length: 99999999999999999999999", b"Content-Length: -0", b"Content-Length: 5;a"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"TE: chunked"),
    *(b"transfer-encoding: CHUNKED", b"Transfer-Encoding:", b"Transfer-Encoding: identity"),
    *(b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: ,chunked", b"Trailer: X"),
    *(b"Transfer-Encoding: chunked;a=b", b"Transfer-Encoding:\x0bchunked", b"Host: y", b"Host:"),
    *(b"Host: a,b", b"host: x", b"Host: x:y", b"Host : x", b"Host: [::1", b"Host: a%zz", b"A:b"),
    *(b"Connection: close", b"Connection: keep-alive", b"Connection: Transfer-Encoding", b": a"),
    *(b"Connection: close, upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"Expect: x", b"A"),
    *(b"Expect: 100-continue", b" folded", b"\tfolded", b"A: b\x00c", b"A: \xe9", b"A: b\rc", b""),
    *(b"A\x00: b", b"A\xe9: b", b'A: "', b"A: b\x0b", b"X-Y: \x01", b"A: \x7f", b"(A): b"),
)
STARTS = (
    *(b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET /", b"GET"),
    *(b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1", b"get / HTTP/1.1", b"GET\t/ X"),
    *(b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET x HTTP/1.1", b"GET http://x HTTP/1.1", b""),
    *(b"GET http://x/?a HTTP/1.1", b"GET http://x:y/ HTTP/1.1", b"GET ftp://x/ HTTP/1.1"),
    *(b"CONNECT x:1 HTTP/1.1", b"CONNECT / HTTP/1.1", b"GET //x/ HTTP/1.1", b"GET /#a HTTP/1.1"),
    *(b"GET /\xe9 HTTP/1.1", b"GET /\x7f HTTP/1.1", b"GET /a b HTTP/1.1", b"G@T / HTTP/1.1"),
    *(
        b"GET / HTTP/1.1\r",
        b"GET / http/1.1",
        b"GET / HTTP/1,1",
        b"GET / HTTP/01.1",
        b"PRI * HTTP/2.0",
    ),
)


def mutated(choices: bytes, limits: Limits) -> bytes:
    """Return a request with some changes, and the sentinel behind it."""
    data = write(Supply(choices[: SIZE // 2]), limits).data
    supply = Supply(choices[SIZE // 2 :])
    for _ in range(supply.pick((1, 1, 2, 0, 1, 3))):
        data = CHANGES[supply.below(len(CHANGES))](data, supply)
    return data + SENTINEL


def change_part(data: bytes, supply: Supply) -> bytes:
    """Replace, remove or double a word, a number or what stands between them."""
    parts = PART.findall(data)
    if not parts:
        return data
    place = supply.below(65536) % len(parts)
    atom = supply.pick(ATOMS)
    parts[place] = supply.pick((atom, parts[place] + atom, b"", parts[place] * 2, atom * 2))
    return b"".join(parts)


def change_number(data: bytes, supply: Supply) -> bytes:
    """Make a number another one, or write it in another way."""
    numbers = list(re.finditer(rb"(?<=[\n ])[0-9A-Fa-f]+(?=[\r;])", data))
    if not numbers:
        return data
    match = supply.pick(numbers[:256])
    value = int(match[0], 16) + supply.pick((0, 1, -1, 16, 1 << 32, 1 << 64))
    text = supply.pick((b"%x", b"0%x", b"%d", b"+%x", b"0x%x", b"%x ", b" %x", b"%x_0", b"-%x"))
    return data[: match.start()] + text % abs(value) + data[match.end() :]


def change_line(data: bytes, supply: Supply) -> bytes:
    """Put a line of the head in, or in the place of another, or take one out."""
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    place = supply.below(256) % len(lines)
    line = supply.pick(LINES)
    way = supply.pick(("insert", "replace", "double", "remove", "insert"))
    if way == "insert":
        lines.insert(place + 1, line)
    elif way == "replace":
        lines[place] = line
    elif way == "double":
        lines.insert(supply.below(len(lines)) + 1, lines[place])
    else:
        del lines[place]
    return b"\r\n".join(lines) + blank + body


def change_start(data: bytes, supply: Supply) -> bytes:
    """Replace the request line."""
    _, line_end, rest = data.partition(b"\r\n")
    return supply.pick(STARTS) + line_end + rest


def change_end(data: bytes, supply: Supply) -> bytes:
    """Replace the end of a line."""
    places = [match.start() for match in re.finditer(b"\r\n", data)][:256]
    if not places:
        return data
    place = supply.pick(places)
    end = supply.pick(
        (b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\r\n\t", b"", b"\r\n\r\n", b" \r\n")
    )
    return data[:place] + end + data[place + 2 :]


def truncate(data: bytes, supply: Supply) -> bytes:
    """Take the end off, or something out of the middle."""
    start = supply.below(65536) % (len(data) + 1)
    size = supply.pick((1, 2, 3, 10, len(data)))
    return data[:start] + data[start + size :]


CHANGES = (change_part, change_line, change_start, change_end, change_number, truncate)
