"""Packages that japy can do without: what it says when one is needed and not there."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from japy.application.extra import EXTRAS, missing

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    ("package", "wanted"),
    [
        ("itsdangerous", "'japy-http[sessions]'"),
        ("jinja2", "'japy-http[templates]'"),
        ("orjson", "'japy-http[json]'"),
        ("msgspec", "msgspec"),
    ],
)
def test_the_message_says_what_to_type(package: str, wanted: str) -> None:
    error = missing(package)
    assert isinstance(error, ImportError)
    assert error.name == package
    assert str(error) == f"{package} is not installed: pip install {wanted}"


def test_the_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    for package, extra in EXTRAS.items():
        assert any(line.startswith(package) for line in extras[extra]), package


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("itsdangerous", "import japy.session"),
        ("jinja2", "import japy.template"),
        ("orjson", "Application().json = 'orjson'"),
        ("msgspec", "Application().json = 'msgspec'"),
    ],
)
def test_without_the_package_the_message_is_what_one_sees(
    package: str, line: str, tmp_path: Path
) -> None:
    program = f"import sys; sys.modules[{package!r}] = None\nfrom japy import Application\n{line}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"ImportError: {missing(package)}"


def test_japy_itself_imports_none_of_them(tmp_path: Path) -> None:
    program = (
        "import sys; from japy import Application; Application(debug=True).service();"
        f"print({ {*EXTRAS, 'msgspec'}!r} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("set()\n", "")
