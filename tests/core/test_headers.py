"""Headers: equal to Japronto's dict, but found in any case, and with nothing lost."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.headers import TITLES, Headers, read_headers
from japy.core.parser import read_fields
from tests.support.strategies import Message, field_values, messages, tokens

PAIRS = [("host", "x"), ("ACCEPT", "a"), ("accept", "b"), ("Cookie", "c"), ("cookie", "d")]
EXPECTED = {"Host": "x", "Accept": "a, b", "Cookie": "c; d"}


def test_fields_are_a_dict_with_names_in_title_case() -> None:
    headers = Headers(PAIRS)
    assert headers == EXPECTED
    assert EXPECTED.__eq__(headers)
    assert headers != {**EXPECTED, "A": ""}
    assert isinstance(headers, dict)
    assert list(headers) == ["Host", "Accept", "Cookie"]
    assert repr(headers) == repr(EXPECTED)
    assert json.loads(json.dumps(headers)) == EXPECTED
    assert dict(headers) == {**headers} == EXPECTED
    assert Headers() == Headers([]) == Headers({}) == {}
    assert Headers(EXPECTED) == Headers(headers) == EXPECTED


@pytest.mark.parametrize("name", ["Accept", "accept", "ACCEPT", "aCCEPT"])
def test_a_name_is_found_in_any_case(name: str) -> None:
    headers = Headers(PAIRS)
    assert headers[name] == "a, b"
    assert headers.get(name) == headers.get(name, "default") == "a, b"
    assert name in headers
    assert headers.getlist(name) == ["a", "b"]


@pytest.mark.parametrize("name", ["X", "x", ""])
def test_what_is_not_there_is_not_found(name: str) -> None:
    headers = Headers(PAIRS)
    with pytest.raises(KeyError) as caught:
        headers[name]
    assert caught.value.args == (name,)
    with pytest.raises(KeyError):
        del headers[name]
    with pytest.raises(KeyError):
        headers.pop(name)
    assert headers.get(name) is None
    assert headers.get(name, 1) == 1
    assert headers.pop(name, 2) == 2
    assert name not in headers
    assert headers.getlist(name) == []


def test_a_key_that_is_no_str_is_not_there() -> None:
    headers = Headers(PAIRS)
    keys: list[Any] = [None, 1, b"Host"]
    for key in keys:
        assert key not in headers
        assert headers.get(key) is None
        with pytest.raises(KeyError):
            headers[key]


def test_a_field_cannot_be_named_by_what_is_no_str() -> None:
    headers: Any = Headers(PAIRS)
    for name in (None, 1, b"Host"):
        for call in (headers.getlist, headers.pop, headers.__delitem__):
            with pytest.raises(TypeError):
                call(name)
        for change in (headers.__setitem__, headers.setdefault):
            with pytest.raises(TypeError):
                change(name, "x")
        with pytest.raises(TypeError):
            headers.update({name: "x"})
    assert headers == EXPECTED


def test_a_list_is_a_copy() -> None:
    headers = Headers(PAIRS)
    headers.getlist("Accept").append("z")
    assert headers.getlist("Accept") == ["a", "b"]
    assert headers.getlist("Host") == ["x"]


def test_an_empty_value_is_a_value() -> None:
    headers = Headers([("A", ""), ("B", ""), ("B", "")])
    assert headers == {"A": "", "B": ", "}
    assert headers.get("a", "default") == ""
    assert headers.getlist("B") == ["", ""]


def test_changes_keep_names_in_title_case() -> None:
    headers = Headers(PAIRS)
    headers["accept"] = "z"
    assert headers.getlist("ACCEPT") == ["z"]
    assert headers.setdefault("x-new", "1") == "1"
    assert headers.setdefault("X-NEW", "2") == "1"
    headers.update({"host": "y"})
    headers |= [("x-more", "1"), ("X-More", "2")]
    assert headers.pop("cookie") == "c; d"
    assert headers == {"Host": "y", "Accept": "z", "X-New": "1", "X-More": "1, 2"}
    del headers["ACCEPT"]
    assert "Accept" not in headers
    headers.clear()
    assert headers.getlist("X-More") == []
    headers["x-more"] = "3"
    assert headers.getlist("X-More") == ["3"]


def test_copies_are_the_same_and_change_by_themselves() -> None:
    headers = Headers(PAIRS)
    copies = [headers.copy(), copy.copy(headers), copy.deepcopy(headers)]
    copies += [pickle.loads(pickle.dumps(headers, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert type(other) is Headers
        assert other == headers
        assert other.getlist("accept") == ["a", "b"]
        other["accept"] = "z"
        other["new"] = "1"
    assert headers == EXPECTED
    assert headers.getlist("accept") == ["a", "b"]


def test_names_that_are_looked_up_are_those_that_would_be_made() -> None:
    assert {name: name.title() for name in TITLES} == TITLES


def test_a_request_line_alone_has_no_fields() -> None:
    assert read_headers(b"GET / HTTP/1.0\r\n\r\n") == {}
    assert read_headers(b"- -") == {}


@given(messages())
def test_fields_are_those_that_the_parser_sees(message: Message) -> None:
    end = message.data.index(b"\r\n\r\n") + 4
    seen = [(a.decode(), b.decode("latin-1")) for a, b in read_fields(message.data, 0, end)]
    headers = read_headers(message.data[:end])
    assert headers == Headers(seen)
    for name, _ in seen:
        assert headers.getlist(name) == [v for n, v in seen if n.lower() == name.lower()]


@given(st.lists(st.tuples(tokens(3), field_values()), max_size=8))
def test_every_value_is_kept(pairs: list[tuple[str, str]]) -> None:
    headers = Headers(pairs)
    expected: dict[str, list[str]] = {}
    for name, value in pairs:
        expected.setdefault(name.title(), []).append(value)
    assert {name: headers.getlist(name) for name in headers} == expected
    assert Headers(headers) == headers
