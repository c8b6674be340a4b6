"""What one idle keep-alive connection costs.

Knows how it is measured: a server is looked at before and after many connections have asked once
and stay open. The floor's figures are uvloop's and the kernel's part; the difference is japy's.
Allocations are counted in runs of their own, because tracemalloc needs memory itself.
"""

from dataclasses import dataclass

from bench.memory.client import ask_facts, connected, exchange
from bench.memory.server import read_memory, serving
from bench.memory.traffic import GET, LAST, USED

LIMIT = 4096  # bytes of japy's own per idle connection
HELLO = b"Hello world!"
WARM_UP = 50  # connections that come and go before anything is counted


@dataclass(frozen=True)
class Cost:
    """Bytes per connection."""

    allocated: float  # through Python's allocators
    resident: float
    used: float  # allocated once the connection was used in every way; 0 for the floor
    objects: dict[str, tuple[float, float]]  # count and bytes of japy's objects by type


def measure(name: str, count: int) -> Cost:
    """Measure a server with that many idle connections."""
    resident = measure_resident(name, count)
    with serving(name, is_traced=True) as server:
        warm_up(name, server.port)
        before = ask_facts(server.port)
        with connected(server.port, count) as clients:
            for client in clients:
                exchange(client, GET, HELLO)
            after = ask_facts(server.port)
            used = 0.0
            if name != "floor":
                for client in clients:
                    exchange(client, USED, LAST)
                used = (ask_facts(server.port)["traced"] - before["traced"]) / count
    objects = {
        kind: (
            (number - before["objects"].get(kind, (0, 0))[0]) / count,
            (size - before["objects"].get(kind, (0, 0))[1]) / count,
        )
        for kind, (number, size) in after["objects"].items()
    }
    held = {kind: each for kind, each in objects.items() if each[0] > 0.5}
    return Cost((after["traced"] - before["traced"]) / count, resident, used, held)


def measure_resident(name: str, count: int) -> float:
    """Return what each of that many idle connections adds to the resident memory."""
    with serving(name) as server:
        warm_up(name, server.port)
        before = read_memory(server).rss
        with connected(server.port, count) as clients:
            for client in clients:
                exchange(client, GET, HELLO)
            return (read_memory(server).rss - before) / count


def warm_up(name: str, port: int) -> None:
    """Let the server make what it makes once."""
    with connected(port, WARM_UP) as clients:
        for client in clients:
            exchange(client, GET, HELLO)
            if name != "floor":
                exchange(client, USED, LAST)
    for _ in range(3):
        ask_facts(port)
