"""The judge is no rubber stamp: what a wrong server would send is found wrong."""

import pytest

from tests.rfc.row import GOOD, MUST, Row, row
from tests.rfc.verdict import Echo, judge

DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + DATE + b"\r\nok"
LAST = OK.replace(b"Date", b"Connection: close\r\nDate")
BAD = LAST.replace(b"200 OK", b"400 Bad Request")
EMPTY = b"HTTP/1.1 204 No Content\r\n" + DATE + b"\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def asked(outcomes: str, **more: object) -> Row:
    """Return a row of a good request."""
    return row("9112 2.1", MUST, "a request", outcomes, GOOD)._replace(**more)  # type: ignore[arg-type]  # fields of many types


@pytest.mark.parametrize(
    ("outcomes", "received"),
    [
        ("200", OK + LAST),
        ("200 200", OK + OK + LAST),
        ("200 close", LAST),
        ("400 close", BAD),
        ("200 400 close", OK + BAD),
        ("none", LAST),
        ("none close", b""),
        ("204", EMPTY + LAST),
        ("100 200", CONTINUE + OK + LAST),
    ],
)
def test_what_is_right_is_passed(outcomes: str, received: bytes) -> None:
    assert judge(asked(outcomes), Echo(received, True, True), is_strict=True) == ""


@pytest.mark.parametrize(
    ("outcomes", "received"),
    [
        pytest.param("200", OK, id="the probe is lost"),
        pytest.param("200", OK + OK + LAST, id="one answer too many"),
        pytest.param("200", BAD, id="another status"),
        pytest.param("200", BAD + LAST, id="another status, then the probe"),
        pytest.param("200", OK + BAD, id="the probe is refused"),
        pytest.param("400 close", BAD + LAST, id="what was behind an error is answered"),
        pytest.param("400 close", b"", id="no answer"),
        pytest.param("400 close", OK.replace(b"200", b"400"), id="the end is not announced"),
        pytest.param("200 200", LAST + OK + LAST, id="announced, but it goes on"),
        pytest.param("200", CONTINUE + OK + LAST, id="an interim answer"),
        pytest.param("200", OK.replace(DATE, b"") + LAST, id="no Date"),
        pytest.param("200", OK.replace(b"GMT", b"UTC") + LAST, id="a Date of another form"),
        pytest.param("200", OK.replace(DATE, DATE * 2) + LAST, id="two Dates"),
        pytest.param("200", OK.replace(b"Content-Length", b"X") + LAST, id="no framing"),
        pytest.param("200", OK.replace(b": 2", b": 3") + LAST, id="a wrong length"),
        pytest.param("204", EMPTY.replace(b"Da", b"Content-Length: 0\r\nDa") + LAST, id="204"),
        pytest.param("200", OK.replace(b"Date:", b"Date :") + LAST, id="a broken field"),
        pytest.param("200", OK.replace(b"HTTP/1.1", b"HTTP/1.2") + LAST, id="a version"),
        pytest.param("200", OK[:30], id="half a head"),
    ],
)
def test_what_is_wrong_is_not(outcomes: str, received: bytes) -> None:
    assert judge(asked(outcomes), Echo(received, True, True), is_strict=True)


def test_a_connection_that_is_not_ended_is_not_closed() -> None:
    assert judge(asked("400 close"), Echo(BAD, False, True, "no end in time"), is_strict=True)
    assert judge(asked("200"), Echo(OK, False, False), is_strict=True) == ""
    assert judge(asked("200"), Echo(OK, True, False), is_strict=True)


def test_an_end_of_idleness_is_no_answer() -> None:
    either = asked("200 | 200 close")
    assert judge(either, Echo(OK, True, True, is_late=True), is_strict=False)
    assert judge(either, Echo(OK, True, True), is_strict=False) == ""
    assert judge(either, Echo(LAST, True, True, is_late=True), is_strict=False) == ""
    waiting = asked("413 close | none waits")
    assert judge(waiting, Echo(b"", True, True, is_late=True), is_strict=False) == ""
    assert judge(waiting, Echo(b"", True, True, is_late=True), is_strict=True)


def test_a_reset_is_no_end() -> None:
    assert judge(asked("400 close"), Echo(BAD, True, True, "reset"), is_strict=True)


def test_fields_and_bodies_are_looked_at() -> None:
    echo = Echo(OK + LAST, True, True)
    assert judge(asked("200", shows=("Date", "!Server")), echo, is_strict=True) == ""
    assert judge(asked("200", shows=("Allow",)), echo, is_strict=True)
    assert judge(asked("200", shows=("!Date",)), echo, is_strict=True)
    assert judge(asked("200", shows=("Content-Length: 2",)), echo, is_strict=True) == ""
    assert judge(asked("200", shows=("Content-Length: 3",)), echo, is_strict=True)
    assert judge(asked("200", bodies=(b"ok",)), echo, is_strict=True) == ""
    assert judge(asked("200", bodies=(b"no",)), echo, is_strict=True)


def test_others_are_held_to_what_is_allowed_alone() -> None:
    loose = asked("400 close | 4xx close? | 200", bodies=(b"no",))
    bare = OK.replace(DATE, b"")
    assert judge(loose, Echo(bare + LAST, True, True), is_strict=False) == ""
    assert judge(loose, Echo(BAD.replace(b"400", b"431") + LAST, True, True), is_strict=False) == ""
    assert judge(loose, Echo(bare + bare + LAST, True, True), is_strict=False)
    assert judge(loose, Echo(BAD, True, True, "reset"), is_strict=True)


def test_chunks_of_others_are_read() -> None:
    chunked = OK.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")[:-2]
    good = chunked + b"2\r\nok\r\n0\r\n\r\n"
    assert judge(asked("200"), Echo(good + LAST, True, True), is_strict=False) == ""
    for broken in (b"2\r\nok0\r\n\r\n", b"x\r\n", b"2\r\nok\r\n", b""):
        assert judge(asked("200"), Echo(chunked + broken, True, True), is_strict=False)


def test_head_has_no_body() -> None:
    head = asked("200", heads=(0,))
    assert judge(head, Echo(OK[:-2] + LAST, True, True), is_strict=True) == ""
    assert judge(head, Echo(OK + LAST, True, True), is_strict=True)
