"""What a soak is made of: ordinary use of every kind, and each attack on a small scale.

Knows a line for each. Refuses to know what is looked at meanwhile.
"""

import asyncio
import dataclasses
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

from bench.hostile import flood, hold, slow, storm
from bench.hostile.client import Attack, Reader, Tally, Target, connect, crowd, repeat, send
from bench.memory.traffic import BAD, GOOD, HOST, MIXED, POST, chunked

ROUND_S = 15.0  # of attacks that hold on to something until their time is up
BATCHES = 5  # of requests on a connection
STATUSES = [200] * len(GOOD) + [500, 500, 404, 405, 200]
EXPECTING = b"POST /post" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
BODIES = [  # requests in the pieces in which they are sent
    [POST],
    [POST[:60], POST[60:70], POST[70:]],
    [EXPECTING, b"hello"],
    [chunked(b"x" * 50_000)],
    [chunked(b"one", b"two", b"three")[:90], chunked(b"one", b"two", b"three")[90:]],
    [b"POST /post HTTP/1.0\r\nContent-Length: 3\r\n\r\n", b"old"],
    [b"POST /post" + HOST + b"Content-Length: 1000000\r\n\r\n", *[b"x" * 100_000] * 10],
]


async def talk(target: Target, tally: Tally) -> None:
    """Pipeline requests of every kind; each has its answer."""
    with await connect(target) as client:
        reader = Reader(client)
        for _ in range(BATCHES):
            await send(client, MIXED)
            for expected in STATUSES:
                await count(reader, expected, tally)
            await asyncio.sleep(target.pause_s)


async def post(target: Target, tally: Tally) -> None:
    """Send bodies of every framing, in pieces."""
    for pieces in random.sample(BODIES, len(BODIES)):
        with await connect(target) as client:
            for piece in pieces:
                await send(client, piece)
                await asyncio.sleep(random.choice((0.0, 0.001, 0.05)))
            await count(Reader(client), 200, tally)


async def count(reader: Reader, expected: int, tally: Tally) -> None:
    """Read an answer and count whether it was the expected one."""
    answer = await reader.answer()
    if answer is None:
        tally["no answer"] += 1
    elif answer.status == expected:
        tally["right answers"] += 1
    else:
        tally[f"{answer.status} instead of {expected}"] += 1


async def in_rounds(attack: Attack, target: Target, tally: Tally) -> None:
    """Attack again and again, for a while each time."""

    async def one(target: Target, tally: Tally) -> None:
        until = min(target.until, time.monotonic() + ROUND_S)
        await attack(dataclasses.replace(target, until=until), tally)

    await repeat(one, target, tally)


def by(act: Callable[[Target, Tally], Awaitable[object]]) -> Attack:
    """Return what many clients do that act one by one."""
    return partial(crowd, act)


SMALL = [each for each in storm.UNREAD if each[0] != storm.HUGE]  # or RSS would go up and down
# An attack, the number of clients, and their pause between two acts.
MIX: tuple[tuple[Attack, int, float], ...] = (
    (by(talk), 8, 0.05),
    (by(post), 4, 0.05),
    (by(storm.visit), 4, 0.02),
    (by(storm.leave), 4, 0.02),
    (by(slow.drip_head), 20, 0.0),
    (by(slow.drip_body), 20, 0.0),
    (by(slow.sip), 10, 0.0),
    (by(flood.exceed), 1, 1.0),
    (partial(in_rounds, partial(storm.hold, SMALL)), 70, 0.0),
    (partial(in_rounds, hold.be_idle), 200, 0.0),
    (partial(in_rounds, flood.pipeline_unread), 1, 5.0),
)
assert len(BAD) + 1 + len(GOOD) == len(STATUSES)


async def mingle(target: Target, tally: Tally) -> None:
    """Do all of it at once."""
    async with asyncio.TaskGroup() as group:
        for attack, number, pause_s in MIX:
            told = dataclasses.replace(target, count=number, pause_s=pause_s)
            group.create_task(attack(told, tally))
