"""The console: what is printed where, and that nobody listening is no failure."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from japy.console import (
    ConfigurationError,
    complain,
    configure_logging,
    say,
    set_up_logging,
    wants_colors,
)

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


@pytest.mark.parametrize(("level", "count"), [("error", 1), ("warning", 2), ("info", 3)])
def test_the_level_that_was_asked_for(
    level: str, count: int, fresh: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(True)
    set_up_logging(True, level=level)
    for log in (ERRORS.error, ERRORS.warning, ERRORS.info):
        log("once")
    assert capsys.readouterr().err.count("once") == count


# Colours.


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "choice", "environ", "is_colored"),
    [
        (Terminal(), None, {}, True),
        (Terminal(), None, {"TERM": "dumb"}, False),
        (Terminal(), None, {"NO_COLOR": "1"}, False),
        (Terminal(), None, {"NO_COLOR": "", "FORCE_COLOR": ""}, True),
        (Terminal(), False, {"FORCE_COLOR": "1"}, False),
        (io.StringIO(), None, {}, False),
        (io.StringIO(), None, {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), None, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (io.StringIO(), True, {"NO_COLOR": "1"}, True),
        (None, None, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_who_wants_colors(
    stream: io.StringIO | None,
    choice: bool | None,
    environ: dict[str, str],
    is_colored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert wants_colors(stream, choice) == is_colored


def test_a_closed_stream_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    stream = io.StringIO()
    stream.close()
    assert not wants_colors(stream)


def test_levels_are_colored_and_records_stay_as_they_are(
    fresh: Callable[[bool], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ERRORS, "handlers", [])
    fresh(False)
    ERRORS.handlers.clear()
    set_up_logging(False, use_colors=True)
    other = io.StringIO()
    plain = logging.StreamHandler(other)
    plain.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    ERRORS.addHandler(plain)
    ERRORS.error("once")
    assert "] \x1b[31mERROR\x1b[0m once\n" in capsys.readouterr().err
    assert other.getvalue() == "ERROR once\n"


# Files.


@pytest.fixture
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_sets_logging_up(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"log{suffix}"
    if suffix == ".json":
        file.write_text(json.dumps({"loggers": {"japy.test": {"level": "DEBUG"}}}))
    else:
        file.write_text('[loggers."japy.test"]\nlevel = "DEBUG"\n')
    before = logging.getLogger("japy.before")
    configure_logging(file)
    assert logging.getLogger("japy.test").level == logging.DEBUG
    assert not before.disabled
    assert not ERRORS.disabled


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("log.yaml", "", "is neither a .json nor a .toml file"),
        ("log.toml", None, "cannot be read (No such file"),
        ("log.toml", "x = (", "is no logging configuration (Invalid value"),
        ("log.json", "{", "is no logging configuration (Expecting property name"),
        ("log.json", "[]", "is no logging configuration ("),
        (
            "log.toml",
            "[root]\nhandlers = ['x']",
            "is no logging configuration (Unable to configure",
        ),
        ("log.toml", "[root]\nlevel = 'loud'", "Unknown level: 'loud'"),
    ],
)
def test_a_file_that_cannot_be_used(
    name: str, text: str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        configure_logging(file)
    assert str(caught.value).startswith(f"'{file}' ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
