"""Cookies: what Japronto makes of them, what http.cookies writes, and no way to fail."""

from http.cookies import SimpleCookie
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.cookie import read_cookies
from tests.support.strategies import tokens


@pytest.mark.parametrize(
    ("text", "cookies"),
    [
        ("", {}),
        (";", {}),
        (" ; ; ", {}),
        ("a=1", {"a": "1"}),
        ("a=1;b=2; c=3", {"a": "1", "b": "2", "c": "3"}),
        (" a = 1 ;\tb\t=\t2", {"a": "1", "b": "2"}),
        ("a=1; a=2", {"a": "2"}),
        ("a", {"": "a"}),
        ("a; b", {"": "b"}),
        ("=a", {"": "a"}),
        ("=", {}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ('a=""', {"a": ""}),
        ('a="', {"a": '"'}),
        ('a="b c"', {"a": "b c"}),
        (r'a="\"\\\054"', {"a": '"\\,'}),
        (r'a="\0\05"', {"a": "005"}),
        ('a="b', {"a": '"b'}),
        ("a=%C3%A9%20+", {"a": "é +"}),
        ("a=%c3%a9", {"a": "é"}),
        ("a=%", {"a": "%"}),
        ("a=%zz", {"a": "%zz"}),
        ("a=%ff", {"a": "\ufffd"}),
        ('a="%41"', {"a": "A"}),
        ("%41=1", {"%41": "1"}),
        ("a=\xe9", {"a": "\xe9"}),
        ("a=\xc3\xa9", {"a": "é"}),
        ("a=\u20ac", {"a": "\u20ac"}),
    ],
)
def test_cookies_are_read_as_japronto_reads_them(text: str, cookies: dict[str, str]) -> None:
    assert read_cookies(text) == cookies


@given(st.text(st.characters(max_codepoint=255)))
def test_no_field_value_fails(text: str) -> None:
    read_cookies(text)


@given(st.dictionaries(tokens(), st.text(st.characters(exclude_categories=["Cs"]))))
def test_values_that_are_percent_encoded_come_back(cookies: dict[str, str]) -> None:
    text = "; ".join(f"{name}={quote(value)}" for name, value in cookies.items())
    assert read_cookies(text) == cookies


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="%")))
def test_what_http_cookies_writes_comes_back(value: str) -> None:
    jar = SimpleCookie({"a": value})
    assert read_cookies(jar.output(header="").strip()) == {"a": value}
