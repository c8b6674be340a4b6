"""The page about logging says what is so: what it shows is done, and its tables are compared."""

import re
from pathlib import Path

from japy.logs.access import ATOMS, ENVIRON
from japy.logs.setup import JSONFormatter
from tests.docs.chapter import PRINTS
from tests.docs.document import TOP, Command, blocks, commands
from tests.docs.stage import Stage, require_same, run_curl, run_server, run_shell

PAGE = TOP / "docs" / "logging.md"


def test_what_the_page_shows_happens(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        for block in blocks(PAGE):
            if block.title == PRINTS:
                printed = stage.printed(len(block.text.splitlines()))
                require_same(Command(block.place, PRINTS, block.text.strip()), printed)
            elif block.title:
                (tmp_path / block.title).write_text(block.text, encoding="utf-8")
            else:
                for command in commands(block):
                    run(stage, command)
    finally:
        stage.stop()


def run(stage: Stage, command: Command) -> None:
    """Do what is typed."""
    if command.text.startswith("japy "):
        run_server(stage, command)
    else:
        (run_curl if command.text.startswith("curl ") else run_shell)(stage, command)


def test_every_block_is_executed() -> None:
    for block in blocks(PAGE):
        assert block.title or block.language == "console", block.place


def test_the_table_has_every_atom() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("| atom |")[2].partition("\n\n")[0]
    named = re.findall(r"%\((\w)\)s", text)
    assert sorted(named) == sorted(ATOMS)
    assert set(re.findall(r"`([A-Z_]{2,})`", text)) == set(ENVIRON)


def test_the_formatter_is_where_the_page_says() -> None:
    name = f"{JSONFormatter.__module__}.{JSONFormatter.__qualname__}"
    assert f'"{name}"' in PAGE.read_text(encoding="utf-8")
