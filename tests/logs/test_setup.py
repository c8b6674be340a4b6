"""How logging is set up: by options, by a file, and not at all where the application does it."""

import io
import json
import logging
import logging.config
import logging.handlers
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from japy.logs import log
from japy.logs.setup import (
    ColourFormatter,
    JSONFormatter,
    LogConfigError,
    configure,
    is_harmless,
    read_log_config,
    set_up_logging,
    takes_access,
    wants_colours,
)
from japy.settings.config import Config
from tests.support.loggers import kept

ERRORS = logging.getLogger("japy.error")
ACCESSES = logging.getLogger("japy.access")
NAMES = (*("japy", "japy.error", "japy.access"), "test")


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave logging as it was, whatever a test has configured."""
    with kept("", *NAMES):
        for name in NAMES:
            monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        yield


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets logging up as in a process where nobody has; pytest has, for each test."""

    def set_up(debug: bool = False, **settings: Any) -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        set_up_logging(Config(**settings), debug)

    return set_up


def test_errors_are_logged_to_stderr_with_their_traceback(
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    ERRORS.error("GET / failed", exc_info=ValueError("why"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "ERROR GET / failed\nValueError: why\n" in err


def test_only_debug_shows_requests_and_refusals(
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
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
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    own = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(own))
    ERRORS.error("once")
    assert own.getvalue() == "once\n"
    assert capsys.readouterr() == ("", "")


def test_a_handler_that_the_application_gave_to_a_logger_stays_the_only_one(
    fresh: Callable[..., None],
) -> None:
    own = logging.NullHandler()
    ERRORS.addHandler(own)
    fresh(False)
    assert ERRORS.handlers == [own]


def test_a_closed_stream_is_no_failure_of_logging(
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
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
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    ERRORS.error("%d", "no number")
    assert "Logging error" in capsys.readouterr().err


def test_ours_gives_way_to_one_that_an_application_adds(
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(False)
    theirs = logging.StreamHandler(io.StringIO())
    ERRORS.addHandler(theirs)
    set_up_logging(Config())
    assert ERRORS.handlers == [theirs]
    ERRORS.error("once")
    assert capsys.readouterr().err == ""
    assert theirs.stream.getvalue() == "once\n"


# Options.


@pytest.mark.parametrize(
    ("level", "debug", "shown"),
    [
        (None, False, "WARNING ERROR"),
        (None, True, "INFO WARNING ERROR"),
        ("debug", False, "DEBUG INFO WARNING ERROR"),
        ("info", False, "INFO WARNING ERROR"),
        ("error", True, "ERROR"),
        ("critical", True, ""),
    ],
)
def test_a_level_is_the_least_that_is_logged(
    level: str | None,
    debug: bool,
    shown: str,
    fresh: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fresh(debug, log_level=level)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        ERRORS.log(number, "x")
    assert re.findall("[A-Z]+", capsys.readouterr().err) == shown.split()


@pytest.mark.parametrize(
    ("choice", "variables", "is_terminal", "wanted"),
    [
        (None, {}, True, True),
        (None, {}, False, False),
        (None, {"TERM": "dumb"}, True, False),
        (None, {"NO_COLOR": "1"}, True, False),
        (None, {"NO_COLOR": ""}, True, True),
        (None, {"FORCE_COLOR": "1"}, False, True),
        (None, {"FORCE_COLOR": "0"}, True, False),
        (None, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        (True, {"NO_COLOR": "1"}, False, True),
        (False, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_for_terminals_unless_somebody_says_otherwise(
    choice: bool | None, variables: dict[str, str], is_terminal: bool, wanted: bool
) -> None:
    ends = pty.openpty() if is_terminal else os.pipe()
    with open(ends[1], "w") as stream:
        assert wants_colours(stream, choice, variables) is wanted
    assert wants_colours(stream, None, {}) is False, "it is closed"
    os.close(ends[0])


def test_there_may_be_no_stderr() -> None:
    assert wants_colours(None, None, {}) is False


def test_only_the_level_is_coloured(
    fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(use_colors=True, log_level="info")
    ERRORS.error("broken")
    ERRORS.info("fine")
    broken, fine = capsys.readouterr().err.splitlines()
    assert broken.endswith("] \x1b[31mERROR\x1b[0m broken")
    assert fine.endswith("] INFO fine")
    record = logging.makeLogRecord({"levelname": "ERROR", "msg": "x"})
    ColourFormatter("%(levelname)s").format(record)
    assert record.levelname == "ERROR", "for the handlers to come"


def test_json_tells_what_is_known(
    fresh: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "_worker", None)
    log.set_worker(2)
    fresh(log_format="json", use_colors=True, debug=True)
    ERRORS.error("%s failed", "GET /", exc_info=ValueError("why"), extra={"path": "/\n", "n": 1})
    ACCESSES.info("answered", extra={"status": 200})
    out, err = capsys.readouterr()
    line = json.loads(err)
    keys = ["ts", "level", "logger", "msg", "pid", "worker", "path", "n", "exc"]
    assert list(line) == keys
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
    assert line["exc"] == "ValueError: why"
    assert [line[key] for key in keys[1:-1]] == [
        *("ERROR", "japy.error", "GET / failed", os.getpid(), 2, "/\n", 1)
    ]
    assert json.loads(out)["status"] == 200


def test_json_keeps_a_traceback_that_was_formatted_already() -> None:
    record = logging.makeLogRecord({"msg": "x", "exc_text": "Traceback ..."})
    assert json.loads(JSONFormatter().format(record))["exc"] == "Traceback ..."


# A file.

TOML = """
[formatters.json]
"()" = "japy.logs.setup.JSONFormatter"
[handlers.file]
class = "logging.FileHandler"
filename = "{folder}/all.log"
formatter = "json"
[loggers."japy.error"]
handlers = ["file"]
level = "INFO"
"""


@pytest.fixture(params=[".toml", ".json"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a log configuration in each of the languages."""
    import tomllib

    path = tmp_path / f"log{request.param}"
    text = TOML.replace("{folder}", str(tmp_path))
    path.write_text(text if request.param == ".toml" else json.dumps(tomllib.loads(text)))
    return path


def test_a_file_says_where_records_go(
    file: Path, fresh: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    other = logging.getLogger("test")
    config = Config(log_config=file)
    configure(config)
    fresh(log_config=file)
    ERRORS.info("hello")
    assert capsys.readouterr() == ("", "")
    assert json.loads((file.parent / "all.log").read_text())["msg"] == "hello"
    assert not other.disabled, "what the file does not name goes on"
    assert not takes_access(config)


def test_without_a_file_nothing_is_configured() -> None:
    before = logging.getLogger().handlers.copy()
    configure(Config())
    assert logging.getLogger().handlers == before
    assert not takes_access(Config())


def test_a_file_may_take_the_access_log(tmp_path: Path) -> None:
    path = tmp_path / "log.toml"
    path.write_text('[loggers."japy.access"]\nlevel = "INFO"\n')
    assert takes_access(Config(log_config=path))
    path.write_text("loggers = 5\n")
    assert not takes_access(Config(log_config=path))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("log.toml", "[handlers", r"log\.toml cannot be read \(.*\): correct the file"),
        ("log.json", "{", r"log\.json cannot be read \(.*\): correct the file"),
        ("log.json", "[]", "expected a table"),
        ("log.json", "\udc80", "cannot be read"),
        ("log.ini", "", r"expected a file \.json or \.toml"),
        ("log.json", '{"version": 2}', "Unsupported version: 2. Correct the file."),
        (
            "log.json",
            '{"handlers": {"x": {"class": "nowhere.Handler"}}}',
            "Unable to configure handler 'x': .*nowhere",
        ),
        (
            "log.json",
            '{"handlers": {"x": {"class": "logging.FileHandler", "filename": "/none/x"}}}',
            "No such file or directory: '/none/x'. Correct",
        ),
        ("log.json", '{"root": {"level": "LOUD"}}', "Unknown level: 'LOUD'"),
        ("log.json", '{"loggers": {"x": 1}}', "log.json: "),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(
    name: str, text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(LogConfigError, match=reason) as caught:
        configure(Config(log_config=path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LogConfigError, match="No such file"):
        read_log_config(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("wanted", "is_so"),
    [
        ({"handlers": {"a": {"class": "logging.NullHandler", "stream": "ext://sys.x"}}}, True),
        ({"formatters": {"a": {"()": "japy.logs.setup.JSONFormatter"}}}, True),
        ({"formatters": {"a": {"()": "theirs.Formatter"}}}, False),
        ({"handlers": {"a": {"class": "theirs.Handler"}}}, False),
        ({"handlers": {"a": {"class": "logging.StreamHandler", "stream": "ext://x.y"}}}, False),
        ({"handlers": {"a": {"args": ["ext://x.y", {"()": "logging.Filter"}]}}}, False),
        ({"filters": {"a": {"args": ["x", {"()": "logging.Filter"}, 1]}}}, True),
    ],
)
def test_what_would_import_the_application_is_seen(wanted: object, is_so: bool) -> None:
    assert is_harmless(wanted) is is_so


def test_a_master_imports_nothing_of_the_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs_of_test_logs.py").write_text(
        "import logging\nclass H(logging.Handler): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "log.json"
    path.write_text(
        json.dumps(
            {
                "handlers": {"h": {"class": "theirs_of_test_logs.H"}},
                "loggers": {"test": {"handlers": ["h"]}},
            }
        )
    )
    configure(Config(log_config=path), is_master=True)
    assert "theirs_of_test_logs" not in sys.modules
    assert logging.getLogger("test").handlers == []
    configure(Config(log_config=path))
    assert "theirs_of_test_logs" in sys.modules
    assert len(logging.getLogger("test").handlers) == 1
