"""`japy reload|scale|stacks|stop`: options and words; tests/live/test_control.py does them."""

import pytest

from japy.cli import main
from japy.cli.steer import counted


@pytest.mark.parametrize("command", ["status", "reload", "scale", "stacks", "stop"])
def test_help_tells_of_the_exit_status(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--control-socket PATH" in text
    assert "3 none can be asked" in text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["scale"], "N is missing. See japy scale --help.\n"),
        (["scale", "none"], "'none' is not a valid integer"),
        (["scale", "5000"], "1<=x<=1024"),
        (["stop", "--nwo"], "There is no option --nwo."),
    ],
)
def test_mistakes_are_a_sentence(
    args: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    assert text in capsys.readouterr().err


def test_numbers_of_workers() -> None:
    assert counted(1) == "1 worker serves"
    assert counted(2) == "2 workers serve"
