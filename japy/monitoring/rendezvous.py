"""Rendezvous: where the control socket of a server is, and which servers of this user run.

Knows folders, files and their owners. Each server has a socket named after its process id, in a
folder of its user's own: in XDG_RUNTIME_DIR, or else in /tmp.

Invariants:
- A folder is used only if it belongs to this user and nobody else may enter it.
- What is removed are sockets of this user whose server is gone.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from japy.settings.bind import MAX_PATH
from japy.supervisor.privilege import is_alive

TEMPORARY = Path("/tmp")  # not TMPDIR: who asks has not always the server's variables


def folders() -> list[Path]:
    """Return where control sockets may be, the best place first."""
    user = os.geteuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    places = [Path(runtime)] if os.path.isabs(runtime) else []
    places.append(Path(f"/run/user/{user}"))
    named = [place / "japy" for place in places if is_own(place)]
    return [*dict.fromkeys(named), TEMPORARY / f"japy-{user}"]


def is_own(folder: Path) -> bool:
    """Tell whether a folder is there, and only we may enter it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return is_private and found.st_uid == os.geteuid()


def default_path() -> Path | None:
    """Return where our control socket may be; None if there is no place for it."""
    for folder in folders():
        path = folder / f"{os.getpid()}.sock"
        if len(os.fsencode(path)) > MAX_PATH:
            continue
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            if is_own(folder) and os.access(folder, os.W_OK):
                remove_stale(folder)
                return path
    return None


def servers() -> list[Path]:
    """Return the control sockets of the servers of this user that run."""
    found = [path for folder in folders() if is_own(folder) for path in sockets_in(folder)]
    return [path for path in found if is_answered(path)]


def sockets_in(folder: Path) -> Iterator[Path]:
    """Yield the sockets that are named after a process."""
    for path in sorted(folder.glob("*.sock")):
        with contextlib.suppress(OSError):
            if path.stem.isdecimal() and stat.S_ISSOCK(path.lstat().st_mode):
                yield path


def remove_stale(folder: Path) -> None:
    """Remove the sockets of servers that are gone."""
    for path in sockets_in(folder):
        if not is_alive(int(path.stem)) or int(path.stem) == os.getpid():
            with contextlib.suppress(OSError):
                path.unlink()


def is_answered(path: Path) -> bool:
    """Tell whether somebody listens on a socket; remove what a server that is gone has left."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            if not is_alive(int(path.stem)):
                with contextlib.suppress(OSError):
                    path.unlink()
            return False
        except OSError:  # it is full, so somebody is there, or it is gone meanwhile
            return path.exists()
    return True
