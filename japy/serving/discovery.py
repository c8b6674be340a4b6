"""Discovery: the application to serve where nobody has said which.

Knows the usual places and names, and reads files without executing them: the master never imports
an application. Which attribute holds it in the end is found by `importer`, in a worker.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from japy.serving.importer import FACTORY, SERVICE_NAMES, USUAL_NAMES

FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")  # best first
IMPORT = re.compile(rb"^\s*(?:from|import)\s+japy\b", re.MULTILINE)  # where nothing can be parsed


class Found(NamedTuple):
    """An application.

    Args:
        target: what names it.
        reason: why it was chosen, as a sentence.
        pin: lines for pyproject.toml that have it chosen always.
    """

    target: str
    reason: str
    pin: str


def discover(folder: Path = Path()) -> Found | None:
    """Return the application in a folder; None where there is none."""
    files = [name for name in FILES if (folder / name).is_file()]
    seen = {name: look(folder / name) for name in files}
    for name in sorted(files, key=lambda name: not seen[name][1]):  # those with japy in them first
        attr, imports_japy = seen[name]
        if attr:
            target = f"{module_of(folder, name)}:{attr}"
            how = "and imports japy" if imports_japy else "though japy is not mentioned in it"
            reason = f"{name} has '{attr}', {how}; looked at: {', '.join(files)}."
            return Found(target, reason, f'[tool.japy]\napp = "{target}"')
    return None


def module_of(folder: Path, name: str) -> str:
    """Return what names the module of a file: its path where a file hides its folder."""
    parent, _, _ = name.rpartition("/")
    if parent and (folder / f"{parent}.py").is_file():
        return str(folder / name)
    return name.removesuffix(".py").replace("/", ".")


def look(file: Path) -> tuple[str, bool]:
    """Return the name of a file's application, or nothing, and whether the file imports japy."""
    try:
        source = file.read_bytes()
    except OSError:
        return "", False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # who is served will see the traceback
        return USUAL_NAMES[0], bool(IMPORT.search(source))
    names = dict(bound(tree.body))
    for name in USUAL_NAMES:
        if name in names:
            return name, imports_japy(tree)
    made = [name for name, value in names.items() if is_application(value)]
    if len(made) == 1:
        return made[0], imports_japy(tree)
    if FACTORY in names:
        return FACTORY, imports_japy(tree)
    # Names of many things: whoever has them in a file without japy writes a target.
    served = [name for name in SERVICE_NAMES if name in names and imports_japy(tree)]
    return served[0] if served else "", imports_japy(tree)


def bound(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that statements of a module bind, and what they are assigned."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from (
                (name.id, node.value) for name in node.targets if isinstance(name, ast.Name)
            )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, None) for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == FACTORY:
            yield node.name, None
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from bound(node.body)
            yield from bound(getattr(node, "orelse", []))


def is_application(value: ast.expr | None) -> bool:
    """Tell whether an expression is a call of something named Application."""
    if not isinstance(value, ast.Call):
        return False
    return ast.unparse(value.func).rpartition(".")[2] == "Application"


def imports_japy(tree: ast.Module) -> bool:
    """Tell whether a module imports japy anywhere."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] == "japy" for name in names):
            return True
    return False
