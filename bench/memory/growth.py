"""Whether memory grows with the number of requests.

Knows slices of traffic, what is looked at between them, and which growth is too much. Each slice
is a second or more of wrk; in mixed traffic also connections that the server is asked to close and
clients that leave without a goodbye.

Invariant: memory is read while no connection is open.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.load.process import Server
from bench.memory.client import abandon, ask_facts
from bench.memory.server import read_memory, serving
from bench.memory.traffic import BAD, CLOSING, DEPTH, MIXED, PLAIN
from bench.memory.wrk import BadAnswer, drive

CONNECTIONS = 50
CLOSERS = 10  # connections at a time that are closed after each batch
ABANDONED = 5  # times that every kind of leaving client comes, per slice
MIN_SLICES = 8
SETTLE_S, POLL_S = 5.0, 0.02
WARM_UP = 0.25  # part of the requests after which growth counts
# What may be: noise, such as an arena of Python's allocator (1 MiB) that is taken once in a while.
# A leaked object has 16 bytes or more and is one allocation, or more.
ALLOWED_BYTES, ALLOWED_BYTES_PER_REQUEST = 2 << 20, 0.1
ALLOWED_BLOCKS, ALLOWED_BLOCKS_PER_REQUEST = 1000, 0.001


@dataclass(frozen=True)
class Sample:
    """What was seen after a slice."""

    requests: int  # so far
    rss: int
    pss: int
    blocks: int  # allocations alive
    connections: int  # Connection objects alive; the one that asks included


@dataclass(frozen=True)
class Growth:
    """What memory did beyond the warm-up; the figures are fitted lines, not single samples."""

    requests: int
    rss: float
    blocks: float

    @property
    def allowed_rss(self) -> float:
        """Return how many bytes it may have grown."""
        return ALLOWED_BYTES + ALLOWED_BYTES_PER_REQUEST * self.requests

    @property
    def allowed_blocks(self) -> float:
        """Return how many more allocations may be alive."""
        return ALLOWED_BLOCKS + ALLOWED_BLOCKS_PER_REQUEST * self.requests

    @property
    def is_harmless(self) -> bool:
        """Tell whether both are within what is allowed."""
        return self.rss <= self.allowed_rss and self.blocks <= self.allowed_blocks


def measure(
    kind: str, requests: int, seconds: int, report: Callable[[Sample], object]
) -> list[Sample]:
    """Send that many requests, "plain" or "mixed", and report each sample as it is taken."""
    samples: list[Sample] = []
    done = 0
    with serving("japy") as server:
        while done < requests or len(samples) < MIN_SLICES:
            done += send_plain(server, seconds) if kind == "plain" else send_mixed(server, seconds)
            samples.append(look(server, done))
            report(samples[-1])
    return samples


def send_plain(server: Server, seconds: int) -> int:
    """Send one slice of the same request; return how many were answered."""
    requests, failed = drive(server.port, PLAIN, seconds, CONNECTIONS)
    if failed:
        raise BadAnswer(f"expected no status beyond 399; got {failed}.")
    return requests


def send_mixed(server: Server, seconds: int) -> int:
    """Send one slice of everything; return how many requests were answered."""
    requests, failed = drive(server.port, MIXED, seconds, CONNECTIONS)
    expected = requests * len(BAD) / DEPTH
    if abs(failed - expected) > CONNECTIONS * len(BAD):  # batches that wrk did not see the end of
        raise BadAnswer(f"expected {expected:.0f} answers beyond status 399; got {failed}.")
    closed, failed = drive(server.port, CLOSING, 1, CLOSERS)
    if failed:
        raise BadAnswer(f"expected no status beyond 399; got {failed}.")
    for _ in range(ABANDONED):
        abandon(server.port)
    return requests + closed


def look(server: Server, requests: int) -> Sample:
    """Take a sample, once the server has seen the end of every connection but the one that asks."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        facts = ask_facts(server.port)
        connections, _ = facts["objects"].get("Connection", (0, 0))
        if connections <= 1 or time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    memory = read_memory(server)
    return Sample(requests, memory.rss, memory.pss, facts["blocks"], connections)


def judge(samples: Sequence[Sample]) -> Growth:
    """Return the growth beyond the warm-up."""
    settled = [each for each in samples if each.requests >= WARM_UP * samples[-1].requests]
    counts = [each.requests for each in settled]
    span = counts[-1] - counts[0]
    rss = slope(counts, [each.rss for each in settled]) * span
    return Growth(span, rss, slope(counts, [each.blocks for each in settled]) * span)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the slope of the line of least squares."""
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if not spread:
        return 0.0
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread
