"""Group: commands are found, what they return is done after click, and interrupts have a status."""

import sys

import click
import pytest

from japy.cli import COMMANDS, Entry, group


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Add a command named probe, which is what the dict says; return the dict."""
    module = type(sys)("japy.cli.probe")
    found: dict[str, object] = {}
    monkeypatch.setitem(sys.modules, "japy.cli.probe", module)
    monkeypatch.setitem(COMMANDS, "probe", Entry("probe", "be a probe"))
    module.__dict__["command"] = click.Command("probe", callback=lambda: found["result"])
    return found


def test_what_a_command_returns_is_done_when_click_is_gone(probe: dict[str, object]) -> None:
    def act() -> int:
        frame, names = sys._getframe(), []
        while frame.f_back is not None:
            frame = frame.f_back
            names.append(frame.f_globals["__name__"])
        assert not [name for name in names if name.startswith("click")]
        return 7

    probe["result"] = act
    assert group.execute(["probe"]) == 7


def test_a_command_that_returns_nothing_has_done_it(probe: dict[str, object]) -> None:
    probe["result"] = None
    assert group.execute(["probe"]) == 0


def test_a_mistake_has_its_status_though_nobody_can_read_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert group.execute(["run", "--port", "x"]) == 2


def test_an_interrupt(probe: dict[str, object]) -> None:
    def act() -> int:
        raise KeyboardInterrupt

    probe["result"] = act
    assert group.execute(["probe"]) == 130


def test_commands_for_japy_itself_are_not_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert group.execute(["scripts"]) == 2
    assert capsys.readouterr().err == "There is no command scripts. See japy --help.\n"
