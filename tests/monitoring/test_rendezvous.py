"""Rendezvous: a folder of our own, a socket for each server, and nothing left of those gone."""

import os
import socket
from pathlib import Path

import pytest

from japy.monitoring import rendezvous
from japy.monitoring.rendezvous import default_path, folders, is_own, remove_stale, servers

DEAD = 999_999_999  # beyond any process id


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let sockets be in a folder of the test's."""
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    monkeypatch.setattr(rendezvous, "TEMPORARY", tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    return run


def bound(path: Path) -> socket.socket:
    """Return a socket with a file."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    return listener


def test_the_runtime_folder_comes_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = default_path()
    assert path == place / "japy" / f"{os.getpid()}.sock"
    assert is_own(path.parent)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert place / "japy" not in folders()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert folders()[-1].name == f"japy-{os.geteuid()}"


def test_folders_that_others_may_enter_are_passed_over(place: Path, tmp_path: Path) -> None:
    (place / "japy").mkdir()
    (place / "japy").chmod(0o755)
    other = default_path()
    assert other is not None
    assert place not in other.parents
    place.chmod(0o755)
    assert place / "japy" not in folders()
    mine = tmp_path / "tmp" / f"japy-{os.geteuid()}"
    mine.rmdir() if mine.exists() else None
    mine.symlink_to(place)
    assert not is_own(mine)  # somebody else may have made the link


def test_no_place_is_no_failure(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendezvous, "folders", lambda: [place / "missing" / "japy"])
    assert default_path() is None
    long = place / ("x" * 100)
    long.mkdir(mode=0o700)
    monkeypatch.setattr(rendezvous, "folders", lambda: [long / "japy"])
    assert default_path() is None


def test_those_who_listen_are_found_and_the_dead_removed(place: Path) -> None:
    folder = place / "japy"
    folder.mkdir(mode=0o700)
    alive = folder / f"{os.getpid()}.sock"
    dead = folder / f"{DEAD}.sock"
    begun = folder / f"{os.getppid()}.sock"  # it does not listen yet, but its process lives
    for name in ("x.sock", f"{DEAD}.txt"):
        (folder / name).touch()
    (folder / "7.sock").touch()  # no socket
    with bound(alive) as listener, bound(dead), bound(begun):
        listener.listen()
        assert servers() == [alive]
        assert not dead.exists()
        assert begun.exists()
    with bound(dead):
        remove_stale(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["7.sock", f"{DEAD}.txt", f"{os.getppid()}.sock", "x.sock"]
    )
