"""The build under test is the one that was asked for, so that no mode goes untested unseen."""

import importlib
import importlib.machinery
import os
import pkgutil
from pathlib import Path

import pytest

import japy.core

CHECKOUT = Path(__file__).parent.parent
CORE = [f"japy.core.{found.name}" for found in pkgutil.iter_modules(japy.core.__path__)]


@pytest.fixture
def expected() -> str:
    """Return the mode that whoever started the tests says they run in."""
    mode = os.environ.get("JAPY_EXPECT")
    if mode is None:
        pytest.skip("JAPY_EXPECT names no mode to expect")
    return mode


def test_core_says_which_build_it_is(expected: str) -> None:
    assert expected in {"compiled", "pure"}
    assert japy.core.COMPILED is (expected == "compiled")


@pytest.mark.parametrize("name", CORE)
def test_every_module_of_core_is_of_that_build(name: str, expected: str) -> None:
    file = importlib.import_module(name).__file__ or ""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES if expected == "compiled" else [".py"]
    assert file.endswith(tuple(suffixes))


def test_the_compiled_build_is_not_the_checkout(expected: str) -> None:
    if expected == "pure":
        pytest.skip("the interpreted core is installed editable: it is the checkout")
    assert not Path(japy.__file__).is_relative_to(CHECKOUT / "japy")
