"""The properties of the fuzz files, with a few hundred fixed examples each.

`python fuzz/fuzz_body.py` searches for longer, and at random.
"""

from collections.abc import Callable
from types import ModuleType

import pytest

from fuzz import fuzz_body, fuzz_parser, fuzz_protocol, fuzz_router

MODULES = (fuzz_body, fuzz_parser, fuzz_protocol, fuzz_router)


def properties(module: ModuleType) -> list[Callable[[], None]]:
    """Return the properties of a fuzz file."""
    found = [value for name, value in vars(module).items() if name.startswith("test_")]
    assert found
    return found


def title(found: Callable[[], None]) -> str:
    """Return the name of a property in pytest's output."""
    return found.__name__


@pytest.mark.parametrize("holds", [p for module in MODULES for p in properties(module)], ids=title)
def test_property(holds: Callable[[], None]) -> None:
    holds()
