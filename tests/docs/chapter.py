"""Chapter: a document read as a learner does it, from top to bottom, doing all of it.

    ```python title="03_router.py"   a piece to type below what that file has; a function or class
                                     that is there already is replaced
    ```html title="08_templates/…"   a whole file
    ```console                       commands, and what they print; `^C` is Ctrl-C
    ```text title="the server prints"    what has come since in the server's terminal

A session of pdb is a console block like any other: what stands behind its prompts is typed.

Knows these blocks. Refuses to know which chapters there are (`test_tutorial.py`).

Invariant: whoever has typed everything has the files beside the chapter, to the last character.
"""

import ast
import re
import shutil
import sys
from pathlib import Path

from japy.core import COMPILED
from tests.docs.document import Block, Command, blocks, commands
from tests.docs.stage import (
    Stage,
    plain_environment,
    require_same,
    run_curl,
    run_server,
    run_shell,
    split,
)
from tests.docs.terminal import Terminal

PRINTS = "the server prints"
PDB = "(Pdb) "
INTERPRETED = "JAPY_PURE=1 pip install"  # what follows, up to the next piece, needs that core
NOT_RUN = {  # commands that begin so, and why they are not run
    "python3 -m venv": "dev.py makes environments that way",
    ". .venv": "the tests run in such an environment",
    "pip install": "dev.py and tests/test_packaging.py install what is built",
    INTERPRETED: "dev.py makes the environment with the interpreted core that way",
    "mkdir ../house": "the tests begin in that folder",
    "cd ../house": "the tests begin in that folder",
}


class Source:
    """A Python file in the making."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, str]] = []  # name of the function or class, and the text

    def add(self, piece: str) -> None:
        """Add a piece below; its functions take the place of those that have their name."""
        for name, text in parts(piece):
            names = [known for known, _ in self._parts]
            if name and name in names:
                self._parts[names.index(name)] = name, text
            else:
                self._parts.append((name, text))

    @property
    def text(self) -> str:
        """Return what was typed so far."""
        return "\n\n\n".join(text for _, text in self._parts) + "\n"


def parts(piece: str) -> list[tuple[str, str]]:
    """Return the functions and classes of a piece by name, and what stands between them."""
    lines = piece.splitlines()
    found: list[tuple[str, str]] = []
    start = 0  # of the part: the end of the one before
    nodes = ast.parse(piece).body
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        name = getattr(node, "name", "")
        if not name and following is not None and not hasattr(following, "name"):
            continue
        end = node.end_lineno or 0
        found.append((name, "\n".join(lines[start:end]).strip("\n")))
        start = end
    return found


class Reader:
    """Somebody who does what a chapter says."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.sources: dict[str, Source] = {}  # by file name
        shutil.copytree(path.parent, folder / "japy" / "tutorial")
        (folder / "house").mkdir()
        self.stage = Stage(folder / "house")
        self._is_edited = False  # since the server was started
        self._is_elsewhere = (
            False  # where the reader has an interpreted core, and this test has not
        )

    def read(self) -> None:
        """Do all of it."""
        try:
            for block in blocks(self.path):
                self._do(block)
        finally:
            self.stage.stop()
        for name, source in self.sources.items():
            assert source.text == (self.path.parent / name).read_text(), name

    def _do(self, block: Block) -> None:
        if block.language == "python":
            self._type(block)
        elif block.language == "console" and f"\n{PDB}" in block.text:
            self._debug(block)
        elif block.language == "console":
            for command in commands(block):
                self._run(command)
        elif block.title == PRINTS:
            printed = self.stage.printed(len(block.text.splitlines()))
            require_same(Command(block.place, PRINTS, block.text.strip()), printed)
        else:
            assert block.title, f"{block.place}: expected the name of a file as title"
            assert (self.path.parent / block.title).read_text() == block.text, block.place
            self._save(block.title, block.text)

    def _type(self, block: Block) -> None:
        assert block.title, f"{block.place}: expected the name of a file as title"
        source = self.sources.setdefault(block.title, Source())
        source.add(block.text)
        self._save(block.title, source.text.replace("port=8080", "port=0"))
        self._is_edited, self._is_elsewhere = True, False

    def _save(self, name: str, text: str) -> None:
        target = self.stage.folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def _run(self, command: Command) -> None:
        if command.text.startswith(INTERPRETED):
            self._is_elsewhere = COMPILED
        if command.text.startswith(tuple(NOT_RUN)) or self._is_elsewhere:
            return
        words = split(command.text)[1]
        if words[:2] == ["japy", "run"] or "Accepting connections" in command.output:
            run_server(self.stage, command)
            self._is_edited = False
            return
        if self._is_edited and self.stage.server and "http://" in command.text:
            self.stage.restart()
            self._is_edited = False
        (run_curl if "curl" in words else run_shell)(self.stage, command)

    def _debug(self, block: Block) -> None:
        """Type what stands behind the prompts of a debugger."""
        if self._is_elsewhere:
            return
        (command,) = commands(block)
        typed = re.findall(rf"^{re.escape(PDB)}(.*)$", block.text, re.MULTILINE)
        variables = {**plain_environment(), "TERM": "dumb"}
        with Terminal(command.text, self.stage.folder, variables) as terminal:
            printed = terminal.read_until(PDB)
            if sys.version_info >= (3, 13):  # which stops at breakpoint() itself
                terminal.type("next")
                printed = terminal.read_until(PDB).removeprefix("next\n")
            for line in typed:
                terminal.type(line)
                printed += terminal.read_until(PDB)
            require_same(command, printed)
