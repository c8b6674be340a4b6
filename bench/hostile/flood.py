"""Clients that send or ask for too much: pipelines, answers, heads, chunk extensions, trailers.

Knows what is too much, and which status says so. Refuses to know what it does to memory.
"""

import asyncio
import itertools
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from bench.hostile.client import (
    Answer,
    Reader,
    Tally,
    Target,
    connect,
    crowd,
    receive,
    send,
)
from bench.memory.traffic import GET, HOST, POST, get

BLOCK = 500  # requests in a write
DRAIN_S = 60.0  # to read all that was asked for, once that begins
PIPELINES = [(GET, 1_000_000), (get(b"/waiting"), 100_000), (POST, 100_000)]
STATUS = b"HTTP/1.1 200 OK\r\n"
HUGE, HUGE_ANSWERS = 5_000_000, 64
HUGE_PATHS = (b"/fresh/%d", b"/fresh/async/%d")
SLOWLY_S = 0.02  # between two reads
PATIENCE_S = 3.0  # for the answer, once nothing more is sent
PIECE = 32 * 1024
TOTAL = 40 << 20  # bytes after which a client gives up: more than any limit
CHUNKED = b"POST /post" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Excess:
    """Something that does not end, and the status that has to end it."""

    name: str
    status: int
    first: bytes
    rest: bytes  # again and again


EXCESSES = [
    Excess("line", 414, b"GET /", b"a" * PIECE),
    Excess("query", 414, b"GET /?", b"a=%20&" * (PIECE // 6)),
    Excess("field", 431, b"GET /" + HOST + b"X-Huge: ", b"a" * PIECE),
    Excess("name of a field", 431, b"GET /" + HOST, b"a" * PIECE),
    Excess("fields", 431, b"GET /" + HOST, b"X-Many: 1\r\n" * 1000),
    Excess(
        "length", 413, b"POST /post" + HOST + b"Content-Length: 99999999999\r\n\r\n", b"x" * PIECE
    ),
    Excess("chunks", 413, CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
    Excess("chunk extension", 413, CHUNKED + b"1", b";a=b" * (PIECE // 4)),
    Excess("chunk extensions", 413, CHUNKED, b"1;note=" + b"x" * 900 + b"\r\nx\r\n"),
    Excess("trailer field", 431, CHUNKED + b"0\r\nX-Huge: ", b"a" * PIECE),
    Excess("trailer fields", 431, CHUNKED + b"0\r\n", b"X-Many: 1\r\n" * 1000),
    Excess("zeros of a chunk size", 400, CHUNKED, b"0" * PIECE),
]


async def pipeline_unread(target: Target, tally: Tally) -> None:
    """Send as many requests as will go, read nothing; at last read all answers."""
    await asyncio.gather(
        *(
            be_deaf(request, count, target, tally)
            for request, count in itertools.islice(itertools.cycle(PIPELINES), target.count)
        )
    )


async def be_deaf(request: bytes, count: int, target: Target, tally: Tally) -> None:
    """Send that many requests; begin to read when the time is up."""
    with await connect(target) as client:
        sending = asyncio.create_task(send_many(client, request, count))
        try:
            await asyncio.sleep(max(0.0, target.left_s))
            async with asyncio.timeout(DRAIN_S):
                answers = await count_answers(client, count)
            tally.update(requests=count, answers=answers)
        except OSError as error:  # an early end of either side
            tally[type(error).__name__] += 1
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def send_many(client: socket.socket, request: bytes, count: int) -> None:
    """Send a request again and again."""
    for _ in range(count // BLOCK):
        await send(client, request * BLOCK)


async def count_answers(client: socket.socket, count: int) -> int:
    """Read until so many answers have come, or the end."""
    seen, tail = 0, b""
    while seen < count:
        part = await receive(client, 1 << 20)
        if not part:
            break
        part = tail + part
        seen += part.count(STATUS)
        tail = part[1 - len(STATUS) :]  # too short to be counted twice
    return seen


async def ask_for_much(target: Target, tally: Tally) -> None:
    """Pipeline requests for big answers, read slowly, and the rest fast when the time is up."""
    paths = itertools.islice(itertools.cycle(HUGE_PATHS), target.count)
    await asyncio.gather(*(ask_for(path % HUGE, target, tally) for path in paths))


async def ask_for(path: bytes, target: Target, tally: Tally) -> None:
    """Ask for big answers on one connection."""
    with await connect(target) as client:
        await send(client, get(path) * HUGE_ANSWERS)
        reader = Reader(client, lambda: SLOWLY_S if target.is_on else 0.0)
        try:
            async with asyncio.timeout(target.left_s + DRAIN_S):
                for _ in range(HUGE_ANSWERS):
                    answer = await reader.answer()
                    tally[describe(answer)] += 1
                    if answer is None:
                        break
        except OSError as error:
            tally[type(error).__name__] += 1


def describe(answer: Answer | None) -> str:
    """Return what a big answer is like."""
    if answer is None:
        return "closed without an answer"
    return str(answer.status) if answer.size == HUGE else f"{answer.status} with a short body"


async def exceed(target: Target, tally: Tally) -> None:
    """Send without end until there is an answer; go on for a while behind it."""
    for excess in EXCESSES:
        if not target.is_on:
            return
        with await connect(target) as client:
            reading = asyncio.create_task(Reader(client).answer())
            sending = asyncio.create_task(send_without_end(client, excess))
            await asyncio.wait([reading, sending], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([reading], timeout=PATIENCE_S)
            reading.cancel()
            sending.cancel()
            await asyncio.gather(reading, sending, return_exceptions=True)
            tally[verdict(excess, reading)] += 1


async def send_without_end(client: socket.socket, excess: Excess) -> None:
    """Send until that is impossible, or pointless."""
    await send(client, excess.first)
    for piece in pieces(excess.rest):
        await send(client, piece)


def pieces(rest: bytes) -> Iterator[bytes]:
    """Return the same bytes until there are many."""
    return itertools.repeat(rest, TOTAL // len(rest))


def verdict(excess: Excess, reading: "asyncio.Task[Answer | None]") -> str:
    """Return what became of a client: a status, or in what way it was not told."""
    if reading.cancelled():
        return f"{excess.name}: no answer"
    if error := reading.exception():
        return f"{excess.name}: {type(error).__name__}"
    answer = reading.result()
    if answer is None:
        return f"{excess.name}: closed without an answer"
    got = str(answer.status)
    return got if answer.status == excess.status else f"{excess.name}: {got}"


async def exceed_all(target: Target, tally: Tally) -> None:
    """Exceed every limit, again and again."""
    await crowd(exceed, target, tally)
