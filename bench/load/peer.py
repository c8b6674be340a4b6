"""The servers that are compared: how each is installed here and started.

Knows names, versions and command lines. Refuses to know what is asked of them.

Invariants:
- Every peer serves the same paths with the same answers (servers/).
- A peer that cannot be had raises Unavailable; it never fails the run.
- Versions are pinned, but for japy (what is installed) and fasthttp (what Debian has).
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.load.installation import (
    SERVERS,
    Interpreter,
    Unavailable,
    ask,
    build_go,
    find_python,
    install_beside,
    install_into,
    this_python,
)

ORJSON = "orjson==3.13.0"
UVLOOP = "uvloop==0.23.0"
UVICORN = ("uvicorn==0.54.0", "httptools==0.9.0", UVLOOP, ORJSON)
JAPRONTO = ("japronto==0.1.2", "uvloop==0.18.0")
MRHTTP = ("mrhttp==0.13", "mrpacker==1.15", "mrjson==1.4", "uvloop==0.19.0")
MRHTTP_PYTHONS = ("3.11", "3.12", "3.10", "3.9", "3.8")  # it needs cgi, gone in 3.13
BUILD = """
from japy.core import COMPILED
print("compiled" if COMPILED else "interpreted")
"""


class Refused(Exception):
    """A run that would mislead; says so for a person."""


@dataclass(frozen=True)
class Launch:
    """How to start one peer."""

    argv: Sequence[str]  # `{port}` becomes the port
    versions: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Peer:
    """One server to compare."""

    name: str  # what --peers takes
    title: str
    prepare: Callable[[], Launch]


def python_peer(
    name: str, script: str, requirements: Sequence[str], pythons: Sequence[Interpreter]
) -> Launch:
    """Install a peer on the first interpreter that takes it."""
    reason = ""
    for python in pythons:
        try:
            program = install_into(name, python, requirements)
        except Unavailable as error:
            reason = reason or str(error)
            continue
        versions = [*requirements, f"CPython {python.version}"]
        return Launch([str(program), str(SERVERS / script), "{port}"], versions)
    raise Unavailable(reason)


def prepare_floor() -> Launch:
    """Use the Python that japy runs on."""
    return python_peer("floor", "floor.py", [UVLOOP], [this_python()])


def prepare_uvicorn() -> Launch:
    """Use the Python that japy runs on."""
    return python_peer("uvicorn", "uvicorn_app.py", UVICORN, [this_python()])


def prepare_japronto() -> Launch:
    """Use the newest Python that there are wheels for."""
    python = find_python("3.7")
    if python is None:
        raise Unavailable("no CPython 3.7 was found on PATH or among pyenv's: install one")
    return python_peer("japronto", "japronto_app.py", JAPRONTO, [python])


def prepare_mrhttp() -> Launch:
    """Build it, which takes a C compiler, on the first Python that works."""
    pythons = [python for python in map(find_python, MRHTTP_PYTHONS) if python]
    if not pythons:
        raise Unavailable("no CPython 3.8 to 3.12 was found on PATH or among pyenv's: install one")
    return python_peer("mrhttp", "mrhttp_app.py", MRHTTP, pythons)


def prepare_fasthttp() -> Launch:
    """Build it from Debian's sources."""
    program = build_go(SERVERS / "fasthttp_app.go")
    package = "golang-github-valyala-fasthttp-dev"
    debian = ask(["dpkg-query", "-Wf", "${Version}", package]) or "of unknown version"
    go = (ask(["go", "version"]) or "go").split()
    return Launch([str(program), "{port}"], [f"fasthttp {debian}", " ".join(go[2:3])])


def prepare_japy(allow_pure: bool) -> Launch:
    """Use what this Python has installed, never what lies in the checkout."""
    build = ask([sys.executable, "-c", BUILD], SERVERS)
    if build is None:
        raise Unavailable(
            "japy is not installed for the Python that runs this: `pip install .` at the top of "
            "the checkout, then run this with the same Python"
        )
    if build != "compiled" and not allow_pure:
        raise Refused(
            "The japy installed here is interpreted, so its numbers would mean nothing: install "
            "the compiled one with `pip install .`, or pass --allow-pure if that is what you "
            "want to measure."
        )
    beside = install_beside("orjson", ORJSON)
    versions = (ask([sys.executable, "-m", "japy", "--version"], SERVERS) or "japy").splitlines()
    argv = [sys.executable, "-m", "japy", "run", f"{SERVERS / 'japy_app.py'}:app"]
    return Launch(
        [*argv, "--host", "127.0.0.1", "--port", "{port}"],
        [*versions, ORJSON if beside else "json of the standard library"],
        {"PYTHONPATH": str(beside)} if beside else {},
        "" if beside else "japy: orjson could not be installed, so JSON is the standard library's",
    )


def all_peers(allow_pure: bool) -> tuple[Peer, ...]:
    """Return the peers in the order of tables; an interpreted japy only where that will do."""
    return (
        Peer("floor", "uvloop floor", prepare_floor),
        Peer("japy", "japy", partial(prepare_japy, allow_pure)),
        Peer("japronto", "Japronto", prepare_japronto),
        Peer("mrhttp", "mrhttp", prepare_mrhttp),
        Peer("fasthttp", "fasthttp", prepare_fasthttp),
        Peer("uvicorn", "uvicorn", prepare_uvicorn),
    )
