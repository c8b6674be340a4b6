"""Imports point one way: the map in ARCHITECTURE.md, held against the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
UNMAPPED = {  # modules that are not on the map, and why
    "__init__": "it lists the public names, and imports them when they are asked for",
    "__main__": "it calls cli",
    "_pico_build": "it is executed by the build and imports nothing of japy",
    "core.__init__": "it says which core runs",
    "supervisor.__init__": "it says what the folder is for",
    "serving.__init__": "it says what the folder is for",
    "monitoring.__init__": "it says what the folder is for",
    "settings.__init__": "it says what the folder is for",
    "logs.__init__": "it says what the folder is for",
    "application.__init__": "it says what the folder is for",
    "debug.__init__": "it says what the folder is for",
}
# What is imported upwards, inside of a function: only where it is used, see there.
LATE = {
    ("application.app", "supervisor.runner"),
    ("application.app", "testing"),
    ("serving.importer", "application.app"),
    ("cli", "cli.group"),
    ("cli.group", "cli.version"),
}
PURE = {  # of the standard library: what does no input and no output, and knows no clock
    "annotationlib",  # from 3.14 on
    "collections.abc",
    "contextvars",
    "datetime",
    "difflib",
    "encodings.aliases",
    "enum",
    "functools",
    "http",
    "http.cookies",
    "inspect",
    "json",
    "json.decoder",
    "re",
    "sys",
    "types",
    "typing",
    "urllib.parse",
    "uuid",
}
FOREIGN = {"mypy_extensions", "librt"}  # beside the standard library's pure parts


def read_map() -> dict[str, int]:
    """Return the modules by the line of the map that they stand in."""
    text = (TOP / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("```text\ncli.")
    lines = f"cli.{rest.partition('```')[0]}".splitlines()
    return {name: i for i, line in enumerate(lines) for name in line.split(", ")}


def name_of(path: Path) -> str:
    """Return the name of a module of japy's within the package."""
    name = ".".join(path.relative_to(TOP / "japy").with_suffix("").parts)
    return "cli" if name == "cli.__init__" else name  # the command itself: a module like others


LEVELS = read_map()
MODULES = {name_of(path): path for path in sorted(TOP.glob("japy/**/*.py"))}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, without those that only a type checker sees."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from names_of(node)
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            pending.extend(ast.iter_child_nodes(node))


def names_of(node: ast.ImportFrom) -> Iterator[str]:
    """Yield the modules that a from-import names; `from japy import x` may name one, too."""
    module = node.module or ""
    for alias in node.names:
        below = f"{module}.{alias.name}".removeprefix("japy.")
        yield f"japy.{below}" if module.startswith("japy") and below in MODULES else module


def test_the_map_names_what_there_is() -> None:
    assert set(MODULES) - set(UNMAPPED) == set(LEVELS) - {"_pico"}


@pytest.mark.parametrize("name", sorted(set(LEVELS) - {"_pico"}))
def test_modules_import_downwards(name: str) -> None:
    for module in imports(MODULES[name]):
        package, _, target = module.partition(".")
        if package == "japy" and target not in {"", "core"} and (name, target) not in LATE:
            assert LEVELS[name] < LEVELS[target], f"{name} imports {module}"


def test_only_the_parser_knows_the_c_module() -> None:
    known = {name for name, path in MODULES.items() if "japy._pico" in imports(path)}
    assert known == {"core.parser"}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("core.")])
def test_the_core_imports_only_what_is_pure_and_itself(name: str) -> None:
    if name in UNMAPPED:
        return
    for module in imports(MODULES[name]):
        top = module.partition(".")[0]
        if top == "japy":
            assert module.startswith(("japy.core", "japy._pico")), f"{name} imports {module}"
        elif top not in FOREIGN:
            assert module in PURE, f"{name} imports {module}"


def test_the_cffi_recipe_imports_nothing_of_japy() -> None:
    found = imports(TOP / "japy" / "_pico_build.py")
    assert not [module for module in found if module.split(".")[0] == "japy"]
