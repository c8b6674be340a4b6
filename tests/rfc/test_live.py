"""Every row over a real socket, of a `japy run` that serves them all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rfc import limit
from tests.rfc.live import Probe
from tests.rfc.row import Row
from tests.rfc.table import ROWS
from tests.support.server import DEADLINE_S, running

APPLICATION = Path(__file__).with_name("application.py")


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    """Return what asks a server that has to survive all rows."""
    with running(APPLICATION, *limit.options()) as server:
        yield Probe((server.host, server.port), DEADLINE_S, is_strict=True)
        assert server.stop() == 0
        assert "Worker" not in server.output(), "a worker has died"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_row(row: Row, probe: Probe) -> None:
    assert probe.check(row) == ""
