"""Bind: how a place is written."""

import pytest

from japy.bind import Bind


@pytest.mark.parametrize(
    ("bind", "text"),
    [
        (Bind("tcp", "127.0.0.1", 80), "127.0.0.1:80"),
        (Bind("tcp", "::1", 80), "[::1]:80"),
        (Bind("tcp", "[::]", 80), "[::]:80"),
        (Bind("unix", path="/run/x.sock", name="web"), "unix:/run/x.sock"),
        (Bind("fd", number=3), "fd://3"),
    ],
)
def test_a_place_is_written_as_on_the_command_line(bind: Bind, text: str) -> None:
    assert str(bind) == text
