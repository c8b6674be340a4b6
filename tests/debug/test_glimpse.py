"""Values on a screen: short, whatever they do, and without secrets."""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.debug.glimpse import MASK, MAX_SIZE, cut, is_secret, masked, repr_of, text_of

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
        "user[password]",
        "pw",
        "cc",
        "cc_number",
        "ssn",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "monkey",
        "author",
        "keyboard",
        "Host",
        "Accept",
        "user",
        "name",
        "compass",
        "spinner",
        "access",
        "",
    ],
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
        ("password='cut \\'", f"password={MASK}"),
        ("password == 'S', 1", f"password == {MASK}, 1"),
        ('password="""S"""', f"password={MASK}"),
        ("token=Secret(value='S'), n=1", f"token={MASK}, n=1"),
        ("token=<Secret at 0x1>, n=1", f"token={MASK}, n=1"),
        ("pw: S, cc: S, ssn: S", f"pw: {MASK}"),
        ("a pw: S, cc: S, ssn: S", f"a pw: {MASK}, cc: {MASK}, ssn: {MASK}"),
        ("?user[password]=S,S&a=1", f"?user[password]={MASK}&a=1"),
        ("?password[a][]=S", f"?password[a][]={MASK}"),
        ("?user%5Bpassword%5D=S&a=1", f"?user%5Bpassword%5D={MASK}&a=1"),
        ("?pass%77ord=S&a=1", f"?pass%77ord={MASK}&a=1"),
        ("x['password'] = 'S'", f"x['password'] = {MASK}"),
        (r"{\"password\": \"S\\\"S\", \"a\": 1}", rf"{{\"password\": {MASK}, \"a\": 1}}"),
        (
            r'"{\"a\": \"{\\\"token\\\": \\\"S\\\"}\"}"',
            rf'"{{\"a\": \"{{\\\"token\\\": {MASK}}}\"}}"',
        ),
        (r"{\n  \"token\":\n  \"S\"}", rf"{{\n  \"token\":\n  {MASK}}}"),
        ('{"password": {"x": {"y": 1}, "z": "S}"}, "a": 1}', f'{{"password": {MASK}, "a": 1}}'),
        ('{"password": {"x": {"y": 1}, "z": "S', f'{{"password": {MASK}'),
        ("{'keys': [('a', {1: 'S'}), S], 'b': 1}", f"{{'keys': {MASK}, 'b': 1}}"),
        ("<a><password>S</password></a>", f"<a><password>{MASK}</password></a>"),
        ("<n:token x='1'><b>S</b></n:token>", f"<n:token x='1'>{MASK}</n:token>"),
        (r"<password>S<\/password>", rf"<password>{MASK}<\/password>"),
        ("<password>S…", f"<password>{MASK}"),
        ("<token/><Token object at 0x1> [1]", "<token/><Token object at 0x1> [1]"),
        ("run --password S --user ann", f"run --password {MASK} --user ann"),
        ("run --api-key=S --quiet", f"run --api-key={MASK} --quiet"),
        ("['--password', 'S', '-v']", f"['--password', {MASK}, '-v']"),
        ("the password is not shown", "the password is not shown"),
        ("A: 1\r\nCookie: a=S; b=S\r\nB: 2", f"A: 1\r\nCookie: {MASK}\r\nB: 2"),
        (r"b'A: 1\r\nCookie: a=S; b=S\r\nB: 2'", rf"b'A: 1\r\nCookie: {MASK}\r\nB: 2'"),
        (r"'a: 1\nkey: S S\nb: 2'", rf"'a: 1\nkey: {MASK}\nb: 2'"),
        (r"'token: it\'s S', 'b'", rf"'token: {MASK}', 'b'"),
        (r"c:\token=S", rf"c:\token={MASK}"),
        ("postgres://ann:S…", f"postgres://ann:{MASK}…"),
        ("monkey=1&author=2", "monkey=1&author=2"),
        ("https://example.com:80/a@b", "https://example.com:80/a@b"),
        ("no pairs at all", "no pairs at all"),
        ("token: expected a str", "token: expected a str"),
        ("pw: expected an int; got str\nkey: S", f"pw: expected an int; got str\nkey: {MASK}"),
        ("token: expected a str; got S", f"token: {MASK}"),
        ("token: expected a str; got 'S'", f"token: {MASK}"),
        ("signature: expected S; got dict", f"signature: {MASK}"),
        ("token: expected a str such as S", f"token: {MASK}"),
        ("token=expected a S", f"token={MASK} a S"),
    ],
)
def test_values_of_secret_names_in_text(text: str, shown: str) -> None:
    assert masked(text) == shown


