"""Bytecode: what Python keeps of a module that it has compiled, while its source may still change.

Knows how importlib stores bytecode. Knows nothing of what is served.
"""

import contextlib
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

FRESH_S = 2.0  # after a save, in which another one may look the same


def keep_settled_only() -> None:
    """Have this process store no bytecode of a source that was saved a moment ago.

    Bytecode counts as that of a source with the same size and the same second of its last change.
    Who saves twice in a second, "one" and then "two", would be served the first of them, for good.
    """
    store = SourceFileLoader.set_data

    def set_data(
        loader: SourceFileLoader, path: str, data: "bytes | bytearray", *, _mode: int = 0o666
    ) -> None:
        if is_settled(Path(loader.path)):
            store(loader, path, data, _mode=_mode)

    SourceFileLoader.set_data = set_data  # type: ignore[assignment,method-assign]


def is_settled(source: Path) -> bool:
    """Tell whether a file was not changed for a while."""
    with contextlib.suppress(OSError):
        return abs(time.time() - source.stat().st_mtime) > FRESH_S
    return False
