"""Bind: which texts name a place to listen, and what is wrong with the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.settings.bind import Bind, parse, tcp


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:8000", Bind("tcp", host="127.0.0.1", port=8000)),
        ("localhost:0", Bind("tcp", host="localhost", port=0)),
        (":80", Bind("tcp", host="0.0.0.0", port=80)),
        ("[::]:8000", Bind("tcp", host="::", port=8000)),
        ("[::1]:65535", Bind("tcp", host="::1", port=65535)),
        ("unix:/run/a=b.sock", Bind("unix", path="/run/a=b.sock")),
        ("unix:relative", Bind("unix", path="relative")),
        ("fd://3", Bind("fd", number=3)),
        ("ssh=0.0.0.0:22", Bind("tcp", host="0.0.0.0", port=22, name="ssh")),
        ("admin=unix:/a", Bind("unix", path="/a", name="admin")),
        ("a.b-c=fd://0", Bind("fd", number=0, name="a.b-c")),
    ],
)
def test_places(text: str, bind: Bind) -> None:
    assert parse(text) == bind
    assert parse(str(bind)) == bind


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected host:port, "),
        ("localhost", "expected host:port, "),
        ("8000", "expected host:port, "),
        ("http://localhost:80", "expected host:port, "),
        ("=127.0.0.1:80", "expected host:port, "),
        ("1a=127.0.0.1:80", "expected host:port, "),
        ("user@localhost:80", "expected host:port, "),
        ("local host:80", "expected host:port, "),
        ("localhost:", "expected host:port, "),
        ("localhost:http", "expected host:port, "),
        ("localhost:-1", "expected host:port, "),
        ("localhost:٣", "expected host:port, "),
        ("[]:80", "expected host:port, "),
        ("localhost:65536", "expected a port from 0 to 65,535; got 65536"),
        ("::1:80", "expected brackets"),
        ("unix:", "expected a path of 1 to "),
        ("unix:" + "x" * 200, "expected a path of 1 to "),
        ("fd://", "expected host:port, "),
        ("fd://x", "expected host:port, "),
    ],
)
def test_what_names_no_place(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse(text)
    assert "; got " in str(caught.value)


def test_a_host_and_a_port() -> None:
    assert tcp("[::1]", 80) == tcp("::1", 80) == Bind("tcp", host="::1", port=80)
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 means every address"):
        tcp("[]", 80)
    with pytest.raises(ValueError, match="expected the number of an open file"):
        Bind("fd", number=-1)


@pytest.mark.parametrize("bind", [Bind("tcp", "[::]", 80), Bind("tcp", "::", 80)])
def test_brackets_are_written_once(bind: Bind) -> None:
    assert str(bind) == "[::]:80"


@given(st.text(max_size=30))
def test_a_text_names_a_place_that_names_itself_or_none(text: str) -> None:
    try:
        bind = parse(text)
    except ValueError:
        return
    assert parse(str(bind)) == bind
