"""The map in ARCHITECTURE.md is the territory: modules, and the direction of imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.document import TOP, blocks

NOT_PURE = {"asyncio", "logging", "os", "select", "selectors", "signal", "socket", "threading"}
NOT_PURE |= {"time", "uvloop"}
MAP = next(block for block in blocks(TOP / "ARCHITECTURE.md") if block.language == "text")
LEVELS = {
    name: level
    for level, line in enumerate(MAP.text.splitlines())
    for name in line.replace(" ", "").split(",")
}
UNMAPPED = {  # modules that are not on the map, and why
    "__init__": "it lists the public names",
    "__main__": "it calls cli",
    "_pico_build": "it is executed by the build and imports nothing of japy",
    "core.__init__": "it says which core runs",
}


def name_of(path: Path) -> str:
    """Return the name of a module of japy's within the package."""
    return ".".join(path.relative_to(TOP / "japy").with_suffix("").parts)


MODULES = {name_of(path): path for path in sorted(TOP.glob("japy/**/*.py"))}


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports when it is imported itself; types only do not count."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            is_package = (TOP / module.replace(".", "/")).is_dir()
            names = (f"{module}.{alias.name}" for alias in node.names)
            yield from names if is_package else [module]


def test_every_module_is_on_the_map() -> None:
    assert {*MODULES} - {*UNMAPPED} == {*LEVELS} - {"_pico"}


@pytest.mark.parametrize("name", sorted({*LEVELS} - {"_pico"}))
def test_imports_point_down(name: str) -> None:
    for imported in imports(MODULES[name]):
        package, _, below = imported.partition(".")
        if package == "japy" and below not in UNMAPPED:
            assert LEVELS[below] > LEVELS[name], imported


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("core.")])
def test_the_core_does_no_input_and_no_output(name: str) -> None:
    assert {imported.partition(".")[0] for imported in imports(MODULES[name])}.isdisjoint(NOT_PURE)
