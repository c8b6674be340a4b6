"""The client's side of HTTP/1.1: a request to bytes, and the bytes of a server to an answer.

Knows messages: targets, bodies, redirects, framing. Knows no connection and no event loop:
`japy/testing.py` moves the bytes.

Invariants:
- No byte of a header or a target can end a line; whoever wants that sends raw bytes.
- An answer is complete or it is an AnswerError, never a part of one.
"""

import json as stdlib_json
from collections.abc import Generator, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote, urlencode, urljoin, urlsplit

from japy.application.answer import kind as kind_of
from japy.application.form import File
from japy.core.headers import Headers
from japy.core.response import charset_of
from japy.jar import read_cookie

HOST = "testserver"
URLENCODED = "application/x-www-form-urlencoded"
REDIRECTS = (301, 302, 303, 307, 308)
WITH_BODY = ("PATCH", "POST", "PUT")  # RFC 9110 §8.6: these say so when there is no body
TARGET_CHARS = "%!$&'()*+,/:;=?@[]-._~"  # sent as they are: what is reserved may be meant
SHOWN = 200  # of a body, in messages
NAMES_ELSEWHERE = {  # what other clients call options: japy's name
    "allow_redirects": "follow_redirects",
    "content": "body",
    "data": "form",
    "params": "query",
    "query_string": "query",
}

R = TypeVar("R")  # what asking returns: an answer, or what has to be awaited for one
Pairs = Mapping[str, object] | Iterable[tuple[str, object]]
Upload = File | tuple[str, bytes] | tuple[str, bytes, str]  # file name, content, media type


class AnswerError(Exception):
    """The server has sent no answer, or what is none."""


class StatusError(Exception):
    """An answer says that a request has failed (`ClientResponse.raise_for_status`)."""


class Options(TypedDict, total=False):
    """What a request may be given beside method and target.

    Attributes:
        query: parameters, added to those of the target; a value may be a list of values.
        headers: fields; they replace what the client would send by itself.
        body: sent as it is; a str as UTF-8 text.
        json: sent as JSON.
        form: fields of a form; a value may be a list of values.
        files: by name of the field: a `File`, or file name, content and perhaps media type.
        cookies: sent with this request, beside those of the client.
        follow_redirects: whether to ask on where an answer redirects to on the same host.
        timeout: seconds to wait for an answer.
    """

    query: Pairs | None
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    body: bytes | str | None
    json: object
    form: Pairs | None
    files: Mapping[str, Upload] | None
    cookies: Mapping[str, str] | None
    follow_redirects: bool | None
    timeout: float | None


