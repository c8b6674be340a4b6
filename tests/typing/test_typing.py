"""Type checkers understand japy as it is installed: the core compiled, and the core interpreted.

mypy is only in the environment that `dev.py` makes for the interpreted core; it looks from there at
what is installed in the other one as well.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
COMPILED = TOP / ".dev" / f"compiled-{VERSION}" / "bin" / "python"
PYTHONS = {"this": Path(sys.executable), "compiled": COMPILED}
WHERE = "import pathlib, japy; print(pathlib.Path(japy.__file__).parents[1])"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed here: dev.py lint"
)


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> Path:
    """Return an interpreter with japy installed."""
    path = PYTHONS[request.param]
    if not path.exists() or not is_current(place_of(path)):
        pytest.skip(f"{path} has no japy, or an older one: dev.py test installs it")
    return path


def place_of(python: Path) -> Path:
    """Return the folder that an interpreter imports japy from."""
    command = [str(python), "-c", WHERE]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def is_current(place: Path) -> bool:
    """Tell whether the sources there are those of the checkout."""
    sources = (path.relative_to(TOP) for path in TOP.glob("japy/**/*.py"))
    same = ((place / path, TOP / path) for path in sources)
    return all(a.exists() and a.read_bytes() == b.read_bytes() for a, b in same)


def check(python: Path, folder: Path, *files: Path) -> None:
    """Type-check files against the japy of an interpreter."""
    place = place_of(python)
    is_editable = place.name != "site-packages"  # behind an import hook, which mypy ignores
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unreachable", "--no-color-output"]
    command += [f"--python-executable={python}", f"--cache-dir={cache(python)}", "--config-file="]
    command += ["--follow-imports=silent", "--explicit-package-bases", *map(str, files)]
    done = subprocess.run(
        command,
        cwd=folder,  # not the checkout: japy is what is installed
        env={**os.environ, "MYPYPATH": str(place) if is_editable else ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def cache(python: Path) -> Path:
    """Return where mypy may keep what it has learnt of an environment."""
    return TOP / ".mypy_cache" / "installed" / python.parents[1].name


def test_the_public_names_have_the_types_that_documents_say(python: Path, tmp_path: Path) -> None:
    check(python, tmp_path, Path(__file__).with_name("public_api.py"))


def test_the_tutorial_is_typed(python: Path, tmp_path: Path) -> None:
    files = sorted(TOP.glob("tutorial/**/*.py"))
    assert files
    check(python, tmp_path, *files)
