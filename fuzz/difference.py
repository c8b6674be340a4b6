"""Where japy and h11 may differ: each place with the rule of the RFC and the reason.

What is not listed here is a finding. A difference is known by what was said of the request and by
the bytes of it: each is as narrow as it can be said without writing a parser.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import NamedTuple

from japy import Limits

LINE_END = re.compile(rb"\r?\n")
HEAD_END = re.compile(rb"\r?\n\r?\n")
BARE_LF = re.compile(rb"(?<!\r)\n")
FRAMING = re.compile(rb"^(?:content-length|transfer-encoding)", re.IGNORECASE | re.MULTILINE)
FOLD = re.compile(rb"\n[ \t]")
DIGITS = re.compile(rb"[0-9A-Fa-f]+")
CTL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HOST = re.compile(
    rb"(?:(?P<name>(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)"
    rb"|\[(?:v[0-9A-Fa-f]+\.[^\[\]]+|(?P<address>[0-9A-Fa-f:.]+))\])(?::[0-9]{0,5})?",
    re.IGNORECASE,
)
ORIGIN = re.compile(rb"/[^#]*")
ABSOLUTE = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?#]+)([/?][^#]*)?")
TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
EXTENSION = re.compile(
    rb'(?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|"(?:[^"\\]|\\.)*"))?)*' % (TOKEN, TOKEN)
)


class Chunk(NamedTuple):
    """A chunk of a body, the last one with its trailers."""

    digits: bytes
    extension: bytes  # and what else stands behind the digits
    trailers: bytes
    is_bare: bool  # a line of it ends with LF alone

    @property
    def size(self) -> int:
        """The number that the digits are."""
        return int(self.digits, 16)


class Message:
    """The bytes from the beginning of a request on, taken apart without judging them."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.limits = limits
        end = HEAD_END.search(data, 2)
        self.head = data if end is None else data[: end.end()]
        self.body = data[len(self.head) :]
        self.line, *lines = LINE_END.split(self.head.rstrip(b"\r\n"))
        self.words = self.line.split(b" ")
        self.fields = [
            (name.lower(), value) for name, _, value in (x.partition(b":") for x in lines)
        ]

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of the fields of a name."""
        return [value.strip(b" \t") for field, value in self.fields if field == name]

    def target(self) -> bytes:
        """Return the target, or what stands in its place."""
        return self.words[1] if len(self.words) > 1 else b""

    def is_old(self) -> bool:
        """Tell whether it says to be HTTP/1.0."""
        return self.line.endswith(b" HTTP/1.0")

    def is_chunked(self) -> bool:
        """Tell whether it says to be chunked."""
        return any(b"chunked" in value.lower() for value in self.all(b"transfer-encoding"))

    def chunks(self) -> list[Chunk]:
        """Return the chunks, if it has some, up to what cannot be one."""
        found: list[Chunk] = []
        pos = 0 if self.is_chunked() else len(self.body)
        while DIGITS.match(self.body, pos):
            line, end, rest = self.body[pos:].partition(b"\n")
            digits = DIGITS.findall(line)[0]
            size = int(digits, 16)
            close = rest.find(b"\n", size) + 1 or len(rest)
            tail = rest[size:close] if size else b"".join(rest.partition(b"\n\r\n"))
            is_bare = not line.endswith(b"\r") or BARE_LF.search(tail) is not None
            extension = line[len(digits) :].removesuffix(b"\r")
            found.append(Chunk(digits, extension, b"" if size else tail, is_bare))
            pos += len(line + end) + close if size else len(self.body)
        return found


class Difference(NamedTuple):
    """A place where one of the two refuses a request, or reads on, and the other does not."""

    rule: str  # section, and what it asks for
    reason: str
    said: str  # pattern of what the one who refuses has said
    example: bytes
    applies: Callable[[Message], object]


def is_host(data: bytes) -> bool:
    """Tell whether bytes are a host and perhaps a port (RFC 9110 §7.2, RFC 3986 §3.2.2)."""
    match = HOST.fullmatch(data)
    if match is None or match["address"] is None:
        return match is not None
    try:
        ipaddress.IPv6Address(match["address"].decode())
    except ValueError:
        return False
    return True


def has_bad_target(message: Message) -> bool:
    """Tell whether a target is in none of the forms that its method allows."""
    target = message.target()
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is not None:
        authority = absolute[1]
        return not is_host(authority) or authority.startswith(b":")
    return not ORIGIN.fullmatch(target) and (message.words[0], target) != (b"OPTIONS", b"*")


def has_bad_host(message: Message) -> bool:
    """Tell whether Host is missing, or is no host."""
    hosts = message.all(b"host")
    return not hosts or not is_host(hosts[0])


def is_large(message: Message) -> bool:
    """Tell whether a body is announced, or chunks or their extensions are, beyond a limit."""
    limits = message.limits
    lengths = [int(value) for value in message.all(b"content-length") if value.isdigit()]
    sizes = message.chunks()
    is_long = sum(len(chunk.extension) for chunk in sizes) > limits.extras
    return is_long or max([sum(chunk.size for chunk in sizes), *lengths]) > limits.body


def has_bare_line_end(message: Message) -> bool:
    """Tell whether a line of the head or of the coding ends with LF alone."""
    is_bare = any(chunk.is_bare for chunk in message.chunks())
    return BARE_LF.search(message.head) is not None or is_bare


def has_bad_extension(message: Message) -> bool:
    """Tell whether a chunk has what the grammar of extensions does not allow."""
    return any(
        EXTENSION.fullmatch(chunk.extension) is None or CTL.search(chunk.extension)
        for chunk in message.chunks()
    )


def get(*fields: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """Return a head with these fields behind a Host."""
    return b"\r\n".join([line, b"Host: x", *fields, b"", b""])


def chunked(body: bytes) -> bytes:
    """Return a request with this in place of a chunked body."""
    return get(b"Transfer-Encoding: chunked") + body


# japy refuses, h11 does not.
STRICTER = (
    Difference(
        "9112 §2.2: a recipient MAY recognize a single LF as the end of a line",
        "another recipient may not; nothing but attacks send it",
        "400 malformed_(headers|body)",
        get(b"A: b\nC: d"),
        has_bare_line_end,
    ),
    Difference(
        "9112 §5.2: obs-fold is to be refused or replaced",
        "h11 replaces it",
        "400 malformed_(headers|body)",
        get(b"A: b", b" c"),
        lambda m: FOLD.search(m.head) or any(FOLD.search(chunk.trailers) for chunk in m.chunks()),
    ),
    Difference(
        "9110 §5.5: control characters in a field value are invalid",
        "h11 takes all but NUL, for cookies that were seen in the wild",
        "400 malformed_(headers|body)",
        get(b"A: \x01"),
        lambda m: (
            any(CTL.search(value) for _, value in m.fields)
            or any(CTL.search(chunk.trailers.replace(b"\r\n", b"")) for chunk in m.chunks())
        ),
    ),
    Difference(
        "9112 §3.2: 400 without Host, or with one that is invalid",
        "h11 only counts the fields, and only in HTTP/1.1 itself",
        "400 invalid_headers",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        has_bad_host,
    ),
    Difference(
        "9112 §3.2: four forms of a target, none with a fragment",
        "h11 takes all visible characters",
        "400 (malformed|invalid)_headers",
        get(line=b"GET a HTTP/1.1"),
        has_bad_target,
    ),
    Difference(
        "9110 §9.3.6: CONNECT is for proxies",
        "h11 leaves it to its user",
        "501 not implemented",
        get(line=b"CONNECT x:1 HTTP/1.1"),
        lambda m: m.words[0] == b"CONNECT",
    ),
    Difference(
        "9110 §15.6.6: 505 for another major version",
        "h11 leaves it to its user",
        "505|400 malformed_headers",
        get(line=b"GET / HTTP/2.0"),
        lambda m: not re.search(rb" HTTP/1\.[0-9]$", m.line),
    ),
    Difference(
        "9110 §7.4: a request for an https target is refused on a connection without TLS",
        "h11 knows no targets",
        "421 misdirected request",
        get(line=b"GET https://x/ HTTP/1.1"),
        lambda m: m.target().lower().startswith(b"https:"),
    ),
    Difference(
        "9110 §10.1.1: 417 for an expectation that is not known",
        "h11 ignores it",
        "417",
        get(b"Expect: a"),
        lambda m: any(
            member.strip(b" \t").lower() not in (b"", b"100-continue")
            for member in b",".join(m.all(b"expect")).split(b",")
        ),
    ),
    Difference(
        "9112 §6.3: a Content-Length that is a list of the same number may be taken for one",
        "nobody needs it; refusing leaves no second reading",
        "400 invalid_headers",
        get(b"Content-Length: 0, 0"),
        lambda m: b"," in b",".join(m.all(b"content-length")),
    ),
    Difference(
        "9112 §6.1: Content-Length beside Transfer-Encoding may be refused, in HTTP/1.0 is faulty",
        "h11 takes Transfer-Encoding",
        "400 invalid_headers",
        get(b"Transfer-Encoding: chunked", b"Content-Length: 0") + b"0\r\n\r\n",
        lambda m: m.is_chunked() and (m.is_old() or m.all(b"content-length")),
    ),
    Difference(
        "9112 §7.1: chunk-size [ chunk-ext ] CRLF",
        "h11 takes white space behind the size, and anything for an extension",
        "400 malformed_body",
        chunked(b"0 \r\n\r\n"),
        has_bad_extension,
    ),
    Difference(
        "9110 §15.5.14: 413 beyond the limit",
        "h11 has none",
        "413",
        get(b"Content-Length: 3000") + bytes(3000),
        is_large,
    ),
    Difference(
        "9110 §15.5.15, 6585 §5: 414 and 431 beyond the limits",
        "h11 limits the sum only, which is wider here",
        "414|431|501 not implemented",
        get(*[b"A: b"] * 51),
        lambda m: (
            len(m.line) > m.limits.line
            or len(m.head) > m.limits.head
            or len(m.fields) > m.limits.fields
        ),
    ),
)
# h11 refuses, japy does not.
LAXER = (
    Difference(
        "9112 §2.2: a server SHOULD ignore an empty line before a request",
        "h11 does not",
        "no request line received",
        b"\r\n" + get(),
        lambda m: m.data.startswith(b"\r\n") or not m.data.strip(b"\r\n"),
    ),
    Difference(
        "9112 §7.1.1: BWS before and behind the semicolon of an extension",
        "h11 knows none before it",
        "illegal chunk header",
        chunked(b"0 ;a\r\n\r\n"),
        lambda m: any(chunk.extension[:1] in (b" ", b"\t") for chunk in m.chunks()),
    ),
    Difference(
        "9112 §7.1: any number of zeros before a chunk size",
        "h11 counts them among its 20 digits",
        "illegal chunk header",
        chunked(b"000000000000000000000\r\n\r\n"),
        lambda m: any(len(chunk.digits) > 20 for chunk in m.chunks()),
    ),
    Difference(
        "3986 §2: a target is ASCII; 9112 §3: 400 is a SHOULD",
        "clients in the wild send raw UTF-8, and nginx accepts it; it delimits nothing",
        "illegal request line",
        get(line=b"GET /\xe9 HTTP/1.1"),
        lambda m: re.search(rb"[\x80-\xff]", m.target()),
    ),
    Difference(
        "9110 §6.5.1: framing fields in trailers are to be ignored",
        "h11 checks trailers as if they were fields of the head",
        "Content-Length|Transfer-Encoding",
        chunked(b"0\r\nContent-Length: a\r\n\r\n"),
        lambda m: any(FRAMING.search(chunk.trailers) for chunk in m.chunks()),
    ),
)
# japy goes on reading where h11 ends the connection.
LONGER = (
    Difference(
        "9112 §9.3: an HTTP/1.0 client may ask for keep-alive",
        "h11 does not know it",
        "",
        get(b"Connection: keep-alive", line=b"GET / HTTP/1.0"),
        lambda m: m.is_old() and b"keep-alive" in b",".join(m.all(b"connection")).lower(),
    ),
)
