"""The ways a request can go wrong: whose fault, which status, and the short name a client is told.

Knows no bytes and no connection. The names in answers (`malformed_headers`, …) are Japronto's, so
that scripts which look for them keep working.
"""

from typing import Final

from mypy_extensions import mypyc_attr

MALFORMED_HEADERS: Final = "malformed_headers"  # a line of the head breaks the grammar
INVALID_HEADERS: Final = "invalid_headers"  # well formed, but a value cannot be used
MALFORMED_BODY: Final = "malformed_body"
INCOMPLETE_HEADERS: Final = "incomplete_headers"  # the peer stopped sending in the middle
INCOMPLETE_BODY: Final = "incomplete_body"


@mypyc_attr(native_class=True)
class BadRequest(ValueError):
    """A request that its sender has to change.

    Args:
        name: what the client is told, one line.
        detail: what the log is told in addition; never sent.
        status: the HTTP status code of the answer.
    """

    def __init__(self, name: str, detail: str = "", status: int = 400) -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name: Final = name
        self.detail: Final = detail
        self.status: Final = status


@mypyc_attr(allow_interpreted_subclasses=True)
class RouteNotFoundException(Exception):
    """No route matches the path of a request; the default answer is 404."""


class MethodNotAllowed(RouteNotFoundException):
    """The path is known, but not with this method; the default answer is 405 (RFC 9110 §15.5.6).

    Args:
        allow: the methods the path is known with, sorted: the value of the `Allow` field.
    """

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__()
        self.allow: Final = allow


def quote(data: bytes) -> str:
    """Return bytes of a peer as they may stand in a message: escaped, and at most 64 of them."""
    return repr(data if len(data) <= 64 else data[:64] + b"...")[1:]