class ClientResponse:
    """An answer as a client sees it.

    Attributes:
        code: status code.
        reason: what the status line says beside it.
        headers: fields, looked up in any case; `headers.getlist(name)` for repeated ones.
        body: the whole body, decoded from its transfer coding.
        method: of the request.
        target: of the request; another one than was asked for if redirects were followed.
        history: the answers that were redirects on the way here.
    """

    def __init__(
        self, message: "Message", code: int, reason: str, headers: Headers, body: bytes
    ) -> None:
        self.method = message.method
        self.target = message.target
        self.code = code
        self.reason = reason
        self.headers = headers
        self.body = body
        self.history: list[ClientResponse] = []

    def __repr__(self) -> str:
        """Return what was asked and how it was answered."""
        kind = self.headers.get("Content-Type", "no type")
        status = f"{self.code} {self.reason}".strip()
        return f"<{self.method} {self.target}: {status}, {len(self.body)} bytes of {kind}>"

    @property
    def text(self) -> str:
        """Body as text, in the charset that it is sent with, or UTF-8."""
        charset = charset_of(self.headers.get("Content-Type", "")) or "utf-8"
        return self.body.decode(charset)

    @property
    def json(self) -> Any:
        """Body as JSON."""
        return stdlib_json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies that this answer sets, by name."""
        found = (read_cookie(line) for line in self.headers.getlist("Set-Cookie"))
        return {cookie.name: cookie.value for cookie in found if not cookie.is_gone}

    def raise_for_status(self) -> Self:
        """Return the answer itself if its status is below 400.

        Raises:
            StatusError: it is not.
        """
        if self.code < 400:
            return self
        shown = self.body[:SHOWN].decode("utf-8", "replace")
        raise StatusError(f"{self.method} {self.target}: {self.code} {self.reason}: {shown}")


class Verbs(Generic[R]):
    """Requests by method: what both clients offer, for an answer or for what awaits one."""

    def request(self, method: str, target: str, **options: Unpack[Options]) -> R:
        """Send a request and return its answer; see `Options` for what may be given."""
        raise NotImplementedError

    def get(self, target: str, **options: Unpack[Options]) -> R:
        """Send a GET request; see `request`."""
        return self.request("GET", target, **options)

    def post(self, target: str, **options: Unpack[Options]) -> R:
        """Send a POST request; see `request`."""
        return self.request("POST", target, **options)

    def put(self, target: str, **options: Unpack[Options]) -> R:
        """Send a PUT request; see `request`."""
        return self.request("PUT", target, **options)

    def patch(self, target: str, **options: Unpack[Options]) -> R:
        """Send a PATCH request; see `request`."""
        return self.request("PATCH", target, **options)

    def delete(self, target: str, **options: Unpack[Options]) -> R:
        """Send a DELETE request; see `request`."""
        return self.request("DELETE", target, **options)

    def head(self, target: str, **options: Unpack[Options]) -> R:
        """Send a HEAD request; see `request`."""
        return self.request("HEAD", target, **options)

    def options(self, target: str, **options: Unpack[Options]) -> R:
        """Send an OPTIONS request; see `request`."""
        return self.request("OPTIONS", target, **options)


class Message(NamedTuple):
    """A request, complete but for its cookies."""

    method: str
    target: str
    fields: Headers
    body: bytes | None

    def encode(self, cookies: str) -> bytes:
        """Return the bytes to send."""
        fields = self.fields
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name in fields for value in fields.getlist(name)]
        if cookies and "Cookie" not in fields:
            lines.append(f"Cookie: {cookies}")
        for line in lines:
            if any(char in "\r\n\0" for char in line):
                raise ValueError(f"expected no line break and no NUL; got {line!r}")
        head = "\r\n".join([*lines, "", ""])
        try:
            data = head.encode("latin-1")
        except UnicodeEncodeError:
            data = head.encode()
        return data + (self.body or b"")

    def redirected(self, answer: ClientResponse) -> "Message | None":
        """Return the request that an answer sends a client to, if it is to the same host."""
        location = answer.headers.get("Location")
        if answer.code not in REDIRECTS or location is None:
            return None
        host = self.fields["Host"]
        url = urlsplit(urljoin(f"http://{host}{self.target}", location))
        if url.netloc != host:
            return None
        target = target_of(url.path + (f"?{url.query}" if url.query else ""), None)
        method, fields, body = self.method, self.fields, self.body
        # RFC 9110 §15.4: what was posted is not posted again, unless the status says so.
        if (answer.code == 303 and method != "HEAD") or (
            answer.code in (301, 302) and method == "POST"
        ):
            method, body = "GET", None
            fields = fields.copy()
            for name in [name for name in fields if name.startswith("Content-")]:
                del fields[name]
        return Message(method, target, fields, body)


def new_message(method: str, target: str, defaults: Mapping[str, str], options: Options) -> Message:
    """Return the request that a method, a target and options stand for.

    Raises:
        TypeError: there is no such option, or it is not what it has to be.
        ValueError: no such request can be sent.
    """
    require_known(options)
    own = {"Host": HOST}
    if target.startswith(("http://", "https://")):
        url = urlsplit(target)
        own["Host"] = url.netloc
        target = url._replace(scheme="", netloc="", path=url.path or "/").geturl()
    body, kind = encode_body(options)
    if kind:
        own["Content-Type"] = kind
    if body is not None or method in WITH_BODY:
        own["Content-Length"] = str(len(body or b""))
    given = Headers(pairs("headers", options.get("headers")))
    usual = own | Headers(defaults)
    fields = [(name, usual[name]) for name in usual if name not in given]
    fields += [(name, value) for name in given for value in given.getlist(name)]
    return Message(method, target_of(target, options.get("query")), Headers(fields), body)


def require_known(options: Iterable[str]) -> None:
    """Raise TypeError for an option that does not exist: a request without it is another one."""
    known = Options.__annotations__
    for name in options:
        if name not in known:
            ours = NAMES_ELSEWHERE.get(name)
            advice = f"write {ours}=" if ours else "remove it"
            raise TypeError(f"expected options out of {', '.join(known)}; got {name}=: {advice}")


def target_of(target: str, query: Pairs | None) -> str:
    """Return a target as it may stand in a request line."""
    if not target.startswith("/") and target != "*":
        raise ValueError(f'expected a target that begins with "/"; got {target!r}')
    target = quote(target.partition("#")[0], safe=TARGET_CHARS)
    added = urlencode(pairs("query", query), doseq=True)
    if not added:
        return target
    return f"{target}{'&' if '?' in target else '?'}{added}"


def pairs(option: str, values: Any) -> list[tuple[str, Any]]:
    """Return names and values of a mapping, of pairs or of None.

    Raises:
        TypeError: they are none.
    """
    if isinstance(values, Mapping):
        return list(values.items())
    found = [] if values is None else list(values) if isinstance(values, Iterable) else [values]
    for pair in found:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"{option}: expected a dict, or pairs of name and value; got {values!r}"
            )
    return found


def encode_body(options: Options) -> tuple[bytes | None, str]:
    """Return the body that the options ask for, and its media type."""
    form, files = options.get("form"), options.get("files")
    body: Any = options.get("body")  # not every caller has a type checker
    has_form = form is not None or files is not None
    if (body is not None) + ("json" in options) + has_form > 1:
        raise ValueError("expected one of body, json, and form with files; got more")
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    if not (body is None or isinstance(body, (bytes, bytearray, memoryview))):
        advice = "write json= or form= for what is to be encoded"
        raise TypeError(f"body: expected bytes or str; got {type(body).__name__}: {advice}")
    if "json" in options:
        return stdlib_json.dumps(options["json"]).encode(), "application/json"
    if files is not None:
        return encode_multipart(pairs("form", form), pairs("files", files))
    if form is not None:
        return urlencode(pairs("form", form), doseq=True).encode(), URLENCODED
    return None if body is None else bytes(body), ""


def encode_multipart(
    fields: list[tuple[str, Any]], files: list[tuple[str, Upload]]
) -> tuple[bytes, str]:
    """Return the body and the media type of a form with files (RFC 7578)."""
    parts = []
    for name, value in fields:
        for single in value if isinstance(value, (list, tuple)) else [value]:
            parts.append((disposition(name), str(single).encode()))
    parts += [read_upload(name, upload) for name, upload in files]
    number = 0
    while any(b"japy-boundary-%d" % number in content for _, content in parts):
        number += 1
    mark = f"japy-boundary-{number}"
    data = [f"--{mark}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return b"".join(data) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def read_upload(name: str, upload: Upload) -> tuple[str, bytes]:
    """Return the head and the content of a file's part.

    Raises:
        TypeError: it is no file.
    """
    kind: str | None = "application/octet-stream"
    match upload:
        case File(kind, bytes() | bytearray() as content, filename):
            pass
        case (str() | None as filename, bytes() | bytearray() as content):
            pass
        case (str() | None as filename, bytes() | bytearray() as content, str(kind)):
            pass
        case _:
            raise TypeError(
                f"files: expected (file name, bytes) or (file name, bytes, media type) for "
                f"{name!r}; got {kind_of(upload)}: encode text, and read files that are open"
            )
    head = disposition(name)
    if filename is not None:
        head += f'; filename="{escaped(filename)}"'
    return head if kind is None else f"{head}\r\nContent-Type: {kind}", content


def disposition(name: str) -> str:
    """Return the field line that every part begins with."""
    return f'Content-Disposition: form-data; name="{escaped(name)}"'


def escaped(name: str) -> str:
    """Return a name as browsers write it in a form (HTML, multipart/form-data encoding)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


