"""Values as a person may see them on a screen: short, and without what looks like a secret.

Knows names that secrets have, and how text puts a value behind a name. Refuses to know where a
value comes from.

Invariants:
- Whatever a value's `__repr__` does or raises, what is returned has at most MAX_SIZE characters.
- Text is only ever cut at its end, so that no value is left without its name.
- Where the end of a secret is in doubt, more is masked rather than less.
"""

import re
import reprlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

MAX_SIZE: Final = 1000
MASK: Final = "•••••"
# Anywhere in a name, and as a word of its own: "monkey" and "author" are none.
PARTS: Final = re.compile(
    "passw|passphrase|passcode|pwd|secret|token|apikey|authoriz|cookie|session|credential|csrf|xsrf"
    "|private"
)
WORDS: Final = {
    *("auth", "dsn", "jwt", "key", "keys", "otp", "pass", "pin", "pw", "salt", "signature"),
    *("cc", "cvc", "cvv", "ssn"),
}
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# What leads to a value in text: in a query, a header, JSON, the repr of a dict or a dataclass, and
# any of these as a string inside another. Group 2 is what separates, 3 the space behind an option.
GAP: Final = r"(?:\s|\\+[nrt](?!\w)){0,200}+"
NAME: Final = re.compile(
    rf"""(?<![\w%-])([\w%-]+(?:\[[\w%-]*\]|\]){{0,5}})"""
    rf"""(?:(?:\\*['"])?\]?{GAP}([=:]{{1,3}}>?|!=){GAP}|\\*['"]{GAP},{GAP}|([ \t]+)(?!--|\s))"""
)
OPENING: Final = re.compile(r"""(?:[A-Za-z_][\w.]*)?([\[({])|[bruf]{0,2}(\\*)(['"])""", re.I)
QUOTE: Final = re.compile(r"""(?<!\\)(\\*)(['"])""")
BRACKET: Final = re.compile(r"""[\[({]|[\])}]|(?<!\\)(\\*)(['"])""")
BARE: Final = re.compile(
    r"""<[^<>]*>|(?:(?:ApiKey|Basic|Bearer|Digest|Token)\s+)?[^\s'",;&)}\]]+""", re.I
)
# Some values go on where others would end: those of a query to "&", those of a field to the line's.
BEFORE: Final = 40  # characters before a name that tell whether it is one of these
IN_QUERY: Final = re.compile(r"""(?:^|[?&])[^\s?&=,;:('"]*\Z""")
QUERY_VALUE: Final = re.compile(r"""[^&\s'"<>]*""")
LINE: Final = re.compile(r"[^\r\n]*")
ESCAPED_LINE: Final = re.compile(r"(?:[^\r\n\\]|\\(?![rn]))*+")
QUOTED_LINES: Final = {mark: re.compile(rf"(?:[^\r\n\\{mark}]|\\[^rn])*+") for mark in ("'", '"')}

# What is said of an argument that has such a name: its type, and never what was given.
BUILTINS: Final = (
    "NoneType|bool|bytearray|bytes|coroutine|dict|float|function|int|list|set|str|tuple|type"
)
ADVICE: Final = re.compile(rf": expected an? [A-Za-z_]+(?:; got (?:{BUILTINS}))?(?=\n|\Z)")

# A part of a multipart body, the empty line behind its fields, and the boundary at its end.
PART: Final = re.compile(r"""\bname\*?\s*=\s*\\*['"]?([^'"\\\r\n;]{1,200})""", re.I)
BREAK: Final = r"(?:\r?\n|(?<!\\)(?:\\+r)?\\+n)"
EMPTY_LINE: Final = re.compile(BREAK + BREAK)
BOUNDARY: Final = re.compile(BREAK + "--")

ELEMENT: Final = re.compile(r"<([\w:.-]+)(?:\s[^<>]*)?(?<!/)>")
USER_INFO: Final = re.compile(r"""(://[^\s/:@'"]*:)[^\s/@'"]+(?=@|…\Z)""")  # or cut before its "@"


