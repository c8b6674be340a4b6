"""The cookies of a client: what is kept, for which paths, how long, and how it is sent back."""

import pytest

from japy.jar import Jar, read_cookie


def jar_of(*lines: str, target: str = "/") -> Jar:
    """Return a jar that one answer has filled."""
    jar = Jar()
    jar.take(target, lines)
    return jar


def test_a_cookie_is_sent_back_as_it_came() -> None:
    jar = jar_of('city="Bia\\314\\222a"; HttpOnly', "sid=aGk=.x/y+z; Secure; SameSite=Lax")
    assert jar == {"city": "Bia\xcc\x92a", "sid": "aGk=.x/y+z"}
    assert jar.field("/", None) == 'city="Bia\\314\\222a"; sid=aGk=.x/y+z'


def test_what_is_put_in_is_sent_to_every_path() -> None:
    jar = jar_of("a=1; Path=/admin")
    jar["b"] = "2"
    assert jar.field("/", None) == "b=2"
    jar["a"] = "3"
    assert jar.field("/", None) == "a=3; b=2"


def test_what_no_value_may_hold_is_encoded() -> None:
    jar = Jar()
    jar["name"] = 'Łódź; "x"'
    assert jar.field("/", {"more": "a,b"}) == "name=%C5%81%C3%B3d%C5%BA%3B%20%22x%22; more=a%2Cb"


def test_a_cookie_is_a_text() -> None:
    jar, more = Jar(), {"a": 5}
    with pytest.raises(TypeError, match=r"^cookies: expected a str for 'a'; got int: write str"):
        jar.field("/", more)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match=r"^cookies: expected a dict of names.*; got 'a=1'$"):
        jar.field("/", "a=1")  # type: ignore[arg-type]  # on purpose
    jar["b"] = None  # type: ignore[assignment]  # on purpose
    with pytest.raises(TypeError, match=r"^cookies: expected a str for 'b'; got NoneType"):
        jar.field("/", None)


def test_cookies_of_one_request_replace_those_of_the_jar() -> None:
    jar = jar_of("a=1", "b=2")
    assert jar.field("/", {"b": "3", "c": "4"}) == "a=1; b=3; c=4"
    assert jar == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("line", "target", "asked", "is_sent"),
    [
        ("a=1", "/", "/any/where", True),
        ("a=1", "/shop/cart?x=/y", "/shop", True),
        ("a=1", "/shop/cart", "/shop/pay?a=b", True),
        ("a=1", "/shop/cart", "/shopping", False),
        ("a=1", "/shop/cart", "/", False),
        ("a=1; Path=/", "/shop/cart", "/", True),
        ("a=1; path=/admin/", "/", "/admin", True),
        ("a=1; path=/admin/", "/", "/admin/users", True),
        ("a=1; path=/admin", "/", "/administer", False),
        ("a=1; path=nonsense", "/shop/cart", "/shop", True),
    ],
)
def test_a_cookie_is_for_its_path(line: str, target: str, asked: str, is_sent: bool) -> None:
    assert jar_of(line, target=target).field(asked, None) == ("a=1" if is_sent else "")


@pytest.mark.parametrize(
    ("attributes", "is_gone"),
    [
        ("Max-Age=0", True),
        ("Max-Age=-1", True),
        ("Max-Age=60", False),
        ("Max-Age=x", False),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("Expires=Thu, 01-Jan-1970 00:00:00 GMT", True),
        ("expires=Fri, 31 Dec 9999 23:59:59 GMT", False),
        ("Expires=yesterday", False),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", False),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=0", True),
    ],
)
def test_a_cookie_ends(attributes: str, is_gone: bool) -> None:
    jar = jar_of("a=1", "b=2")
    jar.take("/", [f"a=; {attributes}"])
    assert jar == ({"b": "2"} if is_gone else {"a": "", "b": "2"})


def test_a_cookie_that_is_gone_needs_not_have_been_there() -> None:
    assert jar_of("a=; Max-Age=0") == {}


def test_the_last_cookie_of_a_name_is_kept() -> None:
    jar = jar_of("a=1; Path=/x", "a=2; Path=/y")
    assert jar.field("/x", None) == ""
    assert jar.field("/y", None) == "a=2"


def test_odd_fields_are_read() -> None:
    assert read_cookie("flag")[:3] == ("flag", "", "")
    assert read_cookie(" a = b = c ;; x")[:3] == ("a", "b = c", "b = c")
