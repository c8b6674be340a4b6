"""Samples to medians, to a table and to the record that is kept.

Knows what a reader needs. Refuses to measure; pure functions only.

Invariants:
- A ratio compares medians of processor time per request; it is absent where its base is.
- The record holds every sample, so that anything shown can be computed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median

from bench.load.measurement import Sample

JAPRONTO = "japronto"
FLOOR = "floor"
COLUMNS = ("", "requests/s", "CPU µs", "range", "core", "/ Japronto", "/ floor")
QUIET = 0.05  # cores that others may use before a run is worth a warning


@dataclass(frozen=True)
class Summary:
    """One peer's medians at one workload."""

    per_second: float
    cpu_us: float
    low_us: float
    high_us: float
    core: float
    to_japronto: float | None = None
    to_floor: float | None = None


def summarise(samples: Mapping[str, Sequence[Sample]]) -> dict[str, Summary]:
    """Return the medians of every peer that has samples."""
    cpu = {peer: median(sample.cpu_us for sample in found) for peer, found in samples.items()}
    summaries = {}
    for peer, found in samples.items():
        each = [sample.cpu_us for sample in found]
        summaries[peer] = Summary(
            per_second=median(sample.per_second for sample in found),
            cpu_us=cpu[peer],
            low_us=min(each),
            high_us=max(each),
            core=median(sample.core for sample in found),
            to_japronto=ratio(cpu[peer], cpu.get(JAPRONTO)),
            to_floor=ratio(cpu[peer], cpu.get(FLOOR)),
        )
    return summaries


def ratio(value: float, base: float | None) -> float | None:
    """Return how many times the base a value is."""
    return value / base if base else None


def microseconds(value: float) -> str:
    """Return a time with three digits that mean something."""
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def cells(title: str, summary: Summary) -> tuple[str, ...]:
    """Return one line of the table."""
    ratios = (summary.to_japronto, summary.to_floor)
    return (
        f"  {title}",
        f"{summary.per_second:,.0f}",
        microseconds(summary.cpu_us),
        f"{microseconds(summary.low_us)}-{microseconds(summary.high_us)}",
        f"{summary.core:.0%}",
        *("" if value is None else f"{value:.2f}" for value in ratios),
    )


def align(lines: Iterable[Sequence[str]]) -> str:
    """Return lines of cells as columns: the first to the left, the others to the right."""
    rows = list(lines)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    texts = []
    for first, *others in rows:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        texts.append("   ".join([first.ljust(widths[0]), *right]).rstrip())
    return "\n".join(texts)


def table(
    summaries: Mapping[str, Mapping[str, Summary]],
    workloads: Mapping[str, str],
    peers: Mapping[str, str],
) -> str:
    """Return everything as text; `workloads` and `peers` give titles and order."""
    rows: list[Sequence[str]] = [COLUMNS]
    for workload, title in workloads.items():
        rows.append((title, *[""] * (len(COLUMNS) - 1)))
        found = summaries[workload]
        rows += [cells(peers[peer], found[peer]) for peer in peers if peer in found]
    return align(rows)


def disturbance(samples: Mapping[str, Mapping[str, Sequence[Sample]]]) -> str:
    """Return a warning where other processes were busy on the two cores; empty if they were not."""
    every = [each for found in samples.values() for several in found.values() for each in several]
    shares = [sample.others_s / sample.duration_s for sample in every]
    if not shares or mean(shares) <= QUIET:
        return ""
    return (
        f"other processes used {mean(shares):.2f} of the two cores on average, up to "
        f"{max(shares):.2f}: run this again on a quieter machine before quoting anything"
    )


def record(
    facts: Mapping[str, object],
    samples: Mapping[str, Mapping[str, Sequence[Sample]]],
) -> dict[str, object]:
    """Return what is saved as JSON: the facts of the run, medians, every sample."""
    medians = {
        workload: {peer: asdict(summary) for peer, summary in summarise(found).items()}
        for workload, found in samples.items()
    }
    raw = {
        workload: {peer: [asdict(sample) for sample in each] for peer, each in found.items()}
        for workload, found in samples.items()
    }
    return {**facts, "medians": medians, "samples": raw}