def is_secret(name: str) -> bool:
    """Tell whether a value of this name is nobody's business."""
    if PARTS.search(name.lower().replace("_", "").replace("-", "")):
        return True
    return not WORDS.isdisjoint(word.lower() for word in WORD.findall(name))


def masked(text: str) -> str:
    """Return text without the values in it whose names look like secrets'."""
    text = USER_INFO.sub(rf"\1{MASK}", text)
    for find in (_parts, _elements, _values):
        text = _without(text, find(text))
    return text


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return text with masks in the place of spans, which are in order."""
    pieces: list[str] = []
    pos = 0
    for start, end in spans:
        pieces += text[pos:start], MASK
        pos = end
    return "".join(pieces) + text[pos:]


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Find the secret parts of multipart bodies."""
    pos = 0
    for part in PART.finditer(text):
        if part.start() < pos or not is_secret(unquote(part[1])):
            continue
        empty = EMPTY_LINE.search(text, part.end())
        if empty is None:
            return
        if BOUNDARY.search(text, part.end(), empty.start()):  # the empty line is another part's
            continue
        boundary = BOUNDARY.search(text, empty.end())
        pos = len(text) if boundary is None else boundary.start()
        if pos > empty.end():
            yield empty.end(), pos


def _elements(text: str) -> Iterator[tuple[int, int]]:
    """Find what is in secret elements of XML, which may have lost their ends."""
    pos = 0
    for element in ELEMENT.finditer(text):
        if element.start() < pos or not is_secret(element[1]):
            continue
        end = re.compile(rf"<\\*/{re.escape(element[1])}\b").search(text, element.end())
        if end is None and not text.endswith("…"):  # perhaps a repr: `<Token object at …>`
            continue
        pos = len(text) if end is None else end.start()
        yield element.end(), pos


def _values(text: str) -> Iterator[tuple[int, int]]:
    """Find what stands behind secret names."""
    pos = 0
    for name in NAME.finditer(text):
        if name.start() < pos or (name[3] and not name[1].startswith("-")):
            continue
        if _is_secret(text, name) and not ADVICE.match(text, name.end(1)):
            pos = _end_of_value(text, name)
            if pos > name.end():
                yield name.end(), pos


def _is_secret(text: str, name: re.Match[str]) -> bool:
    r"""Tell whether a name in text is a secret's, be its first letter the "n" of a "\\n" or not."""
    decoded = unquote(name[1])
    if is_secret(decoded):
        return True
    is_escaped = name.start() > 0 and text[name.start() - 1] == "\\" and decoded[0] in "nrt"
    return is_escaped and is_secret(decoded[1:])


def _end_of_value(text: str, name: re.Match[str]) -> int:
    pos = name.end()
    if text.startswith(MASK, pos):
        return pos + len(MASK)
    longer = _longer_value(text[max(name.start() - BEFORE, 0) : name.start()], name)
    rest = None if longer is None else longer.match(text, pos)
    return max(_end_of_term(text, pos), pos if rest is None else rest.end())


def _longer_value(before: str, name: re.Match[str]) -> re.Pattern[str] | None:
    """Return what a value may be that goes on behind its first word."""
    if name[2] == "=" and IN_QUERY.search(before):
        return QUERY_VALUE
    if name[2] != ":" or name.string[name.end(1)] in "\\'\"":  # the name is a string itself
        return None
    before = before.rstrip(" \t")
    if before.endswith("\\n") or (before.endswith("\\") and name[1].startswith("n")):
        return ESCAPED_LINE
    return LINE if not before or before.endswith("\n") else QUOTED_LINES.get(before[-1])


def _end_of_term(text: str, pos: int) -> int:
    """Return where a string, a structure, a call or a word ends."""
    opening = OPENING.match(text, pos)
    if opening is None:
        bare = BARE.match(text, pos)
        return pos if bare is None else bare.end()
    if opening[1]:
        return _end_of_brackets(text, opening.end())
    return _end_of_string(text, opening.end(), len(opening[2]), opening[3])


