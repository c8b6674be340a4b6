"""What a handler is given: one request, decoded only where it is asked.

Knows where its own head lies in the bytes that were read, and its body. Knows its connection only
as a Peer: who is at the other end, on which transport, for which application.

Invariants:
- A Request stays valid as long as somebody holds it: the bytes it points into are immutable.
- Nothing is decoded twice; what was decoded is kept.
"""

import json as stdlib_json
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Final, final
from urllib.parse import parse_qsl, unquote_to_bytes

from mypy_extensions import i64, mypyc_attr

from japy.core.parser import read_fields
from japy.core.response import JSON, Headers, Response, charset_of

if TYPE_CHECKING:
    from japy.core.router import Match, Route

Dumps = Callable[[object], str | bytes]
Loads = Callable[[bytes], object]


def decode(data: bytes) -> str:
    """Return bytes as UTF-8; what is none becomes U+FFFD."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


@mypyc_attr(native_class=True)
class Codec:
    """How JSON becomes bytes and back; one per application."""

    def __init__(self, dumps: Dumps, loads: Loads) -> None:
        self.dumps: Final = dumps
        self.loads: Final = loads


STANDARD: Final = Codec(stdlib_json.dumps, stdlib_json.loads)


@mypyc_attr(native_class=True)
class Peer:
    """What a request may know of its connection."""

    def __init__(self, transport: object, app: object, address: str, codec: Codec) -> None:
        self.transport: Final = transport
        self.app: Final = app
        self.address: Final = address  # IP address of the peer; empty on a Unix socket
        self.codec: Final = codec


@final
@mypyc_attr(native_class=True, free_list_len=1)
class Request:
    """One request. Made by the connection, never by users.

    Attributes:
        body: the whole body; None if the message had none, b"" if it had one of length zero.
        keep_alive: whether the connection stays open after the answer.
        is_head: whether the method is HEAD: the answer is sent without its body.
        is_old: whether the client speaks HTTP/1.0.
    """

    # Compiled classes take no other attributes anyway; interpreted ones must not either.
    __slots__ = (
        "_data",
        "_end",
        "_extra",
        "_headers",
        "_match_dict",
        "_peer",
        "_query_at",
        "_start",
        "_target_end",
        "body",
        "is_head",
        "is_old",
        "keep_alive",
        "line",
        "match",
        "method_size",
    )

    def __init__(
        self,
        peer: Peer,
        line: bytes,
        method_size: i64,
        data: bytes,
        start: i64,
        query_at: i64,
        target_end: i64,
        end: i64,
        is_old: bool,
    ) -> None:
        self._peer = peer
        self.line: Final = line  # method, one space, raw path: what the router looks up
        self.method_size: Final = method_size
        self._data: Final = data
        self._start: Final = start  # of the head in data
        self._query_at: Final = query_at  # of "?" in data, or the end of the target
        self._target_end: Final = target_end
        self._end: Final = end  # of the head in data
        self.is_old: Final = is_old
        self.is_head: Final = method_size == 4 and line[0] == 72
        self.keep_alive = True
        self.body: bytes | None = None
        self.match: Match | None = None  # set when a route was found
        self._match_dict: dict[str, str] | None = None
        self._headers: dict[str, str] | None = None
        self._extra: dict[str, object] | None = None

    @property
    def method(self) -> str:
        """Method as sent, case preserved."""
        return self.line[: self.method_size].decode("latin-1")

    @property
    def path(self) -> str:
        """Path without the query, percent-decoded; bytes that are no UTF-8 become U+FFFD."""
        return decode(unquote_to_bytes(self.line[self.method_size + 1 :]))

    @property
    def query_string(self) -> str | None:
        """Query as sent, without its "?"; None if the target has no "?"."""
        if self._query_at == self._target_end:
            return None
        return self._data[self._query_at + 1 : self._target_end].decode("latin-1")

    @property
    def query_list(self) -> list[tuple[str, str]]:
        """Pairs of the query in order, blank values included."""
        return parse_qsl(self.query_string or "", keep_blank_values=True, errors="replace")

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of repeated ones the last, without blank values."""
        return {name: value for name, value in self.query_list if value}

    @property
    def version(self) -> str:
        """`1.0` or `1.1`."""
        return "1.0" if self.is_old else "1.1"

    @property
    def headers(self) -> dict[str, str]:
        """Fields by name in Title-Case; repeated ones joined (RFC 9110 §5.2)."""
        if self._headers is None:
            self._headers = self._read_headers()
        return self._headers

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for raw_name, raw_value in read_fields(self._data, self._start, self._end):
            name = raw_name.decode("latin-1").title()
            value = raw_value.decode("latin-1")
            if name in headers:
                value = headers[name] + ("; " if name == "Cookie" else ", ") + value
            headers[name] = value
        return headers

    @property
    def route(self) -> "Route | None":
        """The route that matched; None in an error handler for a request without one."""
        return None if self.match is None else self.match.route

    @property
    def match_dict(self) -> dict[str, str]:
        """Path parameters by name, percent-decoded."""
        if self._match_dict is None:
            self._match_dict = {} if self.match is None else self.match.read()
        return self._match_dict

    @property
    def mime_type(self) -> str | None:
        """Media type of the body, in lower case; None without Content-Type."""
        value = self.headers.get("Content-Type")
        return None if value is None else value.split(";")[0].strip().lower()

    @property
    def encoding(self) -> str | None:
        """`charset` parameter of Content-Type; None if there is none."""
        return charset_of(self.headers.get("Content-Type", ""))

    @property
    def text(self) -> str | None:
        """Body as text, by `encoding` or UTF-8; None without a body.

        Raises:
            UnicodeDecodeError: the body is not in that encoding.
            LookupError: the encoding is unknown.
        """
        return None if self.body is None else self.body.decode(self.encoding or "utf-8")

    @property
    def json(self) -> object:
        """Body as JSON; None without a body.

        Raises:
            ValueError: the body is no JSON; the standard library's is `json.JSONDecodeError`.
        """
        return None if self.body is None else self._peer.codec.loads(self.body)

    @property
    def transport(self) -> object:
        """The asyncio transport of the connection."""
        return self._peer.transport

    @property
    def app(self) -> object:
        """The application that the request is for."""
        return self._peer.app

    @property
    def remote_addr(self) -> str:
        """IP address of the peer; empty on a Unix socket."""
        return self._peer.address

    @property
    def extra(self) -> dict[str, object]:
        """A place for what belongs to this request, made on first use."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    def Response(
        self,
        text: str | None = None,
        code: int | None = None,
        body: bytes | bytearray | memoryview | None = None,
        json: object = None,
        mime_type: str | None = None,
        encoding: str | None = None,
        headers: Headers | None = None,
        cookies: "SimpleCookie | None" = None,
    ) -> Response:
        """Make an answer; see `Response` for the arguments. JSON goes through `app.json`."""
        if json is not None and text is None and body is None and encoding is None:
            encoded = self._peer.codec.dumps(json)
            body = encoded.encode() if isinstance(encoded, str) else encoded
            return Response(None, code, body, None, mime_type or JSON, None, headers, cookies)
        return Response(text, code, body, json, mime_type, encoding, headers, cookies)
