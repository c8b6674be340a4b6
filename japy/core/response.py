"""What a handler answers, and its way to bytes.

Knows status lines, fields and the rules on when a message has a body (RFC 9110 §6.4, §8.6). Knows
no request and no connection: whether to close and whether HEAD was asked is told to `render`.

Invariants:
- A Response that could be made can be rendered: every check is in the constructor.
- No byte of a header name or value can end a line.
"""

import json as stdlib_json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Final, final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

TEXT: Final = "text/plain"
JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
TEXT_LINE: Final = b"Content-Type: text/plain; charset=utf-8\r\n"
JSON_LINE: Final = b"Content-Type: application/json; charset=utf-8\r\n"
CLOSE_LINE: Final = b"Connection: close\r\n"
KEEP_LINE: Final = b"Connection: keep-alive\r\n"

# RFC 9110 §5.6.2 and §5.5. The value pattern refuses every control character but the tab.
TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
# Fields that japy writes itself; of a handler's Connection only `close` counts.
WHITESPACE: Final = " \t"  # RFC 9110 §5.5: not part of a value at its ends
FRAMING: Final = ("content-length", "transfer-encoding")

HeaderValue = str | list[str] | tuple[str, ...]
Headers = Mapping[str, HeaderValue] | Iterable[tuple[str, HeaderValue]]


