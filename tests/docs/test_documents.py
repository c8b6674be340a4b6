"""Documents say what is so: every block in them is executed, or says here why not.

A Python block is an application: it is saved as app.py and served on a real port. The commands
after it are typed against that server, and what they print is compared. In expected output a line
that ends in "..." stands for every line that begins so.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from japy import Limits
from japy.cli import make_parser
from tests.docs.document import TOP, Command, Scene, blocks, commands, documents, scenes
from tests.support.request import new_request
from tests.support.server import DEADLINE_S, Server, running

URL = "http://127.0.0.1:8080"  # what documents show; the real port is another one
SETUP = ["python3 dev.py run", "python3 dev.py test"]
NOT_EXECUTED = {  # blocks in these languages, and why they are not
    "text": "a diagram: test_architecture.py compares it, test_files_named_exist its files",
}
NOT_RUN = {  # commands that begin so, and why they are not run
    "pip install": "tests/test_packaging.py installs what is built",
    "JAPY_PURE=1 pip install": "dev.py makes the environment with the interpreted core that way",
    "python -m build": "tests/test_packaging.py builds sdist and wheel",
}
ALL_SCENES = [scene for path in documents() for scene in scenes(path)]


class Stage:
    """A folder with the files that a reader has, and the server that was started last."""

    def __init__(self, scene: Scene, folder: Path, exits: ExitStack) -> None:
        self._folder = folder
        self._exits = exits
        self.server: Server | None = None  # set by `serve`
        shutil.copytree(TOP / "tutorial", folder / "tutorial")
        if scene.source:
            (folder / "app.py").write_text(scene.source, encoding="utf-8")

    def serve(self, target: str, *options: str) -> Server:
        """Start a server, as `japy run` does."""
        served = running(target, *options, cwd=self._folder)
        self.server = self._exits.enter_context(served)
        return self.server

    def shell(self, text: str) -> str:
        """Return what a command prints; the port shown is replaced by the real one."""
        server = self.server or self.serve("app:app")
        env = {**os.environ, "CURL_HOME": str(self._folder), "no_proxy": "*"}
        done = subprocess.run(
            ["sh", "-c", text.replace(URL, server.url)],
            cwd=self._folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.replace(server.url, URL)


@pytest.fixture
def exits() -> Iterator[ExitStack]:
    """Return what stops servers at the end of a test."""
    with ExitStack() as stack:
        yield stack


def run_japy(stage: Stage, command: Command) -> None:
    """Serve, or print what `japy` prints."""
    words = shlex.split(command.text)[1:]
    if words[0] == "run":
        server = stage.serve(*words[1:])
        require_same(command, server.output("stdout").replace(server.url, URL))
        return
    done = subprocess.run([sys.executable, "-m", "japy", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    require_same(command, done.stdout)


def run_curl(stage: Stage, command: Command) -> None:
    """Ask the server."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: apt-get install curl")
    require_same(command, stage.shell(command.text))


def check_dev(stage: Stage, command: Command) -> None:
    """Check that dev.py has the command and the options; run, it would run this test again."""
    verb, *options = shlex.split(command.text)[2:]
    source = (TOP / "dev.py").read_text(encoding="utf-8")
    names = [
        ast.literal_eval(key)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
        for key in getattr(node.value, "keys", ())
    ]
    assert verb in names, f"{command.place}: dev.py has no command {verb}"
    for option in options:
        if option.startswith("--"):
            assert f'"{option}"' in source, f"{command.place}: dev.py has no option {option}"


