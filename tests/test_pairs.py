"""Every module has its own test module, so that nobody has to search for its tests."""

from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
ELSEWHERE = {
    "japy/__init__.py": "a list of names: tests/test_exports.py",
    "japy/__main__.py": "one call of cli.main: tests/cli/test_cli.py",
    "japy/_pico_build.py": "run at build time; its tables: tests/core/test_parser.py",
    "japy/cli/__init__.py": "the command itself: tests/cli/test_cli.py",
    "japy/supervisor/__init__.py": "a line on what is in the folder",
    "japy/serving/__init__.py": "a line on what is in the folder",
    "japy/monitoring/__init__.py": "a line on what is in the folder",
    "japy/settings/__init__.py": "a line on what is in the folder",
    "japy/logs/__init__.py": "a line on what is in the folder",
    "japy/application/__init__.py": "a line on what is in the folder",
    "japy/debug/__init__.py": "a line on what is in the folder",
    "japy/core/__init__.py": "one flag: tests/test_build_mode.py",
}
MODULES = sorted(path.relative_to(TOP) for path in (TOP / "japy").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test_module(module: Path) -> None:
    if str(module) in ELSEWHERE:
        return
    expected = Path("tests", *module.parts[1:-1], f"test_{module.name}")
    assert (TOP / expected).is_file(), f"{module} has no {expected}"


def test_exceptions_are_of_modules_that_exist() -> None:
    assert set(ELSEWHERE) <= set(map(str, MODULES))
