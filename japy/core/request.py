"""What a handler is given: one request, decoded only where it is asked.

Knows where its own head lies in the bytes that were read, and its body. Knows its connection only
as a Peer: who is at the other end, on which transport, for which application.

Invariants:
- A Request stays valid as long as somebody holds it: the bytes it points into are immutable.
- What takes long to decode is decoded once, and kept.
- Users cannot assign to it: the connection completes it by the functions at the end of this module.
"""

from collections.abc import Callable
from contextvars import Context, copy_context
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl, unquote_to_bytes

from mypy_extensions import i64, mypyc_attr

from japy.core.charset import decode_text
from japy.core.codec import Codec as Codec
from japy.core.codec import Form
from japy.core.cookie import read_cookies
from japy.core.fields import Headers as FieldsArgument
from japy.core.headers import Headers, read_headers
from japy.core.host import authority_of, split_authority
from japy.core.response import JSON, Response, charset_of

if TYPE_CHECKING:
    from asyncio import Transport

    from japy.application.app import Application
    from japy.application.form import File
    from japy.core.router import Match, Route


def decode(data: bytes) -> str:
    """Return bytes as UTF-8; what is none becomes U+FFFD."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


@mypyc_attr(native_class=True)
class Origin:
    """Where a request comes from: its client, and how that reached the first server."""

    def __init__(self, address: str, scheme: str) -> None:
        self.address: Final = address
        self.scheme: Final = scheme


@mypyc_attr(native_class=True)
class Peer:
    """What a request may know of its connection.

    Args:
        origin: where the connection comes from; the address is empty on a Unix socket.
        trace: given that and the fields of a request, returns where the request comes from; None
            if that is the same, as it is unless proxies are to be believed.
    """

    def __init__(
        self,
        transport: object,
        app: object,
        origin: Origin,
        codec: Codec,
        trace: "Callable[[Origin, Headers], Origin] | None",
    ) -> None:
        self.transport: Final = transport
        self.app: Final = app
        self.origin: Final = origin
        self.codec: Final = codec
        self.trace: Final = trace


@mypyc_attr(native_class=True)
class Decoded:
    """What was decoded of a request; each attribute is set when it is first asked for."""

    def __init__(self) -> None:
        self.query_list: list[tuple[str, str]] | None = None
        self.query: dict[str, str] | None = None
        self.cookies: dict[str, str] | None = None
        self.text: str | None = None
        self.json: Any = None  # may be None when set
        self.has_json = False
        self.form: Form | None = None  # may be None when set
        self.has_form = False
        self.fields: dict[str, str] | None = None
        self.files: dict[str, File] | None = None
        self.origin: Origin | None = None


@mypyc_attr(native_class=True, free_list_len=1)
class Request:
    """One request. Made by the connection, never by users.

    Nothing of it can be assigned; `extra` is a place for what belongs to a request. What is decoded
    is the same object each time it is asked for.
    """

    # Compiled classes take no other attributes anyway; interpreted ones must not either.
    __slots__ = (
        "_arrival",
        "_body",
        "_callbacks",
        "_data",
        "_decoded",
        "_end",
        "_extra",
        "_headers",
        "_is_old",
        "_keep_alive",
        "_line",
        "_match",
        "_match_dict",
        "_method_size",
        "_peer",
        "_query_at",
        "_start",
        "_target_end",
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
        keep_alive: bool,
    ) -> None:
        self._peer: Final = peer
        self._line: Final = line
        self._method_size: Final = method_size
        self._data: Final = data
        self._start: Final = start  # of the head in data
        self._query_at: Final = query_at  # of "?" in data, or the end of the target
        self._target_end: Final = target_end
        self._end: Final = end  # of the head in data
        self._is_old: Final = is_old
        self._keep_alive: Final = keep_alive
        self._arrival = 0.0  # set by `put_arrival`, where somebody asks
        self._body: bytes | None = None  # set by `put_body`
        self._match: Match | None = None  # set by `put_match`
        self._match_dict: dict[str, Any] | None = None
        self._headers: Headers | None = None
        self._extra: dict[str, Any] | None = None
        self._callbacks: list[tuple[Callable[[Request], object], Context]] | None = None
        self._decoded: Decoded | None = None

    # The request line.

    @property
    def method(self) -> str:
        """Method as sent, case preserved."""
        return self._line[: self._method_size].decode("latin-1")

    @property
    def path(self) -> str:
        """Path without the query, percent-decoded; bytes that are no UTF-8 become U+FFFD."""
        return decode(unquote_to_bytes(self._line[self._method_size + 1 :]))

    @property
    def raw_query(self) -> bytes | None:
        """Query as sent, without its "?"; None if the target has no "?"."""
        if self._query_at == self._target_end:
            return None
        return self._data[self._query_at + 1 : self._target_end]

    @property
    def query_string(self) -> str | None:
        """Query without its "?", percent-decoded as a whole; None if the target has no "?".

        A "&" or "=" in it may be one of a name or value: `query` and `query_list` know.
        """
        raw = self.raw_query
        return None if raw is None else decode(unquote_to_bytes(raw))

    @property
    def query_list(self) -> list[tuple[str, str]]:
        """Pairs of the query in order, blank values included."""
        kept = self._kept()
        if kept.query_list is None:
            text = decode(self.raw_query or b"")
            kept.query_list = parse_qsl(text, keep_blank_values=True, errors="replace")
        return kept.query_list

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of repeated ones the last, without blank values."""
        kept = self._kept()
        if kept.query is None:
            kept.query = {name: value for name, value in self.query_list if value}
        return kept.query

    @property
    def version(self) -> str:
        """`1.0` or `1.1`."""
        return "1.0" if self._is_old else "1.1"

    # The route.

    @property
    def route(self) -> "Route | None":
        """The route that matched; None in an error handler for a request without one."""
        return None if self._match is None else self._match.route

    @property
    def match_dict(self) -> dict[str, Any]:
        """Path parameters by name, percent-decoded and converted."""
        if self._match_dict is None:
            self._match_dict = {} if self._match is None else self._match.read()
        return self._match_dict

    # The fields.

    @property
    def headers(self) -> Headers:
        """Fields by name in Title-Case, found in any case; repeated ones joined."""
        if self._headers is None:
            self._headers = read_headers(self._data[self._start : self._end])
        return self._headers

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name; of those with the same name the last."""
        kept = self._kept()
        if kept.cookies is None:
            kept.cookies = read_cookies(self.headers.get("Cookie", ""))
        return kept.cookies

    @property
    def hostname(self) -> str | None:
        """Host that the client asked for, without port and brackets; None if it named none."""
        authority = self._authority()
        return None if authority is None else split_authority(authority)[0]

    @property
    def port(self) -> int | None:
        """Port that the client asked for; None if it named none."""
        authority = self._authority()
        return None if authority is None else split_authority(authority)[1]

    def _authority(self) -> str | None:
        # RFC 9112 §3.2.2: that of the target counts, whatever Host says.
        target = self._data[self._start + self._method_size + 1 : self._target_end]
        authority = authority_of(target.decode("latin-1"))
        return self.headers.get("Host") if authority is None else authority

    @property
    def mime_type(self) -> str | None:
        """Media type of the body, in lower case; None without Content-Type."""
        value = self.headers.get("Content-Type")
        return None if value is None else value.split(";")[0].strip().lower()

    @property
    def encoding(self) -> str | None:
        """`charset` parameter of Content-Type; None if there is none."""
        return charset_of(self.headers.get("Content-Type", ""))

    # The body.

    @property
    def body(self) -> bytes | None:
        """The whole body; None if the message had none, b"" if it had one of length zero."""
        return self._body

    @property
    def text(self) -> str | None:
        """Body as text, by `encoding` or UTF-8; None without a body.

        Raises:
            MalformedText: the body is not in that encoding; a `UnicodeDecodeError`.
            UnknownEncoding: there is no such encoding; a `LookupError`.
        """
        if self._body is None:
            return None
        kept = self._kept()
        if kept.text is None:
            kept.text = decode_text(self._body, self.encoding)
        return kept.text

    @property
    def json(self) -> Any:
        """Body as JSON, by `encoding` or UTF-8; None without a body.

        Raises:
            MalformedJSON: the body is no JSON, or not in that encoding; a `json.JSONDecodeError`.
            UnknownEncoding: there is no such encoding; a `LookupError`.
        """
        if self._body is None:
            return None
        kept = self._kept()
        if not kept.has_json:
            # PERF: without the word in the head there is no need to read all fields, which takes
            # 2 us of the 13 that a POST does (bench/load, POST of 1 KiB JSON).
            head = self._data[self._start : self._end].lower()
            encoding = None if head.find(b"charset") < 0 else self.encoding
            kept.json = self._peer.codec.read_json(self._body, encoding)
            kept.has_json = True
        return kept.json

    @property
    def form(self) -> dict[str, str] | None:
        """Text fields of a form by name, of repeated ones the last; None if the body is no form.

        Blank fields of an urlencoded form are left out; `form_list` has them.

        Raises:
            MalformedForm: the body breaks the grammar of its type, or has too many fields.
            MalformedText: a field is not in the encoding it is said to be in.
            UnknownEncoding: there is no such encoding.
        """
        form = self._form()
        if form is None:
            return None
        kept = self._kept()
        if kept.fields is None:
            keeps_blanks = form.files is not None
            kept.fields = {name: value for name, value in form.fields if value or keeps_blanks}
        return kept.fields

    @property
    def form_list(self) -> list[tuple[str, str]]:
        """Text fields of a form in order; none if the body is no form. Raises what `form` does."""
        form = self._form()
        return [] if form is None else form.fields

    @property
    def files(self) -> "dict[str, File] | None":
        """Uploaded files by field, of repeated ones the last; None if the body is not multipart.

        Raises what `form` does.
        """
        form = self._form()
        if form is None or form.files is None:
            return None
        kept = self._kept()
        if kept.files is None:
            kept.files = dict(form.files)
        return kept.files

    @property
    def files_list(self) -> "list[tuple[str, File]]":
        """Uploaded files with their fields, in order. Raises what `form` does."""
        form = self._form()
        return [] if form is None or form.files is None else form.files

    def _form(self) -> Form | None:
        kept = self._kept()
        if not kept.has_form:
            content_type = self.headers.get("Content-Type", "")
            kept.form = self._peer.codec.read_form(content_type, self._body)
            kept.has_form = True
        return kept.form

    def _kept(self) -> Decoded:
        if self._decoded is None:
            self._decoded = Decoded()
        return self._decoded

    # The connection.

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open after the answer."""
        return self._keep_alive

    @property
    def transport(self) -> "Transport":
        """The asyncio transport of the connection."""
        return cast("Transport", self._peer.transport)  # core knows of it only what it calls

    @property
    def app(self) -> "Application":
        """The application that the request is for."""
        return cast("Application", self._peer.app)  # core knows nothing of it

    @property
    def remote_addr(self) -> str:
        """IP address of the client, as far as proxies are to be believed; empty on a Unix socket.

        Without `--proxy-headers` that is the peer of the connection, be it a proxy or not.
        """
        return self._origin().address

    @property
    def scheme(self) -> str:
        """`https` if the client speaks TLS, to japy or to a proxy that is to be believed."""
        return self._origin().scheme

    def _origin(self) -> Origin:
        trace = self._peer.trace
        if trace is None:
            return self._peer.origin
        kept = self._kept()
        if kept.origin is None:
            kept.origin = trace(self._peer.origin, self.headers)
        return kept.origin

    # What users add.

    @property
    def extra(self) -> dict[str, Any]:
        """A place for what belongs to this request, made on first use."""
        if self._extra is None:
            self._extra = {}
        return self._extra

    def add_done_callback(self, callback: "Callable[[Request], object]") -> None:
        """Have a function called with this request once it is answered, or its client is gone.

        It sees the context variables of this moment, as done callbacks of asyncio do.
        """
        if not callable(callback):
            raise TypeError(f"done callback: expected a callable; got {callback!r}")
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append((callback, copy_context()))

    def Response(
        self,
        text: str | None = None,
        code: int | None = None,
        body: bytes | bytearray | memoryview | None = None,
        json: object = None,
        mime_type: str | None = None,
        encoding: str | None = None,
        headers: FieldsArgument | None = None,
        cookies: "SimpleCookie | None" = None,
    ) -> Response:
        """Make an answer; see `Response` for the arguments. JSON goes through `app.json`."""
        if json is not None and text is None and body is None and encoding is None:
            encoded = self._peer.codec.dumps(json)
            body = encoded.encode() if isinstance(encoded, str) else encoded
            return Response(None, code, body, None, mime_type or JSON, None, headers, cookies)
        return Response(text, code, body, json, mime_type, encoding, headers, cookies)

    # What the connection asks for.

    @property
    def line(self) -> bytes:
        """Method, one space and raw path: what the router looks up."""
        return self._line

    @property
    def method_size(self) -> i64:
        """Size of the method in `line`."""
        return self._method_size

    @property
    def arrival(self) -> float:
        """When its first byte was read, by `Service.clock`; 0.0 without one."""
        return self._arrival

    @property
    def is_head(self) -> bool:
        """Whether the method is HEAD: the answer is sent without its body."""
        return self._method_size == 4 and self._line[:4] == b"HEAD"

    @property
    def is_old(self) -> bool:
        """Whether the client speaks HTTP/1.0."""
        return self._is_old

    @property
    def has_callbacks(self) -> bool:
        """Whether somebody waits for the end of this request."""
        return self._callbacks is not None

    def take_callbacks(self) -> "list[tuple[Callable[[Request], object], Context]]":
        """Return the done callbacks, each with its context variables, and forget them."""
        callbacks = self._callbacks or []
        self._callbacks = None
        return callbacks


def put_body(request: Request, body: bytes) -> None:
    """Complete a request by its body."""
    request._body = body


def put_arrival(request: Request, seconds: float) -> None:
    """Complete a request by when it came."""
    request._arrival = seconds


def put_match(request: Request, match: "Match") -> None:
    """Complete a request by the route that was found for it."""
    request._match = match
