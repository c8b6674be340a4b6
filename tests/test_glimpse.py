"""Values on a screen: short, whatever they do, and without secrets."""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.glimpse import MASK, MAX_SIZE, cut, is_secret, masked, repr_of, text_of

# Names.


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "PASSWORD",
        "db_passwd",
        "userPassword",
        "pwd",
        "secret",
        "client_secret",
        "token",
        "accessToken",
        "X-CSRF-Token",
        "key",
        "api_key",
        "apikey",
        "X-Api-Key",
        "APIKey",
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "session",
        "session_id",
        "auth",
        "credentials",
        "private",
        "jwt",
        "pass",
        "pass_phrase",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["monkey", "author", "keyboard", "Host", "Accept", "user", "name", "compass", "spinner", ""],
)
def test_other_names(name: str) -> None:
    assert not is_secret(name)


# Text.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/a?x=1&token=abc&y=2", f"/a?x=1&token={MASK}&y=2"),
        ("/a?token=abc", f"/a?token={MASK}"),
        ("password = 'a b'", f"password = {MASK}"),
        ("User(name='ann', password='it\\'s', n=1)", f"User(name='ann', password={MASK}, n=1)"),
        ("{'secret': b'x y', 'a': 1}", f"{{'secret': {MASK}, 'a': 1}}"),
        ("{'tokens': ['a', 'b'], 'a': 1}", f"{{'tokens': {MASK}, 'a': 1}}"),
        ("[('Authorization', 'Bearer x'), ('A', 'b')]", f"[('Authorization', {MASK}), ('A', 'b')]"),
        ("Authorization: Bearer abc.def", f"Authorization: {MASK}"),
        ("postgres://ann:hunter2@db/x", f"postgres://ann:{MASK}@db/x"),
        ("password='cut off", f"password={MASK}"),
        ("monkey=1&author=2", "monkey=1&author=2"),
        ("https://example.com:80/a@b", "https://example.com:80/a@b"),
        ("no pairs at all", "no pairs at all"),
    ],
)
def test_values_of_secret_names_in_text(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_text_that_somebody_sent() -> None:
    assert text_of("Cookie", "a=b") == MASK
    assert text_of("Referer", "http://x/?token=abc") == f"http://x/?token={MASK}"
    assert text_of("A", "x" * 5000) == "x" * (MAX_SIZE - 1) + "…"


def test_long_text_is_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


@given(st.text(alphabet="ab=:'\"\\([{)]},;&? tokenBearer\n-_", max_size=300))
def test_masking_takes_any_text(text: str) -> None:
    assert isinstance(masked(text), str)


@pytest.mark.parametrize("piece", ["a", "token", "token=", "'", "='", "([{", "token:'\\", "://a:"])
def test_masking_takes_no_time(piece: str) -> None:
    text = piece * (4000 // len(piece))
    before = time.process_time()
    masked(text)
    assert time.process_time() - before < 1


# Values.


@dataclass
class User:
    name: str
    password: str
    tags: list[str] = field(default_factory=list)


class Broken:
    def __repr__(self) -> str:
        raise ValueError("on purpose")


class Wordy:
    def __repr__(self) -> str:
        return "x" * 10_000_000


class Wrong:
    def __repr__(self) -> str:
        return None  # type: ignore[return-value]  # on purpose


class Recursive:
    def __repr__(self) -> str:
        return f"Recursive({self!r})"


class Mapping(dict[str, object]):
    """A dict of another name."""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1"),
        ("a\nb", r"'a\nb'"),
        (b"a", "b'a'"),
        (None, "None"),
        ([1, [2, [3, [4]]]], "[1, [2, [3, [...]]]]"),
        ({"a": {"b": {"c": {}}}}, "{'a': {'b': {'c': {}}}}"),
        ({"a": {"b": {"c": {"d": 1}}}}, "{'a': {'b': {'c': {…}}}}"),
        ({"password": "x", "n": 1}, f"{{'password': {MASK}, 'n': 1}}"),
        ({b"token": ["x", "y"]}, f"{{b'token': {MASK}}}"),
        (Mapping(secret="x"), f"{{'secret': {MASK}}}"),
        ([{"user": {"key": "x"}}], f"[{{'user': {{'key': {MASK}}}}}]"),
        (User("ann", "hunter2"), f"User(name='ann', password={MASK}, tags=[])"),
        ([("Cookie", "a=b")], f"[('Cookie', {MASK})]"),
        (deque([1]), "deque([1])"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...]"),
        ({i: i for i in range(20)}, "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, "
         "9: 9, 10: 10, 11: 11, …}"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
    ],
)  # fmt: skip
def test_the_repr_of_a_value(value: object, shown: str) -> None:
    assert repr_of("value", value) == shown


def test_the_value_of_a_secret_name_is_not_even_asked() -> None:
    assert repr_of("password", Broken()) == MASK


@pytest.mark.parametrize(
    "value",
    [
        Broken(),
        [Broken()],
        {"a": Broken()},
        Wrong(),
        Recursive(),
        10**10_000,
        Wordy(),
        "x" * 50_000_000,
        b"x" * 50_000_000,
        bytearray(50_000_000),
        [["y" * 1000] * 1000] * 1000,
        OrderedDict.fromkeys(range(100_000)),
        {"y" * 5000: "z" * 5000},
        User("x" * 100_000, "y"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_value_does_its_repr_is_short(value: object) -> None:
    before = time.process_time()
    shown = repr_of("value", value)
    assert 0 < len(shown) <= MAX_SIZE
    assert time.process_time() - before < 2


def test_a_value_may_even_hide_what_it_is() -> None:
    def fail(value: object) -> None:
        raise ValueError("on purpose")

    liar = type("Liar", (), {"__class__": property(fail)})()
    assert repr_of("liar", liar) == "<Liar without a repr: ValueError>"


def test_what_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append({"loop": loop})
    assert repr_of("loop", loop) == "[{'loop': [{…}]}]"
    assert repr_of("broken", Broken()).startswith("<Broken instance at 0x")
    assert repr_of("number", 10**10_000)