MULTIPART = (
    '--b\r\nContent-Disposition: form-data; name="user"\r\n\r\nann\r\n'
    '--b\r\nContent-Disposition: form-data; name="password"\r\nX-A: 1\r\n\r\nS\r\nS\r\n'
    '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b--\r\n'
)


def test_secret_parts_of_a_multipart_body() -> None:
    shown = MULTIPART.replace("S\r\nS", MASK)
    assert masked(MULTIPART) == shown
    assert masked(repr(MULTIPART)) == repr(shown)
    assert masked(MULTIPART.replace("\r", "")) == shown.replace("\r", "")
    assert masked('name="pw"\r\n--b\r\nA: 1\r\n\r\nx') == 'name="pw"\r\n--b\r\nA: 1\r\n\r\nx'
    assert masked('name="pw"\r\nA: 1') == 'name="pw"\r\nA: 1'
    assert repr_of("body", MULTIPART[80:]) == repr(shown[80:])
    assert repr_of("body", MULTIPART[80:].encode()) == "b" + repr(shown[80:])


@pytest.mark.parametrize("size", range(300, 420, 7))
def test_what_is_long_is_masked_however_it_is_cut(size: int) -> None:
    text = f'{{"id":"{"x" * size}","access_token":"{"S" * 500}"}}'
    values: list[object] = [text, text.encode(), bytearray(text.encode()), [text], {"a": text}]
    values += [User(text, ""), (f"{'x' * size} a://b:{'S' * 99}@c",)]
    for value in values:
        assert "SS" not in repr_of("value", value)
    assert "SS" not in text_of("value", text * 3)


def test_masking_twice_changes_nothing() -> None:
    for text in (MULTIPART, "a?token=S&b=1", "Cookie: a=S; b=S\r\nA: 1", "{'key': {'a': S}}"):
        assert masked(masked(text)) == masked(text)


def test_text_that_somebody_sent() -> None:
    assert (
        text_of("Referer", "http://x/?next=%2Fa%3Ftoken%3DS") == f"http://x/?next=/a?token={MASK}"
    )
    assert text_of("Referer", "http://x/a%20b") == "http://x/a%20b"
    assert text_of("Cookie", "a=b") == MASK
    assert text_of("Referer", "http://x/?token=abc") == f"http://x/?token={MASK}"
    assert text_of("A", "x" * 5000) == "x" * (MAX_SIZE - 1) + "…"


def test_long_text_is_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


@given(st.text(alphabet="ab=:'\"\\([{)]},;&? tokenBearer\n-_", max_size=300))
def test_masking_takes_any_text(text: str) -> None:
    assert isinstance(masked(text), str)


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "token", "token=", "'", "='", "([{", "token:'\\", "://a:", "\\", "token=[", "a[b]"),
        *("<token>", "name=token ", "name=pw\n--b\n\n", "--token ", "a\\n", "token: \\'", "pw=a'"),
    ],
)
def test_masking_takes_no_time(piece: str) -> None:
    text = piece * (10_000 // len(piece))
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


class Leaving:
    """A value that ends the program when somebody looks at it."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


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


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_value_may_even_ask_for_an_exit(error: type[BaseException]) -> None:
    def leave(value: object) -> None:
        raise error

    assert repr_of("value", Leaving(error)).startswith("<Leaving instance at 0x")
    assert repr_of("value", [Leaving(error)]).startswith("[<Leaving instance at 0x")
    liar = type("Liar", (), {"__class__": property(leave)})()
    assert repr_of("liar", liar) == f"<Liar without a repr: {error.__name__}>"


def test_what_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append({"loop": loop})
    assert repr_of("loop", loop) == "[{'loop': [{…}]}]"
    assert repr_of("broken", Broken()).startswith("<Broken instance at 0x")
    assert repr_of("number", 10**10_000)
