"""Legal requests made from a supply of choices, each with the answer that its client must get.

Knows the grammar of a sender (RFC 9112), and what the handlers of `cast.py` stand for. It shares no
code with japy: names in Title-Case, bodies, limits and persistence are worked out here once more.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from fuzz.cast import LARGE, NOBODY, WIDE
from fuzz.supply import Supply
from japy import Limits

Line = tuple[str, str]  # name and value of a field


class Role(NamedTuple):
    """What the handler of a path does."""

    path: str
    status: int = 200
    text: bytes | None = None  # the body; None if it is the echo
    closes: bool = False  # the connection, whatever the request has asked for
    waits: bool = False  # until it is told to go on
    limit: int | None = None  # longest body, if not that of all


class Due(NamedTuple):
    """The answer that a client must get."""

    statuses: tuple[int, ...]  # any of them
    body: bytes | None  # None: anything
    is_head: bool
    is_last: bool  # the connection ends behind it
    is_old: bool  # asked for in HTTP/1.0
    head_end: int  # where the head ends that asks for 100 Continue; -1 if none does
    is_breach: bool = False  # of a rule or a limit: what follows is no request


def refusal(statuses: tuple[int, ...], sent: bytes = b"", head_end: int = -1) -> Due:
    """Return what is due for what cannot be answered by a handler.

    Args:
        statuses: any of them.
        sent: the beginning of it.
        head_end: as that of Due.
    """
    is_head = sent.lstrip(b"\r\n").startswith(b"HEAD ")  # RFC 9110 §9.3.2 holds for it, too
    return Due(statuses, None, is_head, True, False, head_end, True)


class Message(NamedTuple):
    """A request, and what is due for it."""

    data: bytes
    due: Due
    waits: bool = False  # its handler, until it is told to go on
    is_final: bool = False  # the request itself has asked for the end of the connection


class Draft:
    """A request that is being written."""

    def __init__(self, supply: Supply, limits: Limits) -> None:
        self.supply = supply
        self.limits = limits
        self.role = supply.pick(ROLES)
        self.method = supply.pick(METHODS)
        self.is_old = supply.chance(10)
        self.lines: list[tuple[Line, str, str]] = []  # fields, each with its optional white space
        self.body: bytes | None = None
        self.coded = b""  # the body as it is sent
        self.extensions = 0  # bytes of chunk extensions in it
        self.trailers = ""  # field lines in it
        self.is_persistent = not self.is_old
        self.expects = False

    def add(self, name: str, value: str) -> None:
        """Add a field somewhere."""
        supply = self.supply
        place = supply.below(len(self.lines) + 1)
        self.lines.insert(place, ((name, value), *supply.pick(SPACES)))

    def fields(self) -> dict[str, str]:
        """Return the fields as a handler has to see them."""
        found: dict[str, str] = {}
        for (name, value), _, _ in self.lines:
            title = TITLE.sub(lambda match: match[0].capitalize(), name)
            if title not in found:
                found[title] = value
            else:
                found[title] += ("; " if title == "Cookie" else ", ") + value
        return found


TITLE = re.compile("[A-Za-z]+")
METHODS = ("GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "BREW")
ERROR = b"Internal Server Error"
ROLES = (
    *(Role("/sync"), Role("/quick"), Role("/wait", waits=True), Role("/twice", waits=True)),
    *(Role("/turn"), Role("/future", waits=True), Role("/done"), Role("/wait/done", waits=True)),
    *(Role("/context"), Role("/quick/context"), Role("/zero", waits=True), Role("/item/")),
    *(Role("/sync"), Role("/wait", waits=True), Role("/quick"), Role("/item/"), Role("/done")),
    *(Role("/fail", 500, ERROR), Role("/quick/fail", 500, ERROR), Role("/odd", 500, ERROR)),
    *(Role("/wait/fail", 500, ERROR, waits=True), Role("/wait/odd", 500, ERROR, waits=True)),
    *(Role("/odd/number", 500, ERROR), Role("/refuse", 409, b"not now"), Role("/none", 204, b"")),
    *(Role("/nowhere", 404, b"Not Found"), Role("/item/a/b", 404, b"Not Found"), Role("/only")),
    *(Role("/sync/", 404, b"Not Found"), Role("/cancelled", 503, b"Service unavailable")),
    *(Role("/wait/cancelled", 503, b"Service unavailable", waits=True), Role("/reset", 205, b"")),
    *(
        Role("/same", 200, b"constant"),
        Role("/dict", 200, b'{"a": 1}'),
        Role("/unchanged", 304, b""),
    ),
    *(Role("/bytes", 200, b"\0\xff"), Role("/pair", 201, b"made"), Role("/large", 200, LARGE)),
    *(Role("/close", closes=True), Role("/wait/close", closes=True, waits=True)),
    *(Role("/interim", 500, ERROR), Role("/narrow", limit=10), Role("/wide", limit=WIDE)),
    *(Role("/stay", waits=True), Role("*", 200, b"")),
)
ITEMS = ("a", "%41%2F", "%ff", "~", "a+b", "%C3%A9", "$&'()*,;=:@", "%25", "%00")
QUERIES = (None, None, None, "", "a=1&b=%20", "?", "x=/?:@!$'()*,;", "GET%20/sync%20HTTP/1.1")
HOSTS = ("x", "example.org", "a.b:80", "[::1]:8080", "x:", "", "a%41b", "EXAMPLE", "192.0.2.1")
SPACES = ((" ", ""), (" ", ""), ("", ""), ("\t", ""), (" ", " "), (" \t ", "\t "))
FIELDS: tuple[Line, ...] = (
    *(("X-A", "1"), ("x-a", "two"), ("ACCEPT", "*/*"), ("Cookie", "a=1"), ("cookie", "b=2")),
    *(("X-Latin", "\xe9\xff\x80"), ("X-Quoted", '"a, b\\""'), ("X-Empty", ""), ("X-Tab", "a\tb")),
    *(("!#$%&'*+-.^_`|~0", "odd"), ("Content-Type", "text/plain; charset=latin-1")),
    *(("TE", "trailers"), ("Forwarded", "for=192.0.2.43"), ("Proxy-Connection", "close")),
    *(("Keep-Alive", "timeout=1"), ("Trailer", "X-T"), ("X-Line", "GET /sync HTTP/1.1")),
    # What looks like a field that framing depends on, and is none.
    *(("Content-Lengths", "3"), ("Content_Length", "3"), ("ontent-Length", "3"), ("Ho", "y")),
    *(("Transfer-Encodin", "chunked"), ("X-Transfer-Encoding", "chunked"), ("Hosts", "y, z")),
    *(("Connectio", "close"), ("Expec", "nothing"), ("X-Upgrade", "h2c"), ("Transfer", "chunked")),
)
LENGTHS = ("Content-Length", "content-length", "CONTENT-LENGTH", "Content-length")
CODINGS = ("chunked", "chunked", "Chunked", "CHUNKED")
PERSISTENCE: tuple[tuple[tuple[str, ...], bool | None], ...] = (  # values, whether it stays open
    *((("keep-alive",), True), (("Keep-Alive, TE",), True), (("TE",), None), (("closed",), None)),
    *((("close",), False), (("CLOSE",), False), (("keep-alive, close",), False)),
    *((("x, \tclose ,y",), False), (("TE", "keep-alive"), True), (("keep-alive", "close"), False)),
)
UPGRADES = ("websocket", "h2c", "HTTP/2.0, websocket")
EXTENSIONS = ("", "", "", ";a", ";a=b", ' ;\ta = "b;\\"c\\\\"', ";a;b=c;d", ';a="\xff\t"', " ;a")
TRAILERS = ("", "", "", "X-T: 1\r\n", "X-T:\r\nX-U: \t\xe9 \r\n", "Content-Length: 3\r\n")
TEXT = b"hello\r\n0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n5\r\n\0\xff"
PLAIN_DIGITS = 15  # of a chunk size; what is beyond them counts as an extension
SIZES = (0, 1, 5, 13, 54, 100, 60, 2, 199, 200, 201)


def write(supply: Supply, limits: Limits, mark: str = "") -> Message:
    """Write a request, and what is due for it; the mark is the value of a field X-Mark."""
    draft = Draft(supply, limits)
    target, path, query, more = choose_target(draft)
    choose_fields(draft, mark)
    line = f"{draft.method} {target} HTTP/1.{0 if draft.is_old else 1}"
    head = written_head(draft, line)
    start = b"\r\n" if supply.chance(16) else b""
    data = start + head
    expects = draft.expects and not draft.is_old and bool(draft.coded)
    head_end = len(data) if expects else -1
    over = excess_of_head(draft, len(line), len(data))
    if over or draft.coded is draft.body:  # nobody is told to go on
        head_end = -1 if over or excess_of_body(draft) else head_end
    over = over or excess_of_body(draft)
    if over:
        is_head = draft.method == "HEAD"
        due = Due(over, None, is_head, True, draft.is_old, head_end, True)
        return Message(data + draft.coded, due)
    return Message(
        data + draft.coded,
        due_for(draft, path, query, more, head_end),
        draft.role.waits,
        not draft.is_persistent,
    )


def due_for(draft: Draft, path: str, query: str | None, more: object, head_end: int) -> Due:
    """Return what is due for a request that is within the limits."""
    role = draft.role
    is_open = draft.is_persistent and not role.closes
    text = role.text
    status = role.status
    if role.path == "/only" and draft.method == "OPTIONS":
        status, text = 204, b""
    elif role.path == "/only" and draft.method not in ("GET", "HEAD"):
        status, text = 405, b"Method Not Allowed"
    if text is None:
        version = "1.0" if draft.is_old else "1.1"
        raw_query = None if query is None else query.encode()
        seen = (draft.method, path, raw_query, version, draft.is_persistent)
        text = repr((*seen, draft.fields(), draft.body, NOBODY, more)).encode()
    return Due((status,), text, draft.method == "HEAD", not is_open, draft.is_old, head_end)


def choose_fields(draft: Draft, mark: str) -> None:
    """Give the request its fields, and a body if it is to have one."""
    supply = draft.supply
    if not draft.is_old or supply.chance(2):
        draft.add("Host", supply.pick(HOSTS))
    choose_body(draft)
    choose_connection(draft)
    for _ in range(supply.pick((0, 0, 1, 1, 2, 3))):
        draft.add(*supply.pick(FIELDS))
    if mark:
        draft.add("X-Mark", mark)


def choose_target(draft: Draft) -> tuple[str, str, str | None, object]:
    """Return a target, the path and query that it stands for, and what the handler adds."""
    supply = draft.supply
    raw = path = draft.role.path
    more = None
    if path == "/item/":
        raw += supply.pick(ITEMS)
        path = unquote_to_bytes(raw).decode("utf-8", "replace")
        more = {"x": path.removeprefix("/item/")}
    if path == "*":
        draft.method = "OPTIONS"
        return path, path, None, None
    query = supply.pick(QUERIES)
    if supply.chance(32):  # a request line that reaches its limit, or goes beyond it
        delta = supply.below(3) - 1
        query = "q" * (draft.limits.line + delta - len(f"{draft.method} {raw}? HTTP/1.1"))
    target = raw if query is None else f"{raw}?{query}"
    if query != "" and supply.chance(12):
        target = supply.pick(("http://x", "HTTP://example.org:80", "http://[::1]")) + target
    return target, path, query, more


def choose_body(draft: Draft) -> None:
    """Give the request a body, or none."""
    supply, limit = draft.supply, int(draft.limits.body)
    framing = supply.pick(("none", "none", "none", "length", "length", "chunked", "chunked"))
    if framing == "none":
        return
    size = supply.pick(SIZES)
    if size > 198 and supply.chance(2):
        size += (limit if draft.role.limit is None else draft.role.limit) - 200
    body = draft.body = (TEXT * (size // len(TEXT) + 1))[:size]
    if framing == "chunked" and not draft.is_old:
        draft.add("Transfer-Encoding", supply.pick(CODINGS))
        draft.coded = chunked(body, draft)
    else:
        zeros = supply.pick(("", "", "0", "000"))
        draft.add(supply.pick(LENGTHS), f"{zeros}{size}")
        draft.coded = body
    if supply.chance(4):
        draft.expects = True
        draft.add("Expect", supply.pick(("100-continue", "100-Continue")))


def chunked(body: bytes, draft: Draft) -> bytes:
    """Return a body in the chunked coding."""
    supply = draft.supply
    parts = []
    pos = 0
    while pos < len(body):
        size = supply.pick((len(body), 1, 5, 16, 100))
        piece = body[pos : pos + size]
        pos += len(piece)
        digits = supply.pick(("%x", "%X", "0%x", "000000000000000000%x")) % len(piece)
        extension = supply.pick(EXTENSIONS).encode("latin-1")
        draft.extensions += len(extension) + max(0, len(digits) - PLAIN_DIGITS)
        parts.append(b"%b%b\r\n%b\r\n" % (digits.encode(), extension, piece))
        if len(parts) > 5:
            parts.append(b"%x\r\n%b\r\n" % (len(body) - pos, body[pos:]) if body[pos:] else b"")
            break
    last = supply.pick(("0", "0", "000", "0;a=b"))
    draft.extensions += len(last.lstrip("0"))
    draft.trailers = supply.pick(TRAILERS) * supply.pick((1, 1, 1, 1, 1, 1, 1, 5))
    return b"".join((*parts, f"{last}\r\n{draft.trailers}\r\n".encode("latin-1")))


def choose_connection(draft: Draft) -> None:
    """Say what is to become of the connection."""
    supply = draft.supply
    values, is_open = supply.pick(PERSISTENCE) if supply.chance(4) else ((), None)
    if not values and supply.chance(12):
        draft.add("Upgrade", supply.pick(UPGRADES))
        values = ("Upgrade",)
    for value in values:
        draft.add(supply.pick(("Connection", "connection")), value)
    if is_open is not None:
        draft.is_persistent = is_open


def written_head(draft: Draft, line: str) -> bytes:
    """Return the head, perhaps padded to what a limit allows, or to more."""
    supply, limits = draft.supply, draft.limits
    text = "".join(f"{name}:{a}{value}{b}\r\n" for (name, value), a, b in draft.lines)
    pad = supply.below(40)
    delta = supply.below(3) - 1
    if pad == 38 and len(draft.lines) < limits.fields:
        room = limits.head + delta - len(line) - len(text) - len("\r\nP: \r\n\r\n")
        draft.lines.append((("P", "p" * max(room, 0)), " ", ""))
        text += f"P: {draft.lines[-1][0][1]}\r\n"
    while pad == 39 and len(draft.lines) < limits.fields + delta:
        draft.lines.append((("P", ""), "", ""))
        text += "P:\r\n"
    return f"{line}\r\n{text}\r\n".encode("latin-1")


def excess_of_head(draft: Draft, line_size: int, head_size: int) -> tuple[int, ...]:
    """Return what a request is refused with for the size of its head, if it is."""
    limits = draft.limits
    if line_size > limits.line:
        return (414,)
    return (431,) if head_size > limits.head or len(draft.lines) > limits.fields else ()


def excess_of_body(draft: Draft) -> tuple[int, ...]:
    """Return what a request is refused with for the size of its body, if it is."""
    limits = draft.limits
    most = limits.body if draft.role.limit is None else draft.role.limit
    if len(draft.body or b"") > most or draft.extensions > limits.extras:
        return (413,)
    size, count = draft.extensions + len(draft.trailers), draft.trailers.count("\n")
    return (431,) if count and (size > limits.extras or count > limits.fields) else ()
