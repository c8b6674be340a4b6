"""HTML as a tree, for tests that look at a page; what is not well formed fails them."""

from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "link", "meta"}


class Element:
    """An element, and what is in it."""

    def __init__(self, name: str, attributes: dict[str, str | None]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """All text inside."""
        return "".join(
            child if isinstance(child, str) else child.text
            for child in self.children
            if isinstance(child, str) or child.name != "style"
        )

    def all(self, name: str, kind: str | None = None) -> list["Element"]:
        """Return the elements inside with this name, and with this class if one is given."""
        return [
            element
            for element in self._inside()
            if element.name == name and kind in (None, element.attributes.get("class"))
        ]

    def rows(self) -> dict[str, str]:
        """Return the rows of all tables inside: of each the text of its first and second cell."""
        return {row.all("th")[0].text: row.all("td")[0].text for row in self.all("tr")}

    def _inside(self) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._inside()


class Reader(HTMLParser):
    """Puts elements into each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_html(text: str) -> Element:
    """Return what contains all of a page, or of a piece of one."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    (root,) = reader.open
    return root
