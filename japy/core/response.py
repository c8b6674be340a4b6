"""What a handler answers, and its way to bytes.

Knows which fields japy writes itself and the rules on when a message has a body (RFC 9110 §6.4,
§8.6). Knows no request and no connection: whether to close and whether HEAD was asked is told to
`render_head`.

Invariants:
- A Response that could be made, or changed, can be rendered: every check is where it is changed.
- What is sent is decided when it is sent: a body that a status does not allow is kept, not sent.
"""

import json as stdlib_json
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final, final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from japy.core.fields import TOKEN as TOKEN
from japy.core.fields import Fields, Headers, field_line, flat, is_named, lowered, split_line
from japy.core.media import BINARY, BINARY_LINE, TEXT, TEXT_LINE, charset_in, type_line, type_value
from japy.core.media import JSON as JSON
from japy.core.media import charset_of as charset_of
from japy.core.morsel import cookie_value, dead_cookie_value, scope
from japy.core.status import STATUS_LINES, checked_code, is_bodiless

if TYPE_CHECKING:
    from datetime import datetime

CLOSE_LINE: Final = b"Connection: close\r\n"
KEEP_LINE: Final = b"Connection: keep-alive\r\n"
OWN: Final = frozenset(  # fields that are not only added to what is sent
    ("connection", "content-length", "content-type", "date", "server", "transfer-encoding")
)

