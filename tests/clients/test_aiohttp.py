"""aiohttp's client with a connection pool: hundreds of requests of every kind at once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.support.server import Server

REQUESTS = 600
POOL = 40
TIMEOUT = aiohttp.ClientTimeout(total=60)


async def pieces(number: int) -> AsyncIterator[bytes]:
    """Yield a body whose pieces come one by one."""
    for size in (1, 1000, 70_000):
        await asyncio.sleep(0)
        yield bytes([number % 256]) * size


async def check_text(client: aiohttp.ClientSession, number: int) -> None:
    path = ("/", "/async", "/waiting")[number // 6 % 3]
    async with client.get(path) as answer:
        assert (answer.status, await answer.text()) == (200, "Hello world!")


async def check_json(client: aiohttp.ClientSession, number: int) -> None:
    async with client.post("/json/async", json={"number": number}) as answer:
        assert await answer.json() == {"got": {"number": number}}
    async with client.get("/json", params={"number": str(number)}) as answer:
        told = await answer.json()
    assert told == {"message": "Hello world!", "query": {"number": str(number)}}


async def check_echo(client: aiohttp.ClientSession, number: int) -> None:
    async with client.get(f"/echo/{number}?a=b") as answer:
        assert await answer.text() == f"GET {number} a=b"


async def check_upload(client: aiohttp.ClientSession, number: int) -> None:
    body = bytes([number % 256]) * (number * 331)
    async with client.post("/digest", data=body) as answer:
        await check_digest(answer, body, "length")
    async with client.put("/digest", data=pieces(number)) as answer:
        await check_digest(answer, bytes([number % 256]) * 71_001, "chunked")


async def check_digest(answer: aiohttp.ClientResponse, body: bytes, framing: str) -> None:
    told: dict[str, Any] = await answer.json()
    expected = hashlib.sha256(body).hexdigest()
    assert told == {"digest": expected, "framing": framing, "size": len(body)}


async def check_error(client: aiohttp.ClientSession, number: int) -> None:
    path, status = (("/fail", 500), ("/fail/async", 500), ("/missing", 404), ("/posted", 405))[
        number // 6 % 4
    ]
    async with client.get(path) as answer:
        assert answer.status == status
        await answer.read()


async def check_large(client: aiohttp.ClientSession, number: int) -> None:
    async with client.get("/large") as answer:
        assert await answer.read() == bytes(range(256)) * 4096
    async with client.head("/large") as answer:
        assert (answer.content_length, await answer.read()) == (1 << 20, b"")


CHECKS = (check_text, check_json, check_echo, check_upload, check_error, check_large)


async def drive(url: str) -> None:
    """Have all requests under way at once, on as many connections as the pool has."""
    connector = aiohttp.TCPConnector(limit=POOL)
    async with (
        aiohttp.ClientSession(url, connector=connector, timeout=TIMEOUT) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(REQUESTS):
            group.create_task(CHECKS[number % len(CHECKS)](client, number))


def test_hundreds_of_mixed_requests(server: Server) -> None:
    asyncio.run(drive(server.url))


async def hold_and_release(url: str) -> list[str]:
    """Ask for what waits on every connection of the pool, then for what ends the waiting."""
    async with aiohttp.ClientSession(
        url, connector=aiohttp.TCPConnector(limit=POOL), timeout=TIMEOUT
    ) as client:

        async def text(path: str) -> str:
            async with client.get(path) as answer:
                return await answer.text()

        held = [asyncio.ensure_future(text("/hold/aiohttp")) for _ in range(POOL - 1)]
        assert await text("/release/aiohttp") == "released"
        return await asyncio.gather(*held)


def test_waiting_requests_hold_up_nobody(server: Server) -> None:
    assert set(asyncio.run(hold_and_release(server.url))) == {"held aiohttp"}


async def use_every_status(url: str) -> None:
    async with aiohttp.ClientSession(url, timeout=TIMEOUT) as client:
        for code in (200, 201, 204, 304, 400, 404, 418, 500, 503):
            async with client.get(f"/status/{code}") as answer:
                body = await answer.read()
                assert (answer.status, bool(body)) == (code, code not in (204, 304))


def test_every_status_on_one_connection(server: Server) -> None:
    asyncio.run(use_every_status(server.url))
