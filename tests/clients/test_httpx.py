"""httpx's clients, asynchronous and from threads, with connection pools."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.support.server import Server

REQUESTS = 300
POOL = 20
LIMITS = httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL)
TIMEOUT_S = 60
BODY = bytes(range(256)) * 300


async def pieces() -> AsyncIterator[bytes]:
    """Yield the body in pieces."""
    for piece in pieces_of_body():
        await asyncio.sleep(0)
        yield piece


def pieces_of_body() -> Iterator[bytes]:
    """Yield the body in pieces, the first one small."""
    for start, end in ((0, 1), (1, 5_000), (5_000, len(BODY))):
        yield BODY[start:end]


def requests(client: httpx.AsyncClient | httpx.Client, number: int) -> httpx.Request:
    """Return a request; its kind depends on the number."""
    streamed = pieces() if isinstance(client, httpx.AsyncClient) else pieces_of_body()
    kinds = (
        client.build_request("GET", f"/echo/{number}", params={"a": "b"}),
        client.build_request("GET", "/waiting"),
        client.build_request("POST", "/json/async", json=[number]),
        client.build_request("POST", "/digest", content=BODY),
        client.build_request("PUT", "/digest", content=streamed),
        client.build_request("GET", "/fail/async"),
        client.build_request("GET", "/fail"),
        client.build_request("GET", "/missing"),
        client.build_request("HEAD", "/large"),
        client.build_request("GET", "/status/204"),
    )
    return kinds[number % len(kinds)]


def check(answer: httpx.Response, number: int) -> None:
    """Compare an answer with what that kind of request deserves."""
    digest = hashlib.sha256(BODY).hexdigest()
    length = f'{{"digest": "{digest}", "framing": "length", "size": {len(BODY)}}}'
    expected = (
        (200, f"GET {number} a=b"),
        (200, "Hello world!"),
        (200, f'{{"got": [{number}]}}'),
        (200, length),
        (200, length.replace('"length"', '"chunked"')),
        (500, "Internal Server Error"),
        (500, "Internal Server Error"),
        (404, "Not Found"),
        (200, ""),
        (204, ""),
    )
    assert (answer.status_code, answer.text) == expected[number % len(expected)]


async def drive(url: str) -> None:
    """Have all requests under way at once."""
    async with httpx.AsyncClient(
        base_url=url, limits=LIMITS, timeout=TIMEOUT_S, trust_env=False
    ) as client:

        async def ask(number: int) -> None:
            check(await client.send(requests(client, number)), number)

        async with asyncio.TaskGroup() as group:
            for number in range(REQUESTS):
                group.create_task(ask(number))


def test_hundreds_of_mixed_requests(server: Server) -> None:
    asyncio.run(drive(server.url))


def test_threads_share_a_pool(server: Server) -> None:
    with (
        httpx.Client(
            base_url=server.url, limits=LIMITS, timeout=TIMEOUT_S, trust_env=False
        ) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = threads.map(lambda number: client.send(requests(client, number)), range(REQUESTS))
        for number, answer in enumerate(answers):
            check(answer, number)


def test_close_and_reuse(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=TIMEOUT_S, trust_env=False) as client:
        for close in (False, True, False, True, True):
            answer = client.get("/", headers={"Connection": "close"} if close else None)
            assert answer.text == "Hello world!"
            assert answer.headers.get("Connection") == ("close" if close else None)
