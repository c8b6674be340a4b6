"""Kind: what a setting may be: how a text is read, which values are allowed, how one is shown.

Knows single values. Knows neither the settings nor where their values come from.

Invariants:
- `read` and `take` raise ValueError with a reason of the form "expected …; got …".
- What `show` returns, `read` takes, and it means the same; but an empty list is no text to give.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from japy.settings import bind

UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
TIMES = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(\w*)", re.ASCII)
SIZE = re.compile(r"([0-9]+)\s*(\w*)", re.ASCII)
EVERYWHERE = ("0.0.0.0/0", "::/0")  # what "*" stands for


class Kind:
    """Any text; what other kinds begin from."""

    metavar = "TEXT"
    choices: tuple[str, ...] = ()  # what a shell may complete

    def read(self, text: str) -> Any:
        """Return the value of a text, from a command line or a variable."""
        if not text:
            raise ValueError("expected some text; got ''")
        return text

    def take(self, value: object) -> Any:
        """Return the value of what a configuration file holds."""
        if isinstance(value, str):
            return self.read(value)
        raise ValueError(f"expected a text in quotes; got {value!r}")

    def check(self, value: Any) -> None:
        """Raise ValueError if a value is not allowed."""

    def show(self, value: Any) -> str:
        """Return the text of a value."""
        return str(value)


class Flag(Kind):
    """Yes or no."""

    metavar = "YES|NO"
    choices = ("true", "false")

    def read(self, text: str) -> bool:
        if text.lower() in (*YES, *NO):
            return text.lower() in YES
        raise ValueError(f"expected {'/'.join(YES)} or {'/'.join(NO)}; got {text!r}")

    def take(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError(f"expected true or false; got {value!r}")

    def show(self, value: bool) -> str:
        return "true" if value else "false"


class Whole(Kind):
    """A whole number in a range."""

    metavar = "N"
    example = "a whole number"

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def read(self, text: str) -> Any:
        if re.fullmatch("-?[0-9]{1,18}", text):
            return int(text)
        raise ValueError(f"expected {self.example}; got {text!r}")

    def take(self, value: object) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.read(value)
        raise ValueError(f"expected {self.example}; got {value!r}")

    def check(self, value: float) -> None:
        if not self.low <= value <= self.high:
            raise ValueError(f"expected {self.low:,} to {self.high:,}; got {value}")


class Workers(Whole):
    """A number of processes, or "auto"."""

    metavar = "N|auto"
    example = "a whole number or auto"
    choices = ("auto",)

    def read(self, text: str) -> Any:
        return text if text == "auto" else super().read(text)

    def check(self, value: Any) -> None:
        if value != "auto":
            super().check(value)


class Size(Whole):
    """A number of bytes, or of anything that is counted."""

    metavar = "SIZE"
    example = "a size such as 100, 16M or 64Ki"

    def read(self, text: str) -> int:
        found = SIZE.fullmatch(text)
        if found is None or found[2].lower() not in UNITS or len(found[1]) > 18:
            raise ValueError(f"expected {self.example}; got {text!r}")
        return int(found[1]) * UNITS[found[2].lower()]

    def show(self, value: int) -> str:
        for unit in ("Gi", "Mi", "Ki"):
            if value and value % UNITS[unit.lower()] == 0:
                return f"{value // UNITS[unit.lower()]}{unit}"
        return str(value)


class Count(Size):
    """A number of anything but bytes; units are allowed, and not shown."""

    metavar = "N"
    example = "a number such as 100 or 10k"

    def show(self, value: int) -> str:
        return str(value)


class Seconds(Kind):
    """A duration."""

    metavar = "DURATION"

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high

    def read(self, text: str) -> float:
        found = DURATION.fullmatch(text)
        if found is None or found[2].lower() not in TIMES or len(found[1]) > 18:
            raise ValueError(f"expected a duration such as 20, 500ms, 30s or 5m; got {text!r}")
        return round(float(found[1]) * TIMES[found[2].lower()], 6)

    def take(self, value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            return self.read(value)
        raise ValueError(f"expected seconds, or a duration such as '5m'; got {value!r}")

    def check(self, value: float) -> None:
        if not self.low <= value <= self.high:
            raise ValueError(f"expected {self.low:g} to {self.high:,.0f} seconds; got {value:g}")

    def show(self, value: float) -> str:
        return f"{value:.12g}s"


class Choice(Kind):
    """One of some words; other words may stand for them."""

    def __init__(self, *names: str, others: Mapping[str, str] | None = None) -> None:
        self.choices = names
        self.metavar = "|".join(names)
        self._others = others or {}

    def read(self, text: str) -> str:
        word = text.lower()
        word = self._others.get(word, word)
        self.check(word)
        return word

    def check(self, value: str) -> None:
        if value not in self.choices:
            raise ValueError(f"expected {' or '.join(self.choices)}; got {value!r}")


class File(Kind):
    """A path.

    Args:
        is_read: whether it is one that japy reads.
    """

    metavar = "PATH"

    def __init__(self, is_read: bool = False) -> None:
        self.is_read = is_read

    def read(self, text: str) -> Any:
        if not text or "\0" in text:
            raise ValueError(f"expected a path; got {text!r}")
        return Path(text)


class Folder(File):
    """A path of a folder that is there."""

    def __init__(self) -> None:
        super().__init__(is_read=True)


class Switch(File):
    """A path, or whether there is to be such a thing at all."""

    def read(self, text: str) -> Any:
        if text.lower() in (*YES, *NO):
            return text.lower() in YES
        return super().read(text)

    def take(self, value: object) -> Any:
        return value if isinstance(value, bool) else super().take(value)

    def show(self, value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)


class Log(Switch):
    """A path, or whether to write at all."""

    def read(self, text: str) -> Any:
        return True if text == "-" else super().read(text)


class Mode(Kind):
    """Permissions, in octal digits."""

    metavar = "OCTAL"

    def read(self, text: str) -> int:
        if re.fullmatch("(0o)?[0-7]{1,4}", text):
            return int(text, 8)
        raise ValueError(f"expected octal digits such as 660; got {text!r}")

    def take(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return int(super().take(value))

    def check(self, value: int) -> None:
        if not 0 <= value <= 0o777:
            raise ValueError(f"expected octal digits up to 777 ('660' or 0o660); got {value}")

    def show(self, value: int) -> str:
        return f"{value:03o}"


class Place(Kind):
    """Where to listen."""

    metavar = "ADDRESS"

    def read(self, text: str) -> bind.Bind:
        return bind.parse(text)


class Route(Kind):
    """A path of a URL."""

    metavar = "PATH"

    def check(self, value: str) -> None:
        if not re.fullmatch(r"/[!-\"$&->@-z|~]*", value):
            raise ValueError(
                f"expected a path such as /healthz, without % and braces; got {value!r}"
            )


class Network(Kind):
    """Addresses of one network; `*` for all."""

    metavar = "ADDRESS"

    def read(self, text: str) -> Any:
        import ipaddress  # 5 ms that few need

        if text == "*":
            return [ipaddress.ip_network(name) for name in EVERYWHERE]
        try:
            return ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(
                f"expected an address such as 10.0.0.0/8, or *; got {text!r}"
            ) from None


class Many(Kind):
    """Any number of values of a kind: repeated, in a list, or with commas between them.

    Args:
        kind: of each value.
        may_be_none: whether a text without any has a meaning.
    """

    def __init__(self, kind: Kind, may_be_none: bool = False) -> None:
        self.kind = kind
        self.metavar = kind.metavar
        self._may_be_none = may_be_none

    def read(self, text: str) -> tuple[Any, ...]:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts and not self._may_be_none:
            parts = [""]  # which is no value: a variable in a script was not set
        return self._join([self.kind.read(part) for part in parts])

    def take(self, value: object) -> tuple[Any, ...]:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, (list, tuple)):
            return self._join([self.kind.take(item) for item in value])
        raise ValueError(f"expected a list; got {value!r}")

    def _join(self, values: list[Any]) -> tuple[Any, ...]:
        """Return the values; where one text means several, they are among the others."""
        found: list[Any] = []
        for value in values:
            found += value if isinstance(value, list) else [value]
        return tuple(found)

    def check(self, value: tuple[Any, ...]) -> None:
        for item in value:
            self.kind.check(item)

    def show(self, value: tuple[Any, ...]) -> str:
        return ",".join(self.kind.show(item) for item in value)
