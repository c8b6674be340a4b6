"""Documents as what can be executed in them: Python sources, typed commands and their output.

Knows Markdown as far as we use it. Refuses to know what a command means: `test_documents.py` does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
NAMES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
PROMPT = "$ "


@dataclass(frozen=True)
class Block:
    """A fenced block and where it stands."""

    place: str  # "README.md:37"
    language: str
    text: str

    @property
    def name(self) -> str:
        """Return the document it stands in."""
        return self.place.partition(":")[0]


@dataclass(frozen=True)
class Command:
    """What is typed behind a prompt, and what the document says is printed."""

    place: str
    text: str
    output: str


@dataclass
class Scene:
    """A Python source, if there is one, and the commands typed after it, up to the next source."""

    place: str
    source: str = ""
    commands: list[Command] = field(default_factory=list)


def documents() -> list[Path]:
    """Return the documents whose blocks are executed."""
    return [*(TOP / name for name in NAMES), *sorted(TOP.glob("tutorial/*.md"))]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    name = str(path.relative_to(TOP))
    place, language, lines = "", "", [""]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r" *```(\w*)", line)
        if fence and not place:
            place, language, lines = f"{name}:{number}", fence[1], []
        elif fence:
            yield Block(place, language, "\n".join(lines) + "\n")
            place = ""
        else:
            lines.append(line)
    assert not place, f"{place}: the block has no end"


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block."""
    assert block.text.startswith(PROMPT), f"{block.place}: expected '$ ' and a command"
    for part in f"\n{block.text}".split(f"\n{PROMPT}")[1:]:
        text, _, output = part.partition("\n")
        yield Command(block.place, text, output.strip())


def scenes(path: Path) -> list[Scene]:
    """Return the scenes of a document."""
    found: list[Scene] = []
    for block in blocks(path):
        if block.language == "python":
            found.append(Scene(block.place, block.text))
        elif block.language == "console":
            if not found:
                found.append(Scene(block.place))
            found[-1].commands += commands(block)
    return found
