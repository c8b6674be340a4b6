"""The command line: what becomes a setting, what is refused, and what it costs."""

import subprocess
import sys
from pathlib import Path

import pytest

import japy
from japy import cli
from japy.config import Config


def settings(*args: str) -> Config:
    """Return the settings of `japy run` with some arguments."""
    return cli.make_config(cli.make_parser().parse_args(["run", "app:app", *args]))


@pytest.fixture(autouse=True)
def _no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)


def test_without_options_the_defaults_hold() -> None:
    assert settings() == Config()


def test_every_option_is_a_setting() -> None:
    assert settings(
        *("--host", "::1", "--port", "0", "--workers", "3", "--backlog", "9"),
        *("--debug", "--reload", "--timeout-graceful-shutdown", "0.5"),
        *("--limit-request-line", "1000", "--limit-request-head", "64Ki"),
        *("--limit-request-fields", "7", "--limit-request-body", "16M"),
    ) == Config(
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
    )


def test_the_variable_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1234")
    assert settings().port == 1234
    assert settings("--port", "5").port == 5
    monkeypatch.setenv("PORT", "")
    assert settings().port == 8080


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("10", 10), ("1k", 1000), ("2Ki", 2048), ("3GI", 3 << 30)]
)
def test_sizes(text: str, number: int) -> None:
    assert cli.size(text) == number


@pytest.mark.parametrize("text", ["", "k", "1kk", "1Kib", "1.5k", "-"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|invalid"):
        cli.size(text)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ("run", "The following arguments are required: TARGET. See japy run --help."),
        ("run a:b --prot 1", "Unknown: --prot 1. See japy run --help."),
        ("run a:b --por 1", "Unknown: --por 1. See japy run --help."),
        ("run a:b --port x", "Argument --port: invalid int value: 'x'. See japy run --help."),
        ("run a:b --port 65536", "--port: expected 0 to 65,535; got 65536. See japy run --help."),
        ("run a:b --workers 0", "--workers: expected 1 to 1,024; got 0. See japy run --help."),
        (
            "run a:b --timeout-graceful-shutdown -1",
            "--timeout-graceful-shutdown: expected 0 to 86,400; got -1.0. See japy run --help.",
        ),
        (
            "run a:b --limit-request-body 1kk",
            "Argument --limit-request-body: invalid size value: '1kk'. See japy run --help.",
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    args: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = cli.main(args.split())
    except SystemExit as error:
        status = int(str(error.code))
    assert status == 2
    assert capsys.readouterr() == ("", text + "\n")


def test_a_mistake_in_the_variable_port(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "http")
    assert cli.main(["run", "a:b"]) == 2
    assert capsys.readouterr().err == (
        "--port: expected a number in the variable PORT; got 'http'. See japy run --help.\n"
    )


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["serve"])
    out, err = capsys.readouterr()
    assert out == ""
    assert "invalid choice: 'serve'" in err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: japy ")


def test_what_is_for_japy_itself_is_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert "serve an application" in out
    assert "script" not in out


@pytest.mark.parametrize("args", [["--version"], ["version"]])
def test_version(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 0
    out, err = capsys.readouterr()
    assert err == ""
    core = "compiled" if japy.core.COMPILED else "interpreted"
    assert out.startswith(f"japy {japy.__version__} with CPython {sys.version.split()[0]}, uvloop ")
    assert f", {core} core, SSE4.2 " in out
    assert out.endswith("in use\n")
    assert out.count("\n") == 1


def test_windows_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert cli.main(["--help"]) == 2
    assert "on Windows use WSL" in capsys.readouterr().err


def test_help_imports_no_server(tmp_path: Path) -> None:
    code = "import sys; from japy.cli import main; main(['run', '--help'])"
    check = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {code}"
    # In an empty folder: a checkout would be imported in the place of what is installed.
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "japy.cli" in imported
    assert imported.isdisjoint({"uvloop", "watchfiles", "japy.runner", "japy.worker"})
