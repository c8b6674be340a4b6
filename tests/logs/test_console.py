"""The console: what is printed where, and that nobody listening is no failure."""

import fcntl
import io
import os
import sys

import pytest

from japy.logs.console import complain, say


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


def test_nobody_waits_for_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(reader, False)
    with open(reader, "rb", buffering=0) as far, open(writer, "w") as near:
        monkeypatch.setattr(sys, "stdout", near)
        for _ in range(200):  # of 100 bytes each: one of them would wait
            say("x" * 99)
        assert set(far.read(1 << 16).splitlines()) == {b"x" * 99}
        say("there is room again")
        assert far.read(1 << 16) == b"there is room again\n"


def test_what_a_full_disk_does_not_take_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        say("nobody reads this")
        assert os.path.realpath(f"/proc/self/fd/{full.fileno()}") == "/dev/full"


def test_a_closed_pipe_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        say("nobody reads this")
        assert os.path.realpath(f"/proc/self/fd/{writer}") == "/dev/null"
