"""Real servers of any protocol: services on free ports, found by the names of their binds."""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.docs.document import TOP, blocks
from tests.support.server import Server, launched

PAGE = TOP / "docs" / "services.md"
PLACE = r"Accepting connections on (?:https?|tcp)://127\.0\.0\.1:(\d+)(?: \((\w+)\))?"


class Services:
    """A server, and the ports that its services have."""

    def __init__(self, server: Server, count: int) -> None:
        self.server = server
        found = re.findall(PLACE, server.wait_for(PLACE, count))
        self.ports = {name: int(port) for port, name in found[:count]}
        self._count = count  # of places

    def wait_reloaded(self, rounds: int) -> None:
        """Wait until so many reloads are over."""
        self.server.wait_for(PLACE, self._count * (rounds + 1))


@contextmanager
def serving(
    target: str,
    names: tuple[str, ...] = ("",),
    *options: str,
    sources: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Services]:
    """Serve a target on a port for each name.

    Args:
        target: what to serve: of the sources, or of the page about services.
        names: of the binds.
        options: more options of `japy run`.
        sources: Python files by their names.
        folder: where to run it; by default a temporary one.
    """
    with tempfile.TemporaryDirectory(prefix="japy-test-") as temporary:
        place = folder or Path(temporary)
        write(place, sources or {})
        with launched(command(target, names, *options), place) as server:
            yield Services(server, len(names))


def write(folder: Path, sources: Mapping[str, str]) -> None:
    """Write sources, and those of the page about services."""
    for name, text in {**shown(), **sources}.items():
        (folder / name).write_text(text, encoding="utf-8")


def shown() -> dict[str, str]:
    """Return the sources of the page about services."""
    return {block.title: block.text for block in blocks(PAGE) if block.language == "python"}


def command(target: str, names: tuple[str, ...], *options: str) -> list[str]:
    """Return the command that serves a target."""
    binds = [f"{name}=127.0.0.1:0" if name else "127.0.0.1:0" for name in names]
    places = [word for bind in binds for word in ("--bind", bind)]
    return [sys.executable, "-m", "japy", "run", target, *places, *options]
