"""The tutorial says what is so: a reader who does what it says sees what it shows."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.chapter import NOT_RUN, Reader
from tests.docs.document import TOP, blocks, chapters, commands

LEAST = 16  # chapters


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_what_a_chapter_shows_happens(path: Path, tmp_path: Path) -> None:
    Reader(path, tmp_path).read()


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_shows_the_file_beside_it(path: Path) -> None:
    titles = [block.title for block in blocks(path) if block.language == "python"]
    assert path.with_suffix(".py").name in titles


def test_chapters_are_numbered() -> None:
    numbers = [int(path.name.partition("_")[0]) for path in chapters()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= LEAST


def test_each_chapter_leads_to_the_next() -> None:
    for path, following in zip(chapters(), chapters()[1:], strict=False):
        assert f"]({following.name})" in path.read_text(encoding="utf-8"), path.name


def typed() -> list[str]:
    """Return all commands of all chapters."""
    consoles = [
        block for path in chapters() for block in blocks(path) if block.language == "console"
    ]
    return [command.text for block in consoles for command in commands(block)]


def test_every_exception_is_needed() -> None:
    for start in NOT_RUN:
        assert any(text.startswith(start) for text in typed()), start


def test_the_extras_that_are_installed_exist() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = ",".join(re.findall(r"pip install .*\[(.*)\]", "\n".join(typed()))).split(",")
    assert set(asked) <= set(project["optional-dependencies"])