def _status_line(code: int) -> bytes:
    reasons = {status.value: status.phrase for status in HTTPStatus}
    # RFC 9110 renamed these; the standard library followed only in Python 3.13.
    reasons |= {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable"}
    reasons |= {422: "Unprocessable Content"}
    return f"HTTP/1.1 {code} {reasons.get(code, '')}\r\n".encode("ascii")


STATUS_LINES: Final = [_status_line(code) for code in range(600)]
PREPARED: Final = 1024


@mypyc_attr(native_class=True)
class Stamp:
    """What answers of the same second have in common.

    Args:
        date: value of the `Date` field (RFC 9110 §6.6.1); without one no such field is sent.
    """

    def __init__(self, date: str) -> None:
        self.line: Final = f"Date: {date}\r\n\r\n".encode() if date else b"\r\n"
        # PERF: the whole head of a plain text 200 by the size of its body (bench/micro, render).
        self.heads: Final = [b""] * PREPARED

    def head(self, size: i64) -> bytes:
        """Return the head of a plain text answer."""
        head = self.heads[size]
        if len(head) == 0:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % size + TEXT_LINE + self.line
            self.heads[size] = head
        return head


@final
@mypyc_attr(native_class=True, free_list_len=1, acyclic=True)
class Response:
    """An answer: status, fields and a body that is complete.

    Args:
        text: body as text, sent in `encoding`; `text/plain` unless `mime_type` says otherwise.
        code: status code, 100 to 599; 200 if not given.
        body: body as bytes, bytearray or memoryview; `application/octet-stream` by default.
        json: body as an object for the JSON encoder; `application/json` by default.
        mime_type: media type of the body.
        encoding: character set of `text`, and the charset parameter of Content-Type.
        headers: more fields, as a mapping or as pairs; a value may be a list of values.
            Content-Type, Connection and Date replace what japy would write.
        cookies: each morsel is sent as a `Set-Cookie` field.

    Raises:
        ValueError: more than one body, a code out of range, or no legal field name or value.
        TypeError: an argument of another type, or an object the JSON encoder does not know.
        LookupError: an unknown encoding.
    """

    # Compiled classes take no other attributes anyway; interpreted ones must not either.
    __slots__ = (
        "body",
        "close",
        "code",
        "has_date",
        "is_plain",
        "lines",
        "type_line",
    )

    def __init__(
        self,
        text: str | None = None,
        code: int | None = None,
        body: bytes | bytearray | memoryview | None = None,
        json: object = None,
        mime_type: str | None = None,
        encoding: str | None = None,
        headers: Headers | None = None,
        cookies: "SimpleCookie | None" = None,
    ) -> None:
        self.code: i64 = 200
        self.close = False  # set by a `Connection: close` of the handler's
        self.has_date = False  # set by a `Date` of the handler's
        self.is_plain = code is None and headers is None and cookies is None
        if text is not None and body is None and json is None:
            if not isinstance(text, str):
                raise TypeError(f"text: expected str; got {type(text).__name__}")
            if mime_type is None and encoding is None:
                self.body = text.encode()
                self.type_line = TEXT_LINE
            else:
                self.type_line = type_line(mime_type or TEXT, encoding)
                self.body = text.encode(encoding or charset_of(mime_type or TEXT) or "utf-8")
                self.is_plain = False
        else:
            self.is_plain = False
            self.body, self.type_line = encode(text, body, json, mime_type, encoding)
        self.lines: list[bytes] | None = None  # the handler's own fields, each with its CRLF
        if code is not None:
            self._set_code(code)
        if headers is not None:
            self._set_headers(headers)
        if cookies is not None:
            if not isinstance(cookies, SimpleCookie):
                raise TypeError(f"cookies: expected a SimpleCookie; got {type(cookies).__name__}")
            for morsel in cookies.values():
                self._add_field("Set-Cookie", morsel.OutputString())

    def _set_code(self, code: int) -> None:
        if not isinstance(code, int):
            raise TypeError(f"code: expected int; got {type(code).__name__}")
        if not 100 <= code <= 599:
            raise ValueError(f"code: expected 100 to 599; got {code}")
        self.code = code
        if is_bodiless(self.code):
            self.body = b""
            self.type_line = b""

    def _set_headers(self, headers: Headers) -> None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            if isinstance(value, (list, tuple)):
                for single in value:
                    self._add_field(name, single)
            else:
                self._add_field(name, value)

    def _add_field(self, name: str, value: str) -> None:
        line = field_line(name, value)
        lower = name.lower()
        if lower == "content-type":
            self.type_line = line
            return
        if lower in FRAMING and not (self.code == 304 and value.isdigit() and value.isascii()):
            self._check_framing(lower, value)
            return
        if lower == "connection":
            options = [option.strip().lower() for option in value.split(",")]
            self.close = self.close or "close" in options
            return
        if lower == "date":
            self.has_date = True
        if self.lines is None:
            self.lines = []
        self.lines.append(line)

    def _check_framing(self, name: str, value: str) -> None:
        """Accept a Content-Length that says what japy would say; the framing is japy's."""
        if name == "transfer-encoding":
            raise ValueError("Transfer-Encoding: expected none, japy frames the body")
        if value != str(len(self.body)):
            raise ValueError(f"Content-Length: expected {len(self.body)}; got {value}")

    def render_head(self, out: BytesWriter, stamp: Stamp, is_old: bool, close: bool) -> None:
        """Append status line and fields to `out`; the body follows, unless HEAD was asked.

        Args:
            out: where the bytes go.
            stamp: the current second.
            is_old: the client speaks HTTP/1.0 and must be told of a connection that stays open.
            close: the connection ends after this message.
        """
        size: i64 = len(self.body)
        if self.is_plain and not close and not is_old and size < PREPARED:
            out.write(stamp.head(size))
            return
        out.write(STATUS_LINES[self.code])
        if not is_bodiless(self.code):
            out.write(b"Content-Length: %d\r\n" % size)
        if close:
            out.write(CLOSE_LINE)
        elif is_old:
            out.write(KEEP_LINE)
        if self.lines is not None:
            out.write(b"".join(self.lines))
        out.write(self.type_line)
        out.write(b"\r\n" if self.has_date else stamp.line)


def is_bodiless(code: i64) -> bool:
    """Tell whether this status has neither a body nor a length (RFC 9110 §6.4.1, §8.6)."""
    return code < 200 or code == 204 or code == 304


def encode(
    text: str | None,
    body: bytes | bytearray | memoryview | None,
    json: object,
    mime_type: str | None,
    encoding: str | None,
) -> tuple[bytes, bytes]:
    """Return the body and the Content-Type line that the arguments of a Response stand for."""
    if (text is not None) + (body is not None) + (json is not None) > 1:
        raise ValueError("expected one of text, body and json; got more")
    if body is not None:
        if not isinstance(body, (bytes, bytearray, memoryview)):
            raise TypeError(f"body: expected bytes; got {type(body).__name__}")
        return bytes(body), type_line(mime_type or BINARY, encoding)
    if json is not None:
        encoded = stdlib_json.dumps(json).encode(encoding or "utf-8")
        return encoded, type_line(mime_type or JSON, encoding)
    return b"", b""


def type_line(mime_type: str, encoding: str | None) -> bytes:
    """Return the Content-Type line; text and JSON name their charset, unless it is there."""
    if not isinstance(mime_type, str):
        raise TypeError(f"mime_type: expected str; got {type(mime_type).__name__}")
    if mime_type == JSON and encoding is None:
        return JSON_LINE
    value = mime_type
    textual = mime_type.startswith("text/") or mime_type.endswith("/json")
    if (encoding is not None or textual) and charset_of(mime_type) is None:
        value = f"{mime_type}; charset={encoding or 'utf-8'}"
    return field_line("Content-Type", value)


def charset_of(mime_type: str) -> str | None:
    """Return the `charset` parameter of a media type (RFC 9110 §8.3.2); None if there is none."""
    for parameter in mime_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return None


def field_line(name: str, value: str) -> bytes:
    """Return `name: value` with its CRLF.

    Raises:
        ValueError: the name is no token, or the value could end the line (RFC 9110 §5.1, §5.5).
        TypeError: one of them is no str.
    """
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"header {name!r}: expected str; got {type(value).__name__}")
    if TOKEN.fullmatch(name) is None:
        raise ValueError(f"header name: expected a token; got {name!r}")
    if VALUE.fullmatch(value) is None:
        raise ValueError(f"header {name}: expected no control characters; got {value!r}")
    return f"{name}: {value.strip(WHITESPACE)}\r\n".encode()
