"""Exposition: numbers as Prometheus reads them, version 0.0.4 of its text format.

Knows names, types and escapes. Where numbers come from, and who is told, is others' affair.

Invariant: names and labels stay as they are, as dashboards know them; docs/monitoring.md has them.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import add
from typing import Any, NamedTuple

from japy.monitoring.tally import BOUNDS, SUM, Counts

TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
UNSAFE = frozenset('\\"\n')
TEXTS = [*map(str, BOUNDS), "+Inf"]


class Family(NamedTuple):
    """What is measured."""

    name: str
    kind: str
    text: str


WORKERS = Family("japy_workers", "gauge", "Workers that serve.")
WANTED = Family("japy_workers_wanted", "gauge", "Workers that there should be.")
RESTARTS = Family("japy_worker_restarts_total", "counter", "Workers that were replaced.")
RELOAD = Family("japy_last_reload_successful", "gauge", "Whether the code of the last reload runs.")
CONNECTIONS = Family("japy_connections", "gauge", "Connections that are open.")
TURNED_AWAY = Family(
    "japy_connections_turned_away_total", "counter", "Connections beyond --limit-concurrency."
)
IN_PROGRESS = Family(
    "japy_requests_in_progress", "gauge", "Connections with a request that is not answered yet."
)
REQUESTS = Family("japy_requests_total", "counter", "Requests that were answered.")
DURATION = Family(
    "japy_request_duration_seconds", "histogram", "From the first byte of a request to its answer."
)
LAG = Family("japy_event_loop_lag_seconds", "gauge", "By how much the event loop was late.")
MEMORY = Family("process_resident_memory_bytes", "gauge", "Memory of a process that is in use.")
START = Family("process_start_time_seconds", "gauge", "When a process began, in Unix time.")
INFO = Family("japy_info", "gauge", "What runs; always 1.")


def exposition(report: dict[str, Any], counts: Counts) -> bytes:
    """Return the numbers of a server as text."""
    lines: list[str] = []
    for family, samples in families(report, counts):
        lines.append(f"# HELP {family.name} {family.text}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += samples
    return ("\n".join(lines) + "\n").encode(errors="replace")


def families(report: dict[str, Any], counts: Counts) -> Iterator[tuple[Family, Iterable[str]]]:
    """Yield what is measured, with its lines."""
    # Several may be in one place for a while: a successor does not serve yet, or the other leaves.
    workers = {
        str(one["worker"]): one for one in report["workers"] if one["state"] in ("serving", "hangs")
    }
    serving = sum(one["state"] == "serving" for one in workers.values())
    yield INFO, labelled(INFO, "version", {report["version"]: 1})
    yield WORKERS, [f"{WORKERS.name} {serving}"]
    yield WANTED, [f"{WANTED.name} {report['wanted']}"]
    yield RESTARTS, labelled(RESTARTS, "reason", report["restarts"])
    yield RELOAD, [f"{RELOAD.name} {int(report['state'] != 'reload failed')}"]
    yield CONNECTIONS, [f"{CONNECTIONS.name} {report['connections']}"]
    yield TURNED_AWAY, [f"{TURNED_AWAY.name} {report['turned_away']}"]
    yield IN_PROGRESS, [f"{IN_PROGRESS.name} {report['in_flight']}"]
    yield REQUESTS, requests(counts)
    yield DURATION, durations(counts)
    yield LAG, by_worker(LAG, workers, "lag_s")
    workers = {"master": report, **workers}
    yield MEMORY, by_worker(MEMORY, workers, "rss")
    yield START, by_worker(START, workers, "started")


def by_worker(family: Family, workers: dict[str, dict[str, Any]], key: str) -> Iterator[str]:
    """Return the lines of what each process has a number of."""
    return labelled(family, "worker", {name: one[key] for name, one in workers.items()})


def labelled(family: Family, label: str, values: dict[str, float]) -> Iterator[str]:
    """Yield lines that differ in one label."""
    for text, value in values.items():
        yield f'{family.name}{{{label}="{escaped(text)}"}} {value}'


def requests(counts: Counts) -> Iterator[str]:
    """Yield how many requests were answered, and how."""
    name = REQUESTS.name
    for (method, status, route), numbers in sorted(counts.items()):
        labels = f'method="{escaped(method)}",route="{escaped(route)}",status="{status}"'
        yield f"{name}{{{labels}}} {sum(numbers[:SUM])}"


def durations(counts: Counts) -> Iterator[str]:
    """Yield how long that took: of a route and method, whatever the status."""
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for (method, _, route), numbers in sorted(counts.items()):
        before = found.get((method, route))
        whole = numbers if before is None else tuple(map(add, before, numbers))
        found[method, route] = whole
    name = DURATION.name
    for (method, route), numbers in found.items():
        # PERF: these are most of the lines, and the master does nothing else meanwhile.
        labels = f'method="{escaped(method)}",route="{escaped(route)}"'
        steps = list(accumulate(numbers[:SUM]))
        for bound, count in zip(TEXTS, steps, strict=True):
            yield f'{name}_bucket{{{labels},le="{bound}"}} {count}'
        yield f"{name}_sum{{{labels}}} {numbers[SUM] / 1e9}"
        yield f"{name}_count{{{labels}}} {steps[-1]}"


def escaped(text: str) -> str:
    """Return the value of a label as it stands in quotes."""
    return text.translate(ESCAPES) if not UNSAFE.isdisjoint(text) else text
