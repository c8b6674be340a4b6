"""What may be assigned to `Application.json`, and how it encodes and decodes.

Knows the shapes that JSON libraries have: `dumps` and `loads` (json, orjson, ujson), or `encode`
and `decode` (msgspec.json). Knows no request.

They agree on everything that JSON itself has: str, int of 64 bits, float, bool, None, list and dict
with str keys. What else they take differs, so changing the library may change answers:

- NaN and the infinities: `json` writes and reads names that are no JSON; the others write null and
  refuse them.
- int beyond 64 bits: `orjson` refuses to write them and reads them as float.
- non-ASCII text: `json` escapes it, the others write UTF-8.
- datetime, date and UUID: `orjson` and `msgspec` write strings, `json` refuses them; bytes, set and
  Decimal are for `msgspec` only; dataclasses for both.
- dict keys that are int: `orjson` refuses them.
- spaces: `json` writes one behind every comma and colon.
"""

import json
from types import ModuleType
from typing import Any, Protocol, TypeGuard

from japy.application.extra import missing

NAMES = ("json", "orjson", "msgspec")


class JSONModule(Protocol):
    """A module or object that encodes and decodes JSON, as `json` and `orjson` do."""

    def dumps(self, value: Any, /) -> str | bytes: ...
    def loads(self, data: bytes, /) -> Any: ...


class JSONCoder(Protocol):
    """The same with other names, as `msgspec.json` has them."""

    def encode(self, value: Any, /) -> str | bytes: ...
    def decode(self, data: bytes, /) -> Any: ...


class Renamed:
    """A JSONCoder as a JSONModule."""

    def __init__(self, coder: JSONCoder) -> None:
        self.dumps = coder.encode
        self.loads = coder.decode


def json_module(choice: JSONModule | JSONCoder | str) -> JSONModule:
    """Return what has the `dumps` and `loads` of a choice.

    Args:
        choice: a module or object; or "json", "orjson" or "msgspec", to be imported now.

    Raises:
        ImportError: that package is not installed.
        TypeError: it is none of these.
    """
    if isinstance(choice, str) and choice in NAMES:
        return named_module(choice)
    if is_module(choice):
        return choice
    if is_coder(choice):
        return Renamed(choice)
    raise TypeError(
        "app.json: expected a module or object with dumps and loads, one with encode and decode, "
        f"or one of {', '.join(map(repr, NAMES))}; got {describe(choice)}"
    )


def is_module(choice: object) -> TypeGuard[JSONModule]:
    """Tell whether something has `dumps` and `loads`."""
    return callable(getattr(choice, "dumps", None)) and callable(getattr(choice, "loads", None))


def is_coder(choice: object) -> TypeGuard[JSONCoder]:
    """Tell whether something has `encode` and `decode`."""
    return callable(getattr(choice, "encode", None)) and callable(getattr(choice, "decode", None))


def named_module(name: str) -> JSONModule:
    """Import one of the libraries that japy knows."""
    try:
        if name == "orjson":
            import orjson

            return orjson
        if name == "msgspec":
            import msgspec.json

            return Renamed(msgspec.json)
    except ModuleNotFoundError as error:
        raise missing(name) from error
    return json


def describe(choice: object) -> str:
    """Return a wrong choice for a message."""
    if isinstance(choice, ModuleType):
        return f"module {choice.__name__}"
    return repr(choice) if isinstance(choice, str) else f"{type(choice).__name__} object"
