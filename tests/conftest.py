"""What all tests share: how hypothesis runs here, and the way to the fuzz files."""

import asyncio
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvloop
from hypothesis import settings

from japy import Application
from tests.support.ask import NewLoop, OnLoop
from tests.support.loggers import kept
from tests.support.wire import Server

# The checkout comes last: japy is what is installed, not what lies here.
sys.path.append(str(Path(__file__).parent.parent))

# What .ci/run leaves out in some environments; pyproject.toml says why.
MARKED = {
    "once": ("deploy/",),
    "slow": (
        *("test_fuzz.py", "fuzz/", "leak/", "bench/"),
        *("live/test_hostile.py", "rfc/test_memory.py", "test_memory.py"),
    ),
    "live": ("live/", "cli/", "clients/", "docs/", "japronto/", "typing/"),
}
LOOPS: list[NewLoop] = [asyncio.new_event_loop, uvloop.new_event_loop]

settings.register_profile("tests", max_examples=200, derandomize=True, deadline=None, database=None)
settings.load_profile("tests")


def pytest_configure() -> None:
    """Hear SIGINT, and have the processes of tests hear it: a shell's background jobs do not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what need not run in every environment."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        for name, beginnings in MARKED.items():
            if path.startswith(beginnings):
                item.add_marker(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Return the report with nothing in it that pytest-xdist could not send: lone surrogates."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode())
        for title, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def _logging_is_left_as_it_was() -> Iterator[None]:
    """Undo what a test, or a worker in this process, has made of japy's loggers."""
    with kept("japy", "japy.error", "japy.access"):
        yield


@pytest.fixture
def serve() -> Iterator[Callable[[Application], Server]]:
    """Return what serves an application on a loop of its own until the test ends."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(Server(app))


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def app(request: pytest.FixtureRequest) -> OnLoop:
    """Return an application to be served on either loop, without routes."""
    return OnLoop(request.param)
