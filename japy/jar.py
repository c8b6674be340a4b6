"""The cookies of a client: what answers set, and what is sent back (RFC 6265).

Knows Set-Cookie and Cookie fields and the paths they are for. Knows neither domains nor `Secure`:
there is one host, and nobody listens.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import quote

OCTETS = "%!#$&'()*+-./:<=>?@[]^_`{|}~"  # RFC 6265 §4.1.1: what a value may hold as it is


class Cookie(NamedTuple):
    """What a Set-Cookie field says, as far as a client of one host cares."""

    name: str
    value: str
    raw: str  # the value as it was sent
    path: str  # "" if not given
    is_gone: bool


def read_cookie(line: str) -> Cookie:
    """Return what the value of a Set-Cookie field says (RFC 6265 §5.2)."""
    first, *rest = line.split(";")
    name, _, raw = (part.strip() for part in first.partition("="))
    pieces = (attribute.partition("=") for attribute in rest)
    attributes = {key.strip().lower(): value.strip() for key, _, value in pieces}
    path = attributes.get("path", "")
    value = SimpleCookie().value_decode(raw)[0]
    return Cookie(name, value, raw, path if path.startswith("/") else "", is_gone(attributes))


def is_gone(attributes: Mapping[str, str]) -> bool:
    """Tell whether a cookie with these attributes is to be forgotten."""
    with suppress(KeyError, ValueError):
        return int(attributes["max-age"]) <= 0  # RFC 6265 §5.3: it wins over Expires
    try:
        end = parsedate_to_datetime(attributes["expires"].replace("-", " "))
    except (KeyError, ValueError):
        return False
    return end.replace(tzinfo=end.tzinfo or UTC) <= datetime.now(UTC)


def written(name: str, value: object) -> str:
    """Return the value of a cookie as it is sent.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(value, str):
        got = type(value).__name__
        raise TypeError(f"cookies: expected a str for {name!r}; got {got}: write str(...)")
    return quote(value, safe=OCTETS)


class Jar(dict[str, str]):
    """The cookies of a client: name and value. Cookies that are put in are sent to every path.

    Of two cookies of one name with different paths the last is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, Cookie] = {}  # as a server has set them

    def take(self, target: str, lines: Iterable[str]) -> None:
        """Do what the Set-Cookie fields of an answer say."""
        folder = target.partition("?")[0].rpartition("/")[0] or "/"
        for line in lines:
            cookie = read_cookie(line)
            if cookie.is_gone:
                self.pop(cookie.name, None)
            else:
                self._kept[cookie.name] = cookie._replace(path=cookie.path or folder)
                self[cookie.name] = cookie.value

    def field(self, target: str, more: Mapping[str, str] | None) -> str:
        """Return the value of the Cookie field of a request.

        Raises:
            TypeError: a cookie is no text.
        """
        path = target.partition("?")[0]
        sent = {name: self._raw(name) for name in self if self._is_for(name, path)}
        if not isinstance(more, Mapping | None):
            raise TypeError(f"cookies: expected a dict of names and values; got {more!r}")
        sent |= {name: written(name, value) for name, value in (more or {}).items()}
        return "; ".join(f"{name}={value}" for name, value in sent.items())

    def _raw(self, name: str) -> str:
        kept = self._kept.get(name)
        if kept is not None and kept.value == self[name]:
            return kept.raw
        return written(name, self[name])

    def _is_for(self, name: str, path: str) -> bool:
        kept = self._kept.get(name)
        if kept is None or kept.value != self[name]:
            return True
        folder = kept.path.rstrip("/")  # RFC 6265 §5.1.4
        return path == folder or path.startswith(folder + "/")
