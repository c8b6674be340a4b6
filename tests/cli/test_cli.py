"""The command: what is printed of it, what it answers to mistakes, and what it costs."""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from japy import cli
from japy.cli import COMMANDS, main


@pytest.fixture(autouse=True)
def _plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith("JAPY_") or name in ("PORT", "WEB_CONCURRENCY"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ("serve", "There is no command serve. See japy --help."),
        ("chekc", "There is no command chekc. Did you mean check?"),
        ("--foo", "There is no option --foo. See japy --help."),
        ("run", "TARGET is missing, and none of main.py, app.py, api.py, app/main.py, "),
        ("run a:b --prot 1", "There is no option --prot. Did you mean --port?"),
        ("run a:b --por 1", "There is no option --por. Did you mean --port?"),
        ("run a:b --xyz", "There is no option --xyz. See japy run --help."),
        ("run a:b --port", "Option '--port' requires an argument. See japy run --help."),
        ("run a:b --reload=3", "Option '--reload' does not take a value. See japy run --help."),
        ("run a:b c", "Got unexpected extra argument (c). See japy run --help."),
        ("run a:b --port x", "--port: expected a whole number; got 'x'. See japy run --help."),
        ("run a:b --port 65536", "--port: expected 0 to 65,535; got 65536. See japy run --help."),
        ("run a:b --workers 0", "--workers: expected 1 to 1,024; got 0. See japy run --help."),
        ("dev a:b --workers 0", "--workers: expected 1 to 1,024; got 0. See japy dev --help."),
        (
            "run a:b --timeout-graceful-shutdown -1",
            "--timeout-graceful-shutdown: expected a duration such as 20, 500ms, 30s or 5m; "
            "got '-1'. See japy run --help.",
        ),
        (
            "run a:b --limit-request-body 1kk",
            "--limit-request-body: expected a size such as 100, 16M or 64Ki; got '1kk'. "
            "See japy run --help.",
        ),
        ("run a:b -b x", "--bind: expected host:port, [::]:port, :port, unix:path or fd://n; got"),
        ("run a:b -c no.toml", "The configuration file 'no.toml' cannot be read (No such file"),
        ("run a:b --ssl-certfile no", "--ssl-certfile: there is no file 'no'. See japy run --help"),
        ("run a:b --log-config no.toml", "--log-config: there is no file 'no.toml'. See japy run"),
        ("completion", "{bash|zsh|fish} is missing. See japy completion --help."),
        ("completion tcsh", "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of "),
        (
            "routes a:b --match x",
            "--match: expected a method and a path (\"GET /x\"); got 'x'. See",
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    args: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(text)
    assert err.count("\n") == 1


def test_a_mistake_in_a_file_or_a_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "http")
    assert main(["run", "a:b"]) == 2
    assert capsys.readouterr().err == "PORT: expected a whole number; got 'http'.\n"
    monkeypatch.delenv("PORT")
    Path("japy.toml").write_text("prot = 1")
    assert main(["run", "a:b"]) == 2
    text = "japy.toml, prot: there is no such setting. Did you mean port?\n"
    assert capsys.readouterr().err == text


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: japy ")


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["--help", "--help"]])
def test_help_lists_what_is_for_users(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 0
    out = capsys.readouterr().out
    assert out == f"{cli.page()}\n"
    for name, entry in COMMANDS.items():
        assert (f"\n  {name:<12}" in out) == bool(entry.text)
    assert "script" not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: japy {name} ")
    assert err == ""


def test_windows_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["--help"]) == 2
    assert "on Windows use WSL" in capsys.readouterr().err


# What it costs.


def modules_after(code: str) -> set[str]:
    """Return the modules that some code imports, in a process of its own."""
    check = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {code}"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_list_of_commands_imports_nothing() -> None:
    imported = modules_after("from japy.cli import main; main(['--help'])")
    assert {name for name in imported if name.startswith("japy")} == {"japy", "japy.cli"}
    assert imported.isdisjoint({"click", "asyncio", "dataclasses", "pathlib"} - BARE)


def test_the_help_of_run_imports_no_server() -> None:
    imported = modules_after("from japy.cli import main; main(['run', '--help'])")
    assert "japy.cli.serve" in imported
    servers = {
        "asyncio",
        "ssl",
        "uvloop",
        "watchfiles",
        "japy.application.app",
        "japy.supervisor.runner",
        "japy.serving.worker",
    }
    assert imported.isdisjoint(servers)


BARE = modules_after("pass")  # what a .pth file of an environment may bring


def test_help_is_quick() -> None:
    """Processor time, which a busy machine does not change much; bare Python is subtracted."""

    def cost(*args: str) -> float:
        samples = []
        for _ in range(7):
            before = os.times()
            subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, check=True)
            after = os.times()
            samples.append(
                after.children_user
                + after.children_system
                - before.children_user
                - before.children_system
            )
        return statistics.median(samples)

    started = time.monotonic()
    bare = cost("-c", "")
    assert cost("-m", "japy", "--help") - bare < 0.04
    assert cost("-m", "japy", "run", "--help") - bare < 0.3
    assert time.monotonic() - started < 120


def test_the_sentences_end() -> None:
    for entry in COMMANDS.values():
        assert not re.search(r"[.;:]$", entry.text)


FULL = Path("/dev/full")  # a disk that has no room, on Linux
PRINTING = [
    "--help",
    "run --help",
    "version",
    "--version",
    "completion bash",
    "check --print-config",
]


@pytest.mark.parametrize("args", PRINTING)
def test_a_reader_that_has_seen_enough_is_no_failure(args: str) -> None:
    command = [sys.executable, "-m", "japy", *args.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (1, b"")


@pytest.mark.skipif(not FULL.exists(), reason="no disk is always full here")
@pytest.mark.parametrize("args", PRINTING)
def test_a_full_disk_is_told_in_a_sentence(args: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "japy", *args.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
        )
    told = "What there is to print cannot be written (No space left on device).\n"
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.skipif(not FULL.exists(), reason="no disk is always full here")
def test_a_mistake_has_its_status_though_nobody_can_read_of_it() -> None:
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "japy"]
        assert subprocess.run(command, stderr=full, timeout=20).returncode == 2