class Incoming:
    """What a server has sent over one connection: answers, one after the other.

    `answer` returns a generator that stops whenever it needs more: go on after data or an end.
    """

    def __init__(self) -> None:
        self.data = bytearray()  # received and not read yet
        self.is_ended = False  # set once nothing more will come
        self.is_reusable = True  # set with each answer: whether another one may follow
        self._status = ""  # of the answer whose body is being read

    def answer(self, message: Message) -> Generator[None, None, ClientResponse]:
        """Read the answer to a request.

        Raises:
            AnswerError: it is not complete, or no HTTP.
        """
        code = 100
        while code < 200 and code != HTTPStatus.SWITCHING_PROTOCOLS:
            head = yield from self._up_to(b"\r\n\r\n")
            code, reason, headers = read_head(head)
            self._status = f"{code} {reason}".strip()
        body = b""
        if message.method != "HEAD" and code >= 200 and code not in (204, 304):
            body = yield from self._body(headers)
        self._status = ""
        self.is_reusable = code >= 200 and not has_token(headers, "Connection", "close")
        return ClientResponse(message, code, reason, headers, body)

    def _body(self, headers: Headers) -> Generator[None, None, bytes]:
        """Read a body (RFC 9112 §6.3)."""
        if has_token(headers, "Transfer-Encoding", "chunked"):
            return (yield from self._chunks())
        size = headers.get("Content-Length")
        if size is not None:
            return (yield from self._exactly(number(size, 10)))
        while not self.is_ended:  # so that no answer follows
            yield
        return self._take(len(self.data))

    def _chunks(self) -> Generator[None, None, bytes]:
        body = bytearray()
        size = -1
        while size:
            line = yield from self._up_to(b"\r\n")
            size = number(line.partition(b";")[0].decode("latin-1"), 16)
            if size:
                body += yield from self._exactly(size)
                yield from self._up_to(b"\r\n")
        while (yield from self._up_to(b"\r\n")):  # trailer fields
            pass
        return bytes(body)

    def _up_to(self, mark: bytes) -> Generator[None, None, bytes]:
        start = 0
        while (end := self.data.find(mark, start)) < 0:
            start = max(len(self.data) - len(mark) + 1, 0)
            yield from self._more()
        found = self._take(end)
        del self.data[: len(mark)]
        return found

    def _exactly(self, size: int) -> Generator[None, None, bytes]:
        while len(self.data) < size:
            yield from self._more()
        return self._take(size)

    def _more(self) -> Generator[None, None, None]:
        if self.is_ended:
            raise AnswerError(f"the connection was closed; the server had sent {self.describe()}")
        yield

    def _take(self, size: int) -> bytes:
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    def describe(self) -> str:
        """Say what was received of an answer that is not complete."""
        shown = f"{len(self.data)} bytes: {bytes(self.data[:SHOWN])!r}" if self.data else "nothing"
        return f"the head of {self._status} and then {shown}" if self._status else shown


def read_head(head: bytes) -> tuple[int, str, Headers]:
    """Return status code, reason and fields of an answer."""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    line, *lines = text.split("\r\n")
    version, _, status = line.partition(" ")
    code, _, reason = status.partition(" ")
    if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdigit():
        raise AnswerError(f"expected a status line; got {line[:SHOWN]!r}")
    fields = [field.partition(":") for field in lines]
    return int(code), reason, Headers((name, value.strip()) for name, _, value in fields)


def has_token(headers: Headers, name: str, token: str) -> bool:
    """Tell whether a comma-separated field has a member, in any case."""
    values = headers.get(name, "").lower().split(",")
    return token in (value.strip() for value in values)


def number(text: str, base: int) -> int:
    """Return the size that a server has sent."""
    try:
        return int(text, base)
    except ValueError:
        raise AnswerError(f"expected a size; got {text[:SHOWN]!r}") from None