def check_make(stage: Stage, command: Command) -> None:
    """Check that the Makefile has the target, which is the command of dev.py with that name."""
    target = shlex.split(command.text)[1]
    rules = re.findall(r"^([\w ]+):", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert target in " ".join(rules).split(), f"{command.place}: there is no target {target}"
    check_dev(stage, Command(command.place, f"python3 dev.py {target}", ""))


RUNNERS: dict[str, Callable[[Stage, Command], None]] = {
    r"japy ": run_japy,
    r"(.* \| )?curl ": run_curl,
    r"python3 dev\.py ": check_dev,
    r"make ": check_make,
}


def require_same(command: Command, printed: str) -> None:
    """Compare what was printed with what the document says."""
    lines = printed.strip().splitlines()
    expected = command.output.splitlines()
    for i, line in enumerate(expected):
        start = line.removesuffix("...")
        if start != line and i < len(lines) and lines[i].startswith(start):
            lines[i] = line
    assert lines == expected, f"{command.place}: {command.text}"


def reason(command: Command) -> str:
    """Return why a command is not run; empty if it is."""
    return next((why for start, why in NOT_RUN.items() if command.text.startswith(start)), "")


@pytest.mark.parametrize("scene", ALL_SCENES, ids=lambda scene: scene.place)
def test_what_is_shown_happens(scene: Scene, tmp_path: Path, exits: ExitStack) -> None:
    stage = Stage(scene, tmp_path, exits)
    for command in scene.commands:
        if reason(command):
            continue
        found = [run for start, run in RUNNERS.items() if re.match(start, command.text)]
        assert found, f"{command.place}: nothing here knows how to run {command.text}"
        found[0](stage, command)
    if scene.source and stage.server is None:
        stage.serve("app:app")


def test_every_block_is_executed_or_excepted() -> None:
    languages = {block.language for path in documents() for block in blocks(path)}
    assert languages - set(NOT_EXECUTED) == {"python", "console"}
    assert set(NOT_EXECUTED) <= languages, "exceptions that nothing needs"


def test_every_exception_is_needed() -> None:
    typed = [command.text for scene in ALL_SCENES for command in scene.commands]
    for start in NOT_RUN:
        assert any(text.startswith(start) for text in typed), start


def test_the_readme_has_two_commands_to_set_up() -> None:
    typed = [
        command.text
        for block in blocks(TOP / "README.md")
        if block.language == "console"
        for command in commands(block)
    ]
    assert [text for text in typed if not re.match(r"japy |(.* \| )?curl ", text)] == SETUP


def code(source: str) -> str:
    """Return a source without docstrings and without what only a script does."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = node.body[ast.get_docstring(node) is not None :]
    tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
    return ast.unparse(tree)


@pytest.mark.parametrize("path", sorted(TOP.glob("tutorial/*.md")), ids=lambda path: path.name)
def test_a_chapter_shows_the_file_beside_it(path: Path) -> None:
    shown = [code(scene.source) for scene in scenes(path) if scene.source]
    assert shown[-1] == code(path.with_suffix(".py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        name, _, heading = target.partition("#")
        if name.startswith("https:"):  # another machine's affair
            continue
        found = path.parent / name if name else path
        assert found.exists(), target
        assert not heading or heading in headings(found), target


def headings(path: Path) -> set[str]:
    """Return the anchors of a document."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


MADE_LATER = ("bench/results", "bench/.cache")  # by the benches


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_files_named_exist(path: Path) -> None:
    here = {entry.name for entry in TOP.iterdir() if not entry.name.startswith(".")}
    text = path.read_text(encoding="utf-8")
    named = {*re.findall(r"[\w./-]+/[\w./-]*[\w-]", text), *re.findall(r"\b\w+\.(?:py|md)\b", text)}
    for name in named:
        if name.partition("/")[0] not in here or name.startswith(MADE_LATER):
            continue
        assert (TOP / name).exists() or (path.parent / name).exists(), name


def table(document: str, title: str) -> list[list[str]]:
    """Return the rows of the table whose first column has that title."""
    text = (TOP / document).read_text(encoding="utf-8")
    rows = text.partition(f"\n| {title} |")[2].split("\n\n")[0].splitlines()[2:]
    assert rows, f"{document} has no table with the column {title}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def quoted(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_the_readme_names_every_option() -> None:
    (commands,) = (a for a in make_parser()._actions if a.choices)
    assert isinstance(commands.choices, dict)
    options = {option for a in commands.choices["run"]._actions for option in a.option_strings}
    named = [name.split()[0] for row in table("README.md", "option") for name in quoted(row[0])]
    named += [name for row in table("README.md", "`Limits`") for name in quoted(row[1])]
    assert set(named) - {"--limit-request-..."} == options - {"-h", "--help"}


def test_the_readme_names_every_limit_and_its_default() -> None:
    units = {"KiB": 1 << 10, "MiB": 1 << 20}
    limits = Limits()
    for row in table("README.md", "`Limits`"):
        (name,) = quoted(row[0])
        number, unit, *_ = [*row[2].replace(",", "").split(), ""]
        assert getattr(limits, name) == int(number) * units.get(unit, 1), name


def test_the_readme_names_attributes_that_exist() -> None:
    request = new_request()
    for row in table("README.md", "attribute"):
        for name in quoted(row[0]):
            assert hasattr(request, name), name
