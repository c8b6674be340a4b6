"""Which server a command asks, and what is said if there is none."""

import json
from pathlib import Path

import pytest

from japy.cli.server import ask, configured
from japy.monitoring.ask import NobodyThere, Refused, Several


def test_the_settings_name_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert configured() is None
    (tmp_path / "japy.toml").write_text('control-socket = "a.sock"\n')
    assert configured() == Path("a.sock")
    monkeypatch.setenv("JAPY_CONTROL_SOCKET", "b.sock")
    assert configured() == Path("b.sock")
    monkeypatch.setenv("JAPY_CONTROL_SOCKET", "no")
    assert configured() is None
    (tmp_path / "japy.toml").write_text("nonsense = 1\n")
    assert configured() is None


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Refused("It says no."), 1, "It says no.\n"),
        (Several([Path("x"), Path("y")]), 2, "Several servers run: name the one that you mean"),
        (NobodyThere("Nobody is there."), 3, "Nobody is there.\n"),
    ],
)
def test_the_exit_status_tells(
    error: Exception, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def job(path: Path) -> int:
        raise error

    assert ask(job, "x") == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(text)


def test_a_socket_that_was_named(capsys: pytest.CaptureFixture[str]) -> None:
    def job(path: Path) -> int:
        print(json.dumps(str(path)))
        return 0

    assert ask(job, "named.sock") == 0
    assert capsys.readouterr().out == '"named.sock"\n'
