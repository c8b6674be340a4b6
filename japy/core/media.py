"""The media type of an answer: its Content-Type line, and the charset that is in it.

Knows which types are text and name their charset (RFC 9110 §8.3). Refuses to know what is encoded.

Invariant: a type that names a charset never gets another one.
"""

from typing import Final

from japy.core.fields import TOKEN, field_line

TEXT: Final = "text/plain"
JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
TEXT_LINE: Final = b"Content-Type: text/plain; charset=utf-8\r\n"
JSON_LINE: Final = b"Content-Type: application/json; charset=utf-8\r\n"
BINARY_LINE: Final = b"Content-Type: application/octet-stream\r\n"
TYPE_AT: Final = len(b"Content-Type: ")


def type_line(mime_type: str, encoding: str | None) -> bytes:
    """Return the Content-Type line; text and JSON name their charset."""
    if not isinstance(mime_type, str):
        raise TypeError(f"mime_type: expected str; got {type(mime_type).__name__}")
    if encoding is None:
        if mime_type == JSON:
            return JSON_LINE
        lower = mime_type.lower()
        textual = lower.startswith("text/") or lower.endswith("/json")
        charset = "utf-8" if textual else ""
    else:
        charset = checked_encoding(encoding)
    if not charset or charset_of(mime_type) is not None:
        return field_line("Content-Type", mime_type)
    return field_line("Content-Type", f"{mime_type}; charset={charset}")


def checked_encoding(encoding: str) -> str:
    """Return the name of a character set, as it may stand in a parameter."""
    if not isinstance(encoding, str):
        raise TypeError(f"encoding: expected str; got {type(encoding).__name__}")
    if TOKEN.fullmatch(encoding) is None:
        raise ValueError(f"encoding: expected a token; got {encoding!r}")
    return encoding


def type_value(line: bytes) -> str:
    """Return the value of a Content-Type line; an empty one if there is no line."""
    return line[TYPE_AT:-2].decode()


def charset_in(line: bytes) -> str:
    """Return what text with this Content-Type line is encoded in."""
    return "utf-8" if line == TEXT_LINE else charset_of(type_value(line)) or "utf-8"


def charset_of(mime_type: str) -> str | None:
    """Return the `charset` parameter of a media type (RFC 9110 §8.3.2); None if there is none."""
    for parameter in mime_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return None
