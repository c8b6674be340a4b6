"""Loop: an application gets a loop of the kind that was chosen."""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop

from japy import Application
from japy.loop import choose_loop, new_loop


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    choose_loop("uvloop")


def test_uvloop_is_the_default() -> None:
    loop = new_loop()
    loop.close()
    assert isinstance(loop, uvloop.Loop)


def test_asyncio_where_it_was_chosen() -> None:
    choose_loop("asyncio")
    app = Application()
    loop = app.loop
    loop.close()
    assert not isinstance(loop, uvloop.Loop)
    assert isinstance(loop, asyncio.SelectorEventLoop)
