"""The console: what is printed where, and that nobody listening is no failure."""

import io
import sys

import pytest

from japy.console import complain, say


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
