"""The page about deployment as what the tests run: its files, and the commands that it types.

Knows how the page is built. Refuses to know what its files mean to which program.
"""

import shlex

from tests.docs.document import TOP, blocks, commands

PAGE = TOP / "docs" / "deployment.md"


def files() -> dict[str, str]:
    """Return the files of the page by name."""
    return {block.title: block.text for block in blocks(PAGE) if block.title}


def changed(name: str, *changes: tuple[str, str]) -> str:
    """Return a file of the page with some words of it replaced, which have to be there."""
    content = files()[name]
    for old, new in changes:
        assert old in content, f"{name} has no {old!r}"
        content = content.replace(old, new)
    return content


def typed(name: str) -> list[str]:
    """Return the command that the page types before a file, word by word."""
    command: list[str] = []
    for block in blocks(PAGE):
        if block.language == "console":
            command = [word for one in commands(block) for word in shlex.split(one.text)]
        elif block.title == name:
            return command
    raise LookupError(f"the page has no {name}")


def options(name: str) -> list[str]:
    """Return the options that go with a file, but for where it listens and groups of the system."""
    command = typed(name)
    assert command[:4] == ["japy", "run", "house:app", "--bind"]
    rest = command[5:]
    if "--group" in rest:
        at = rest.index("--group")
        del rest[at : at + 2]
    return rest
