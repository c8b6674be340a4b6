"""Media types: which get a charset, and which is read."""

from collections.abc import Callable

import pytest

from japy.core.media import charset_in, charset_of, checked_encoding, type_line, type_value


@pytest.mark.parametrize(
    ("mime_type", "encoding", "value"),
    [
        ("text/plain", None, "text/plain; charset=utf-8"),
        ("Text/HTML", None, "Text/HTML; charset=utf-8"),
        ("text/css", "latin-1", "text/css; charset=latin-1"),
        ("application/json", None, "application/json; charset=utf-8"),
        ("application/json", "utf-16", "application/json; charset=utf-16"),
        ("application/problem+json", None, "application/problem+json"),
        ("image/svg+xml", None, "image/svg+xml"),
        ("image/svg+xml", "utf-8", "image/svg+xml; charset=utf-8"),
        ("application/xml", None, "application/xml"),
        ("application/javascript", None, "application/javascript"),
        ("text/html; charset=ascii", None, "text/html; charset=ascii"),
        ("text/html;CHARSET=ascii", None, "text/html;CHARSET=ascii"),
        ("text/html; charset=ascii", "utf-8", "text/html; charset=ascii"),
        ("text/html; a=b", None, "text/html; a=b; charset=utf-8"),
    ],
)
def test_a_type_names_at_most_one_charset(mime_type: str, encoding: str | None, value: str) -> None:
    line = type_line(mime_type, encoding)
    assert line == f"Content-Type: {value}\r\n".encode()
    assert type_value(line) == value
    assert charset_in(line) == (charset_of(value) or "utf-8")


@pytest.mark.parametrize(
    ("value", "charset"),
    [
        ("", None),
        ("text/html", None),
        ("text/html; charset=latin-1", "latin-1"),
        ('text/html; a=b; Charset="latin-1"', "latin-1"),
        ("text/html; charset=", ""),
        ("charset=utf-8", None),
    ],
)
def test_a_charset_is_a_parameter(value: str, charset: str | None) -> None:
    assert charset_of(value) == charset


@pytest.mark.parametrize("text", ["", "utf 8", "utf-8;a=b", "utf-8\r\nA: b", "\0", "ü"])
def test_a_charset_is_a_token(text: str) -> None:
    assert checked_encoding("utf-8") == "utf-8"
    with pytest.raises(ValueError, match="expected a token"):
        checked_encoding(text)
    with pytest.raises(ValueError, match="expected a token"):
        type_line("image/png", text)


@pytest.mark.parametrize("arguments", [(5, None), (b"text/html", None), ("text/html", 5)], ids=str)
def test_arguments_of_another_type_are_refused(arguments: tuple[object, ...]) -> None:
    make: Callable[..., bytes] = type_line
    with pytest.raises(TypeError):
        make(*arguments)
