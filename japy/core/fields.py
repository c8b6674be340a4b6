"""The fields of an answer: how one becomes a line, and the view of them that users change.

Knows the grammar of a field (RFC 9110 §5.1, §5.5) and what a mapping of fields does. Refuses to
know which fields japy writes itself: a view asks the Response that it belongs to.

Invariants:
- No byte of a name or a value can end a line.
- A view keeps nothing: what it shows is what would be sent, apart from Content-Length and Date.
"""

import re
from collections.abc import (
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from japy.core.response import Response

# RFC 9110 §5.6.2 and §5.5. The value pattern refuses every control character but the tab.
TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
WHITESPACE: Final = " \t"  # RFC 9110 §5.5: not part of a value at its ends

HeaderValue = str | Sequence[str]  # a list or a tuple; told apart at run time
Headers = Mapping[str, HeaderValue] | Iterable[tuple[str, HeaderValue]]


def field_line(name: str, value: str) -> bytes:
    """Return `name: value` with its CRLF.

    Raises:
        ValueError: the name is no token, or the value could end the line (RFC 9110 §5.1, §5.5).
        TypeError: one of them is no str.
    """
    if not isinstance(name, str):
        raise TypeError(f"header name: expected str; got {type(name).__name__}")
    if not isinstance(value, str):
        raise TypeError(f"header {name}: expected str; got {type(value).__name__}")
    # PERF: most names and values are simple; the patterns say the same, but five times as slowly.
    is_simple = name.isascii() and name.replace("-", "").isalnum()
    if not is_simple and TOKEN.fullmatch(name) is None:
        raise ValueError(f"header name: expected a token; got {name!r}")
    if not value.isprintable() and VALUE.fullmatch(value) is None:
        raise ValueError(f"header {name}: expected no control characters; got {value!r}")
    return f"{name}: {value.strip(WHITESPACE)}\r\n".encode()


def split_line(line: bytes) -> tuple[str, str]:
    """Return name and value of a line that `field_line` has made."""
    name, _, value = line[:-2].decode().partition(": ")
    return name, value


def is_named(line: bytes, name: str) -> bool:
    """Tell whether a line is of the field with this name, in whatever case."""
    return line.partition(b":")[0].lower() == name.lower().encode()


def lowered(name: str) -> str:
    """Return the name of a field as names are compared."""
    if not isinstance(name, str):
        raise TypeError(f"header name: expected str; got {type(name).__name__}")
    return name.lower()


def flat(headers: Headers) -> list[tuple[str, str]]:
    """Return fields as pairs, one for each line.

    Raises:
        TypeError: these are no pairs, a name is no str, or a value is neither a str nor a list.
    """
    pairs: list[tuple[str, str]] = []
    # PERF: a dict is known at once; to ask an abstract base class takes as long as all the rest.
    given: Iterable[object] = headers.items() if isinstance(headers, (dict, Mapping)) else headers
    for pair in given:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"headers: expected pairs of name and value; got {pair!r}")
        name: object = pair[0]
        value: object = pair[1]
        if not isinstance(name, str):
            raise TypeError(f"header name: expected str; got {type(name).__name__}")
        for single in value if isinstance(value, (list, tuple)) else (value,):
            if not isinstance(single, str):
                raise TypeError(f"header {name}: expected str; got {type(single).__name__}")
            pairs.append((name, single))
    return pairs


def gathered(fields: Mapping[str, object]) -> dict[object, list[object]]:
    """Return the values of each field in order, by names as they are compared."""
    found: dict[object, list[object]] = {}
    pairs: Iterable[tuple[object, object]] = fields.items()  # whatever was compared to a view
    for name, value in pairs:
        values = found.setdefault(name.lower() if isinstance(name, str) else name, [])
        values += value if isinstance(value, (list, tuple)) else [value]
    return found


