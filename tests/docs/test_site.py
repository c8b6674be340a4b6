"""The site of the documents: built without a warning, complete, and without a network."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import japy
from tests.docs.document import TOP, chapters

NEEDS_MKDOCS = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed here: dev.py docs"
)
# What a browser fetches by itself: not the links that a reader may follow.
FETCHED = re.compile(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)|<link[^>]* href=\"([^\"]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # an advertisement of mkdocs-material's
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@NEEDS_MKDOCS
def test_every_chapter_is_a_page(site: Path) -> None:
    for path in chapters():
        page = site / "tutorial" / f"{path.stem}.html"
        title = path.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2]
        assert title.replace("'", "&#x27;") in page.read_text(encoding="utf-8")


@NEEDS_MKDOCS
def test_the_reference_has_every_public_name(site: Path) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in site.glob("reference/*.html"))
    for name in public_names():
        assert re.search(rf'id="japy\.(\w+\.)*{name}"', pages), name


@NEEDS_MKDOCS
def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for match in FETCHED.finditer(page.read_text(encoding="utf-8")):
            address = match[1] or match[2]
            assert not address.startswith(("http:", "https:", "//")), f"{page.name}: {address}"


def test_the_reference_asks_for_every_public_name() -> None:
    asked = "".join(path.read_text() for path in TOP.glob("docs/reference/*.md"))
    for name in public_names():
        assert f"\n::: japy.{name}\n" in asked, name


def public_names() -> list[str]:
    """Return what `from japy import ...` is meant to find, but for the version."""
    source = (TOP / "japy" / "__init__.py").read_text(encoding="utf-8")
    names = re.findall(r"import \w+ as (\w+)", source)
    assert all(hasattr(japy, name) for name in names)
    return names
