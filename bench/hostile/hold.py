"""Clients by number: ten thousand that stay idle, and more than the server takes.

Knows how many there are. Refuses to know what they cost.
"""

import asyncio
import socket

from bench.hostile.client import (
    PAUSE_S,
    Answer,
    Reader,
    Tally,
    Target,
    connect,
    crowd,
    receive,
    send,
)
from bench.memory.traffic import GET

AT_ONCE = 100  # connections that are being made


async def be_idle(target: Target, tally: Tally) -> None:
    """Open many connections, every other one after a request, and keep them all."""
    held: list[socket.socket] = []
    turn = asyncio.Semaphore(AT_ONCE)

    async def open_one(number: int) -> None:
        async with turn:
            client = await connect(target)
            held.append(client)
            if number % 2:
                await send(client, GET)
                if not await Reader(client).answer():
                    tally["no answer"] += 1

    try:
        await asyncio.gather(*(open_one(number) for number in range(target.count)))
        tally["open"] += len(held)
        await asyncio.sleep(max(0.0, target.left_s))
        tally["closed meanwhile"] += sum(has_ended(client) for client in held)
    finally:
        for client in held:
            client.close()


def has_ended(client: socket.socket) -> bool:
    """Tell whether the server has closed; nothing is left to be read else."""
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def insist(target: Target, tally: Tally) -> None:
    """Ask, and stay if that was granted; else come again soon."""
    with await connect(target) as client:
        await send(client, GET)
        answer = await Reader(client).answer()
        tally[describe(answer)] += 1
        if answer is not None and answer.status == 200:
            await asyncio.sleep(max(0.0, target.left_s))
            return
        if await receive(client):
            tally["bytes behind the answer"] += 1
    await asyncio.sleep(PAUSE_S)


def describe(answer: Answer | None) -> str:
    """Return what an answer is like for who may be one too many."""
    if answer is None:
        return "closed without an answer"
    if answer.status != 503:
        return str(answer.status)
    missing = [name for name in (b"Retry-After: 1", b"Connection: close") if not answer.has(name)]
    return "503" + "".join(f" without {name.decode()}" for name in missing)


async def be_too_many(target: Target, tally: Tally) -> None:
    """Be more than are taken."""
    await crowd(insist, target, tally)
