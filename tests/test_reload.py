"""The watcher: which files matter, and how it ends."""

import py_compile
import socket
from pathlib import Path

import pytest

from japy.reload import forget_bytecode, has_closed, is_source

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
    assert is_source(PROJECT / name, [PROJECT]) is expected


def test_a_new_folder_matters(tmp_path: Path) -> None:
    for name in ("pkg", "node_modules"):
        (tmp_path / name).mkdir()
    assert is_source(tmp_path / "pkg", [tmp_path])
    assert not is_source(tmp_path / "node_modules", [tmp_path])
    assert not is_source(tmp_path / "gone", [tmp_path])


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


def test_files_elsewhere_do_not_matter() -> None:
    assert not is_source(Path("/other/app.py"), [PROJECT])
    assert is_source(Path("/other/app.py"), [PROJECT, Path("/other")])


def test_the_end_of_the_master_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        assert not has_closed(theirs)
        ours.close()
        assert has_closed(theirs)
