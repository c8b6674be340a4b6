"""The page about services says what is so: its services are served, and asked by real clients."""

import contextlib
import re
import shutil
import sys
from pathlib import Path

import pytest

from japy.serving.service import WAYS, Service
from tests.docs.chapter import PRINTS
from tests.docs.document import TOP, Block, Command, blocks, commands
from tests.docs.stage import Stage, plain_environment, require_same
from tests.support.server import Server, launched

PAGE = TOP / "docs" / "services.md"
PORT = re.compile(r"127\.0\.0\.1:(\d+)")
PLACE = re.compile(r"Accepting connections on (?:http|tcp)://127\.0\.0\.1:(\d+)")


def sections() -> list[list[Block]]:
    """Return the blocks of the page: each source begins a section, with what is typed after it."""
    found: list[list[Block]] = []
    for block in blocks(PAGE):
        if block.language == "python":
            found.append([])
        found[-1].append(block)
    return found


class Visit:
    """A server with whatever ports are free, in place of those that the page shows."""

    def __init__(self, folder: Path, serving: contextlib.ExitStack) -> None:
        self.stage = Stage(folder)
        self.server: Server | None = None
        self._serving = serving
        self._ports: dict[str, str] = {}  # the real one for each that the page shows

    def real(self, text: str) -> str:
        """Return a text of the page with real ports."""
        for shown, port in self._ports.items():
            text = re.sub(rf"\b{shown}\b", port, text)
        return text

    def shown(self, text: str) -> str:
        """Return a text as the page shows it."""
        for shown, port in self._ports.items():
            text = re.sub(rf"\b{port}\b", shown, text)
        return text

    def serve(self, command: Command) -> None:
        """Start what serves."""
        shown = PORT.findall(command.text)
        words = PORT.sub("127.0.0.1:0", command.text).split()[1:]
        program = [sys.executable, "-m", "japy", *words]
        self._serving.close()
        launch = launched(program, self.stage.folder, plain_environment())
        self.server = self._serving.enter_context(launch)
        self._ports = {}
        text = self.server.wait_for(PLACE.pattern, count=len(shown))
        self._ports = dict(zip(shown, PLACE.findall(text), strict=True))
        require_same(command, self.shown(text))


@pytest.mark.parametrize("section", sections(), ids=lambda section: section[0].title)
def test_what_is_shown_happens(section: list[Block], tmp_path: Path) -> None:
    with contextlib.ExitStack() as serving:
        visit = Visit(tmp_path, serving)
        for source, *_ in sections():
            (tmp_path / source.title).write_text(source.text, encoding="utf-8")
        for block in section[1:]:
            if block.title == PRINTS:
                assert visit.server is not None
                visit.server.wait_for(re.escape(block.text))
            else:
                for command in commands(block):
                    obey(visit, command)
        if visit.server is not None:
            assert visit.server.stop() == 0


def obey(visit: Visit, command: Command) -> None:
    """Do what is typed."""
    program = "ssh" if command.text.startswith("ssh") else "curl"
    if "Accepting connections" in command.output:
        visit.serve(command)
    elif command.text.startswith("japy "):
        text, output = (PORT.sub("127.0.0.1:0", each) for each in (command.text, command.output))
        require_same(Command(command.place, text, output), visit.stage.shell(text))
    elif shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    else:
        text = visit.real(command.text)
        require_same(command, visit.shown(visit.stage.shell(text)))


def test_every_block_is_executed() -> None:
    for block in blocks(PAGE):
        assert block.title.endswith(".py") or block.title == PRINTS or block.language == "console"


def test_the_page_names_every_hook_and_every_way() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = text.partition("| hook |")[2].partition("\n\n")[0]
    hooks = [name for name in vars(Service) if callable(getattr(Service, name)) and name[0] != "_"]
    assert re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE) == hooks
    assert all(f"`{way}`" in text for way in WAYS)
