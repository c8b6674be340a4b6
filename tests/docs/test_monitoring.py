"""The page about looking inside says what is so: what it shows is done, its lists are compared."""

import re
from pathlib import Path

import pytest

from japy.control import read
from japy.ledger import Reason
from tests.docs.document import TOP, Command, blocks, commands
from tests.docs.stage import Stage, run_curl, run_server, run_shell

PAGE = TOP / "docs" / "monitoring.md"
SHOWN_ONLY = ("the lines",)  # compared below


def test_what_the_page_shows_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAPY_CONTROL_SOCKET", str(tmp_path / "control.sock"))
    stage = Stage(tmp_path)
    try:
        for block in blocks(PAGE):
            if block.title in SHOWN_ONLY:
                continue
            if block.title:
                (tmp_path / block.title).write_text(block.text, encoding="utf-8")
                continue
            for command in commands(block):
                run(stage, command)
    finally:
        stage.stop()


def run(stage: Stage, command: Command) -> None:
    """Do what is typed."""
    if command.text.startswith("japy run "):
        run_server(stage, command)
    else:
        (run_curl if command.text.startswith("curl ") else run_shell)(stage, command)


def test_every_block_is_executed_or_compared() -> None:
    for block in blocks(PAGE):
        assert block.title or block.language == "console", block.place


def test_the_reasons_are_those_that_there_are() -> None:
    row = PAGE.read_text(encoding="utf-8").partition("| RESTARTS, WHY |")[2].partition("\n")[0]
    assert set(re.findall(r"`([\w-]+)`", row)) == {reason.value for reason in Reason}


def test_the_lines_are_requests() -> None:
    (block,) = (block for block in blocks(PAGE) if block.title == "the lines")
    verbs = [read(line.encode())["verb"] for line in block.text.splitlines()]
    assert verbs == ["status", "reload", "scale", "stacks", "stop"]
