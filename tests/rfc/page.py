"""The page of the documentation that shows the table and how japy fares: docs/conformance.md.

Knows Markdown. Invariant: the same rows, versions and results make the same page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.rfc import peer
from tests.rfc.omission import OMISSIONS
from tests.rfc.row import Level, Row
from tests.rfc.section import RFCS, TITLES, number

HEAD = """\
<!-- Written by `python3 dev.py conformance`: do not edit. -->
# Conformance

What RFC 9112, and RFC 9110 as far as it is about messages, ask of a server, row by row, and what
japy does. The rows are in `tests/rfc`. `python3 dev.py conformance` sends each of them to a running
server in both modes, whole and byte by byte, and writes this page. The tests send them in memory as
well, cut in many ways, alone, behind another request and before one. That a connection is open is
proven by one more request that is answered on it.

`python3 dev.py conformance --url http://127.0.0.1:8080` asks any other server that answers 200 to
every method on `/`. Rows that need japy's limits or routes are left out then, and whatever the RFC
allows is passed.

"close" says that the connection is ended, and that nothing behind is read as a request; "either"
that it may be ended or not. What japy does is what its tests hold it to; what is also allowed is
for other servers.
"""
COLUMNS = "| what is sent | level | japy answers | also allowed | result |\n|---|---|---|---|---|"


class Survey(NamedTuple):
    """How a server fared."""

    title: str  # "compiled"
    version: str
    results: Mapping[str, str]  # what is wrong, by the name of the row; nothing if it is passed

    def score(self, rows: Iterable[Row]) -> tuple[int, int]:
        """Return how many of the rows are passed, and how many were sent."""
        asked = [row for row in rows if row.rule in self.results]
        return sum(not self.results[row.rule] for row in asked), len(asked)


def render(rows: Sequence[Row], surveys: Sequence[Survey]) -> str:
    """Return the page."""
    parts = [HEAD, *totals(rows, surveys), *peer.comparison()]
    for rfc, title in RFCS.items():
        parts.append(f"\n## RFC {rfc}: {title}\n")
        for section in sections(rows, rfc):
            parts += chapter(section, rows, surveys)
    parts += ["\n## What no row is about\n", "| what | why |\n|---|---|"]
    parts += [f"| {what} | {why} |" for what, why in OMISSIONS]
    return "\n".join(parts) + "\n"


def sections(rows: Iterable[Row], rfc: str) -> list[str]:
    """Return the sections of an RFC that rows are about, in order."""
    return sorted({row.section for row in rows if row.section.startswith(f"{rfc} ")}, key=number)


def totals(rows: Sequence[Row], surveys: Sequence[Survey]) -> Iterator[str]:
    """Yield the versions and the table of totals."""
    yield "\n".join(f"- {survey.title}: {survey.version}" for survey in surveys)
    yield "\n| level | " + " | ".join(survey.title for survey in surveys) + " |"
    yield "|---|" + "---|" * len(surveys)
    for name, chosen in [*by_level(rows), ("all", list(rows))]:
        counts = (survey.score(chosen) for survey in surveys)
        yield f"| {name} | " + " | ".join(f"{passed} of {total}" for passed, total in counts) + " |"


def by_level(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows of each level."""
    return [(level.value, [row for row in rows if row.level is level]) for level in Level]


def chapter(section: str, rows: Iterable[Row], surveys: Sequence[Survey]) -> Iterator[str]:
    """Yield the table of one section."""
    yield f"\n### §{section.partition(' ')[2]} {TITLES[section]}\n"
    yield COLUMNS
    for row in rows:
        if row.section == section:
            yield f"{cells(row)} {result(row, surveys)} |"


def cells(row: Row) -> str:
    """Return the cells of a row that do not depend on how a server fares."""
    others = "; ".join(str(outcome).replace("close?", "either") for outcome in row.outcomes[1:])
    return f"| {escape(row.what)} | {row.level} | {row.promise} | {others} |"


def result(row: Row, surveys: Sequence[Survey]) -> str:
    """Return the last cell of a row."""
    faults = [
        f"{survey.title}: {survey.results[row.rule]}"
        for survey in surveys
        if survey.results[row.rule]
    ]
    return "**failed**: " + escape("; ".join(faults)) if faults else "passed"


def escape(text: str) -> str:
    """Return a text as it may stand in a cell."""
    for char in "\\`*_|<>[]#":
        text = text.replace(char, f"\\{char}")
    return text
