"""The page as a whole: what it types is accepted, and no file stands on it that nothing runs."""

from pathlib import Path

import pytest

from japy.cli.option import collect
from japy.cli.serve import run
from tests.deploy.page import PAGE, files
from tests.docs.document import TOP, Command, blocks, commands

TYPED = [
    command for block in blocks(PAGE) if block.language == "console" for command in commands(block)
]


@pytest.mark.parametrize("command", TYPED, ids=lambda command: command.place)
def test_japy_has_the_options_that_are_typed(command: Command) -> None:
    program, verb, *words = command.text.split()
    assert (program, verb) == ("japy", "run")
    config = collect(run.make_context("run", words).params, is_alone=True).config
    assert config.target == "house:app"


def test_every_file_is_run_by_a_test() -> None:
    sources = "".join(path.read_text() for path in Path(TOP, "tests", "deploy").glob("*.py"))
    for name in files():
        assert f'"{name}"' in sources, name


def test_every_block_is_a_file_or_typed() -> None:
    for block in blocks(PAGE):
        assert block.title or block.language == "console", block.place
