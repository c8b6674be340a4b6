"""Authorities: where they stand, and their two parts."""

import pytest

from japy.core.host import authority_of, split_authority


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        ("/", None),
        ("/a://b", None),
        ("*", None),
        ("-", None),
        ("", None),
        ("http://a", "a"),
        ("http://a/", "a"),
        ("http://a?b/c", "a"),
        ("http://a:1/b?c://d/", "a:1"),
        ("HTTPS://[::1]:2?", "[::1]:2"),
    ],
)
def test_only_an_absolute_form_has_an_authority(target: str, authority: str | None) -> None:
    assert authority_of(target) == authority


@pytest.mark.parametrize(
    ("authority", "parts"),
    [
        ("", ("", None)),
        ("a", ("a", None)),
        ("a:", ("a", None)),
        ("a:0", ("a", 0)),
        ("a:65535", ("a", 65535)),
        (":80", ("", 80)),
        ("192.0.2.1:80", ("192.0.2.1", 80)),
        ("[::1]", ("::1", None)),
        ("[::1]:", ("::1", None)),
        ("[::1]:80", ("::1", 80)),
        ("%41.b", ("%41.b", None)),
    ],
)
def test_an_authority_is_host_and_port(authority: str, parts: tuple[str, int | None]) -> None:
    assert split_authority(authority) == parts
