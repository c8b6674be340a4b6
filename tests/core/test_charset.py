"""Character sets: those that clients name in earnest, and the names that are not looked up."""

import codecs
from encodings import _cache

import pytest

from japy.core.charset import codec_name, decode_text
from japy.core.errors import BadRequest, MalformedText, UnknownEncoding


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf_8"),
        ("UTF8", "utf_8"),
        ("utf_8", "utf_8"),
        ("UTF-8-SIG", "utf_8_sig"),
        ("us-ascii", "ascii"),
        ("ANSI_X3.4-1968", "ascii"),
        ("ISO-8859-1", "latin_1"),
        ("ISO_8859-1:1987", "latin_1"),
        ("iso-8859-15", "iso8859_15"),
        ("Windows-1251", "cp1251"),
        ("koi8-u", "koi8_u"),
        ("Shift_JIS", "shift_jis"),
        ("utf-16le", "utf_16_le"),
        ("GB18030", "gb18030"),
    ],
)
def test_names_are_those_that_clients_use(encoding: str, name: str) -> None:
    assert codec_name(encoding) == name
    assert codecs.lookup(name).name == codecs.lookup(encoding).name


@pytest.mark.parametrize(
    "encoding",
    [
        *("", "x", "hex", "rot13", "base64", "zlib", "idna", "punycode", "undefined", "mbcs"),
        *("unicode_escape", "../utf_8", "\xe9", "charmap", "aliases", "e" * 10_000),
    ],
)
def test_other_names_are_refused_and_forgotten(encoding: str) -> None:
    before = len(_cache)
    with pytest.raises(LookupError, match="unknown encoding") as caught:
        codec_name(encoding)
    assert isinstance(caught.value, BadRequest)
    assert caught.value.name.isprintable()
    assert caught.value.name.isascii()
    assert len(caught.value.name) < 200
    assert len(_cache) == before


def test_text_without_an_encoding_is_utf_8() -> None:
    assert decode_text("é".encode(), None) == decode_text("é".encode(), "") == "é"


def test_text_is_decoded_by_its_encoding() -> None:
    assert decode_text("é".encode("utf-16-be"), "UTF-16BE") == "é"
    assert decode_text(b"\xa4", "iso-8859-15") == "€"


@pytest.mark.parametrize("encoding", [None, "utf-8", "ascii", "utf-16", "euc-jp", "hz", "utf-7"])
def test_other_bytes_are_malformed(encoding: str | None) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        decode_text(b"~\xff\xff", encoding)
    assert isinstance(caught.value, MalformedText)
    assert caught.value.object == b"~\xff\xff"
    assert caught.value.status == 400


def test_an_encoding_is_unknown_or_answered() -> None:
    with pytest.raises(UnknownEncoding):
        decode_text(b"", "no-such")
