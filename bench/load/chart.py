"""Bars as SVG, legible on light and on dark pages.

Knows shapes and colours. Refuses to know what is compared. A panel has its own scale; a bar far
beyond the others is cut, and its number says how long it would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

WIDTH = 880
MARGIN = 24
GUTTER = 32
COLUMNS = 2
PANEL = (WIDTH - 2 * MARGIN - GUTTER * (COLUMNS - 1)) // COLUMNS
LABEL = 92  # of a panel: the bars' names
NUMBER = 48  # of a panel: room beside the longest bar
LONGEST = PANEL - LABEL - NUMBER
ROW = 20
BAR = 13
HEAD = 30  # above a panel's bars
TOP = 84  # above the first panel
CUT_AT = 2.5  # times a panel's median
STYLE = """
.page{fill:#fff;stroke:#d1d9e0}.text{fill:#1f2328}.mute{fill:#59636e}
.bar{fill:#a8b3bf}.base{fill:#d3dae1}.ours{fill:#1a7f6b}.cut{stroke:#fff}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117;stroke:#3d444d}.text{fill:#f0f6fc}.mute{fill:#9198a1}
.bar{fill:#57606a}.base{fill:#353c44}.ours{fill:#3fb99d}.cut{stroke:#0d1117}}
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif}
.title{font-size:17px;font-weight:600}.name{font-size:13px;font-weight:600}
.bold{font-weight:600}
"""


@dataclass(frozen=True)
class Bar:
    """One value; `kind` is ours, base or bar."""

    label: str
    value: float
    number: str
    kind: str = "bar"


@dataclass(frozen=True)
class Panel:
    """Values that are compared with each other."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """Return the room it takes, the gap below included."""
        return HEAD + ROW * len(self.bars) + 22

    @property
    def limit(self) -> float:
        """Return the value of the longest bar that is drawn whole."""
        values = [bar.value for bar in self.bars]
        return min(max(values), CUT_AT * median(values))


def text(x: float, y: float, words: str, kind: str, end: bool = False) -> str:
    """Return words at a place, to its left where `end` is set."""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}"{anchor}>{escape(words)}</text>'


def draw_bar(bar: Bar, x: int, y: int, limit: float) -> list[str]:
    """Return one bar with its name and number."""
    is_cut = bar.value > limit
    length = round(LONGEST * min(bar.value / limit, 1), 1)
    weight = "text bold" if bar.kind == "ours" else "text"
    left = x + LABEL
    parts = [
        text(left - 8, y + BAR - 2, bar.label, weight, end=True),
        f'<rect x="{left}" y="{y}" width="{length:g}" height="{BAR}" rx="2" class="{bar.kind}"/>',
        text(left + length + 6, y + BAR - 2, bar.number, weight),
    ]
    if is_cut:
        gap = left + length - 18
        parts.append(f'<path d="M{gap:g} {y + BAR + 2}l6-{BAR + 4}" class="cut" stroke-width="4"/>')
    return parts


def draw_panel(panel: Panel, x: int, y: int) -> list[str]:
    """Return one panel."""
    parts = [text(x, y + 16, panel.title, "text name")]
    for row, bar in enumerate(panel.bars):
        parts += draw_bar(bar, x, y + HEAD + row * ROW, panel.limit)
    return parts


def draw(title: str, lines: Sequence[str], panels: Sequence[Panel]) -> str:
    """Return the picture: a title, up to two lines below it, then panels in two columns."""
    parts = [text(MARGIN, 36, title, "text title")]
    parts += [text(MARGIN, 56 + 16 * row, line, "mute") for row, line in enumerate(lines)]
    y = TOP
    for first in range(0, len(panels), COLUMNS):
        row = panels[first : first + COLUMNS]
        for column, panel in enumerate(row):
            parts += draw_panel(panel, MARGIN + column * (PANEL + GUTTER), y)
        y += max(panel.height for panel in row)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" '
            f'width="{WIDTH}" height="{y}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{y - 1}" rx="6" class="page"/>',
            *parts,
            "</svg>",
            "",
        ]
    )
