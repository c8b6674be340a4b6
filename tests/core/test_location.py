"""Redirects: which status, and what a Location is made of."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Response
from japy.core.location import REDIRECTS, quoted, redirect
from tests.support.handlers import get
from tests.support.wire import DATE, Server, read_answers

PLAIN = "abcXYZ019-._~/?#[]@!$&'()*+,;=:"


def test_a_redirect_is_see_other_without_a_body() -> None:
    app = Application()
    app.router.add_route("/", lambda request: redirect("/new place?q=é"))
    with Server(app) as server:
        received = server.exchange([get("/")]).received
    assert received == (
        b"HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n"
        b"Location: /new%20place?q=%C3%A9\r\n" + DATE + b"\r\n"
    )


@pytest.mark.parametrize("code", REDIRECTS)
def test_every_status_that_redirects_can_be_chosen(code: int) -> None:
    assert redirect("/", code).code == code
    assert redirect("/", HTTPStatus(code)).code == code


@pytest.mark.parametrize("code", [200, 300, 304, 305, 306, 404, True, -1])
def test_other_statuses_are_refused(code: int) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        redirect("/", code)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("/a%20b%2Fc%c3%a9", "/a%20b%2Fc%c3%a9"),
        ("/100%", "/100%25"),
        ("/%zz%4", "/%25zz%254"),
        ("/ü b", "/%C3%BC%20b"),
        ("//host\\x", "//host%5Cx"),
        ("/\\host", "/%5Chost"),
        ('/"<>^`{|}', "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("relative", "relative"),
        ("?a=1&b=[2]", "?a=1&b=[2]"),
        (" /x ", "%20/x%20"),
    ],
)
def test_a_location_is_encoded_where_it_has_to_be(location: str, expected: str) -> None:
    assert redirect(location).headers["Location"] == expected
    assert quoted(expected) == expected


@pytest.mark.parametrize("char", [*map(chr, range(32)), "\x7f", "\r\n"])
def test_no_location_has_control_characters(char: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        redirect(f"/x{char}Set-Cookie: a=b")


def test_a_location_is_said() -> None:
    with pytest.raises(ValueError, match="empty"):
        redirect("")
    with pytest.raises(ValueError, match="surrogates"):
        redirect("/\ud800")


@pytest.mark.parametrize("arguments", [(b"/",), (None,), (5,), ("/", "303"), ("/", 303.0)])
def test_arguments_of_another_type_are_refused(arguments: tuple[object, ...]) -> None:
    make: Callable[..., Response] = redirect
    with pytest.raises(TypeError):
        make(*arguments)


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8")))
def test_what_is_encoded_decodes_and_is_not_encoded_twice(text: str) -> None:
    location = f"/{text}".replace("%", "")
    encoded = quoted(location)
    assert encoded.isascii()
    assert unquote(encoded) == location
    assert quoted(encoded) == encoded


@given(st.text(PLAIN, min_size=1))
def test_a_legal_location_stays_as_it_is(location: str) -> None:
    assert quoted(location) == location


@given(st.text(min_size=1))
def test_no_location_is_more_than_one_line(location: str) -> None:
    try:
        response = redirect(location)
    except ValueError:
        return
    app = Application()
    app.router.add_route("/", lambda request: response)
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([get("/")]).received)
    assert set(answer.fields) == {"Content-Length", "Location", "Date"}
