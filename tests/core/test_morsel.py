"""Cookies that are set: attributes, what browsers would drop, and values that read back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Response
from japy.core.morsel import cookie_value
from tests.support.request import new_request
from tests.support.strategies import tokens

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)


def cookie(name: str, value: str = "", **attributes: Any) -> str:
    """Return the one Set-Cookie field of a response."""
    response = Response()
    response.set_cookie(name, value, **attributes)
    (line,) = response.headers.getlist("Set-Cookie")
    return line


def test_a_cookie_is_lax_and_for_the_whole_host() -> None:
    assert cookie("a", "1") == "a=1; Path=/; SameSite=Lax"
    assert cookie("a") == "a=; Path=/; SameSite=Lax"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"path": None, "samesite": None}, "a=1"),
        ({"max_age": 60}, "a=1; Max-Age=60; Path=/; SameSite=Lax"),
        ({"max_age": 0}, "a=1; Max-Age=0; Path=/; SameSite=Lax"),
        ({"max_age": -1}, "a=1; Max-Age=-1; Path=/; SameSite=Lax"),
        (
            {"expires": "Wed, 21 Oct 2026 07:28:00 GMT"},
            "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/; SameSite=Lax",
        ),
        (
            {"domain": "example.org", "path": "/x"},
            "a=1; Domain=example.org; Path=/x; SameSite=Lax",
        ),
        ({"domain": ".a-b.example.org"}, "a=1; Domain=.a-b.example.org; Path=/; SameSite=Lax"),
        ({"path": "/ü x%20"}, "a=1; Path=/%C3%BC%20x%20; SameSite=Lax"),
        ({"secure": True, "httponly": True}, "a=1; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ({"samesite": "Strict"}, "a=1; Path=/; SameSite=Strict"),
        ({"samesite": "none", "secure": True}, "a=1; Path=/; SameSite=None; Secure"),
        (
            {"secure": True, "partitioned": True},
            "a=1; Path=/; SameSite=Lax; Secure; Partitioned",
        ),
    ],
)
def test_attributes_are_written_as_browsers_read_them(
    attributes: dict[str, object], expected: str
) -> None:
    assert cookie("a", "1", **attributes) == expected


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.replace(tzinfo=None),
        MOMENT.astimezone(timezone(timedelta(hours=14))),
        MOMENT.astimezone(timezone(-timedelta(hours=5, minutes=30))),
    ],
)
def test_a_moment_is_written_in_utc(moment: datetime) -> None:
    line = cookie("a", "1", expires=moment)
    assert line == "a=1; Expires=Tue, 03 Feb 2026 04:05:06 GMT; Path=/; SameSite=Lax"


@given(st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31)))
def test_every_moment_is_an_http_date(moment: datetime) -> None:
    date = cookie("a", expires=moment).split("; ")[1].removeprefix("Expires=")
    assert datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT") == moment.replace(microsecond=0)
    assert len(date) == 29


def test_a_cookie_is_deleted_with_its_path_and_domain() -> None:
    response = Response()
    response.delete_cookie("a")
    response.delete_cookie("b", path="/x", domain="example.org")
    response.delete_cookie("__Host-c")
    response.delete_cookie("__Secure-d", path=None)
    gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert response.headers.getlist("Set-Cookie") == [
        f"a=; {gone}; Path=/; SameSite=Lax",
        f"b=; {gone}; Domain=example.org; Path=/x; SameSite=Lax",
        f"__Host-c=; {gone}; Path=/; SameSite=Lax; Secure",
        f"__Secure-d=; {gone}; SameSite=Lax; Secure",
    ]


def test_no_cookie_is_sent_twice() -> None:
    response = Response(headers={"Set-Cookie": ["a=0; path=/; domain=A.b", "b=1; Path=/"]})
    response.set_cookie("a", "1")
    response.set_cookie("a", "2", path="/x")
    response.set_cookie("a", "3", domain="a.b")
    response.set_cookie("a", "4", secure=True, samesite=None)
    response.delete_cookie("b")
    assert [line.split(";")[0] for line in response.headers.getlist("Set-Cookie")] == [
        "a=2",
        "a=3",
        "a=4",
        "b=",
    ]


@pytest.mark.parametrize(
    ("name", "attributes", "message"),
    [
        ("", {}, "token"),
        ("a b", {}, "token"),
        ("a=b", {}, "token"),
        ("a;b", {}, "token"),
        ("ä", {}, "token"),
        ("a", {"path": "x"}, "path"),
        ("a", {"path": ""}, "path"),
        ("a", {"path": "/; HttpOnly"}, "path"),
        ("a", {"domain": "a b"}, "domain"),
        ("a", {"domain": "a;b"}, "domain"),
        ("a", {"domain": ""}, "domain"),
        ("a", {"domain": "exämple.org"}, "domain"),
        ("a", {"expires": "now; Secure"}, "expires"),
        ("a", {"expires": "spät"}, "expires"),
        ("a", {"samesite": "loose"}, "samesite"),
        ("a", {"samesite": ""}, "samesite"),
        ("a", {"samesite": "none"}, "secure=True"),
        ("a", {"partitioned": True}, "secure=True"),
        ("__Secure-a", {}, "secure=True"),
        ("__secure-a", {}, "secure=True"),
        ("__Host-a", {}, "secure=True"),
        ("__Host-a", {"secure": True, "path": "/x"}, "prefix"),
        ("__Host-a", {"secure": True, "path": None}, "prefix"),
        ("__HOST-a", {"secure": True, "domain": "example.org"}, "prefix"),
    ],
)
def test_what_a_browser_would_not_take_is_refused(
    name: str, attributes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cookie(name, "1", **attributes)


def test_prefixes_are_kept() -> None:
    assert cookie("__Host-a", "1", secure=True) == "__Host-a=1; Path=/; SameSite=Lax; Secure"
    assert cookie("__Secure-a", secure=True, domain="a.b", path="/x").startswith("__Secure-a=")


@pytest.mark.parametrize("char", [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f"])
@pytest.mark.parametrize("where", ["name", "value", "path", "domain", "expires", "samesite"])
def test_no_control_character_can_be_in_a_cookie(where: str, char: str) -> None:
    arguments = {"name": "a", "path": "/", where: f"/{char}Set-Cookie: b=c"}
    set_cookie: Callable[..., None] = Response().set_cookie
    with pytest.raises(ValueError, match="control characters"):
        set_cookie(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": 5},
        {"name": b"a"},
        {"value": 5},
        {"value": b"x"},
        {"value": None},
        {"max_age": "5"},
        {"max_age": 5.0},
        {"max_age": True},
        {"expires": 5},
        {"path": b"/"},
        {"domain": b"x"},
        {"samesite": True},
        {"secure": 1},
        {"httponly": None},
        {"partitioned": "yes"},
    ],
    ids=str,
)
def test_arguments_of_another_type_are_refused(arguments: dict[str, object]) -> None:
    response = Response()
    set_cookie: Callable[..., None] = response.set_cookie
    with pytest.raises(TypeError):
        set_cookie(**{"name": "a", **arguments})
    assert len(response.headers) == 0


VALUES = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"))


@given(tokens(), VALUES)
def test_what_is_set_reads_back(name: str, value: str) -> None:
    line = cookie(name, value, path=None, samesite=None)
    assert line.isascii()
    assert not set(line.partition("=")[2]) & set(' ",;\\')
    request = new_request(fields=b"Host: x\r\nCookie: other=1; " + line.encode() + b"\r\n")
    assert request.cookies[name] == value


@given(VALUES)
def test_what_is_set_reads_back_elsewhere(value: str) -> None:
    jar = SimpleCookie()
    jar.load(cookie("a", value))
    assert unquote(jar["a"].value) == value
    assert jar["a"]["path"] == "/"


def test_what_a_cookie_can_hold_stays_readable() -> None:
    text = "abc-XYZ_0.9~!#$&'()*+/:<=>?@[]^`{|}"
    assert cookie("a", text).startswith(f"a={text};")
    assert cookie("a", "100%").startswith("a=100%25;")
    assert cookie("a", '"\t, ;\\').startswith("a=%22%09%2C%20%3B%5C;")


@given(st.text(), st.text(), st.text(), st.text())
def test_no_cookie_is_more_than_its_line(name: str, value: str, path: str, domain: str) -> None:
    try:
        line = cookie_value(
            name,
            value,
            max_age=None,
            expires=None,
            path=path,
            domain=domain,
            secure=False,
            httponly=False,
            samesite=None,
            partitioned=False,
        )
    except ValueError:
        return
    assert len(line.split(";")) == 3
    assert line.isprintable()
