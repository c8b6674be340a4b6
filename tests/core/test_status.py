"""Status codes: every one of the registry has its phrase, whatever Python calls it."""

from http import HTTPStatus

import pytest

from japy.core.status import REASONS, STATUS_LINES, checked_code, is_bodiless, status_line

RENAMED = {413, 414, 416, 418, 422}  # since RFC 9110, or not the same everywhere


def test_the_phrases_are_those_of_the_registry() -> None:
    for status in HTTPStatus:
        assert status.value in REASONS, status
        if status.value not in RENAMED:
            assert REASONS[status.value].lower() == status.phrase.lower()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (100, b"HTTP/1.1 100 Continue\r\n"),
        (103, b"HTTP/1.1 103 Early Hints\r\n"),
        (200, b"HTTP/1.1 200 OK\r\n"),
        (208, b"HTTP/1.1 208 Already Reported\r\n"),
        (226, b"HTTP/1.1 226 IM Used\r\n"),
        (413, b"HTTP/1.1 413 Content Too Large\r\n"),
        (414, b"HTTP/1.1 414 URI Too Long\r\n"),
        (416, b"HTTP/1.1 416 Range Not Satisfiable\r\n"),
        (418, b"HTTP/1.1 418 I'm a Teapot\r\n"),
        (421, b"HTTP/1.1 421 Misdirected Request\r\n"),
        (422, b"HTTP/1.1 422 Unprocessable Content\r\n"),
        (425, b"HTTP/1.1 425 Too Early\r\n"),
        (428, b"HTTP/1.1 428 Precondition Required\r\n"),
        (429, b"HTTP/1.1 429 Too Many Requests\r\n"),
        (431, b"HTTP/1.1 431 Request Header Fields Too Large\r\n"),
        (451, b"HTTP/1.1 451 Unavailable For Legal Reasons\r\n"),
        (506, b"HTTP/1.1 506 Variant Also Negotiates\r\n"),
        (507, b"HTTP/1.1 507 Insufficient Storage\r\n"),
        (508, b"HTTP/1.1 508 Loop Detected\r\n"),
        (510, b"HTTP/1.1 510 Not Extended\r\n"),
        (511, b"HTTP/1.1 511 Network Authentication Required\r\n"),
        (299, b"HTTP/1.1 299 \r\n"),
        (306, b"HTTP/1.1 306 \r\n"),
        (599, b"HTTP/1.1 599 \r\n"),
    ],
)
def test_every_code_has_a_line(code: int, line: bytes) -> None:
    assert status_line(code) == line
    assert STATUS_LINES[code] == line


def test_few_codes_have_no_body() -> None:
    assert [code for code in range(100, 600) if is_bodiless(code)] == [*range(100, 200), 204, 304]


def test_a_code_has_three_digits() -> None:
    for code in (100, 200, 599, HTTPStatus.CREATED):
        assert checked_code(code) == code
        assert type(checked_code(code)) is int
    for code in (-1, 0, 99, 600, 1 << 70):
        with pytest.raises(ValueError, match="expected 100 to 599"):
            checked_code(code)
    for other in (None, True, "200", 200.0, b"200"):
        with pytest.raises(TypeError, match="expected int"):
            checked_code(other)
