"""Clients that come and go: connection churn, resets, and connections left half open.

Knows the moments at which a client can leave. Refuses to know what handlers do.
"""

import asyncio
import itertools
import socket
from collections.abc import Sequence

from bench.hostile.client import (
    Reader,
    Tally,
    Target,
    connect,
    crowd,
    receive_rest,
    reset,
    send,
)
from bench.memory.traffic import ABANDONED, FOREVER, GET, MIXED, chunked, get

CLOSE = get(b"/", b"Connection: close")
BIG = get(b"/fresh/300000")
HUGE = get(b"/fresh/4000000")  # more than the kernel keeps for a client that does not read
LEAVING = [  # what was sent when a client leaves, and how long it waited first
    *((data, 0.0) for data in (*ABANDONED, FOREVER, BIG)),
    *((data, 0.003) for data in (*ABANDONED, FOREVER, BIG)),
    *((data, 0.05) for data in (FOREVER, BIG * 3, GET[:20], get(b"/later") * 10)),
]
# Whether a client was answered before, and so accepted, and how it leaves. If none was, attackers
# would only fill the queue of the kernel, and everybody would wait there.
WAYS = [(True, reset), (True, socket.socket.close), (True, reset), (False, reset)]
UNREAD = [  # what was sent by clients that then read nothing, and whether they end their side
    (b"", False),
    (GET[:20], False),
    (b"", True),
    (GET[:20], True),
    (GET, True),
    (MIXED * 3, True),
    (chunked(b"x" * 100)[:-20], True),
    (HUGE, True),
]
ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 = 1, 4, 5  # of TCP: the other side is there yet


async def visit(target: Target, tally: Tally) -> None:
    """Connect, ask once, close; in turns the server and the client close first."""
    for data in (CLOSE, GET):
        with await connect(target) as client:
            await send(client, data)
            answer = await Reader(client).answer()
            tally[str(answer.status) if answer else "no answer"] += 1
            if data is CLOSE and await receive_rest(client):
                tally["bytes behind the answer"] += 1


async def churn(target: Target, tally: Tally) -> None:
    """Connect, ask and close as fast as possible."""
    await crowd(visit, target, tally)


async def leave(target: Target, tally: Tally) -> None:
    """Send something and be gone, by RST and by FIN in turns."""
    for (data, wait_s), (is_known, way) in itertools.product(LEAVING, WAYS):
        if not target.is_on:
            return
        client = await connect(target)
        try:
            if is_known:
                await send(client, GET)
                await Reader(client).answer()
            await send(client, data)
            await asyncio.sleep(wait_s)
        finally:
            way(client)
        tally["resets" if way is reset else "closes"] += 1
        await asyncio.sleep(target.pause_s)


async def leave_all(target: Target, tally: Tally) -> None:
    """Leave at every moment."""
    await crowd(leave, target, tally)


async def hold_half_open(target: Target, tally: Tally) -> None:
    """Hold connections of which nothing more will come, in every state."""
    await hold(UNREAD, target, tally)


async def hold(unread: Sequence[tuple[bytes, bool]], target: Target, tally: Tally) -> None:
    """Send something on each connection and hold it; count those that the server let go."""
    held: list[socket.socket] = []
    try:
        for data, is_ended in itertools.islice(itertools.cycle(unread), target.count):
            client = await connect(target)
            held.append(client)
            await send(client, data)
            if is_ended:
                client.shutdown(socket.SHUT_WR)
        tally["held"] += len(held)
        await asyncio.sleep(max(0.0, target.left_s))
        tally["let go by the server"] += sum(not is_held(client) for client in held)
    finally:
        for client in held:
            client.close()


def is_held(client: socket.socket) -> bool:
    """Tell whether the server holds its end of a connection open for writing."""
    state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state in (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2)
