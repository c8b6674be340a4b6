"""The watcher: which files matter, and how it ends."""

import py_compile
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.supervisor.reload import Roots, Sources, forget_bytecode, has_closed

PROJECT = Path("/build/project")  # a folder above the watched one may have any name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.py", True),
        ("pkg/deep/mod.py", True),
        ("templates/page.html", True),
        ("page.jinja", True),
        ("settings.toml", True),
        ("data.json", True),
        ("fast.cpython-311-x86_64-linux-gnu.so", True),
        ("README.md", False),
        ("app.pyc", False),
        ("app.py.swp", False),
        (".#app.py", False),
        (".git/hook.py", False),
        (".venv/lib/x.py", False),
        ("venv/lib/x.py", False),
        ("node_modules/x/index.json", False),
        ("pkg/__pycache__/x.py", False),
        ("build/lib/app.py", False),
        ("env/lib/python3.11/site-packages/x.py", False),
    ],
)
def test_which_files_matter(name: str, expected: bool) -> None:
    assert Sources([PROJECT]).matter(PROJECT / name) is expected


def test_a_new_folder_matters(tmp_path: Path) -> None:
    for name in ("pkg", "node_modules"):
        (tmp_path / name).mkdir()
    sources = Sources([tmp_path])
    assert sources.matter(tmp_path / "pkg")
    assert not sources.matter(tmp_path / "node_modules")
    assert not sources.matter(tmp_path / "gone")


def test_files_elsewhere_do_not_matter() -> None:
    assert not Sources([PROJECT]).matter(Path("/other/app.py"))
    assert Sources([PROJECT, Path("/other")]).matter(Path("/other/app.py"))


def test_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(PROJECT / "surroundings"))
    assert not Sources([PROJECT]).matter(PROJECT / "surroundings/lib/x.py")
    assert Sources([PROJECT]).matter(PROJECT / "app.py")


@pytest.mark.parametrize(
    ("includes", "excludes", "name", "expected"),
    [
        (["*.md"], [], "README.md", True),
        (["*.md"], [], "deep/README.md", True),
        (["docs/*.md"], [], "docs/a.md", True),
        (["docs/*.md"], [], "a.md", False),
        (["ui/*/config.yaml"], [], "ui/x/config.yaml", True),
        (["build/*.txt"], [], "build/x.txt", True),
        (["*.md"], [], "app.py", True),
        ([], ["*_test.py"], "app_test.py", False),
        ([], ["data"], "data/x.json", False),
        ([], ["data/"], "deep/data/x.json", False),
        ([], ["./data/*.json"], "data/x.json", False),
        ([], ["/build/project/data"], "data/x.json", False),
        (["*.md"], ["docs"], "docs/a.md", False),
        (["*.md"], ["docs"], "a.md", True),
    ],
)
def test_patterns_add_and_remove_files(
    includes: list[str], excludes: list[str], name: str, expected: bool
) -> None:
    assert Sources([PROJECT], includes, excludes).matter(PROJECT / name) is expected


def until(changes: Iterator[set[Path]], path: Path) -> None:
    """Wait until a change of a path is told, and then no further one."""
    deadline = time.monotonic() + 20
    while path not in next(changes):
        assert time.monotonic() < deadline
    while next(changes):
        assert time.monotonic() < deadline


def test_a_folder_that_is_removed_and_made_again_is_watched(tmp_path: Path) -> None:
    root = tmp_path / "lib"
    root.mkdir()
    changes = Roots([tmp_path / "other", root], 0.05).changes()
    next(changes)
    for _ in range(2):  # at once, when it may get the number of the old one; and after a while
        root.rmdir()
        root.mkdir()
        until(changes, root)
        (root / "app.py").touch()
        until(changes, root / "app.py")
        (root / "app.py").unlink()
        until(changes, root / "app.py")
    root.rmdir()
    while next(changes):
        pass
    root.mkdir()
    until(changes, root)
    (root / "app.py").touch()
    until(changes, root / "app.py")


def test_a_folder_that_another_takes_the_place_of_is_watched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    root = tmp_path / "current"
    root.symlink_to("one")
    changes = Roots([root], 0.05).changes()
    next(changes)
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(root)
    until(changes, root)
    (tmp_path / "two/app.py").touch()
    until(changes, root / "app.py")


def test_a_folder_may_come_later(tmp_path: Path) -> None:
    changes = Roots([tmp_path / "lib"], 0.05).changes()
    assert next(changes) == set()
    (tmp_path / "lib").mkdir()
    until(changes, tmp_path / "lib")


def test_the_end_of_the_master_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        assert not has_closed(theirs)
        ours.close()
        assert has_closed(theirs)


def test_bytecode_of_a_changed_file_is_forgotten(tmp_path: Path) -> None:
    source = tmp_path / "app.py"
    source.write_text("x = 1\n")
    cached = Path(py_compile.compile(str(source), doraise=True) or "")
    assert cached.exists()
    forget_bytecode(str(tmp_path / "page.html"))
    forget_bytecode(str(tmp_path / "other.py"))
    assert cached.exists()
    forget_bytecode(str(source))
    assert not cached.exists()
