"""The view of a response's fields: a mapping, held against a plain list of pairs."""

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Response
from japy.core.fields import Fields, Headers, field_line, flat
from tests.support.handlers import get
from tests.support.strategies import TOKEN_CHARS, field_values, tokens
from tests.support.wire import DATE, Server

NAMES = ["X-A", "x-a", "X-a", "Vary", "VARY", "Set-Cookie", "set-cookie", "ETag"]


def sent(response: Response) -> list[str]:
    """Return the field lines that a client gets, without the Date."""
    app = Application()
    app.router.add_route("/", lambda request: response)
    with Server(app) as server:
        received = server.exchange([get("/")]).received
    head = received.partition(b"\r\n\r\n")[0]
    assert DATE.strip() in head or b"Date" in head.title()
    lines = head.decode().split("\r\n")[1:]
    return [line for line in lines if line != DATE.decode().strip()]


def test_fields_can_be_read_and_changed() -> None:
    response = Response("x", headers={"X-A": "1"})
    headers = response.headers
    assert headers["x-a"] == "1"
    headers["X-B"] = "2"
    headers["x-a"] = "3"
    del headers["CONTENT-TYPE"]
    assert list(headers.items()) == [("X-B", "2"), ("x-a", "3")]
    assert sent(response) == ["Content-Length: 1", "X-B: 2", "x-a: 3"]


def test_a_field_may_have_several_lines() -> None:
    headers = Response().headers
    headers.add("Vary", "Accept")
    headers.add("vary", "Origin")
    headers.add("Set-Cookie", "a=1")
    headers.add("Set-Cookie", "b=2")
    assert headers["VARY"] == "Accept, Origin"
    assert headers.getlist("Vary") == ["Accept", "Origin"]
    assert headers["set-cookie"] == "a=1"  # joined, cookies could not be told apart
    assert headers.getlist("set-cookie") == ["a=1", "b=2"]
    assert len(headers) == 4
    assert list(headers) == ["Vary", "vary", "Set-Cookie", "Set-Cookie"]
    assert list(headers.values()) == ["Accept", "Origin", "a=1", "b=2"]
    assert ("VARY", "Origin") in headers.items()
    assert ("Vary", "Accept, Origin") not in headers.items()
    assert "b=2" in headers.values()
    assert "c" not in headers.values()
    headers["Vary"] = "*"
    assert headers.getlist("Vary") == ["*"]


def test_the_methods_of_a_mapping() -> None:
    headers = Response(headers={"A": "1"}).headers
    assert headers.get("a") == "1"
    assert headers.get("b") is None
    assert headers.setdefault("A", "2") == "1"
    assert headers.setdefault("B", "2") == "2"
    assert headers.pop("b") == "2"
    assert headers.pop("b", None) is None
    assert "a" in headers
    assert "b" not in headers
    assert not headers.__contains__(5)
    assert dict(headers) == {"A": "1"}
    assert repr(headers) == "Fields([('A', '1')])"
    headers.clear()
    assert len(headers) == 0
    with pytest.raises(KeyError):
        headers["A"]
    with pytest.raises(KeyError):
        del headers["A"]


def test_views_of_lines() -> None:
    headers = Response(headers={"A": ["1", "2"]}).headers
    pairs, values = headers.items(), headers.values()
    headers.add("b", "3")
    assert (len(pairs), len(values)) == (3, 3)
    assert repr(pairs) == "Pairs([('A', '1'), ('A', '2'), ('b', '3')])"
    assert repr(values) == "Values(['1', '2', '3'])"
    assert pairs & {("A", "1"), ("A", "9")} == {("A", "1")}
    assert set(pairs) == {("A", "1"), ("A", "2"), ("b", "3")}
    assert set(headers.keys()) == {"A", "b"}


def test_nothing_outlives_its_views() -> None:
    response = Response(headers={"A": ["1", "2"]})
    before = sys.getrefcount(response)
    for _ in range(10):
        headers = response.headers
        assert headers == response.headers
        assert len(list(headers.items())) + len(list(headers.values())) + len(headers.keys()) == 6
        headers.update(response.copy().headers)
        assert repr(headers)
    del headers
    assert sys.getrefcount(response) == before


