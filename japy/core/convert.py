r"""Converters: what the text of a path parameter may be, and which value it stands for.

Knows the converters that patterns name (`{id:int}`) and how a value is written back as text. Knows
neither patterns nor percent-encoding: it is given decoded text, and what it writes is encoded by
others.

Invariants:
- A text is never empty: a parameter without text does not match, whatever its converter.
- What `accepts` a text also parses it; what does not accept it leaves the path to other routes.
- Converters are told apart by identity; those of japy exist once.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from mypy_extensions import mypyc_attr

SAFE_DIGITS: Final = 640  # int() takes that many whatever its limit is (sys.int_info)
SAFE_SIZE: Final = 300  # digits that never stand for a number beyond a float's range
FLOAT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
CANONICAL: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
INFINITY: Final = float("inf")


@mypyc_attr(native_class=True)
class Converter:
    """Any text, as it is: what a parameter is that names no converter, or `str`."""

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def accepts(self, text: str) -> bool:
        """Tell whether a text stands for a value."""
        return True

    def parse(self, text: str) -> Any:
        """Return the value of a text that is accepted."""
        return text

    def format(self, value: Any) -> str:
        """Return the text of a value.

        Raises:
            Exception: of any kind, where there is none; where it is wrong, it is not accepted.
        """
        if value is None or isinstance(value, (bytes, bytearray)):
            raise TypeError("expected text")
        return str(value)

    def covers(self, other: "Converter") -> bool:
        """Tell whether every text that the other one accepts is accepted here, too."""
        return not isinstance(other, PathConverter)

    def covers_text(self, text: str) -> bool:
        """Tell whether a text is accepted today and for ever."""
        return self.accepts(text)


@mypyc_attr(native_class=True)
class IntConverter(Converter):
    """An integer: decimal digits, with a minus sign before them or without."""

    def accepts(self, text: str) -> bool:
        """Tell whether a text is one that int() takes."""
        digits = text[1:] if text.startswith("-") else text
        if not (digits.isascii() and digits.isdigit()):
            return False
        return len(digits) <= SAFE_DIGITS or is_parsed(int, text)

    def parse(self, text: str) -> Any:
        """Return the integer."""
        return int(text)

    def format(self, value: Any) -> str:
        """Return the digits."""
        return str(value)

    def covers(self, other: Converter) -> bool:
        """Tell whether the other one is for integers."""
        return isinstance(other, IntConverter)


@mypyc_attr(native_class=True)
class FloatConverter(Converter):
    """A number: decimal digits, a point and digits behind it or not, a minus sign or not."""

    def accepts(self, text: str) -> bool:
        """Tell whether a text is one that is within a float's range."""
        if FLOAT.fullmatch(text) is None:
            return False
        return len(text) <= SAFE_SIZE or abs(float(text)) != INFINITY

    def parse(self, text: str) -> Any:
        """Return the number."""
        return float(text)

    def format(self, value: Any) -> str:
        """Return as many digits as tell the number from all others, without an exponent."""
        text = str(value)
        if not isinstance(value, float) or "e" not in text:
            return text
        sign = "-" if text.startswith("-") else ""
        mantissa, _, exponent = text.lstrip("-").partition("e")
        digits = mantissa.replace(".", "")
        places = len(digits) - 1 - int(exponent)  # behind the point
        if places <= 0:
            return sign + digits + "0" * -places
        return sign + "0." + digits.rjust(places, "0")

    def covers(self, other: Converter) -> bool:
        """Tell whether the other one is for numbers; those beyond a float's range do not count."""
        return isinstance(other, (FloatConverter, IntConverter))


@mypyc_attr(native_class=True)
class UuidConverter(Converter):
    """A UUID in its canonical form (RFC 9562 §4), in upper or lower case."""

    def accepts(self, text: str) -> bool:
        """Tell whether a text is one."""
        return CANONICAL.fullmatch(text) is not None

    def parse(self, text: str) -> Any:
        """Return the UUID."""
        return UUID(text)

    def format(self, value: Any) -> str:
        """Return its canonical form."""
        return str(value)

    def covers(self, other: Converter) -> bool:
        """Tell whether the other one is for UUIDs."""
        return isinstance(other, UuidConverter)


@mypyc_attr(native_class=True)
class PathConverter(Converter):
    """The rest of a path: any text, slashes included."""

    def covers(self, other: Converter) -> bool:
        """Tell that there is nothing which it does not accept."""
        return True


@mypyc_attr(native_class=True)
class CustomConverter(Converter):
    """A converter of a user's: two functions, which always say the same of the same text."""

    def __init__(
        self, name: str, parse: Callable[[str], Any], format: Callable[[Any], str]
    ) -> None:
        super().__init__(name)
        self._parse: Final = parse
        self._format: Final[Callable[[Any], object]] = format

    def accepts(self, text: str) -> bool:
        """Tell whether the user's function takes a text."""
        return is_parsed(self._parse, text)

    def parse(self, text: str) -> Any:
        """Return what the user's function makes of a text."""
        return self._parse(text)

    def format(self, value: Any) -> str:
        """Return the text that the user's function makes of a value."""
        text = self._format(value)
        if not isinstance(text, str):
            raise TypeError(f"converter {self.name}: expected str; got {type(text).__name__}")
        return text

    def covers(self, other: Converter) -> bool:
        """Tell whether the other one is this one: of others nothing is known."""
        return other is self

    def covers_text(self, text: str) -> bool:
        """Tell that it is not known: the user's function is asked about requests alone."""
        return False


def is_parsed(parse: Callable[[str], object], text: str) -> bool:
    """Tell whether a function takes a text: it raises neither ValueError nor LookupError."""
    try:
        parse(text)
    except (ValueError, LookupError):
        return False
    return True


STR: Final = Converter("str")
BUILT_IN: Final = (
    STR,
    IntConverter("int"),
    FloatConverter("float"),
    UuidConverter("uuid"),
    PathConverter("path"),
)
