"""What all tests share: how hypothesis runs here, and the way to the fuzz files."""

import asyncio
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvloop
from hypothesis import settings

from japy import Application
from tests.support.ask import NewLoop, OnLoop
from tests.support.wire import Server

# The checkout comes last: japy is what is installed, not what lies here.
sys.path.append(str(Path(__file__).parent.parent))

SLOW = (
    *("test_fuzz.py", "fuzz/", "leak/", "bench/", "server/test_hostile.py", "rfc/test_memory.py"),
    *(
        "deploy/test_nginx.py",
        "deploy/test_haproxy.py",
        "deploy/test_host.py",
        "deploy/test_unit.py",
    ),
)
LOOPS: list[NewLoop] = [asyncio.new_event_loop, uvloop.new_event_loop]

settings.register_profile("tests", max_examples=200, derandomize=True, deadline=None, database=None)
settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, so that .ci/run can leave it out on Pythons other than the first."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Return the report with nothing in it that pytest-xdist could not send: lone surrogates."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode())
        for title, text in report.sections
    ]
    return report


@pytest.fixture
def serve() -> Iterator[Callable[[Application], Server]]:
    """Return what serves an application on a loop of its own until the test ends."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(Server(app))


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def app(request: pytest.FixtureRequest) -> OnLoop:
    """Return an application to be served on either loop, without routes."""
    return OnLoop(request.param)
