"""Pages of the site that lie elsewhere in the checkout: what is linked from the README, and so on.

Knows Markdown links and mkdocs' files. Refuses to know which documents there are: a document joins
the site by being linked, and keeps its place, so that links mean the same in both.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

TOP = Path(__file__).resolve().parents[1]
HOME = TOP / "README.md"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the home page and all that can be reached from it; called by mkdocs."""
    for path in reached(HOME):
        name = path.relative_to(TOP).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def reached(start: Path) -> list[Path]:
    """Return a document and the files that links lead to from there, directly or not."""
    found = [start]
    for path in found:
        found += [target for target in links(path) if target not in found]
    return found


def links(path: Path) -> Iterator[Path]:
    """Yield the files of the checkout that a document links to."""
    if path.suffix != ".md":
        return
    for target in re.findall(r"\]\(([^)\s#]+)", path.read_text(encoding="utf-8")):
        file = (path.parent / target).resolve()
        if file.is_file() and file.is_relative_to(TOP):
            yield file
