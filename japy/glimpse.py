"""Values as a person may see them on a screen: short, and without what looks like a secret.

Knows names that secrets have. Refuses to know where a value comes from.

Invariant: whatever a value's `__repr__` does, what is returned has at most MAX_SIZE characters.
"""

import re
import reprlib
from itertools import islice
from typing import Any, Final

MAX_SIZE: Final = 1000
MASK: Final = "•••••"
# Anywhere in a name, and as a word of its own: "monkey" and "author" are none.
PARTS: Final = re.compile(
    "passw|passphrase|pwd|secret|token|apikey|authoriz|cookie|session|credential|csrf|xsrf|private"
)
WORDS: Final = {"auth", "dsn", "jwt", "key", "keys", "otp", "pass", "pin", "salt", "signature"}
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# What leads to a value in text: in a query, a header, or the repr of a dict or a dataclass.
NAME: Final = re.compile(r"""(?<![\w-])([\w-]+)(?:['"]?\s*[=:]|['"]\s*,)\s*""")
VALUE: Final = re.compile(
    r"""[bru]{0,2}'(?:\\.|[^'\\])*'?|[bru]{0,2}"(?:\\.|[^"\\])*"?|[\[({][^\])}]*[\])}]?|"""
    r"""(?:(?:Basic|Bearer|Digest)\s+)?[^\s'",;&)}\]]+""",
    re.IGNORECASE,
)
USER_INFO: Final = re.compile(r"""(://[^\s/:@'"]*:)[^\s/@'"]+(?=@)""")


def is_secret(name: str) -> bool:
    """Tell whether a value of this name is nobody's business."""
    if PARTS.search(name.lower().replace("_", "").replace("-", "")):
        return True
    return not WORDS.isdisjoint(word.lower() for word in WORD.findall(name))


def masked(text: str) -> str:
    """Return text without the values in it whose names look like secrets'."""
    text = USER_INFO.sub(rf"\1{MASK}", text)
    parts: list[str] = []
    pos = 0
    for name in NAME.finditer(text):
        if name.start() < pos or not is_secret(name[1]):
            continue
        value = VALUE.match(text, name.end())
        if value is not None:
            parts += text[pos : name.end()], MASK
            pos = value.end()
    return "".join(parts) + text[pos:]


def cut(text: str, size: int = MAX_SIZE) -> str:
    """Return text, or its beginning if it is long."""
    return text if len(text) <= size else text[: size - 1] + "…"


def text_of(name: str, value: str) -> str:
    """Return a text that somebody has sent under some name."""
    return MASK if is_secret(name) else cut(masked(cut(value)))


def repr_of(name: str, value: object) -> str:
    """Return the repr of a value that has some name in a program."""
    if is_secret(name):
        return MASK
    try:
        return cut(masked(cut(SHORT.repr(value))))
    except Exception as error:
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

    def repr_bytes(self, x: bytes, level: int) -> str:
        """Return the repr of bytes without looking at all of them."""
        return repr(x[: self.maxstring]) + ("…" if len(x) > self.maxstring else "")

    def repr_bytearray(self, x: bytearray, level: int) -> str:
        """Return the repr of a bytearray without looking at all of it."""
        return f"bytearray({self.repr_bytes(bytes(x[: self.maxstring + 1]), level)})"


SHORT: Final = Short()
