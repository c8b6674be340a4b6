"""Documents as what can be executed in them: Python sources, typed commands and their output.

Knows Markdown as far as we use it. Refuses to know what a command means: `stage.py` does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
NAMES = (
    *("README.md", "SECURITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("docs/configuration.md", "docs/proxy.md", "docs/tls.md"),
)
PROMPT = "$ "
FENCE = re.compile(r' *```(\w*)(?: title="([^"]+)")?')


@dataclass(frozen=True)
class Block:
    """A fenced block and where it stands."""

    place: str  # "README.md:37"
    language: str
    text: str
    title: str = ""  # the file that it is, or a part of; what prints it

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


def chapters() -> list[Path]:
    """Return the chapters of the tutorial."""
    return sorted(TOP.glob("tutorial/*.md"))


def pages() -> list[Path]:
    """Return the documents that are no chapters."""
    return [TOP / name for name in NAMES]


def documents() -> list[Path]:
    """Return all documents."""
    names = ("logging.md", "monitoring.md", "deployment.md", "services.md")
    return [*pages(), *chapters(), *(TOP / "docs" / name for name in names)]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    name = str(path.relative_to(TOP)) if path.is_relative_to(TOP) else path.name
    place, language, title, lines = "", "", "", [""]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.fullmatch(line)
        if fence and not place:
            place, language, title, lines = f"{name}:{number}", fence[1], fence[2] or "", []
        elif fence:
            yield Block(place, language, "\n".join(lines) + "\n", title)
            place = ""
        else:
            lines.append(line)
    assert not place, f"{place}: the block has no end"


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block."""
    assert block.text.startswith(PROMPT), f"{block.place}: expected '$ ' and a command"
    for part in f"\n{block.text}".split(f"\n{PROMPT}")[1:]:
        text, _, output = part.partition("\n")
        while text.endswith("\\"):
            more, _, output = output.partition("\n")
            text = f"{text}\n{more}"
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


def as_shown(shown: str, printed: str) -> str:
    """Return a text as a document shows it if they agree, else the text.

    Three dots in a document stand for what differs from day to day and from machine to machine:
    dates, times, folders, random tokens. On a line of their own, behind the first line of a
    traceback, they stand for the frames that are not the reader's.
    """
    wanted = [line.rstrip() for line in shown.strip().splitlines()]
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    pattern = ""
    for i, line in enumerate(wanted):
        is_frames = line.strip() == "..." and wanted[i - 1].startswith("Traceback")
        pattern += r"(?: .*\n)*?" if is_frames else any_of(line) + r"\n"
    return shown if re.fullmatch(pattern, "\n".join([*lines, ""])) else "\n".join(lines)


def any_of(line: str) -> str:
    """Return the pattern of the lines that a line of a document stands for."""
    return ".*".join(re.escape(part) for part in line.split("..."))
