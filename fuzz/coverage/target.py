"""The targets: what each is, and the command that runs it.

Knows files and flags. Refuses to know what the targets hold japy to: the first line of each says.
"""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
HOME = TOP / ".dev" / "fuzz"  # all that is made here; git ignores it

TIMEOUT_S = 20  # for one input; a slower one is a finding
MAX_MEMORY_MB = 3072
FOREIGN = ("ASAN_OPTIONS", "LD_PRELOAD", "PYTHONMALLOC", "PYTHONPATH", "UBSAN_OPTIONS")


@dataclass(frozen=True)
class Target:
    """A program of libFuzzer's: C of its own, or Python under atheris."""

    name: str
    source: str  # in this folder
    controls: bytes  # what a seed begins with: the numbers that the target takes from there
    max_size: int = 4096  # bytes of one input

    @property
    def is_python(self) -> bool:
        """Tell whether the target needs atheris."""
        return self.source.endswith(".py")

    @property
    def promise(self) -> str:
        """The first line of the source: what always holds."""
        first = (HERE / self.source).read_text(encoding="utf-8").splitlines()[0]
        return first.strip('/*" ')


TARGETS = (
    Target("heads", "heads.c", bytes([0, 181, 99, 63, 255, 255])),
    Target("fields", "fields.c", bytes([0])),
    Target("parser", "parser_target.py", bytes([0, 255, 255])),
    Target("body", "body_target.py", bytes([255, 255]), max_size=9000),  # lines may have 4096
    Target("stream", "stream_target.py", bytes([0, 255, 255])),
)


@dataclass(frozen=True)
class Place:
    """Where the files of all targets are."""

    home: Path = HOME

    @property
    def built(self) -> Path:
        """What the compiler made, and the copy of japy that Python targets import."""
        return self.home / "built"

    @property
    def log(self) -> Path:
        """A line for each run of each target, for good."""
        return self.home / "log.jsonl"

    def corpus(self, target: Target) -> Path:
        """Inputs that reached something new; the next run begins with them."""
        return self.home / "corpus" / target.name

    def seeds(self, target: Target) -> Path:
        """Inputs that every run begins with."""
        return self.home / "seeds" / target.name

    def findings(self, target: Target) -> Path:
        """Inputs for which a promise did not hold."""
        return self.home / "findings" / target.name


def command(target: Target, place: Place) -> list[str]:
    """Return what starts a target."""
    if target.is_python:
        return [sys.executable, str(HERE / target.source)]
    return [str(place.built / target.name)]


def options(target: Target, place: Place, seconds: int) -> list[str]:
    """Return libFuzzer's options and folders for a search."""
    return [
        f"-max_total_time={seconds}",
        f"-max_len={target.max_size}",
        f"-timeout={TIMEOUT_S}",
        f"-rss_limit_mb={MAX_MEMORY_MB}",
        f"-dict={HERE / 'http.dict'}",
        f"-artifact_prefix={place.findings(target)}/",
        "-print_final_stats=1",
        str(place.corpus(target)),  # where libFuzzer adds to; the others it only reads
        str(place.seeds(target)),
        str(place.findings(target)),
    ]


def environment(target: Target, place: Place, inherited: dict[str, str]) -> dict[str, str]:
    """Return the environment of a target: sanitizers that stop at the first thing they see."""
    env = {name: value for name, value in inherited.items() if name not in FOREIGN}
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    if not target.is_python:
        return env
    # The interpreter does not free what it ends with, and frees more than is worth keeping; its
    # own allocator would hide where an object ends.
    env.update(ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=32", PYTHONMALLOC="malloc")
    env.update(LD_PRELOAD=str(runtime()), PYTHONPATH=f"{place.built / 'tree'}:{TOP}")
    return env


def runtime() -> Path:
    """Return atheris' library of AddressSanitizer and libFuzzer, which has to be loaded first."""
    spec = importlib.util.find_spec("atheris")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1] / "asan_with_fuzzer.so"
