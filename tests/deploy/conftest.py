"""What the recipes need: a folder whose name is short enough for a socket in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder."""
    with tempfile.TemporaryDirectory(prefix="japy-") as name:
        yield Path(name)
