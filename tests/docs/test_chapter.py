"""The reader of chapters notices what is wrong: in a piece, in an output, in a file."""

from pathlib import Path

import pytest

from tests.docs.chapter import Reader, Source
from tests.docs.document import as_shown, blocks


def chapter(folder: Path, text: str) -> Path:
    """Return a chapter with this text."""
    path = folder / "chapters" / "01_test.md"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_pieces_stand_below_each_other() -> None:
    source = Source()
    source.add("import a\nimport b\n\nx = 1\n")
    source.add("# Why.\n@a\ndef f():\n    pass\n")
    assert source.text == ("import a\nimport b\n\nx = 1\n\n\n# Why.\n@a\ndef f():\n    pass\n")


def test_a_function_takes_the_place_of_its_namesake() -> None:
    source = Source()
    source.add("def f():\n    pass\n\n\ndef g():\n    pass\n")
    source.add("def f():\n    return 5\n")
    assert source.text == "def f():\n    return 5\n\n\ndef g():\n    pass\n"


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\n", False),
        ("a", "a\nb\n", False),
        ("a", "b", False),
        ("", "a", False),
        ("Date: ...\nb", "Date: today\nb", True),
        ("Date: ...\nb", "Day: today\nb", False),
        ("in ...s", "in 5 s", True),
        ("...", "a\nb", False),
        ("Traceback:\n  ...\nKeyError", "Traceback:\n  File x\n    line\nKeyError", True),
        ("Traceback:\n  ...\nKeyError", "Traceback:\n  File x\n    line\nValueError", False),
    ],
)
def test_what_is_shown_is_compared(shown: str, printed: str, is_same: bool) -> None:
    assert (as_shown(shown, printed) == shown) is is_same


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    path = chapter(tmp_path, "```console\n$ echo milk\nbread\n```\n")
    folder = tmp_path / "reader"
    folder.mkdir()
    with pytest.raises(AssertionError, match="echo milk"):
        Reader(path, folder).read()


def test_another_file_beside_is_found(tmp_path: Path) -> None:
    path = chapter(tmp_path, '```python title="01_test.py"\nx = 1\n```\n')
    path.with_suffix(".py").write_text("x = 2\n")
    folder = tmp_path / "reader"
    folder.mkdir()
    with pytest.raises(AssertionError, match=r"01_test\.py"):
        Reader(path, folder).read()


def test_a_block_without_an_end_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the block has no end"):
        list(blocks(chapter(tmp_path, "```console\n$ echo milk\n")))
