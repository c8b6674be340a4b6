"""Samples to medians, ratios and a table.

Knows what a reader needs. Refuses to measure, and imports no japy: who reads it need not have one.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.load.report import align

STAGES = ("parse", "route", "handler", "render")
COLUMNS = ("whole", *STAGES, "rest")
TITLES = {"compiled": "compiled", "pure": "interpreted"}
REQUIRED = 5.0  # times that the compiled core has to be as fast
JUDGED = ("plaintext, same bytes", "plaintext, other bytes")  # the cases that this is about

Figures = dict[str, float]  # of a case: nanoseconds a stage
Round = Mapping[str, Mapping[str, float]]  # figures of each case, as one process has printed them


def summarise(rounds: Sequence[Round]) -> dict[str, Figures]:
    """Return the medians of each case, and what the stages leave of the whole."""
    found = {}
    for title in rounds[0]:
        figures = {
            stage: median(each[title][stage] for each in rounds) for stage in ("whole", *STAGES)
        }
        figures["rest"] = figures["whole"] - sum(figures[stage] for stage in STAGES)
        found[title] = figures
    return found


def ratio(medians: Mapping[str, Mapping[str, Figures]], title: str, column: str = "whole") -> float:
    """Return how many times as fast the compiled core is."""
    return medians["pure"][title][column] / medians["compiled"][title][column]


def rows(medians: Mapping[str, Mapping[str, Figures]]) -> Iterator[Sequence[str]]:
    """Yield the lines of the table as cells."""
    yield ("nanoseconds per request", *COLUMNS)
    for title in medians["compiled"]:
        yield (title, *[""] * len(COLUMNS))
        for mode, name in TITLES.items():
            figures = medians[mode][title]
            yield (f"  {name}", *(f"{figures[column]:,.0f}" for column in COLUMNS))
        ratios = (f"{ratio(medians, title, column):.1f}" for column in ("whole", *STAGES))
        yield ("  times as fast", *ratios, "")


def table(medians: Mapping[str, Mapping[str, Figures]]) -> str:
    """Return everything as text."""
    return align(rows(medians))


def is_met(medians: Mapping[str, Mapping[str, Figures]]) -> bool:
    """Tell whether the compiled core is as much faster as it has to be."""
    return all(ratio(medians, title) >= REQUIRED for title in JUDGED)


def verdict(medians: Mapping[str, Mapping[str, Figures]]) -> str:
    """Return the closing lines."""
    found = [f"{title}: {ratio(medians, title):.1f} times as fast" for title in JUDGED]
    outcome = "met" if is_met(medians) else "MISSED"
    return "\n".join([*found, f"At least {REQUIRED:.0f} times as fast is required: {outcome}"])
