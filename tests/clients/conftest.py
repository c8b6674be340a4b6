"""One server per test module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve `app.py` beside this file."""
    with running(Path(__file__).with_name("app.py")) as server:
        yield server
        assert server.stop() == 0
        assert "did not stop in time" not in server.output()
