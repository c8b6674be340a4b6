"""Documents say what is so: every block in them is executed, or says here why not.

A Python block is an application: it is saved as app.py and served on a real port. The commands
after it are typed against that server, and what they print is compared, line by line. The tutorial
is read in another way: test_tutorial.py.
"""

import ast
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from japy import Limits
from japy.cli import COMMANDS
from japy.cli.serve import run
from japy.core.limits import NAMES
from tests.docs.document import (
    TOP,
    Command,
    Scene,
    blocks,
    commands,
    documents,
    pages,
    scenes,
)
from tests.docs.stage import Stage, run_curl, run_server, run_shell
from tests.support.request import new_request

SETUP = ["python3 dev.py run", "python3 dev.py test"]
NOT_EXECUTED = {  # blocks in these languages, and why they are not
    "toml": "settings: test_configuration.py reads them",
    "text": "a diagram: test_layers.py compares it, test_files_named_exist its files",
}
NOT_RUN = {  # commands that begin so, and why they are not run
    "pip install": "tests/test_packaging.py installs what is built",
    "JAPY_PURE=1 pip install": "dev.py makes the environment with the interpreted core that way",
    "python -m build": "tests/test_packaging.py builds sdist and wheel",
}
ALL_SCENES = [scene for path in pages() for scene in scenes(path)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a folder with the tutorial in it."""
    shutil.copytree(TOP / "tutorial", tmp_path / "tutorial")
    stage = Stage(tmp_path)
    yield stage
    stage.stop()


def ask(stage: Stage, command: Command) -> None:
    """Ask the server, which is started first if the document has not done so."""
    if stage.server is None:
        stage.serve("japy run app:app")
    run_curl(stage, command)


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
    r"japy (run|dev) ": run_server,
    r"japy ": run_shell,
    r"(.* \| )?curl ": ask,
    r"openssl ": run_shell,
    r"python3 dev\.py ": check_dev,
    r"make ": check_make,
}


def reason(command: Command) -> str:
    """Return why a command is not run; empty if it is."""
    return next((why for start, why in NOT_RUN.items() if command.text.startswith(start)), "")


@pytest.mark.parametrize("scene", ALL_SCENES, ids=lambda scene: scene.place)
def test_what_is_shown_happens(scene: Scene, stage: Stage) -> None:
    if scene.source:
        (stage.folder / "app.py").write_text(scene.source, encoding="utf-8")
    for command in scene.commands:
        if reason(command):
            continue
        found = [run for start, run in RUNNERS.items() if re.match(start, command.text)]
        assert found, f"{command.place}: nothing here knows how to run {command.text}"
        found[0](stage, command)
    if scene.source and stage.server is None:
        stage.serve("japy run app:app")


def test_every_block_is_executed_or_excepted() -> None:
    languages = {block.language for path in pages() for block in blocks(path)}
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


def test_the_readme_names_options_that_there_are() -> None:
    options = {name for param in run.params for name in (*param.opts, *param.secondary_opts)}
    named = [name.split()[0] for row in table("README.md", "option") for name in quoted(row[0])]
    named += [name for row in table("README.md", "`Limits`") for name in quoted(row[1])]
    assert set(named) - {"--limit-request-...", "--ssl-..."} <= options


def test_the_readme_names_every_command() -> None:
    named = [name.split()[1] for row in table("README.md", "command") for name in quoted(row[0])]
    assert named == [name for name, entry in COMMANDS.items() if entry.text]


def test_the_readme_names_every_limit_and_its_default() -> None:
    units = {"KiB": 1 << 10, "MiB": 1 << 20}
    limits = Limits()
    named = set()
    for row in table("README.md", "`Limits`"):
        (name,) = quoted(row[0])
        number, unit, *_ = [*row[2].replace(",", "").split(), ""]
        assert getattr(limits, name) == int(number) * units.get(unit, 1), name
        named.add(name)
    assert named == set(NAMES)


def test_the_readme_names_attributes_that_exist() -> None:
    request = new_request()
    for row in table("README.md", "attribute"):
        for name in quoted(row[0]):
            assert hasattr(request, name), name
