r"""Patterns: the text that a route is registered with, as segments, and segments back to a path.

Knows the grammar: segments between slashes, each of which is literal text, or literal text with one
parameter at its end, `{name}` or `{name:converter}`; `{{` and `}}` are braces. Refuses to know who
answers, and what other patterns there are.

Invariants:
- Names are different, and a `path` parameter is the last thing in its pattern.
- Literal text is kept decoded: "/a b" is what is sent as "/a%20b".
- What `fill` returns is matched by the same pattern, and no client takes it for another path.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from mypy_extensions import mypyc_attr

from japy.core.convert import STR, Converter, PathConverter

SAFE: Final = "!$&()*+,;=:@"  # RFC 3986 §3.3, but no quote: a path may stand in an attribute
MAX_SHOWN: Final = 64  # characters of a value in a message


@mypyc_attr(native_class=True)
class Segment:
    """A part of a pattern between slashes: literal text, with a parameter after it or without."""

    def __init__(self, literal: bytes, name: str, converter: Converter = STR) -> None:
        self.literal: Final = literal
        self.name: Final = name  # empty for literal text
        self.converter: Final = converter  # of the parameter
        self.is_path: Final = bool(name) and isinstance(converter, PathConverter)

    def __eq__(self, other: object) -> bool:
        """Compare literal text, name and converter."""
        return (
            isinstance(other, Segment)
            and self.literal == other.literal
            and self.name == other.name
            and self.converter is other.converter
        )

    def __hash__(self) -> int:
        """Hash literal text and name."""
        return hash((self.literal, self.name))


def parse_pattern(pattern: str, converters: Mapping[str, Converter]) -> list[Segment]:
    """Return the segments of a pattern.

    Raises:
        ValueError: an unbalanced brace, text behind a parameter, a name that comes twice, a
            converter that there is not, or something behind a `path` parameter.
    """
    segments = []
    for part in pattern.split("/"):
        literal, name, kind = split_segment(part, pattern)
        converter = converters.get(kind)
        if converter is None:
            known = ", ".join(sorted(converters))
            raise ValueError(f"pattern {pattern!r}: expected a converter of {known}; got {kind!r}")
        segments.append(Segment(literal.encode(), name, converter))
    check(segments, pattern)
    return segments


def split_segment(text: str, pattern: str) -> tuple[str, str, str]:
    """Return the literal text of a segment, the name of its parameter and that of its converter.

    The name is empty where there is no parameter.
    """
    literal = ""
    pos = 0
    while pos < len(text):
        char = text[pos]
        if text[pos : pos + 2] in ("{{", "}}"):
            literal += char
            pos += 2
        elif char == "{":
            end = text.find("}", pos)
            name, colon, kind = text[pos + 1 : end].partition(":")
            if end < 0 or not name or "{" in name or "{" in kind:
                raise ValueError(f"pattern {pattern!r}: expected a name and '}}' after '{{'")
            if end + 1 != len(text):
                raise ValueError(f"pattern {pattern!r}: expected '/' or the end after '}}'")
            return literal, name, kind if colon else "str"
        elif char == "}":
            raise ValueError(f"pattern {pattern!r}: expected '{{' before '}}'")
        else:
            literal += char
            pos += 1
    return literal, "", "str"


def check(segments: list[Segment], pattern: str) -> None:
    """Raise ValueError where segments cannot stand together."""
    names: set[str] = set()
    for segment in segments:
        if segment.name in names:
            raise ValueError(
                f"pattern {pattern!r}: expected different names; got {segment.name!r} twice"
            )
        if segment.name:
            names.add(segment.name)
        if segment.is_path and segment is not segments[-1]:
            raise ValueError(
                f"pattern {pattern!r}: expected nothing behind {{{segment.name}:path}}, "
                "which takes the rest of a path"
            )


def check_prefix(prefix: str) -> None:
    """Raise ValueError where a text cannot stand before patterns; "" can."""
    if not prefix:
        return
    if not prefix.startswith("/") or prefix.endswith("/"):
        raise ValueError(f"prefix {prefix!r}: expected '/' at its start and not at its end")
    for part in prefix.split("/"):
        split_segment(part, prefix)


def join(prefix: str, pattern: str) -> str:
    """Return a pattern with a prefix before it."""
    if prefix and pattern and not pattern.startswith("/"):
        raise ValueError(f"pattern {pattern!r}: expected '/' at its start, behind {prefix!r}")
    return prefix + pattern


def join_segments(head: list[Segment], tail: list[Segment], pattern: str) -> list[Segment]:
    """Return the segments of a pattern that `join` has returned."""
    segments = head + tail[1:] if head else tail
    check(segments, pattern)
    return segments


def fill(segments: list[Segment], values: Mapping[str, Any]) -> str:
    """Return the raw path that has these values as its parameters.

    Raises:
        ValueError: a value is missing, not expected, or none that a path can have there.
    """
    names = [segment.name for segment in segments if segment.name]
    lacking = [name for name in names if name not in values]
    extra = [name for name in values if name not in names]
    if lacking:
        raise ValueError(f"expected a value for {', '.join(lacking)}")
    if extra:
        raise ValueError(f"expected no value for {', '.join(extra)}, which is not in the pattern")
    parts = [
        fill_segment(segment, values[segment.name])
        if segment.name
        else quote(segment.literal, safe=SAFE)
        for segment in segments
    ]
    path = "/".join(parts)
    if path.startswith("//"):  # RFC 3986 §4.2
        raise ValueError(f"expected a path; got {path!r}, where what follows '//' is a host")
    return path


def fill_segment(segment: Segment, value: Any) -> str:
    """Return one or, for the rest of a path, several segments of a raw path."""
    text = text_of(segment, value)
    whole = segment.literal.decode() + text
    for part in whole.split("/") if segment.is_path else [whole]:
        if part in (".", ".."):  # RFC 3986 §5.2.4: a client removes them, encoded or not
            raise ValueError(f"{segment.name}: expected no segment {part!r}; got {show(value)}")
    safe = "/" if segment.is_path else ""
    return quote(segment.literal, safe=SAFE) + quote(text, safe=safe)


def text_of(segment: Segment, value: Any) -> str:
    """Return the text of a value, as its converter accepts it."""
    converter = segment.converter
    expected = f"{segment.name}: expected a value for {{{segment.name}:{converter.name}}}"
    try:
        text = converter.format(value)
        text.encode()
        is_accepted = bool(text) and converter.accepts(text)
    except Exception as error:
        raise ValueError(f"{expected}; got {show(value)}") from error
    if not is_accepted:
        raise ValueError(f"{expected}; got {show(value)}")
    return text


def show(value: object) -> str:
    """Return a value as it may stand in a message."""
    try:
        text = repr(value)
    except Exception:  # an integer with more digits than Python writes, for example
        text = f"a {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
