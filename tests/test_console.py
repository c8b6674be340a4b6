"""The console: what is printed where, and that nobody listening is no failure."""

import io
import logging
import sys
from collections.abc import Callable, Iterator

import pytest

from japy.console import complain, say, set_up_logging

ERRORS = logging.getLogger("japy.error")
ACCESSES = logging.getLogger("japy.access")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Return what sets logging up as in a process where nobody has; pytest has, for each test."""
    for log in (ERRORS, ACCESSES):
        monkeypatch.setattr(log, "handlers", [])

    def set_up(debug: bool) -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        set_up_logging(debug)

    yield set_up
    for log in (ERRORS, ACCESSES):
        log.setLevel(logging.NOTSET)


def test_state_goes_to_stdout_and_faults_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("ready")
    complain("broken")
    assert capsys.readouterr() == ("ready\n", "broken\n")


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_what_cannot_be_printed_is_dropped(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    say("nobody reads this")


def test_errors_are_logged_to_stderr_with_their_traceback(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    ERRORS.error("GET / failed", exc_info=ValueError("why"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "ERROR GET / failed\nValueError: why\n" in err


def test_only_debug_shows_requests_and_refusals(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    ACCESSES.info("quiet")
    ERRORS.info("quiet")
    fresh(True)
    ACCESSES.info("GET / 200")
    ERRORS.info("refused")
    out, err = capsys.readouterr()
    assert out == "GET / 200\n"
    assert err.endswith("INFO refused\n")
    assert err.count("\n") == 1


def test_an_application_that_configures_logging_is_obeyed(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    own = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(own))
    ERRORS.error("once")
    assert own.getvalue() == "once\n"
    assert capsys.readouterr() == ("", "")


def test_a_handler_that_the_application_gave_to_a_logger_stays_the_only_one(
    fresh: Callable[[bool], None],
) -> None:
    own = logging.NullHandler()
    ERRORS.addHandler(own)
    fresh(False)
    assert ERRORS.handlers == [own]


def test_a_closed_stream_is_no_failure_of_logging(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    fresh(False)
    handler = ERRORS.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(Closed())
    ERRORS.error("lost")
    assert capsys.readouterr() == ("", "")


def test_another_failure_of_logging_is_reported(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    ERRORS.error("%d", "no number")
    assert "Logging error" in capsys.readouterr().err


def test_ours_gives_way_to_one_that_an_application_adds(
    fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    theirs = logging.StreamHandler(io.StringIO())
    ERRORS.addHandler(theirs)
    set_up_logging(False)
    assert ERRORS.handlers == [theirs]
    ERRORS.error("once")
    assert capsys.readouterr().err == ""
    assert theirs.stream.getvalue() == "once\n"
