"""The public names: what users may rely on, and nothing beside it."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import japy

PUBLIC = {
    "Application",
    "BadRequest",
    "CallNext",
    "File",
    "Headers",
    "Limits",
    "MethodNotAllowed",
    "ProtocolService",
    "Request",
    "Response",
    "Route",
    "RouteNotFoundException",
    "Router",
    "Service",
    "Sockets",
    "StreamService",
    "redirect",
    "run_in_thread",
}


def test_public_names_are_these() -> None:
    assert set(japy.PLACES) == PUBLIC
    assert set(dir(japy)) > PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_is_there_and_says_where_it_comes_from(name: str) -> None:
    value = getattr(japy, name)
    assert getattr(japy, name) is value
    module = import_module(f"japy.{japy.PLACES[name]}")
    assert getattr(module, name) is value


def test_types_are_told_the_same() -> None:
    tree = ast.parse(Path(japy.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: f"japy.{place}" for name, place in japy.PLACES.items()}


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="'japy' has no attribute 'Nothing'"):
        _ = japy.Nothing  # type: ignore[attr-defined]  # that is what is tested


def test_japy_alone_imports_nothing_heavy() -> None:
    code = (
        "import sys, japy; print({'asyncio', 'uvloop', 'japy.application.app'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_japronto_s_other_import_works() -> None:
    from japy.application.app import Application

    assert Application is japy.Application


def test_the_version_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", japy.__version__)


def test_a_star_takes_them_all() -> None:
    names: dict[str, object] = {}
    exec("from japy import *", names)
    assert {name for name in names if not name.startswith("_")} == PUBLIC
