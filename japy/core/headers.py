"""The fields of a request: a dict with names in Title-Case that finds a name in any case.

Knows how repeated fields become one value (RFC 9110 §5.2) and how names are spelled. Is given only
heads that the parser has accepted, so it refuses nothing.

Invariants:
- Every name is in Title-Case, however it was spelled when it came in.
- A name that is looked up in Title-Case costs what it costs in a dict.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar, overload

from mypy_extensions import mypyc_attr

T = TypeVar("T")

NAMES: Final = (
    *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization"),
    *("Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type"),
    *("Cookie", "Date", "Dnt", "Expect", "Forwarded", "From", "Host", "If-Match"),
    *("If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Origin", "Pragma", "Priority"),
    *("Range", "Referer", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Sec-Fetch-Dest"),
    *("Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Te", "Traceparent"),
    *("Transfer-Encoding", "Upgrade", "Upgrade-Insecure-Requests", "User-Agent", "Via"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id"),
    "X-Requested-With",
)
# PERF: two ways to write a name are looked up instead of made (bench/micro, 15 headers looked at).
TITLES: Final = {
    **{name: name for name in NAMES},
    **{name.lower(): name for name in NAMES},
    "DNT": "Dnt",
    "TE": "Te",
}
SPACE: Final = " \t"


# MYPYC: not native, so that it can be copied and pickled like any dict.
@mypyc_attr(native_class=False)
class Headers(dict[str, str]):
    """Fields by name: a dict whose names are in Title-Case and are found in any case.

    The values of a name that comes more than once are joined with ", " (of Cookie with "; ");
    `getlist` has them one by one.

    Args:
        fields: a mapping or pairs.
    """

    __slots__ = ("_repeated",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = (), /) -> None:
        self._repeated: dict[str, list[str]] | None = None  # values of the names that need a list
        if fields:
            pairs = fields.items() if isinstance(fields, Mapping) else fields
            found, self._repeated = joined(pairs)
            dict.update(self, found)

    def getlist(self, name: str) -> list[str]:
        """Return the value of each field line of that name, in order."""
        title = titled(name)
        if not dict.__contains__(self, title):
            return []
        values = None if self._repeated is None else self._repeated.get(title)
        return [self[title]] if values is None else list(values)

    def __missing__(self, name: object) -> str:
        """Return the value of a name that is not in Title-Case."""
        if isinstance(name, str) and dict.__contains__(self, name.title()):
            return dict.__getitem__(self, name.title())
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a field."""
        if dict.__contains__(self, name):
            return True
        return isinstance(name, str) and dict.__contains__(self, name.title())

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: T, /) -> str | T: ...
    def get(self, name: object, default: object = None, /) -> object:
        """Return the value of a field, or the default."""
        if not isinstance(name, str):
            return default
        value = dict.get(self, name)
        if value is None:
            value = dict.get(self, name.title())
        return default if value is None else value

    def __setitem__(self, name: str, value: str) -> None:
        """Replace the values of a field."""
        title = titled(name)
        if self._repeated is not None:
            self._repeated.pop(title, None)
        dict.__setitem__(self, title, value)

    def __delitem__(self, name: str) -> None:
        """Remove a field."""
        title = titled(name)
        if not dict.__contains__(self, title):
            raise KeyError(name)
        dict.__delitem__(self, title)

    def setdefault(self, name: str, default: str, /) -> str:
        """Return the value of a field, which is set to the default if there is none."""
        title = titled(name)
        if not dict.__contains__(self, title):
            self[title] = default
        return self[title]

    @overload
    def pop(self, name: str, /) -> str: ...
    @overload
    def pop(self, name: str, default: str, /) -> str: ...
    @overload
    def pop(self, name: str, default: T, /) -> str | T: ...
    def pop(self, name: str, /, *default: object) -> object:
        """Remove a field and return its value."""
        title = titled(name)
        if default and not dict.__contains__(self, title):
            return default[0]
        return dict.pop(self, title)

    def update(  # type: ignore[override]  # no keywords: names of fields are no identifiers
        self, fields: Mapping[str, str] | Iterable[tuple[str, str]], /
    ) -> None:
        """Replace the values of each of these fields."""
        for name, value in Headers(fields).items():
            self[name] = value

    def __ior__(  # type: ignore[override, misc]  # the dict's own has overloads to the same end
        self, fields: Mapping[str, str] | Iterable[tuple[str, str]]
    ) -> "Headers":
        """Replace the values of each of these fields."""
        self.update(fields)
        return self

    def copy(self) -> "Headers":
        """Return the same fields, to be changed by themselves."""
        return Headers(self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name in self for value in self.getlist(name)]

    def __reduce__(self) -> tuple[type["Headers"], tuple[list[tuple[str, str]]]]:
        """Be copied and pickled with the values one by one."""
        return Headers, (self._pairs(),)


def titled(name: str) -> str:
    """Return the name of a field in Title-Case."""
    if not isinstance(name, str):
        raise TypeError(f"header name: expected str; got {type(name).__name__}")
    return name.title()


def joined(
    pairs: Iterable[tuple[str, str]],
) -> tuple[dict[str, str], dict[str, list[str]] | None]:
    """Return values by Title-Case name, and the values of repeated names one by one."""
    found: dict[str, str] = {}
    repeated: dict[str, list[str]] | None = None
    for name, value in pairs:
        title = titled(name)
        if title in found:
            repeated = {} if repeated is None else repeated
            join(found, repeated, title, value)
        else:
            found[title] = value
    return found, repeated


def join(found: dict[str, str], repeated: dict[str, list[str]], title: str, value: str) -> None:
    """Add another value of a field that was found already (RFC 9110 §5.2)."""
    # RFC 9113 §8.2.3: Cookie is the one field of requests that has another separator.
    repeated.setdefault(title, [found[title]]).append(value)
    found[title] += ("; " if title == "Cookie" else ", ") + value


def read_headers(head: bytes) -> Headers:
    """Return the fields of a head that the parser has accepted: CRLF ends lines, none is folded."""
    found: dict[str, str] = {}
    repeated: dict[str, list[str]] | None = None
    lines = head.decode("latin-1").split("\r\n")
    del lines[0]  # the request line
    for line in lines:
        if not line:
            break
        name, _, value = line.partition(":")
        title = TITLES.get(name)
        if title is None:
            title = name.title()
        value = value.strip(SPACE)
        if title in found:
            repeated = {} if repeated is None else repeated
            join(found, repeated, title, value)
        else:
            found[title] = value
    headers = Headers()
    headers._repeated = repeated
    dict.update(headers, found)
    return headers