def test_update_replaces_what_it_names() -> None:
    headers = Response(headers={"A": ["1", "2"], "B": "3"}).headers
    headers.update({"a": ["4", "5"], "C": "6"})
    assert list(headers.items()) == [("B", "3"), ("a", "4"), ("a", "5"), ("C", "6")]
    headers.update([("B", "7"), ("B", "8")])
    assert headers.getlist("b") == ["7", "8"]
    other = Response(headers={"B": ["x", "y"]}).headers
    headers.update(other)
    assert headers.getlist("b") == ["x", "y"]
    headers.update(headers)
    assert len(headers) == 5


def test_update_changes_nothing_if_it_fails() -> None:
    headers = Response(headers={"A": "1"}).headers
    with pytest.raises(ValueError, match="control characters"):
        headers.update({"A": "2", "B": "\r\n"})
    with pytest.raises(TypeError):
        headers.update({"A": 2})  # type: ignore[arg-type]  # what is tested
    with pytest.raises(ValueError, match="token"):
        headers["A\n"] = "3"
    with pytest.raises(ValueError, match="control characters"):
        headers["A"] = "3\n"
    assert list(headers.items()) == [("A", "1")]


def test_views_are_equal_by_lines() -> None:
    headers = Response(headers={"A": "1", "B": "2"}).headers
    assert headers == Response(headers={"b": "2", "a": "1"}).headers
    assert headers == {"a": "1", "B": "2"}
    assert headers == {"a": ["1"], "B": ("2",)}
    assert headers != {"a": "1"}
    assert headers != {"A": "1", 5: "2"}
    assert headers != [("A", "1"), ("B", "2")]
    many = Response(headers={"A": ["1", "2"]}).headers
    assert many == {"a": ["1", "2"]}
    assert many != {"a": ["2", "1"]}
    assert Response().headers == {}
    with pytest.raises(TypeError):
        hash(headers)


def test_a_view_is_of_its_response() -> None:
    response = Response("x")
    first, second = response.headers, response.headers
    first["A"] = "1"
    assert second["A"] == "1"
    assert response.copy().headers == first


# What japy writes itself.


def test_the_content_type_is_a_field() -> None:
    response = Response("é")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    response.headers["content-type"] = "text/html; charset=latin-1"
    assert (response.mime_type, response.encoding) == ("text/html", "latin-1")
    response.text = "ü"
    assert response.body == b"\xfc"
    assert sent(response) == ["Content-Length: 1", "content-type: text/html; charset=latin-1"]
    response.headers.add("Content-Type", "a/b")
    assert response.headers.getlist("Content-Type") == ["a/b"]
    del response.headers["Content-Type"]
    assert "Content-Type" not in response.headers
    assert sent(response) == ["Content-Length: 1"]
    assert response.mime_type is None
    assert response.encoding is None


@pytest.mark.parametrize("code", [204, 304])
def test_a_content_type_without_a_body_is_sent_only_if_it_was_said(code: int) -> None:
    assert "Content-Type" not in Response("x", code).headers
    response = Response("x", code, headers={"Content-Type": "a/b"})
    assert response.headers["Content-Type"] == "a/b"
    assert sent(response) == ["Content-Type: a/b"]
    assert sent(Response(headers={"Content-Type": "a/b"}))[1:] == ["Content-Type: a/b"]


def test_the_length_is_read_as_it_is_sent() -> None:
    response = Response("abc")
    headers = response.headers
    assert headers["content-length"] == "3"
    assert headers.getlist("Content-Length") == ["3"]
    assert "Content-Length" in headers
    assert "Content-Length" not in list(headers)
    headers["Content-Length"] = "3"
    response.text = "abcd"
    assert headers["Content-Length"] == "4"
    del headers["Content-Length"]
    assert headers.pop("Content-Length") == "4"
    response.code = 204
    assert "Content-Length" not in headers
    with pytest.raises(KeyError):
        del headers["Content-Length"]