class Fields(MutableMapping[str, str]):
    """The fields of a Response: a mapping that ignores case, with one entry for each line.

    `[name]` is all values of a field, joined with commas (of Set-Cookie, the first); `getlist` has
    them one by one. Assigning to `[name]` replaces all lines of that name, `add` appends one.
    Content-Length can be read as it will be sent, but is not among the entries, nor is the Date
    that japy adds.
    """

    def __init__(self, response: "Response") -> None:
        self._response = response

    def getlist(self, name: str) -> list[str]:
        """Return the values of a field, a line each; none if there is no such field."""
        lower = lowered(name)
        if lower == "content-length":
            length = self._response.length
            return [] if length is None else [str(length)]
        return [value for key, value in self._response.field_pairs() if key.lower() == lower]

    def add(self, name: str, value: str) -> None:
        """Append a line; of Content-Type, Date and Server there is only one, which it replaces.

        Raises:
            ValueError: no legal name or value, or framing that is not what japy sends.
        """
        self._response.add_field(name, value)

    def __getitem__(self, name: str) -> str:
        """Return the value of a field; of one with several lines, all of them."""
        values = self.getlist(name)
        if not values:
            raise KeyError(name)
        return values[0] if lowered(name) == "set-cookie" else ", ".join(values)

    def __setitem__(self, name: str, value: str) -> None:
        """Replace all lines of a field by one; see `add` for what is refused."""
        self._response.check_field(name, value)
        self._response.drop_field(name)
        self._response.add_field(name, value)

    def __delitem__(self, name: str) -> None:
        """Remove all lines of a field."""
        if not self.getlist(name):
            raise KeyError(name)
        self._response.drop_field(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a field."""
        return isinstance(name, str) and bool(self.getlist(name))

    def __iter__(self) -> Iterator[str]:
        """Go through the names, one for each line."""
        return iter([name for name, _ in self._response.field_pairs()])

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._response.field_pairs())

    def items(self) -> "Pairs":
        """Return the lines as pairs of name and value."""
        return Pairs(self._response)

    def values(self) -> "Values":
        """Return the values, one for each line."""
        return Values(self._response)

    def update(  # type: ignore[override]  # values may be lists, and names are no identifiers
        self, headers: Headers
    ) -> None:
        """Replace the lines of every field that is named by those that are given."""
        pairs = flat(headers)
        for name, value in pairs:
            self._response.check_field(name, value)
        for name, _ in pairs:
            self._response.drop_field(name)
        for name, value in pairs:
            self._response.add_field(name, value)

    def __eq__(self, other: object) -> bool:
        """Tell whether another mapping has the same lines, of each name in the same order."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return gathered(self) == gathered(other)

    def __repr__(self) -> str:
        """Return the lines as pairs."""
        return f"Fields({self._response.field_pairs()!r})"


# MYPYC: the views leave the slot of their base class empty: compiled code would never empty it, and
# what is in it would live forever. So they say all that the base class would ask the slot for.
class Pairs(ItemsView[str, str]):
    """The lines of a response, as names and values."""

    def __init__(self, response: "Response") -> None:
        self._response = response

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._response.field_pairs())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Go through the lines."""
        return iter(self._response.field_pairs())

    def __contains__(self, item: object) -> bool:
        """Tell whether there is a line with this name and value."""
        if not isinstance(item, tuple) or len(item) != 2:
            return False
        name, value = item
        return any(
            value == own and isinstance(name, str) and name.lower() == key.lower()
            for key, own in self._response.field_pairs()
        )

    def __repr__(self) -> str:
        """Return the lines as pairs."""
        return f"Pairs({self._response.field_pairs()!r})"


class Values(ValuesView[str]):
    """The values of the lines of a response."""

    def __init__(self, response: "Response") -> None:
        self._response = response

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._response.field_pairs())

    def __iter__(self) -> Iterator[str]:
        """Go through the lines."""
        return iter([value for _, value in self._response.field_pairs()])

    def __contains__(self, value: object) -> bool:
        """Tell whether a line has this value."""
        return any(value == own for _, own in self._response.field_pairs())

    def __repr__(self) -> str:
        """Return the values."""
        return f"Values({list(self)!r})"