RESET_CONTENT: Final = 205  # RFC 9110 §15.3.6: a length, which is 0
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
            Content-Type, Connection, Date and Server replace what japy would write.
        cookies: each morsel is sent as a `Set-Cookie` field.

    Raises:
        ValueError: more than one body, a code out of range, or no legal field name or value.
        TypeError: an argument of another type, or an object the JSON encoder does not know.
        LookupError: an unknown encoding.
    """

    # Compiled classes take no other attributes anyway; interpreted ones must not either.
    __slots__ = (
        "_body",
        "_code",
        "_has_body",
        "_has_date",
        "_has_type",
        "_is_plain",
        "_lines",
        "_type_line",
        "close",
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
        self._code: i64 = 200
        self.close = False  # set by a `Connection: close` of the handler's
        self._has_body = True  # unset without any: then the type is only remembered
        self._has_date = False  # set by a `Date` of the handler's
        self._has_type = False  # set by a `Content-Type` of the handler's: sent in any case
        # PERF: `Stamp` has the head of such an answer ready (bench/micro, render).
        self._is_plain = code is None and headers is None and cookies is None
        if text is not None and body is None and json is None:
            if not isinstance(text, str):
                raise TypeError(f"text: expected str; got {type(text).__name__}")
            if mime_type is None and encoding is None:
                self._body = text.encode()
                self._type_line = TEXT_LINE
            else:
                self._type_line = type_line(mime_type or TEXT, encoding)
                self._body = text.encode(charset_in(self._type_line))
                self._is_plain = False
        else:
            self._is_plain = False
            self._has_body = body is not None or json is not None
            self._body, self._type_line = encode(text, body, json, mime_type, encoding)
        self._lines: list[bytes] | None = None  # the handler's own fields, each with its CRLF
        if not self._is_plain:
            self._complete(code, headers, cookies)

    # MYPYC: an object, as what is known to be an int would be made anew, even of a bool.
    def _complete(self, code: object, headers: Headers | None, cookies: object) -> None:
        if code is not None:
            self._code = checked_code(code)
        if headers is not None:
            for name, value in flat(headers):
                self.add_field(name, value)
        if cookies is not None:
            self._add_cookies(cookies)

    def copy(self) -> "Response":
        """Return a Response that is the same, and changes by itself."""
        other = Response()
        other._code = self._code
        other.close = self.close
        other._has_body = self._has_body
        other._has_date = self._has_date
        other._has_type = self._has_type
        other._is_plain = self._is_plain
        other._body = self._body
        other._type_line = self._type_line
        other._lines = None if self._lines is None else self._lines.copy()
        return other

    # What users read and change.

    @property
    def code(self) -> int:
        """Status code, 100 to 599."""
        return self._code

    # MYPYC: `int` alone would take True for 1.
    @code.setter
    def code(self, code: int | bool) -> None:
        self._code = checked_code(code)
        self._is_plain = False
        if self._code != 304:
            self._drop_lines("content-length")

    @property
    def body(self) -> bytes:
        """The body as it is sent, but for HEAD: empty where the status allows none.

        What is assigned keeps the Content-Type; without one it is `application/octet-stream`.
        """
        if is_bodiless(self._code) or self._code == RESET_CONTENT:
            return b""
        return self._body

    @body.setter
    def body(self, body: bytes | bytearray | memoryview) -> None:
        self._body = checked_body(body)
        self._has_body = True
        if not self._type_line:
            self._type_line = BINARY_LINE

    @property
    def text(self) -> str:
        """The body as text, by the charset of Content-Type or UTF-8.

        What is assigned keeps the Content-Type, unless that is none or
        `application/octet-stream`: then it is `text/plain`.
        """
        return self.body.decode(charset_in(self._type_line))

    @text.setter
    def text(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"text: expected str; got {type(text).__name__}")
        line = self._type_line
        if not line or line == BINARY_LINE:
            line = TEXT_LINE
        self._body = text.encode(charset_in(line))
        self._type_line = line
        self._has_body = True

    @property
    def mime_type(self) -> str | None:
        """Media type of the body, in lower case; None if there is none."""
        value = type_value(self._type_line)
        return value.partition(";")[0].strip().lower() or None

    @property
    def encoding(self) -> str | None:
        """Charset parameter of the media type; None if there is none."""
        return charset_of(type_value(self._type_line))

    @property
    def headers(self) -> Fields:
        """The fields: a mapping that ignores case; what it is given is sent."""
        return Fields(self)

    @property
    def has_fields(self) -> bool:
        """Whether it was given fields other than those that japy writes by itself."""
        return self._lines is not None

    @property
    def length(self) -> int | None:
        """Value of Content-Length; None if none is sent."""
        if not is_bodiless(self._code):
            return len(self._body)
        for line in self._lines or ():
            if is_named(line, "content-length"):
                return int(split_line(line)[1])
        return None

    # Cookies.

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: "datetime | str | None" = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Have the client keep a cookie.

        Args:
            name: a token; with the prefix `__Secure-` or `__Host-`, what that asks for is checked.
            value: any text without control characters; what a cookie cannot hold is
                percent-encoded, as `request.cookies` decodes it.
            max_age: seconds until it is forgotten; without it and `expires`, with the browser.
            expires: when it is forgotten: a datetime (UTC if it names no zone) or an HTTP date.
            path: where it is sent back to; None for the folder of the request's path.
            domain: also sent to the hosts below this one; None for this host alone.
            secure: sent over HTTPS only.
            httponly: hidden from scripts.
            samesite: `lax`, `strict`, `none` (needs `secure`), or None to say nothing.
            partitioned: kept apart for each site that embeds this one (needs `secure`).

        Raises:
            ValueError: a browser would not take the cookie, or would take something else.
            TypeError: an argument of another type.
        """
        line = cookie_value(
            name,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        self._put_cookie(line)

    def delete_cookie(
        self, name: str, *, path: str | None = "/", domain: str | None = None
    ) -> None:
        """Have the client forget a cookie that was set with this path and domain."""
        self._put_cookie(dead_cookie_value(name, path, domain))

    def _put_cookie(self, value: str) -> None:
        """Add a cookie in place of the same one (RFC 6265bis §4.1.1: never twice)."""
        others = []
        for line in self._lines or ():
            if not is_named(line, "set-cookie") or scope(split_line(line)[1]) != scope(value):
                others.append(line)
        self._lines = others
        self.add_field("Set-Cookie", value)

    def _add_cookies(self, cookies: object) -> None:
        if not isinstance(cookies, SimpleCookie):
            raise TypeError(f"cookies: expected a SimpleCookie; got {type(cookies).__name__}")
        for morsel in cookies.values():
            try:
                value = morsel.OutputString()
            except CookieError as error:  # newer releases of Python refuse control characters
                raise ValueError(f"cookie {morsel.key!r}: {error}") from error
            self.add_field("Set-Cookie", value)

    # What the view of the fields asks for.

    def field_pairs(self) -> list[tuple[str, str]]:
        """Return the fields as they are sent, without Content-Length and japy's own Date."""
        lines = [CLOSE_LINE] if self.close else []
        if self._sends_type():
            lines.append(self._type_line)
        lines += [line for line in self._lines or () if not is_named(line, "content-length")]
        return [split_line(line) for line in lines]

    def check_field(self, name: str, value: str) -> None:
        """Refuse a field that cannot be added.

        Raises:
            ValueError: name or value are not legal, or the framing is not what japy sends.
            TypeError: one of them is no str.
        """
        field_line(name, value)
        self._check_framing(lowered(name), value)

    def _check_framing(self, name: str, value: str) -> None:
        """Accept a Content-Length that says what japy would say; the framing is japy's."""
        if name == "transfer-encoding":
            raise ValueError("Transfer-Encoding: expected none, japy frames the body")
        if name == "content-length" and not self._tells_length(value):
            size = len(self.body)
            if value != str(size):
                raise ValueError(f"Content-Length: expected {size}; got {value}")

    def add_field(self, name: str, value: str) -> None:
        """Add a field; what is refused is what `check_field` refuses."""
        line = field_line(name, value)
        lower = name.lower()
        if lower in OWN and not self._takes_line(lower, value, line):
            return
        self._is_plain = False
        if self._lines is None:
            self._lines = []
        self._lines.append(line)

    def _takes_line(self, name: str, value: str, line: bytes) -> bool:
        """See to a field that japy has a say in; tell whether its line is sent as it is."""
        self._check_framing(name, value)
        self._is_plain = False
        if name == "content-type":
            self._type_line = line
            self._has_type = True
        elif name == "connection":
            options = [option.strip().lower() for option in value.split(",")]
            self.close = self.close or "close" in options
        else:
            self._drop_lines(name)
            self._has_date = self._has_date or name == "date"
            return name != "content-length" or self._tells_length(value)
        return False

    def drop_field(self, name: str) -> None:
        """Remove every line of a field."""
        lower = lowered(name)
        self._is_plain = False
        if lower == "content-type":
            self._type_line = b""
            self._has_type = False
        elif lower == "connection":
            self.close = False
        else:
            self._drop_lines(lower)
            self._has_date = self._has_date and lower != "date"

    def _drop_lines(self, name: str) -> None:
        if self._lines is not None:
            self._lines = [line for line in self._lines if not is_named(line, name)]

    def _tells_length(self, value: str) -> bool:
        """Tell whether this is the length of what a 304 stands for (RFC 9110 §8.6)."""
        return self._code == 304 and value.isdigit() and value.isascii()

    def _sends_type(self) -> bool:
        if self._has_type:
            return True
        return self._has_body and not is_bodiless(self._code) and len(self._type_line) > 0

    def render_head(self, out: BytesWriter, stamp: Stamp, is_old: bool, close: bool) -> None:
        """Append status line and fields to `out`; the body follows, unless HEAD was asked.

        Args:
            out: where the bytes go.
            stamp: the current second.
            is_old: the client speaks HTTP/1.0 and must be told of a connection that stays open.
            close: the connection ends after this message.

        Raises:
            ValueError: the status is interim: the client would wait for another (RFC 9110 §15.2).
        """
        size: i64 = len(self._body)
        if self._is_plain and not close and not is_old and size < PREPARED:
            out.write(stamp.head(size))
            return
        if self._code < 200:
            raise ValueError(f"code of an answer: expected 200 to 599; got {self._code}")
        out.write(STATUS_LINES[self._code])
        if not is_bodiless(self._code):
            out.write(b"Content-Length: %d\r\n" % (0 if self._code == RESET_CONTENT else size))
        if close:
            out.write(CLOSE_LINE)
        elif is_old:
            out.write(KEEP_LINE)
        if self._sends_type():
            out.write(self._type_line)
        if self._lines is not None:
            out.write(b"".join(self._lines))
        out.write(b"\r\n" if self._has_date else stamp.line)


def checked_body(body: object) -> bytes:
    """Return a body as bytes that nobody else can change."""
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(f"body: expected bytes; got {type(body).__name__}")
    return bytes(body)


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
        if mime_type is None and encoding is None:
            return checked_body(body), BINARY_LINE
        return checked_body(body), type_line(mime_type or BINARY, encoding)
    if json is not None:
        line = type_line(mime_type or JSON, encoding)
        return stdlib_json.dumps(json).encode(charset_in(line)), line
    if mime_type is None and encoding is None:
        return b"", b""
    return b"", type_line(mime_type or TEXT, encoding)


def refuse_deletion(*names: str) -> None:
    """Make properties of Response raise when they are deleted."""
    for name in names:
        member = vars(Response)[name]
        setattr(Response, name, property(member.__get__, member.__set__, None, member.__doc__))


# MYPYC: the setter of a compiled property, asked to delete, takes that for a value and crashes.
refuse_deletion("code", "body", "text")