@pytest.mark.parametrize("value", ["2", "03", "+3", "", "a"])
def test_the_framing_cannot_be_changed(value: str) -> None:
    headers = Response("abc").headers
    with pytest.raises(ValueError, match="Content-Length: expected 3"):
        headers["Content-Length"] = value
    with pytest.raises(ValueError, match="Content-Length: expected 3"):
        headers.update({"content-length": value})
    with pytest.raises(ValueError, match="Transfer-Encoding"):
        headers.add("Transfer-Encoding", "chunked")
    assert list(headers) == ["Content-Type"]


def test_not_modified_may_tell_the_length_of_what_it_stands_for() -> None:
    response = Response(code=304, headers={"Content-Length": "7"})
    response.headers["Content-Length"] = "8"
    assert response.headers["Content-Length"] == "8"
    assert list(response.headers) == []
    assert sent(response) == ["Content-Length: 8"]
    copy = Response(code=304, headers=response.headers)
    assert "Content-Length" not in copy.headers
    response.code = 200
    assert sent(response) == ["Content-Length: 0"]
    response = Response(code=304, headers={"Content-Length": "7"})
    del response.headers["Content-Length"]
    assert sent(response) == []


def test_connection_is_close_or_nothing() -> None:
    response = Response("x")
    response.headers["Connection"] = "keep-alive"
    assert "Connection" not in response.headers
    response.headers["connection"] = "x, Close"
    assert response.headers["Connection"] == "close"
    assert next(iter(response.headers)) == "Connection"
    assert "Connection: close" in sent(response)
    response.headers["Connection"] = "keep-alive"
    assert not any("Connection" in line for line in sent(response))
    response.headers.add("Connection", "close")
    del response.headers["Connection"]
    assert not any("Connection" in line for line in sent(response))


@pytest.mark.parametrize("name", ["Date", "Server"])
def test_some_fields_there_is_only_one_of(name: str) -> None:
    response = Response("x", headers={name: ["a", "b"]})
    assert response.headers.getlist(name) == ["b"]
    response.headers.add(name.lower(), "c")
    assert sent(response)[1:] == ["Content-Type: text/plain; charset=utf-8", f"{name.lower()}: c"]


def test_without_a_date_of_the_users_there_is_japys() -> None:
    response = Response("x", headers={"Date": "today"})
    assert "Date" in response.headers
    del response.headers["date"]
    assert "Date" not in response.headers
    app = Application()
    app.router.add_route("/", lambda request: response)
    with Server(app) as server:
        assert server.exchange([get("/")]).received.count(DATE) == 1


# Laws.


class Model(NamedTuple):
    """Fields as a list of lines."""

    lines: list[tuple[str, str]]

    def set(self, name: str, value: str) -> None:
        self.drop(name)
        self.add(name, value)

    def add(self, name: str, value: str) -> None:
        self.lines.append((name, value))

    def drop(self, name: str) -> None:
        self.lines[:] = [line for line in self.lines if line[0].lower() != name.lower()]

    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key.lower() == name.lower()]


steps = st.tuples(
    st.sampled_from(["set", "add", "del", "pop", "setdefault", "update"]),
    st.sampled_from(NAMES),
    field_values(),
)


@given(st.lists(steps, max_size=12))
def test_a_view_does_what_a_list_would_do(actions: list[tuple[str, str, str]]) -> None:
    response = Response()
    headers, model = response.headers, Model([])
    for action, name, value in actions:
        apply(headers, model, action, name, value)
        assert list(headers.items()) == model.lines
        assert list(headers) == [key for key, _ in model.lines]
        assert list(headers.values()) == [single for _, single in model.lines]
        assert len(headers) == len(model.lines)
        assert headers == Response(headers=model.lines).headers
        for known in NAMES:
            assert headers.getlist(known) == model.getlist(known)
            assert (known in headers) == bool(model.getlist(known))
    expected = [f"{name}: {value}" for name, value in model.lines]
    assert sent(response) == ["Content-Length: 0", *expected]