def _end_of_string(text: str, pos: int, depth: int, mark: str) -> int:
    """Return where a string ends whose quotation mark has so many backslashes before it.

    Inside of other strings marks have backslashes themselves, and more if they are content.
    """
    for quote in QUOTE.finditer(text, pos):
        if quote[2] != mark or len(quote[1]) % (2 * depth + 2) != depth:
            continue
        following = text[quote.end() : quote.end() + 1]
        if following != mark and not following.isalnum():
            return quote.end()
    return len(text)


def _end_of_brackets(text: str, pos: int) -> int:
    """Return where a structure ends that opened just before."""
    level = 1
    while level:
        found = BRACKET.search(text, pos)
        if found is None:
            return len(text)
        pos = found.end()
        if found[2]:
            pos = _end_of_string(text, pos, len(found[1]), found[2])
        else:
            level += 1 if found[0] in "[({" else -1
    return pos


def cut(text: str, size: int = MAX_SIZE) -> str:
    """Return text, or its beginning if it is long."""
    return text if len(text) <= size else text[: size - 1] + "…"


def text_of(name: str, value: str) -> str:
    """Return a text that somebody has sent under some name."""
    if is_secret(name):
        return MASK
    value = cut(value)
    decoded = unquote(value)  # a URL inside of another
    shown = masked(decoded)
    return cut(masked(value) if shown == decoded else shown)


def repr_of(name: str, value: object) -> str:
    """Return the repr of a value that has some name in a program."""
    if is_secret(name):
        return MASK
    try:
        return cut(masked(cut(SHORT.repr(value))))
    except BaseException as error:  # an exit that a repr asks for is no exit of ours
        return f"<{type(value).__name__} without a repr: {type(error).__name__}>"


class Short(reprlib.Repr):
    """`repr`, but it stops where it becomes long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 12
        self.maxdeque = self.maxarray = 12
        self.maxstring = self.maxother = 400
        self.maxlong = 100

    def repr1(self, x: Any, level: int) -> str:
        """Return the repr of a value at some depth; subclasses of dict may hold secrets, too."""
        if isinstance(x, dict) and type(x).__repr__ is dict.__repr__:
            return self.repr_dict(x, level)
        return super().repr1(x, level)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Return the repr of a dict in its order, without its secrets."""
        if x and level <= 0:
            return "{…}"
        pairs = [
            f"{self.repr1(key, level - 1)}: {self._value(key, value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        return "{" + ", ".join(pairs) + (", …" if len(x) > self.maxdict else "") + "}"

    def _value(self, key: object, value: object, level: int) -> str:
        name = key.decode("latin-1") if isinstance(key, bytes) else key
        return MASK if isinstance(name, str) and is_secret(name) else self.repr1(value, level)

    def repr_str(self, x: str, level: int) -> str:
        """Return the repr of a text's beginning, masked while it is no string in a string yet."""
        return repr(masked(cut(x, self.maxstring)))

    def repr_instance(self, x: Any, level: int) -> str:
        """Return the beginning of what a value says of itself, if it does."""
        try:
            text = repr(x)
        except BaseException:  # an exit that a repr asks for is no exit of ours
            return f"<{type(x).__name__} instance at {id(x):#x}>"
        return masked(cut(text, self.maxother))

    def repr_bytes(self, x: bytes, level: int) -> str:
        """Return the repr of bytes without looking at all of them."""
        text = masked(cut(x[: self.maxstring + 1].decode("latin-1"), self.maxstring))
        shown = repr(text.encode("latin-1", "backslashreplace"))
        return shown.replace(r"\\u2022", "•").replace(r"\\u2026", "…")

    def repr_bytearray(self, x: bytearray, level: int) -> str:
        """Return the repr of a bytearray without looking at all of it."""
        return f"bytearray({self.repr_bytes(bytes(x[: self.maxstring + 1]), level)})"


SHORT: Final = Short()
