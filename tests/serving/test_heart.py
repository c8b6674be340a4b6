"""Heart: what a worker's timer writes, and when it asks to be replaced."""

import asyncio
import os

from japy import Application
from japy.core.protocol import Connection
from japy.core.service import Service
from japy.serving.heart import AGE, MEMORY, REQUESTS, SAMPLES, Heart, Wear
from japy.settings.config import Config
from japy.supervisor.board import Board, Figure


def service() -> Service:
    """Return a service without connections."""
    return Application().service(None, None, None)


def test_requests_wear_a_worker_out() -> None:
    wear = Wear(Config(limit_max_requests=10), 0.0)
    assert wear.by_use(9, 1e9) == b""
    assert wear.by_use(10, 0.0) == REQUESTS


def test_limits_of_workers_differ_by_chance() -> None:
    config = Config(limit_max_requests=10, limit_max_requests_jitter=5)
    wears = [Wear(config, 0.0) for _ in range(200)]
    assert not any(wear.by_use(9, 0.0) for wear in wears)
    assert 0 < sum(bool(wear.by_use(12, 0.0)) for wear in wears) < 200
    assert all(wear.by_use(15, 0.0) for wear in wears)


def test_age_wears_a_worker_out() -> None:
    wear = Wear(Config(worker_max_lifetime=60), 100.0)
    assert wear.by_use(0, 159.9) == b""
    assert wear.by_use(0, 160.0) == AGE


def test_memory_counts_when_it_stays() -> None:
    wear = Wear(Config(worker_max_rss=1 << 30), 0.0)
    large = (1 << 30) + 1
    samples = [large] * (SAMPLES - 1) + [1 << 30] + [large] * SAMPLES
    assert [wear.by_size(rss) for rss in samples] == [b""] * (len(samples) - 1) + [MEMORY]


def test_without_limits_nobody_is_worn_out() -> None:
    wear = Wear(Config(), 0.0)
    assert wear.by_use(1 << 60, 1e12) == b""
    assert wear.by_size(1 << 60) == b""


def test_it_beats_and_tells_once() -> None:
    board = Board()
    row = board.take()
    told: list[bytes] = []
    adopted: list[bytes] = []
    served = service()
    served.requests = 5
    config = Config(limit_max_requests=5)
    heart = Heart(row, board, served, config, told.append, adopted.append)

    async def use() -> None:
        heart.start(asyncio.get_running_loop())
        assert row[Figure.BEATS] == 1
        board.desert(3, True)
        while row[Figure.BEATS] < 3:
            await asyncio.sleep(0.01)

    asyncio.run(use())
    assert row[Figure.PID] == os.getpid()
    assert row[Figure.REQUESTS] == 5
    assert row[Figure.RSS] > 0 or not os.path.exists("/proc")
    assert told == [REQUESTS]
    assert [flags[3] for flags in adopted] == [1]


def test_in_a_server_that_stops_each_connection_is_told_to_end() -> None:
    board = Board()
    served = service()
    connection = Connection(served)
    served.connections.add(connection)
    heart = Heart(board.take(), board, served, Config(), ignore, ignore)

    async def use() -> None:
        heart.start(asyncio.get_running_loop())
        assert not connection.is_draining
        board.stop()
        while not connection.is_draining:
            await asyncio.sleep(0.01)

    asyncio.run(use())


def ignore(what: bytes) -> None:
    """Do nothing."""
