"""HTML from Python: text is escaped unless it is markup already."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def tag(name: str, *content: str, kind: str = "", is_open: bool = False) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        content: its children: Markup as it is, other text escaped.
        kind: its class.
        is_open: for `details`: show what is inside.
    """
    start = name + (f' class="{escape(kind)}"' if kind else "") + (" open" if is_open else "")
    return Markup(f"<{start}>{joined(content)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Return text and markup, one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def table(rows: Iterable[tuple[str, str]]) -> Markup:
    """Return names and values as a table."""
    return tag("table", *(tag("tr", tag("th", name), tag("td", value)) for name, value in rows))
