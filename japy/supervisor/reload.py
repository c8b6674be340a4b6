"""A child of the master that tells it of changes of files.

Knows watchfiles and which files matter. Knows nothing of workers.
"""

import contextlib
import importlib.util
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
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


class Roots:
    """Folders to watch, whatever is at their places: the system watches what was there at first.

    Args:
        folders: the places.
        delay_s: the pause of changes that ends a burst of them.
    """

    def __init__(self, folders: Iterable[Path], delay_s: float) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._step_ms = max(1, round(delay_s * 1000))
        self._seen = {folder: identity(folder) for folder in self._folders}
        self._fresh: set[Path] = set()  # that have come since: what is in them has gone unseen

    def changes(self) -> Iterator[set[Path]]:
        """Yield what has changed, often nothing; from the first time on nothing is missed.

        A folder that has come to its place has changed itself. Never ends.

        Raises:
            OSError: they cannot be watched.
        """
        while True:
            try:
                yield from self._until_replaced()
            except FileNotFoundError:  # it has gone just now
                time.sleep(LOOK_MS / 1000)
                yield set()
            self._look()

    def _until_replaced(self) -> Iterator[set[Path]]:
        """Yield what has changed, until one of the folders is another, or gone."""
        import watchfiles  # in this process only: it is slow to import and starts threads

        batches = watchfiles.watch(
            *(folder for folder, found in self._seen.items() if found is not None),
            watch_filter=None,
            debounce=max(GROUP_MS, 2 * self._step_ms),
            step=self._step_ms,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        with contextlib.closing(batches):
            for batch in batches:
                yield {Path(path) for _, path in batch} | self._fresh
                self._fresh.clear()
                deleted = {Path(path) for kind, path in batch if kind == watchfiles.Change.deleted}
                for folder in deleted & set(self._folders):
                    self._seen[folder] = None  # the next at its place may have the same number
                if any(identity(folder) != found for folder, found in self._seen.items()):
                    return

    def _look(self) -> None:
        """See what is at the places now."""
        for folder, before in self._seen.items():
            self._seen[folder] = found = identity(folder)
            if found is not None and found != before:
                self._fresh.add(folder)


def identity(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one at its place; None if there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def watch(config: Config, folders: Sequence[Path], channel: socket.socket) -> int:
    """Be the watcher: tell the master of changes for as long as that lives."""
    drop(config)
    sources = Sources(folders, config.reload_includes, config.reload_excludes)
    is_ready = False
    try:
        for paths in Roots(folders, config.reload_delay).changes():
            if has_closed(channel):
                break
            if not is_ready:
                is_ready = True
                channel.sendall(READY)
            mattering = [path for path in paths if sources.matter(path)]
            for path in mattering:
                forget_bytecode(str(path))
            if mattering:
                channel.sendall(CHANGED)  # a signal would not be allowed behind --user
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
