"""Bytes to text in a character set that a client names.

Knows which names of character sets are answered: those of Python's table of aliases that stand for
text. Refuses all others without asking Python's codecs, which keep every name they are asked for,
forever, and have decoders whose time grows with the square of the input.
"""

import re
from encodings.aliases import aliases
from typing import Final

from japy.core.errors import MalformedText, UnknownEncoding

UTF_8: Final = "utf-8"
NO_TEXT: Final = ("base64_codec", "bz2_codec", "hex_codec", "mbcs", "quopri_codec", "rot_13")
NO_TEXT_EITHER: Final = ("uu_codec", "zlib_codec")
WITHOUT_ALIAS: Final = ("cp720", "cp737", "cp874", "koi8_u", "utf_8_sig")  # text, but in no alias
KNOWN: Final = frozenset(aliases.values()).union(WITHOUT_ALIAS).difference(NO_TEXT, NO_TEXT_EITHER)
SEPARATORS: Final = re.compile(r"[^a-z0-9.]+")


def codec_name(encoding: str) -> str:
    """Return Python's name of a character set.

    Raises:
        UnknownEncoding: it is none that japy answers.
    """
    plain = SEPARATORS.sub("_", encoding.lower())
    name = aliases.get(plain, plain)
    if name not in KNOWN:
        raise UnknownEncoding(encoding)
    return name


def decode_text(data: bytes, encoding: str | None) -> str:
    """Return bytes as text; without an encoding, or with an empty one, as UTF-8.

    Raises:
        MalformedText: the bytes are not in that encoding.
        UnknownEncoding: there is no such encoding.
    """
    try:
        return data.decode(codec_name(encoding) if encoding else UTF_8)
    except UnicodeDecodeError as error:
        raise MalformedText(error.encoding, data, error.start, error.end, error.reason) from error
    except LookupError as error:
        if isinstance(error, UnknownEncoding):
            raise
        raise UnknownEncoding(encoding or UTF_8) from error
