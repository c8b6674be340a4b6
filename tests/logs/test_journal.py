"""The access log of a worker: what is logged about answers, when, and to whom it goes."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from japy import Application, Request, Response
from japy.logs.journal import AccessLog, is_taken_over, open_access_log
from japy.logs.log import DefaultHandler, access_log
from japy.settings.config import Config
from tests.support.handlers import Held, get
from tests.support.wire import Server

KEYS = {"request_id", "method", "path", "route", "status", "dur_ms", "bytes", "client"}


class Kept(logging.Handler):
    """A handler that keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def never(seconds: float, function: Callable[[], object]) -> None:
    """Call nothing later: a test flushes."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Return a handler of `japy.access`."""
    kept = Kept()
    monkeypatch.setattr(access_log, "handlers", [kept])
    access_log.setLevel(logging.INFO)
    yield kept
    access_log.setLevel(logging.NOTSET)


def hello() -> Application:
    app = Application()
    app.router.add_route("/", lambda request: request.Response("hello"))
    return app


def ask(journal: AccessLog, app: Application, *pieces: bytes) -> None:
    """Send what is read by one connection, and have all of it logged."""
    with Server(app, journal=journal) as server:
        server.exchange(pieces)
    journal.close()


def test_each_answer_is_a_line(path: Path) -> None:
    journal = AccessLog(path, "%(m)s %(U)s %(s)s %(B)s %(R)s", never)
    ask(journal, hello(), get("/") + get("/none"), b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nG T\r\n\r\n")
    assert path.read_text().splitlines() == [
        "GET / 200 5 /",
        "GET /none 404 9 -",
        "HEAD / 200 0 /",
        "- - 400 17 -",
    ]


def test_a_request_lasts_until_its_answer_is_written(path: Path) -> None:
    pauses = iter([0.0, 0.03])
    app = Application()

    @app.route("/")
    def slow(request: Request) -> Response:
        time.sleep(next(pauses))  # what takes long is what is tested
        return request.Response()

    ask(AccessLog(path, "%(D)s", never), app, get("/") * 2)
    assert [int(line) >= 30_000 for line in path.read_text().split()] == [True, True]


def test_a_request_that_waits_lasts_as_long(path: Path) -> None:
    held = Held(Application())
    journal = AccessLog(path, "%(D)s", never)
    with Server(held.app, journal=journal) as server:
        wire = server.connect()
        wire.send(get("/wait/a"))
        begin = time.monotonic()
        server.until(lambda: time.monotonic() > begin + 0.02)
        held.release("a")()
        server.run()
    journal.close()
    assert int(path.read_text()) >= 20_000


def test_what_is_changed_later_is_logged_as_it_was_sent(path: Path) -> None:
    app = Application()
    same = Response("hello")

    def handler(request: Request) -> Response:
        same.code += 1
        return same

    app.router.add_route("/", handler)
    ask(AccessLog(path, "%(s)s", never), app, get("/") * 3)
    assert path.read_text().split() == ["201", "202", "203"]


def test_a_line_that_cannot_be_made_is_an_error_and_no_more(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application()

    def handler(request: Request) -> Response:
        dict.__setitem__(request.headers, "User-Agent", 5)  # type: ignore[misc]  # what is tested
        return request.Response("sent")

    app.router.add_route("/", handler)
    journal = AccessLog(path, "%(a)s", never)
    with Server(app, journal=journal) as server:
        assert server.exchange([get("/")]).received.endswith(b"sent")
    assert "A request could not be logged" in caplog.text


# The logger.


@pytest.mark.parametrize(
    ("format", "message"),
    [("%(m)s %(s)s", "GET 200"), ("json", "192.0.2.1 GET / 200")],
)
def test_a_handler_of_the_logger_gets_records_instead(
    format: str, message: str, path: Path, kept: Kept
) -> None:
    ask(AccessLog(path, format, never), hello(), get("/"))
    (record,) = kept.records
    assert record.getMessage() == message
    assert vars(record).keys() >= KEYS
    told = {key: vars(record)[key] for key in KEYS - {"dur_ms"}}
    assert told == {
        "request_id": None,
        "method": "GET",
        "path": "/",
        "route": "/",
        "status": 200,
        "bytes": 5,
        "client": "192.0.2.1",
    }
    assert path.read_text() == ""


def test_a_level_may_switch_the_logger_off(path: Path, kept: Kept) -> None:
    access_log.setLevel(logging.WARNING)
    ask(AccessLog(path, "%(m)s", never), hello(), get("/"))
    assert (kept.records, path.read_text()) == ([], "")


def test_the_logger_may_be_named_by_the_log_configuration_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ask(AccessLog(path, "%(m)s", never, is_taken=True), hello(), get("/"))
    assert caplog.messages == ["GET"]
    assert path.read_text() == ""


def test_our_own_handler_does_not_count() -> None:
    logger = logging.Logger("x")
    assert not is_taken_over(logger)
    logger.addHandler(DefaultHandler())
    assert not is_taken_over(logger)
    logger.addHandler(logging.NullHandler())
    assert is_taken_over(logger)


# Settings.


def test_without_the_setting_there_is_none() -> None:
    assert open_access_log(Config(), never) is None


@pytest.mark.parametrize(
    ("settings", "is_json"),
    [
        ({}, False),
        ({"access_log_format": "json"}, True),
        ({"log_format": "json"}, True),
        ({"log_format": "json", "access_log_format": '"%(m)s"'}, False),
    ],
)
def test_the_settings_say_which_format(settings: dict[str, str], is_json: bool, path: Path) -> None:
    journal = open_access_log(Config(access_log=path, **settings), never)  # type: ignore[arg-type]  # a dict of texts
    assert journal is not None
    ask(journal, hello(), get("/"))
    assert path.read_text().startswith("{") is is_json


def test_all_json_lines_have_the_same_keys(path: Path) -> None:
    ask(AccessLog(path, "json", never), hello(), get("/") + get("/%0a"), b"x\r\n\r\n")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 3
    assert {tuple(line) for line in lines} == {tuple(lines[0])}


def test_the_file_is_opened_again_and_flushed(path: Path) -> None:
    journal = AccessLog(path, "%(U)s", never)
    with Server(hello(), journal=journal) as server:
        server.exchange([get("/a")])
        moved = path.rename(path.with_suffix(".1"))
        journal.reopen()
        server.exchange([get("/b")])
        assert path.read_text() == ""
        journal.flush()
        assert (moved.read_text(), path.read_text()) == ("/a\n", "/b\n")
    journal.close()
