"""Option: every setting has an option, and what is typed becomes the setting."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import click
import pytest

from japy.cli.option import collect, setting_options
from japy.cli.serve import run
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.settings.setting import SETTINGS


@pytest.fixture(autouse=True)
def _plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith("JAPY_") or name in ("PORT", "WEB_CONCURRENCY"):
            monkeypatch.delenv(name)


def settings(*args: str) -> Config:
    """Return the settings of `japy run` with some arguments."""
    params: dict[str, Any] = run.make_context("run", list(args)).params
    return collect(params).config


def test_every_setting_has_an_option() -> None:
    spellings = {name for param in setting_options() for name in param.opts}
    for setting in SETTINGS.values():
        assert {setting.option, *setting.others} <= spellings | {"TARGET"}


def test_without_options_the_defaults_hold() -> None:
    assert settings("app:app") == Config(target="app:app")


def test_options_become_settings() -> None:
    assert settings(
        *("--host", "::1", "app:app", "--port", "0", "-w", "3", "--backlog", "9"),
        *("--debug", "--reload", "--timeout-graceful-shutdown", "500ms"),
        *("--limit-request-line", "1000", "--h11-max-incomplete-event-size", "64Ki"),
        *("--limit-request-fields", "7", "--limit-request-body", "16M", "--loop", "asyncio"),
        *("--reload-dir", "a", "--reload-dir", "b", "--no-use-colors", "--umask", "027"),
        *("--forwarded-allow-ips", "10.0.0.0/8,::1", "--ssl-version", "17", "--log-level", "trace"),
    ) == Config(
        target="app:app",
        host="::1",
        port=0,
        workers=3,
        backlog=9,
        debug=True,
        reload=True,
        timeout_graceful_shutdown=0.5,
        limit_request_line=1000,
        limit_request_head=65536,
        limit_request_fields=7,
        limit_request_body=16_000_000,
        loop="asyncio",
        reload_dirs=(Path("a"), Path("b")),
        use_colors=False,
        umask=0o027,
        forwarded_allow_ips=(ip_network("10.0.0.0/8"), ip_network("::1")),
        ssl_version="1.2",
        log_level="debug",
    )


def test_bind_may_be_repeated() -> None:
    assert settings("-b", ":1", "--bind", "x=unix:y", "--fd", "3").binds == (
        Bind("tcp", "0.0.0.0", 1),
        Bind("unix", path="y", name="x"),
        Bind("fd", number=3),
    )


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ([], False),
        (["--access-log"], True),
        (["--access-log-file", "x"], Path("x")),
        (["--access-log", "--access-logfile", "-"], True),
        (["--no-access-log", "--access-log-file", "x"], False),
    ],
)
def test_access_log(args: list[str], value: object) -> None:
    assert settings(*args).access_log == value


def test_a_flag_can_be_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAPY_RELOAD", "1")
    assert settings().reload
    assert not settings("--no-reload").reload


def test_warnings_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAPY_PROT", "1")
    assert settings() == Config()
    assert capsys.readouterr().err.startswith("The variable JAPY_PROT is none that japy knows. ")


def test_help_shows_groups_and_defaults() -> None:
    text = run.get_help(click.Context(run, info_name="japy run"))
    assert "\nWhere to listen:\n" in text
    assert "port, 0 for any free one (8080)" in text
    assert text.endswith("says what it has found.")