def apply(headers: Fields, model: Model, action: str, name: str, value: str) -> None:
    """Do the same to a view and to its model."""
    present = bool(model.getlist(name))
    if action == "set":
        headers[name] = value
        model.set(name, value)
    elif action == "add":
        headers.add(name, value)
        model.add(name, value)
    elif action == "update":
        headers.update({name: [value, "more"]})
        model.set(name, value)
        model.add(name, "more")
    elif action == "setdefault":
        headers.setdefault(name, value)
        if not present:
            model.add(name, value)
    elif not present:
        with pytest.raises(KeyError):
            headers.pop(name) if action == "pop" else headers.__delitem__(name)
    else:
        headers.pop(name) if action == "pop" else headers.__delitem__(name)
        model.drop(name)


@given(st.one_of(tokens(), st.text(max_size=8)), st.one_of(field_values(), st.text(max_size=20)))
def test_nothing_can_be_injected(name: str, value: str) -> None:
    writes: list[Callable[[Fields], object]] = [
        lambda headers: headers.add(name, value),
        lambda headers: headers.__setitem__(name, value),
        lambda headers: headers.setdefault(name, value),
        lambda headers: headers.update({name: value}),
    ]
    for write in writes:
        response = Response(code=500)
        try:
            write(response.headers)
        except ValueError:
            legal = name and set(name) <= set(TOKEN_CHARS)
            assert not legal or not value.isprintable() or name.lower() in FRAMING
            continue
        assert not set(name) - set(TOKEN_CHARS)
        assert not any(ord(char) < 32 and char != "\t" for char in value)
        stripped = value.strip(" \t")
        assert sent(response)[1:] in ([f"{name}: {stripped}"], ["Connection: close"], [])


FRAMING = {"content-length", "transfer-encoding"}


@pytest.mark.parametrize("char", [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f"])
def test_no_control_character_can_be_in_a_field(char: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        field_line("A", f"b{char}")
    with pytest.raises(ValueError, match="token"):
        field_line(f"A{char}", "b")


@pytest.mark.parametrize(
    "use",
    [
        lambda headers: headers[5],
        lambda headers: headers.get(5),
        lambda headers: headers.getlist(b"A"),
        lambda headers: headers.__setitem__("A", 5),
        lambda headers: headers.__setitem__(b"A", "5"),
        lambda headers: headers.__setitem__("A", ["5"]),
        lambda headers: headers.__delitem__(5),
        lambda headers: headers.add("A", None),
        lambda headers: headers.add("A", b"x"),
        lambda headers: headers.setdefault("A", None),
        lambda headers: headers.update(5),
        lambda headers: headers.update({5: "x"}),
    ],
)
def test_names_and_values_are_text(use: Callable[[Fields], object]) -> None:
    headers = Response().headers
    with pytest.raises(TypeError):
        use(headers)
    assert len(headers) == 0


def test_a_view_is_a_mapping_that_a_response_can_be_made_with() -> None:
    first = Response("long text", 201, headers={"A": ["1", "2"], "Connection": "close"})
    assert isinstance(first.headers, Mapping)
    second = Response("x", headers=first.headers)
    assert second.headers == first.headers
    assert second.headers["Content-Length"] == "1"


def test_fields_are_a_mapping_or_pairs() -> None:
    expected = [("A", "1"), ("A", "2"), ("B", "3")]
    assert flat({"A": ["1", "2"], "B": "3"}) == expected
    assert flat({"A": ("1", "2"), "B": "3"}.items()) == expected
    assert flat(iter(expected)) == expected
    assert flat(Response(headers=expected).headers) == expected
    assert flat([]) == []
    assert flat({"A": []}) == []


@pytest.mark.parametrize(
    "headers",
    [
        *("A: b", "ab", b"ab", 5, ["ab"], [5], [None], [[]], [("A",)], [("A", "b", "c")]),
        *({5: "a"}, {None: "a"}, {"A": 5}, {"A": None}, {"A": b"b"}, {"A": {"b"}}),
        *({"A": ["b", 5]}, [(5, "a")]),
    ],
    ids=repr,
)
def test_fields_of_another_kind_are_refused(headers: Headers) -> None:
    with pytest.raises(TypeError):
        flat(headers)
    with pytest.raises(TypeError):
        Response(headers=headers)
    with pytest.raises(TypeError):
        Response().headers.update(headers)


def test_a_pair_may_be_a_list() -> None:
    make: Callable[..., Response] = Response
    assert list(make(headers=[["A", "b"]]).headers.items()) == [("A", "b")]
