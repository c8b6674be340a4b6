"""The ways a request can go wrong: whose fault, which status, and the short name a client is told.

Knows no bytes and no connection. The names in answers (`malformed_headers`, …) are Japronto's, so
that scripts which look for them keep working.

Invariant: a name that is made here is one printable line, whatever the client has sent.
"""

from collections.abc import Iterable
from json.decoder import JSONDecodeError  # MYPYC: a base class is looked up where it is defined
from typing import Final, cast

from mypy_extensions import mypyc_attr

MALFORMED_HEADERS: Final = "malformed_headers"  # a line of the head breaks the grammar
INVALID_HEADERS: Final = "invalid_headers"  # well formed, but a value cannot be used
MALFORMED_BODY: Final = "malformed_body"
INCOMPLETE_HEADERS: Final = "incomplete_headers"  # the peer stopped sending in the middle
INCOMPLETE_BODY: Final = "incomplete_body"
REQUEST_TIMEOUT: Final = "request timeout"

MAX_REASON: Final = 120  # characters of another library's message that a client is told


# MYPYC: this family is not native: users make their own kinds of it, and japy's are of the kind
# that the standard library would raise, too.
@mypyc_attr(native_class=False)
class BadRequest(ValueError):
    """A request that its sender has to change.

    Args:
        name: what the client is told, one line.
        detail: what the log is told in addition; never sent.
        status: the HTTP status code of the answer; that of the class if not given.
    """

    status: int = 400

    def __init__(self, name: str, detail: str = "", status: int | None = None) -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
        self.detail = detail
        if status is not None:
            self.status = status


@mypyc_attr(native_class=False)
class MalformedJSON(BadRequest, JSONDecodeError):
    """A body that is no JSON; also a `json.JSONDecodeError`.

    Args:
        msg: what is wrong.
        doc: the body as text.
        pos: where in it; None if the JSON library does not say.
    """

    def __init__(self, msg: str, doc: str, pos: int | None) -> None:
        JSONDecodeError.__init__(self, msg, doc, pos or 0)
        self.name = f"malformed JSON: {one_line(msg)}"
        self.detail = ""
        if pos is None:
            self.args = (msg,)
        else:
            self.name += f" at line {self.lineno} column {self.colno}"


@mypyc_attr(native_class=False)
class MalformedText(BadRequest, UnicodeDecodeError):
    """A text that is not in the encoding it is said to be in; also a `UnicodeDecodeError`."""

    def __init__(self, encoding: str, data: bytes, start: int, end: int, reason: str) -> None:
        UnicodeDecodeError.__init__(self, encoding, data, start, end, reason)
        self.name = f"malformed text: not {one_line(encoding)} at byte {start}"
        self.detail = ""


@mypyc_attr(native_class=False)
class UnknownEncoding(BadRequest, LookupError):
    """A text in an encoding that japy does not know; also a `LookupError`."""

    def __init__(self, encoding: str) -> None:
        BadRequest.__init__(self, f"unknown encoding: {one_line(encoding)}")


@mypyc_attr(native_class=False)
class MalformedForm(BadRequest):
    """A form that breaks its grammar or a limit."""

    def __init__(self, reason: str) -> None:
        BadRequest.__init__(self, f"malformed form: {one_line(reason)}")


@mypyc_attr(allow_interpreted_subclasses=True)
class RouteNotFoundException(Exception):
    """No route matches the path of a request; the default answer is 404."""


class MethodNotAllowed(RouteNotFoundException):
    """The path is known, but not with this method; the default answer is 405 (RFC 9110 §15.5.6).

    It is made with the methods that the path is known with, one or several: the value of the
    `Allow` field.
    """

    # MYPYC: an `__init__` of its own would cost a reference to None for each object, as the class
    # has a base in C (tests/leak).

    @property
    def allow(self) -> tuple[str, ...]:
        """The methods that the path is known with."""
        if not self.args:
            return ()
        methods = cast("str | Iterable[str]", self.args[0])
        return (methods,) if isinstance(methods, str) else tuple(methods)


def quote(data: bytes) -> str:
    """Return bytes of a peer as they may stand in a message: escaped, and at most 64 of them."""
    return repr(data if len(data) <= 64 else data[:64] + b"...")[1:]


def one_line(text: str) -> str:
    """Return a text as it may stand in a name: printable ASCII, and not too much of it."""
    cut = text if len(text) <= MAX_REASON else text[:MAX_REASON] + "..."
    return "".join([char if " " <= char <= "~" else ascii(char)[1:-1] for char in cut])
