"""A child of the master that tells it of changes of files.

Knows watchfiles and which files matter. Knows nothing of workers.
"""

import contextlib
import importlib.util
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from japy.logs.console import complain
from japy.settings.config import Config
from japy.supervisor.privilege import drop
from japy.supervisor.process import CHANGED, READY

SUFFIXES = frozenset({".py", ".toml", ".json", ".html", ".jinja", ".jinja2", ".so"})
SKIPPED = frozenset(  # folders whose files do not matter
    {"__pycache__", "node_modules", "site-packages", "venv", "build", "dist"}
)
GROUP_MS = 300  # how long a burst may take
LOOK_MS = 90  # how often to look whether the master is still there


class Sources:
    """Which files matter: a change of them means that workers run old code.

    Args:
        folders: where they are.
        includes: patterns of files that matter although their suffix does not say so.
        excludes: patterns of files and folders that never matter.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        includes: Iterable[str] = (),
        excludes: Iterable[str] = (),
    ) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._includes = tuple(includes)
        self._excludes = tuple(excludes)

    def matter(self, path: Path) -> bool:
        """Tell whether a change of a file matters."""
        is_foreign = sys.prefix != sys.base_prefix and path.is_relative_to(sys.prefix)
        for folder in self._folders:
            if path.is_relative_to(folder):
                parts = path.relative_to(folder).parts
                if any(matches(pattern, path, parts) for pattern in self._excludes):
                    return False
                if any(matches(pattern, path, parts) for pattern in self._includes):
                    return True
                if is_foreign or any(name in SKIPPED or name.startswith(".") for name in parts):
                    return False
                # A folder counts when it is new: what was put into it at once has gone unseen.
                return path.suffix in SUFFIXES or path.is_dir()
        return False


def matches(pattern: str, path: Path, parts: Sequence[str]) -> bool:
    """Tell whether a pattern names a file or one of the folders that it is in.

    Without a slash it is compared with each name, else with the path from the watched folder; an
    absolute one with the whole path.
    """
    pattern = pattern.rstrip("/")
    if pattern.startswith("/"):
        return any(fnmatch(str(one), pattern) for one in (path, *path.parents))
    if "/" not in pattern:
        return any(fnmatch(name, pattern) for name in parts)
    pattern = pattern.removeprefix("./")
    return any(fnmatch("/".join(parts[: i + 1]), pattern) for i in range(len(parts)))


def watch(config: Config, folders: Sequence[Path], channel: socket.socket) -> int:
    """Be the watcher: tell the master of changes for as long as that lives."""
    drop(config)
    import watchfiles  # in this process only: it is slow to import and starts threads

    sources = Sources(folders, config.reload_includes, config.reload_excludes)
    step_ms = max(1, round(config.reload_delay * 1000))
    batches = watchfiles.watch(
        *folders,
        watch_filter=lambda change, path: sources.matter(Path(path)),
        debounce=max(GROUP_MS, 2 * step_ms),
        step=step_ms,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    try:
        changes = next(batches)  # from here on the system tells of every change
        channel.sendall(READY)
        while not has_closed(channel):
            for _, path in changes:
                forget_bytecode(path)
            if changes:
                channel.sendall(CHANGED)  # a signal would not be allowed behind --user
            changes = next(batches)
    except OSError as error:
        complain(f"Files cannot be watched ({error}): changes of them have no effect.")
    return 0


def forget_bytecode(path: str) -> None:
    """Remove what other processes than workers have cached of a source file; see `bytecode`.

    A script that calls `Application.run(reload=True)` has imported its modules itself before.
    """
    if path.endswith(".py"):
        with contextlib.suppress(OSError, NotImplementedError):  # there is none; or no cache at all
            os.unlink(importlib.util.cache_from_source(path))


def has_closed(channel: socket.socket) -> bool:
    """Tell whether the other end of a channel is gone."""
    try:
        return channel.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
