"""Discovery: trees of files, what is chosen in them, and why."""

from pathlib import Path

import pytest

from japy.serving import importer
from japy.serving.discovery import discover

JAPY = "from japy import Application\n"
APP = f"{JAPY}app = Application()\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder; return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"main.py": APP}, "main:app"),
        ({"app.py": APP}, "app:app"),
        ({"api.py": APP}, "api:app"),
        ({"main.py": APP, "app.py": APP}, "main:app"),
        ({"main.py": "print('x')\n", "app.py": APP}, "app:app"),
        ({"main.py": "import typer\napp = typer.Typer()\n", "app.py": APP}, "app:app"),
        ({"main.py": "from own import make\napp = make()\n"}, "main:app"),
        ({"main.py": "from own import app\n"}, "main:app"),
        ({"app/main.py": APP}, "app.main:app"),
        ({"app/__init__.py": "", "app/api.py": APP}, "app.api:app"),
        ({"main.py": f"{JAPY}api = Application()\n"}, "main:api"),
        ({"main.py": f"{JAPY}application = Application()\n"}, "main:application"),
        ({"main.py": "import japy\nsite = japy.Application()\n"}, "main:site"),
        ({"main.py": f"{JAPY}site: Application = Application()\n"}, "main:site"),
        ({"main.py": f"{JAPY}if True:\n    site = Application()\n"}, "main:site"),
        ({"main.py": f"{JAPY}def create_app():\n    return Application()\n"}, "main:create_app"),
        ({"main.py": f"{APP}def create_app(): ...\n"}, "main:app"),
        ({"main.py": "app = (\n"}, "main:app"),
        ({"main.py": "app = (\n", "app.py": APP}, "app:app"),
        ({"main.py": f"{JAPY}app = Application(\n", "app.py": APP}, "main:app"),
        ({"main.py": "from japy import Service\nservices = [1]\n"}, "main:services"),
        ({"main.py": "import japy\nservice = japy.StreamService(1)\n"}, "main:service"),
        ({"main.py": "services = [1]\n", "app.py": APP}, "app:app"),
        ({"main.py": f"{APP}services = [app]\n"}, "main:app"),
    ],
)
def test_what_is_found(files: dict[str, str], target: str, tmp_path: Path) -> None:
    found = discover(tree(tmp_path, files))
    assert found is not None
    assert found.target == target
    name = found.reason.partition(" ")[0]
    assert name in files
    assert found.pin == f'[tool.japy]\napp = "{target}"'


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"other.py": APP},
        {"main.py": "print('x')\n"},
        {"main.py/x": ""},
        {"main.py": f"{JAPY}one, two = Application(), Application()\n"},
        {"main.py": f"{JAPY}one = Application()\ntwo = Application()\n"},
        {"main.py": f"{JAPY}def make():\n    app = Application()\n"},
    ],
)
def test_nothing_is_found(files: dict[str, str], tmp_path: Path) -> None:
    assert discover(tree(tmp_path, files)) is None


@pytest.mark.parametrize(
    ("source", "how"),
    [
        (APP, "and imports japy"),
        ("app = make()\n", "though japy is not mentioned in it"),
        (f"{JAPY}app = Application(\n", "and imports japy"),
        ("if True:\n    import japy.cors\napp = (\n", "and imports japy"),
        ("import japyx\napp = (\n", "though japy is not mentioned in it"),
    ],
)
def test_it_says_why(source: str, how: str, tmp_path: Path) -> None:
    found = discover(tree(tmp_path, {"main.py": source}))
    assert found is not None
    assert found.reason == f"main.py has 'app', {how}; looked at: main.py."


def test_a_file_that_hides_a_folder(tmp_path: Path) -> None:
    found = discover(tree(tmp_path, {"app.py": "", "app/main.py": APP}))
    assert found is not None
    assert found.target == f"{tmp_path}/app/main.py:app"
    assert importer.parse(found.target).file == tmp_path / "app/main.py"


def test_nothing_is_executed(tmp_path: Path) -> None:
    assert discover(tree(tmp_path, {"main.py": f"{APP}raise SystemExit\n"})) is not None
