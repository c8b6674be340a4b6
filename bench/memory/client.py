"""Clients in this process: those that stay idle, and those that leave without a goodbye.

Knows sockets. Refuses to know what memory is.
"""

import http.client
import json
import resource
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypedDict

from bench.memory.traffic import ABANDONED, FOREVER

TIMEOUT_S = 20
SPARE_FILES = 100  # what a process needs beside its connections


class Facts(TypedDict):
    """What a server tells about itself."""

    traced: int  # bytes allocated through Python's allocators; 0 without tracemalloc
    blocks: int  # allocations that pymalloc has handed out
    objects: dict[str, tuple[int, int]]  # count and bytes of japy's objects by type


class TooFewFiles(Exception):
    """The system does not allow that many connections; says so for a person."""


def allow_files(count: int) -> None:
    """Raise the limit of open files for this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_FILES
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise TooFewFiles(
            f"{count:,} connections need {wanted:,} open files and {hard:,} are allowed here: "
            "raise that with ulimit -Hn, or pass --connections."
        )
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def ask_facts(port: int) -> Facts:
    """Ask a server what it knows about its memory."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        client.request("GET", "/facts")
        told: Facts = json.load(client.getresponse())
        return told
    finally:
        client.close()


def exchange(client: socket.socket, data: bytes, end: bytes) -> None:
    """Send requests and read the answers; `end` is what the last one ends with."""
    client.sendall(data)
    got = b""
    while not got.endswith(end):
        part = client.recv(1 << 16)
        if not part:
            raise ConnectionError(f"expected {end!r} at the end; got {got[-64:]!r}")
        got = got[-64:] + part


@contextmanager
def connected(port: int, count: int) -> Iterator[Sequence[socket.socket]]:
    """Open that many connections; close them at the end."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
            for _ in range(count)
        ]


def abandon(port: int) -> None:
    """Be clients that leave: by a reset, and by closing one side where that is the end of it."""
    for data in (*ABANDONED, FOREVER):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
            client.sendall(data)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for data in ABANDONED:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
