"""Witness: the log and the counts are told of the same answers, but not of probes."""

import mmap
from pathlib import Path

from japy import Application
from japy.logs.journal import AccessLog
from japy.monitoring.health import add_health
from japy.monitoring.tally import AREA, SUM, Tally, read
from japy.monitoring.witness import Witness, journal_of
from tests.support.handlers import get
from tests.support.wire import Server


def test_nobody_pays_for_what_nobody_wants(tmp_path: Path) -> None:
    access = AccessLog(tmp_path / "log", "combined", lambda seconds, function: None)
    tally = Tally(mmap.mmap(-1, AREA))
    route = add_health(Application(), "/healthz", lambda: False)
    assert journal_of(None, None, None) is None
    assert journal_of(None, None, route) is None
    assert journal_of(access, None, None) is access
    assert journal_of(None, tally, route) is tally
    assert isinstance(journal_of(access, tally, None), Witness)
    assert isinstance(journal_of(access, None, route), Witness)
    access.close()


def test_probes_are_counted_but_not_logged(tmp_path: Path) -> None:
    app, memory = Application(), mmap.mmap(-1, AREA)
    app.router.add_route("/", lambda request: request.Response(text="x"))
    route = add_health(app, "/healthz", lambda: False)
    access = AccessLog(tmp_path / "log", "combined", lambda seconds, function: None)
    with Server(app, journal=journal_of(access, Tally(memory), route)) as server:
        for path in ("/", "/healthz", "/none"):
            server.connect().send(get(path))
    access.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[6] for line in lines] == ["/", "/none"]
    counts = {labels.route: sum(numbers[:SUM]) for labels, numbers in read(memory)}
    assert counts == {"other": 0, "/": 1, "/healthz": 1, "unmatched": 1}
