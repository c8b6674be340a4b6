"""Clients that take their time: heads, bodies and answers, a few bytes a second.

Knows slowhttptest, and how to do the same without it. Refuses to know what becomes of them.
"""

import asyncio
import re
import shutil
from collections.abc import Sequence

from bench.hostile.client import HOST, Reader, Tally, Target, connect, crowd, receive, send

TOOL = "slowhttptest"
EVERY_S = 1.0  # between two pieces
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
LINE = b"X-Slow: 1\r\n"
BODY = b"POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8192\r\n\r\n"
BIG = 256 * 1024  # of an answer that is read slowly
BIG_REQUEST = b"GET /fresh/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % BIG
REPEATS = 3  # such answers on a connection
WINDOW, SIP = 1024, 32  # bytes that are received unread, and bytes read at a time
RATE, READERS_RATE = 500, 100  # connections a second; each of the latter is sent much at once
MIN_S = 3  # slowhttptest does nothing useful in less
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
COUNTS = ("connected", "error", "closed")


async def drip(first: bytes, piece: bytes, target: Target, tally: Tally) -> None:
    """Send a piece every second until there is an answer; count its status."""
    with await connect(target) as client:
        reading = asyncio.create_task(Reader(client).answer())
        try:
            await send(client, first)
            while target.is_on:
                done, _ = await asyncio.wait([reading], timeout=EVERY_S)
                if done:
                    answer = reading.result()
                    tally[str(answer.status) if answer else "closed without an answer"] += 1
                    return
                await send(client, piece)
            tally["still open at the end"] += 1
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def drip_head(target: Target, tally: Tally) -> None:
    """Never end a head."""
    await drip(HEAD, LINE, target, tally)


async def drip_body(target: Target, tally: Tally) -> None:
    """Send a body of which no second brings enough."""
    await drip(BODY, b"x" * 10, target, tally)


async def sip(target: Target, tally: Tally) -> None:
    """Ask for much and read a few bytes every second."""
    with await connect(target, WINDOW) as client:
        await send(client, BIG_REQUEST * REPEATS)
        try:
            while target.is_on:
                if not await receive(client, SIP):
                    tally["closed by the server"] += 1
                    return
                await asyncio.sleep(EVERY_S)
            tally["still open at the end"] += 1
        except ConnectionResetError:
            tally["aborted by the server"] += 1


async def slow_heads(target: Target, tally: Tally) -> None:
    """Slowloris."""
    options = ["-H", "-i", "1", "-x", "24", "-r", str(RATE)]
    if not await run_tool(options, "/", target, tally):
        await crowd(drip_head, target, tally)


async def slow_bodies(target: Target, tally: Tally) -> None:
    """R-U-Dead-Yet."""
    options = ["-B", "-i", "1", "-x", "10", "-s", "8192", "-t", "POST", "-r", str(RATE)]
    if not await run_tool(options, "/post", target, tally):
        await crowd(drip_body, target, tally)


async def slow_reads(target: Target, tally: Tally) -> None:
    """Slow Read: a window of a few bytes, read a little at a time."""
    options = ["-X", "-n", "1", "-w", "512", "-y", "1024", "-z", str(SIP), "-k", str(REPEATS)]
    options += ["-r", str(READERS_RATE)]
    if not await run_tool(options, f"/fresh/{BIG}", target, tally):
        await crowd(sip, target, tally, target.count / READERS_RATE)


async def run_tool(options: Sequence[str], path: str, target: Target, tally: Tally) -> bool:
    """Be slowhttptest, again where it ends early; tell whether it is installed."""
    if shutil.which(TOOL) is None:
        return False
    while target.left_s > MIN_S:
        command = [TOOL, *options, "-c", str(target.count), "-p", "3"]
        command += ["-l", str(int(target.left_s)), "-u", f"http://{HOST}:{target.port}{path}"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        printed, _ = await process.communicate()
        tally.update(read_printed(printed.decode(errors="replace")))
    return True


def read_printed(text: str) -> dict[str, int]:
    """Return the last counts that slowhttptest has printed; it prints some every five seconds."""
    plain = COLOUR.sub("", text)
    found = {f"{TOOL} runs": 1}
    for name in COUNTS:
        numbers = re.findall(rf"^{name}:\s+(\d+)$", plain, re.MULTILINE)
        if numbers and numbers[-1] != "0":
            found[name] = int(numbers[-1])
    if re.search(r"^service available:\s+NO$", plain, re.MULTILINE):
        found["service not available"] = 1
    return found
