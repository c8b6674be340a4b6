"""What japy logs, under which names, and how little of it anybody sees who did not ask for it."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from japy import Application, BadRequest, Request, Response
from japy.logs import log
from japy.logs.log import log_answer, log_cancellation, log_failure, log_refusal, printable, reopen
from tests.support.handlers import get
from tests.support.request import Sink, new_request
from tests.support.wire import Server, read_answers

CANCELLED = asyncio.CancelledError()
Run = Callable[[str], tuple[str, str]]


class GoneSink(Sink):
    """A transport whose client has gone."""

    def is_closing(self) -> bool:
        return True


def test_a_failure_is_an_error_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    error = KeyError("on purpose")
    log_failure(new_request("/a%20b?secret=1"), error)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("japy.error", logging.ERROR)
    assert record.getMessage() == "GET /a b failed"
    assert record.exc_info == (KeyError, error, None)


def test_a_cancellation_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    log_cancellation(new_request("/x"), CANCELLED)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("japy.error", logging.WARNING)
    assert record.getMessage() == "GET /x was cancelled"


def test_a_client_that_leaves_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    log_cancellation(new_request("/x", transport=GoneSink(("192.0.2.1", 1))), CANCELLED)
    assert caplog.records == []


def test_refusals_and_answers_are_for_those_who_ask(caplog: pytest.LogCaptureFixture) -> None:
    log_refusal("192.0.2.1", BadRequest("malformed_headers"))
    log_answer(new_request("/"), 200)
    assert caplog.records == []
    caplog.set_level(logging.INFO)
    log_refusal("192.0.2.1", BadRequest("malformed_headers"))
    log_refusal("", BadRequest("malformed_body", status=413))
    log_answer(new_request("/a?secret=1"), 404)
    log_answer(new_request("/b", transport=Sink(None)), 200)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("japy.error", "INFO", "192.0.2.1 refused with 400: malformed_headers"),
        ("japy.error", "INFO", "- refused with 413: malformed_body"),
        ("japy.access", "INFO", "192.0.2.1 GET /a 404"),
        ("japy.access", "INFO", "- GET /b 200"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/plain é ✓", "/plain é ✓"),
        ("a\r\nERROR b", r"a\r\nERROR b"),
        ("\x1b[31m\x00\x7f", r"\x1b[31m\x00\x7f"),
        ("\u2028\u202e", r"\u2028\u202e"),
        ("\ud800", r"\ud800"),
    ],
)
def test_nothing_that_a_client_sent_ends_or_colours_a_line(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_no_handler_and_no_level_is_set_on_import() -> None:
    for name in ("japy", "japy.error", "japy.access"):
        logger = logging.getLogger(name)
        assert (logger.handlers, logger.level, logger.propagate) == ([], logging.NOTSET, True)


def test_an_application_may_switch_the_loggers_off(caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: Request) -> Response:
        raise KeyError("on purpose")

    caplog.set_level(logging.CRITICAL, "japy")
    app = Application(log_request=True)
    app.router.add_route("/", fail)
    with Server(app) as server:
        assert read_answers(server.exchange([get("/")]).received)[0].status == 500
    assert caplog.records == []


def test_files_of_handlers_are_opened_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("test_log")
    folder = tmp_path / "logs"
    folder.mkdir()
    handler = logging.FileHandler(folder / "a.log")
    late = logging.FileHandler(tmp_path / "late.log", delay=True)
    logger.handlers += [handler, late]
    logger.error("old")
    (folder / "a.log").rename(folder / "a.1")
    reopen()
    logger.error("new")
    assert [(folder / name).read_text() for name in ("a.1", "a.log")] == ["old\n", "new\n"]
    folder.rename(tmp_path / "moved")
    reopen()
    logger.error("newer")
    assert (tmp_path / "moved" / "a.log").read_text() == "new\nnewer\n"
    assert "cannot be opened again (No such file or directory)" in caplog.text
    for each in (handler, late):
        logger.removeHandler(each)
        each.close()


def test_records_tell_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_failure(new_request("/a?b", fields=b"Host: x\r\nX-Request-ID: 7\r\n"), KeyError())
    log_answer(new_request("/a", pattern="/{x}"), 404)
    log_refusal("192.0.2.1", BadRequest("malformed_headers"))
    told = ["request_id", "method", "path", "route", "status", "client"]
    assert [[getattr(record, name, "") for name in told] for record in caplog.records] == [
        ["7", "GET", "/a", None, "", "192.0.2.1"],
        [None, "GET", "/a", "/{x}", 404, "192.0.2.1"],
        ["", "", "", "", 400, "192.0.2.1"],
    ]


def test_a_process_may_be_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_worker", None)
    assert log.worker_number() is None
    log.set_worker(3)
    assert log.worker_number() == 3


# What a program prints that has configured no logging.

PROGRAM = """
import sys
sys.path.append({top!r})  # last: japy is what is installed

from japy import Application
from japy.core.protocol import Connection
from tests.support.request import Sink

def fail(request):
    raise KeyError("on purpose")

def main(*requests, **settings):
    app = Application(**settings)
    app.router.add_route("/", lambda request: request.Response("hello"))
    app.router.add_route("/fail", fail)
    connection = Connection(app.service())
    connection.connection_made(Sink(None))
    for request in requests:
        connection.data_received(request)

GET = b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
MISSING = GET.replace(b"/ ", b"/missing ")
FAIL = GET.replace(b"/ ", b"/fail ")
MALFORMED = b"GET / HTTP/1.1\\r\\nHost x\\r\\n\\r\\n"
"""
TOP = Path(__file__).parents[2]


@pytest.fixture
def output_of(tmp_path: Path) -> Run:
    """Return what runs the program with a last line and returns what it prints."""

    def run(line: str) -> tuple[str, str]:
        command = [sys.executable, "-c", PROGRAM.format(top=str(TOP)) + line]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    "line",
    [
        "main(GET, MISSING, MALFORMED)",
        "main(GET, MISSING, MALFORMED, log_request=True)",
        "main(GET, MISSING, MALFORMED, debug=True)",
    ],
)
def test_what_goes_well_is_quiet(line: str, output_of: Run) -> None:
    assert output_of(line) == ("", "")


def test_a_failure_is_seen_without_any_configuration(output_of: Run) -> None:
    out, err = output_of("main(FAIL)")
    assert out == ""
    assert err.startswith("GET /fail failed\nTraceback (most recent call last):\n")
    assert err.endswith("KeyError: 'on purpose'\n")
    assert err.count("Traceback") == 1


def test_a_program_decides_what_is_printed(output_of: Run) -> None:
    setup = "import logging; logging.basicConfig(level=20, format='%(name)s %(message)s');"
    out, err = output_of(setup + "main(GET, MALFORMED, log_request=True)")
    assert out == ""
    assert err.splitlines()[0] == "japy.access - GET / 200"
    assert err.splitlines()[1].startswith("japy.error - refused with 400: malformed_headers")
