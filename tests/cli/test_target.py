"""Target: what is said, what is found, and what an application cannot do while it is loaded."""

from pathlib import Path

import pytest

from japy.cli.target import choose, load
from japy.serving import importer, worker
from japy.settings.config import Config
from japy.settings.source import SourceError

SOURCE = "import japy\n{name} = japy.Application()\n{name}.run()\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "on_run", None)
    monkeypatch.setenv("JAPY_ENV", "test")
    monkeypatch.setattr("sys.path", [str(tmp_path)])


def test_what_is_said_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert choose(Config(target="a:b")) == "a:b"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_quiet", [False, True])
def test_what_is_found_is_told(is_quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    Path("main.py").write_text(SOURCE.format(name="app"))
    assert choose(Config(), is_quiet) == "main:app"
    told = capsys.readouterr()[is_quiet]
    assert told.startswith("Found main:app: main.py has 'app', and imports japy; ")
    assert told.endswith('write into pyproject.toml:\n[tool.japy]\napp = "main:app"\n')


def test_another_folder_is_looked_at() -> None:
    Path("src").mkdir()
    Path("src/main.py").write_text(SOURCE.format(name="app"))
    with pytest.raises(SourceError, match=r"TARGET is missing, and none of main\.py, "):
        choose(Config())
    assert choose(Config(app_dir=Path("src"))) == "main:app"


def test_run_in_the_module_does_nothing() -> None:
    Path("cli_target_one.py").write_text(SOURCE.format(name="site"))
    app = load(Config(), "cli_target_one:site")
    assert app.router.routes == []


@pytest.mark.parametrize(("before", "after"), [(None, "production"), ("staging", "staging")])
def test_it_is_told_what_it_runs_for(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAPY_ENV", before or "x")  # so that it is restored
    if before is None:
        monkeypatch.delenv("JAPY_ENV")
    source = "import os\n" + SOURCE.format(name="site") + "site.mode = os.environ['JAPY_ENV']\n"
    Path(f"cli_target_{after}.py").write_text(source)
    assert vars(load(Config(), f"cli_target_{after}:site"))["mode"] == after


def test_a_folder_to_import_from() -> None:
    Path("lib").mkdir()
    Path("lib/cli_target_two.py").write_text(SOURCE.format(name="site"))
    with pytest.raises(importer.LoadError, match="was not found"):
        load(Config(), "cli_target_two:site")
    load(Config(app_dir=Path("lib")), "cli_target_two:site")


def test_a_factory() -> None:
    source = "import japy\ndef make():\n    return japy.Application()\ndef bad():\n    return 3\n"
    Path("cli_target_three.py").write_text(source + "create_app = make\n")
    load(Config(factory=True), "cli_target_three:make")
    load(Config(), "cli_target_three:create_app")
    load(Config(), "cli_target_three")
    for target, factory, text in (
        ("cli_target_three:make", False, "If it returns one, write --factory"),
        ("cli_target_three:bad", True, "returned no japy.Application: it is of type int"),
        ("cli_target_three:japy", True, "is no factory: it cannot be called"),
    ):
        with pytest.raises(importer.LoadError, match=text):
            load(Config(factory=factory), target)
