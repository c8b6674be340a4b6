"""Imports point one way: a table of who may import whom, held against the source."""

import ast
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
# cli → runner → {worker, reload} → app → core → _pico; a module may import those of lower rank.
RANKS = {
    "": 6,
    "__main__": 9,
    "cli": 8,
    "runner": 7,
    "worker": 6,
    "reload": 6,
    "app": 5,
    "task": 4,
    "importer": 3,
    "listener": 3,
    "process": 3,
    "console": 2,
    "config": 1,
    "heap": 1,
    "core": 0,
}
LATE = {("app", "runner"), ("importer", "app")}  # inside a function, see there; or as a type
CORE_RANKS = {
    "protocol": 8,
    "service": 7,
    "router": 6,
    "pipeline": 6,
    "head": 5,
    "body": 5,
    "drive": 5,
    "request": 4,
    "response": 3,
    "parser": 2,
    "outlet": 1,
    "limits": 1,
    "errors": 0,
}
PURE = {
    "collections.abc",
    "contextvars",
    "enum",
    "http",
    "http.cookies",
    "json",
    "re",
    "sys",
    "types",
    "typing",
    "urllib.parse",
}
FOREIGN = {"mypy_extensions", "librt"}  # beside the standard library's pure parts


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, without those under `if TYPE_CHECKING`."""
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(path.read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= names_of(node)
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            pending.extend(ast.iter_child_nodes(node))
    return found


def names_of(node: ast.ImportFrom) -> set[str]:
    """Return the modules that a from-import names; `from japy import x` may name one, too."""
    assert node.module is not None
    if node.module in ("japy", "japy.core"):
        folder = TOP / node.module.replace(".", "/")
        modules = {alias.name for alias in node.names if (folder / f"{alias.name}.py").exists()}
        rest = {node.module} if len(modules) < len(node.names) else set()
        return {f"{node.module}.{name}" for name in modules} | rest
    return {node.module}


OUTER = sorted(path for path in (TOP / "japy").glob("*.py") if path.stem != "_pico_build")
CORE = sorted(path for path in (TOP / "japy" / "core").glob("*.py") if path.stem != "__init__")


def name_of(path: Path) -> str:
    """Return the name of a module in the tables."""
    return "" if path.stem == "__init__" else path.stem


@pytest.mark.parametrize("path", OUTER, ids=name_of)
def test_modules_import_downwards(path: Path) -> None:
    name = name_of(path)
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top != "japy":
            continue
        target = rest.partition(".")[0]
        assert target != "_pico", f"{name} imports {module}: only core may"
        assert (name, target) in LATE or RANKS[name] > RANKS[target], f"{name} imports {module}"


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_core_imports_downwards_and_only_what_is_pure(path: Path) -> None:
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top == "japy":
            assert_allowed(path.stem, rest)
        elif top not in FOREIGN:
            assert top in sys.stdlib_module_names
            assert module in PURE, f"{path.stem} imports {module}"


def assert_allowed(name: str, rest: str) -> None:
    """Fail unless a module of core may import that module of japy."""
    if rest == "_pico":
        assert name == "parser", f"{name} imports _pico: only parser may"
        return
    package, _, target = rest.partition(".")
    assert package == "core", f"{name} imports japy.{rest}"
    assert CORE_RANKS[name] > CORE_RANKS[target], f"{name} imports {target}"


def test_the_tables_name_what_there_is() -> None:
    assert set(RANKS) == {name_of(path) for path in OUTER} | {"core"}
    assert set(CORE_RANKS) == {name_of(path) for path in CORE}


def test_the_cffi_recipe_imports_nothing_of_japy() -> None:
    found = imports(TOP / "japy" / "_pico_build.py")
    assert not [module for module in found if module.split(".")[0] == "japy"]
