"""The errors a request can end in: what they carry, and how they stand to each other."""

import pytest

from japy.core.errors import BadRequest, MethodNotAllowed, RouteNotFoundException, quote


def test_bad_request_tells_the_client_less_than_the_log() -> None:
    error = BadRequest("invalid_headers", "Host b'x y'", 400)
    assert error.name == "invalid_headers"
    assert error.detail == "Host b'x y'"
    assert str(error) == "invalid_headers: Host b'x y'"


def test_bad_request_is_a_400_with_its_name_alone_by_default() -> None:
    error = BadRequest("malformed_body")
    assert (error.status, error.detail, str(error)) == (400, "", "malformed_body")


def test_bad_request_is_of_the_value_error_family() -> None:
    with pytest.raises(ValueError, match="json"):
        raise BadRequest("json")


def test_wrong_method_is_caught_by_handlers_of_missing_routes() -> None:
    error = MethodNotAllowed(("GET", "HEAD"))
    assert isinstance(error, RouteNotFoundException)
    assert error.allow == ("GET", "HEAD")


def test_missing_route_can_be_subclassed_by_users() -> None:
    class NoSuchPage(RouteNotFoundException):
        pass

    with pytest.raises(RouteNotFoundException):
        raise NoSuchPage


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "''"),
        (b"x y", "'x y'"),
        (b"\x00\r\n\xff", r"'\x00\r\n\xff'"),
        (b"a" * 64, f"'{'a' * 64}'"),
        (b"a" * 65, f"'{'a' * 64}...'"),
    ],
)
def test_quoted_bytes_are_escaped_and_short(data: bytes, expected: str) -> None:
    assert quote(data) == expected
