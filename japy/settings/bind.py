"""Bind: one place to listen, and the text that names it.

Knows the forms `host:port`, `[::]:port`, `:port`, `unix:path` and `fd://n`, each also behind a name
(`admin=127.0.0.1:9000`). Opens nothing, and does not know whether anybody listens there already.

Invariant: `parse(str(bind)) == bind`.
"""

import os
import re
import sys
from dataclasses import dataclass
from typing import Literal

MAX_PORT = 65535
MAX_PATH = 107 if sys.platform == "linux" else 103  # bytes that a socket's address has room for
NAME = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
FOREIGN = frozenset("/=@?# ")  # what no host has in it, but a URL, or a name that is none
FORMS = "host:port, [::]:port, :port, unix:path or fd://n"


@dataclass(frozen=True)
class Bind:
    """A place to listen.

    Args:
        kind: which of the others count: host and port, the path, or the number.
        host: address or name, without brackets.
        port: 0 for any free one.
        path: of a Unix socket.
        number: of a file descriptor that somebody else has opened.
        name: what a service asks for it by; empty if nobody does.

    Raises:
        ValueError: there is no such place.
    """

    kind: Literal["tcp", "unix", "fd"] = "tcp"
    host: str = ""
    port: int = 0
    path: str = ""
    number: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind == "tcp" and not self.host.strip("[]"):
            raise ValueError("expected an address; got '' (0.0.0.0 means every address)")
        if self.kind == "tcp" and not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"expected a port from 0 to {MAX_PORT:,}; got {self.port}")
        if self.kind == "unix" and not 0 < len(os.fsencode(self.path)) <= MAX_PATH:
            raise ValueError(f"expected a path of 1 to {MAX_PATH} bytes; got {self.path[:64]!r}")
        if self.kind == "fd" and self.number < 0:
            raise ValueError(f"expected the number of an open file; got {self.number}")

    def __str__(self) -> str:
        """Return the text that names it."""
        prefix = f"{self.name}=" if self.name else ""
        if self.kind == "unix":
            return f"{prefix}unix:{self.path}"
        if self.kind == "fd":
            return f"{prefix}fd://{self.number}"
        host = f"[{self.host.strip('[]')}]" if ":" in self.host else self.host
        return f"{prefix}{host}:{self.port}"


def tcp(host: str, port: int) -> Bind:
    """Return the place of a host, with or without brackets, and a port.

    Raises:
        ValueError: there is no such place.
    """
    return Bind("tcp", host=host.strip("[]"), port=port)


def parse(text: str) -> Bind:
    """Return the place that a text names.

    Raises:
        ValueError: it names none.
    """
    named = NAME.fullmatch(text)
    name, place = (named[1], named[2]) if named else ("", text)
    if place.startswith("unix:"):
        return Bind("unix", path=place.removeprefix("unix:"), name=name)
    if place.startswith("fd://"):
        return Bind("fd", number=whole(place.removeprefix("fd://"), text), name=name)
    host, colon, port = place.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not FOREIGN.isdisjoint(host) or host == "[]":
        raise ValueError(f"expected {FORMS}; got {text!r}")
    if ":" in host and not is_bracketed:
        raise ValueError(f"expected brackets around an IPv6 address ([::]:8080); got {text!r}")
    return Bind("tcp", host=host.strip("[]") or "0.0.0.0", port=whole(port, text), name=name)


def whole(digits: str, text: str) -> int:
    """Return the number at the end of a text.

    Raises:
        ValueError: that is no number.
    """
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise ValueError(f"expected {FORMS}; got {text!r}")
    return int(digits)
