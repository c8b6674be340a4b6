"""Hypothesis strategies for what travels: tokens, targets, field lines, whole requests, and cuts.

Knows the grammar of RFC 9112 and RFC 9110 §5 as a sender has to keep it, so everything drawn here
is legal; fuzz files break it on purpose.
"""

from typing import NamedTuple

from hypothesis import strategies as st

TOKEN_CHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PATH_CHARS = "abcXYZ019-._~!$&'()*+,;=:@"
FRAMING = {"host", "connection", "content-length", "transfer-encoding", "expect", "upgrade"}


class Message(NamedTuple):
    """A request and what a server has to understand of it."""

    data: bytes
    method: str
    target: str
    fields: list[tuple[str, str]]
    body: bytes | None


def tokens(max_size: int = 12) -> st.SearchStrategy[str]:
    """Return tokens (RFC 9110 §5.6.2)."""
    return st.text(TOKEN_CHARS, min_size=1, max_size=max_size)


def field_values() -> st.SearchStrategy[str]:
    """Return field values in latin-1 without white space around them (RFC 9110 §5.5)."""
    alphabet = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
    return st.text(st.one_of(alphabet, st.just("\t")), max_size=30).map(lambda text: text.strip())


def fields() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Return field lines that framing does not depend on."""
    names = tokens().filter(lambda name: name.lower() not in FRAMING)
    return st.lists(st.tuples(names, field_values()), max_size=8)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Draw an origin-form target, perhaps with a query and escapes."""
    escape = st.integers(0, 255).map(lambda byte: f"%{byte:02x}")
    part = st.lists(st.one_of(st.sampled_from(PATH_CHARS), escape), max_size=6).map("".join)
    path = "/" + "/".join(draw(st.lists(part, max_size=4)))
    return path + ("?" + draw(part) if draw(st.booleans()) else "")


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw a chunked coding of a body, with extensions, leading zeros and trailers."""
    places = draw(st.lists(st.integers(0, len(body)), max_size=4).map(sorted))
    data = b""
    for start, end in zip([0, *places], [*places, len(body)], strict=True):
        if start < end:
            zeros = draw(st.sampled_from(["", "0", "000"]))
            extension = draw(st.sampled_from(["", ";a", ";a=b", ' ; a = "b;\\"c"', ";a;b=c"]))
            data += f"{zeros}{end - start:x}{extension}\r\n".encode() + body[start:end] + b"\r\n"
    trailers = draw(fields().map(lambda lines: lines[:2]))
    last = "".join(f"{name}: {value}\r\n" for name, value in trailers)
    return data + b"0\r\n" + last.encode("latin-1") + b"\r\n"


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Draw a complete, legal HTTP/1.1 request that keeps the connection open."""
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "X-Own"]))
    target = draw(targets())
    lines = [("Host", "example.org"), *draw(fields())]
    body = draw(st.one_of(st.none(), st.binary(max_size=300)))
    payload = b""
    if body is not None and draw(st.booleans()):
        lines.append(("Transfer-Encoding", "chunked"))
        payload = draw(chunked(body))
    elif body is not None:
        lines.append(("Content-Length", str(len(body))))
        payload = body
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    data = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + payload
    return Message(data, method, target, lines, body)


def cuts(data: bytes) -> st.SearchStrategy[list[int]]:
    """Return places to cut the data at."""
    return st.lists(st.integers(0, len(data)), max_size=8)
