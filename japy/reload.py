"""A child of the master that turns changes of files into SIGHUP for the master.

Knows watchfiles and which files matter. Knows nothing of workers.
"""

import contextlib
import importlib.util
import os
import signal
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from japy.config import Config
from japy.console import complain
from japy.privilege import drop
from japy.process import READY

SUFFIXES = frozenset({".py", ".toml", ".json", ".html", ".jinja", ".jinja2", ".so"})
SKIPPED = frozenset(  # folders whose files do not matter
    {"__pycache__", "node_modules", "site-packages", "venv", "build", "dist"}
)
STEP_MS = 30  # how long a burst of changes must pause to be over
GROUP_MS = 300  # how long a burst may take
LOOK_MS = 90  # how often to look whether the master is still there


def is_source(path: Path, folders: Iterable[Path]) -> bool:
    """Tell whether a change in one of the folders means that workers run old code."""
    # A folder counts when it is new: what was put into it at once has gone unseen.
    if path.suffix not in SUFFIXES and not path.is_dir():
        return False
    for folder in folders:
        if path.is_relative_to(folder):
            names = path.relative_to(folder).parts
            return not any(name in SKIPPED or name.startswith(".") for name in names)
    return False


def watch(config: Config, folders: Sequence[Path], master: int, channel: socket.socket) -> int:
    """Be the watcher: signal changes to the master for as long as that lives."""
    drop(config)
    import watchfiles  # in this process only: it is slow to import and starts threads

    batches = watchfiles.watch(
        *folders,
        watch_filter=lambda change, path: is_source(Path(path), folders),
        debounce=GROUP_MS,
        step=STEP_MS,
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
                os.kill(master, signal.SIGHUP)
            changes = next(batches)
    except OSError as error:
        complain(f"Files cannot be watched ({error}): changes of them have no effect.")
    return 0


def forget_bytecode(path: str) -> None:
    """Remove what Python has cached of a source file.

    Python would take it for current if the file was saved twice within a second in the same size.
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
