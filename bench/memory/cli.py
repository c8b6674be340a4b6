"""The command line: how much to measure, and what is printed.

Knows arguments and output. Refuses to know how anything is measured. Only this module prints.
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence

from bench.load.process import ServerEnded
from bench.memory import growth, idle
from bench.memory.client import TooFewFiles, allow_files
from bench.memory.server import SERVERS
from bench.memory.wrk import BadAnswer

KINDS = ("plain", "mixed")
COLUMNS = "   requests   RSS KiB   PSS KiB   allocations   connections"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        "python bench/memory", description="Measure the memory of connections and requests."
    )
    parser.add_argument(
        "--connections", type=int, default=5000, metavar="N", help="idle; 0: leave that out"
    )
    parser.add_argument(
        "--requests", type=int, default=20_000_000, metavar="N", help="of each kind; 0: none"
    )
    parser.add_argument("--kind", choices=KINDS, help="only this kind of traffic")
    parser.add_argument(
        "--seconds", type=int, default=5, metavar="S", help="between two looks, default: 5"
    )
    return parser.parse_args(argv)


def show_idle(count: int) -> bool:
    """Measure idle connections; print a table and tell whether the cost is within the limit."""
    allow_files(count)
    costs = {}
    for name in ("floor", "japy"):
        print(f"Opening {count:,} connections to {name}, twice", file=sys.stderr, flush=True)
        costs[name] = idle.measure(name, count)
    floor, ours = costs["floor"], costs["japy"]
    rows = [
        ("allocated by Python", ours.allocated, floor.allocated),
        ("resident memory (RSS)", ours.resident, floor.resident),
        ("allocated, after every kind of use", ours.used, floor.allocated),
    ]
    print(f"\nBytes per idle keep-alive connection, {count:,} of them after one request each")
    print(f"{'':36}{'japy':>8}{'floor':>8}{'difference':>12}")
    for title, japy, base in rows:
        print(f"{title:36}{japy:8.0f}{base:8.0f}{japy - base:12.0f}")
    print("\njapy's own objects among them (sys.getsizeof)")
    for kind, (number, size) in sorted(ours.objects.items(), key=lambda item: -item[1][1]):
        print(f"{number:4.0f} {kind:31}{size:8.0f}")
    print(f"{'sum':36}{sum(size for _, size in ours.objects.values()):8.0f}")
    worst = max(japy - base for _, japy, base in rows)
    is_fine = worst <= idle.LIMIT
    print(f"\nLimit of the difference: {idle.LIMIT}: {'kept' if is_fine else 'EXCEEDED'}")
    return is_fine


def show_growth(kind: str, requests: int, seconds: int) -> bool:
    """Send requests, print each sample, and tell whether memory stays where it is."""
    print(f"\nMemory of the worker over {requests:,} {kind} requests, no connection open")
    print(COLUMNS)

    def report(sample: growth.Sample) -> None:
        line = f"{sample.requests:11,}{sample.rss // 1024:10,}{sample.pss // 1024:10,}"
        print(f"{line}{sample.blocks:14,}{sample.connections:14}", flush=True)

    samples = growth.measure(kind, requests, seconds, report)
    found = growth.judge(samples)
    per_million = found.rss / 1024 / found.requests * 1e6
    print(
        f"Beyond the warm-up, over {found.requests:,} requests, fitted: "
        f"RSS {found.rss / 1024:+.0f} KiB ({per_million:+.1f} KiB per million requests), "
        f"allocations {found.blocks:+.0f}"
    )
    is_fine = found.is_harmless and samples[-1].connections == 1
    print(
        f"Bound: {found.allowed_rss / 1024:.0f} KiB and {found.allowed_blocks:.0f} allocations, "
        f"one connection: {'kept' if is_fine else 'EXCEEDED'}"
    )
    return is_fine


def main(argv: Sequence[str]) -> int:
    """Run the bench; return its exit status."""
    options = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are killed then too
    version = [sys.executable, "-m", "japy", "--version"]
    print(subprocess.run(version, cwd=SERVERS, stdout=subprocess.PIPE, text=True).stdout.strip())
    kinds = [options.kind] if options.kind else KINDS
    try:
        is_fine = not options.connections or show_idle(options.connections)
        for kind in kinds if options.requests else ():
            is_fine &= show_growth(kind, options.requests, options.seconds)
    except (BadAnswer, TooFewFiles, ServerEnded, OSError) as error:
        print(f"bench/memory: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0 if is_fine else 1
