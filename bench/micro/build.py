"""The two builds that are compared: interpreters with the compiled and the interpreted core.

Knows where `dev.py` puts its environments. Refuses to install anything.
"""

import json
import platform
from dataclasses import dataclass
from pathlib import Path

from bench.load.installation import ask
from bench.load.peer import Refused

TOP = Path(__file__).resolve().parents[2]
MODES = ("compiled", "pure")
ABOUT = """
import json, platform, importlib.metadata as metadata
from japy.core import COMPILED, parser
names = ("japy-http", "uvloop", "librt", "cffi")
print(json.dumps({
    "compiled": COMPILED,
    "simd": parser.HAS_SIMD,
    "python": platform.python_version(),
    **{name: metadata.version(name) for name in names},
}))
"""


@dataclass(frozen=True)
class Build:
    """An interpreter and what it has installed."""

    python: str
    mode: str
    versions: dict[str, object]


def find(mode: str, named: str | None) -> Build:
    """Return the build named on the command line, or the one that dev.py has made.

    Raises:
        Refused: there is none, or its core is of the other kind.
    """
    version = ".".join(platform.python_version_tuple()[:2])
    made = TOP / ".dev" / f"{mode}-{version}" / "bin" / "python"
    if named is None and not made.exists():
        raise Refused(
            f"{made.relative_to(TOP)} is not there: python3 dev.py test makes it, "
            f"or name an interpreter with --{mode}."
        )
    python = named or str(made)
    answer = ask([python, "-I", "-c", ABOUT])
    if answer is None:
        raise Refused(f"{python} has no japy that works: name another interpreter with --{mode}.")
    versions = json.loads(answer)
    if versions.pop("compiled") != (mode == "compiled"):
        raise Refused(f"The core that {python} has is not {mode}: name another with --{mode}.")
    return Build(python, mode, versions)
