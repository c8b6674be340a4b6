"""The errors a request can end in: what they carry, and how they stand to each other."""

import json

import pytest

from japy.core.errors import (
    MAX_REASON,
    BadRequest,
    MalformedForm,
    MalformedJSON,
    MalformedText,
    MethodNotAllowed,
    RouteNotFoundException,
    UnknownEncoding,
    one_line,
    quote,
)


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


def test_bad_request_can_be_subclassed_by_users() -> None:
    class PaymentRequired(BadRequest):
        status = 402

        def __init__(self, price: int) -> None:
            super().__init__("payment required", f"price {price}")
            self.price = price

    class TooMany(BadRequest):
        pass

    with pytest.raises(BadRequest) as caught:
        raise PaymentRequired(5)
    assert (caught.value.status, caught.value.name) == (402, "payment required")
    assert str(caught.value) == "payment required: price 5"
    assert TooMany("x", status=429).status == 429
    assert TooMany("x").status == 400


def test_malformed_json_is_what_the_standard_library_raises() -> None:
    error = MalformedJSON("Expecting value", "[1,\n }", 5)
    assert isinstance(error, BadRequest)
    assert isinstance(error, json.JSONDecodeError)
    assert (error.msg, error.doc, error.pos) == ("Expecting value", "[1,\n }", 5)
    assert (error.lineno, error.colno) == (2, 2)
    assert str(error) == "Expecting value: line 2 column 2 (char 5)"
    assert error.name == "malformed JSON: Expecting value at line 2 column 2"
    assert (error.status, error.detail) == (400, "")


def test_malformed_json_may_be_without_a_place() -> None:
    error = MalformedJSON("truncated\r\n", "[", None)
    assert error.pos == 0
    assert str(error) == "truncated\r\n"
    assert error.name == r"malformed JSON: truncated\r\n"


def test_malformed_text_is_what_the_standard_library_raises() -> None:
    error = MalformedText("utf-8", b"a\xff", 1, 2, "invalid start byte")
    assert isinstance(error, BadRequest)
    assert isinstance(error, UnicodeDecodeError)
    assert (error.encoding, error.object, error.start, error.end) == ("utf-8", b"a\xff", 1, 2)
    assert "can't decode byte 0xff in position 1: invalid start byte" in str(error)
    assert error.name == "malformed text: not utf-8 at byte 1"
    assert (error.status, error.detail) == (400, "")


def test_an_unknown_encoding_is_what_the_standard_library_raises() -> None:
    error = UnknownEncoding("x\r\n")
    assert isinstance(error, BadRequest)
    assert isinstance(error, LookupError)
    assert str(error) == error.name == r"unknown encoding: x\r\n"


def test_a_malformed_form_is_a_bad_request() -> None:
    error = MalformedForm("no boundary")
    assert isinstance(error, BadRequest)
    assert str(error) == error.name == "malformed form: no boundary"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("x y~", "x y~"),
        ("a\r\n\tb\x00\x1b\x7f", r"a\r\n\tb\x00\x1b\x7f"),
        ("é\u2028\U0001f600", r"\xe9\u2028\U0001f600"),
        ("x" * MAX_REASON, "x" * MAX_REASON),
        ("x" * (MAX_REASON + 1), "x" * MAX_REASON + "..."),
    ],
)
def test_what_a_client_is_told_is_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_wrong_method_is_caught_by_handlers_of_missing_routes() -> None:
    error = MethodNotAllowed(("GET", "HEAD"))
    assert isinstance(error, RouteNotFoundException)
    assert error.allow == ("GET", "HEAD")
    assert MethodNotAllowed(["GET", "HEAD"]).allow == ("GET", "HEAD")
    assert MethodNotAllowed("GET").allow == ("GET",)
    assert MethodNotAllowed().allow == ()


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
