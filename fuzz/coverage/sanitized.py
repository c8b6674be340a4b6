"""`python fuzz/coverage/sanitized.py`: run tests on a japy that watches its own memory.

Builds japy as a wheel would have it, core compiled, but with AddressSanitizer and
UndefinedBehaviorSanitizer in both of its extensions and nowhere else, and runs tests with it: by
default those of the core, those about leaks, and the properties of the fuzz files. Arguments are
pytest's. It is built again only when a source has changed.

Knows gcc's names of things; needs gcc, what the tests need, and pip.

Invariants:
- Whatever a sanitizer sees ends the run at once, with the stack that led there.
- Everything lands in `.dev/fuzz/sanitized`; the installed japy stays as it is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
HOME = TOP / ".dev" / "fuzz" / "sanitized"
SOURCES = ("japy", "vendor", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
# mypyc shifts negative numbers to the left, which gcc defines though C does not.
FLAGS = "-g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=shift-base"
TESTS = ("tests/leak", "tests/core", "tests/test_fuzz.py", "-m", "not once")
FAILED = 2
PROBE = """
import japy.core.parser as parser, japy._pico as pico
for module in (parser, pico):
    print(f"{module.__name__:18} {module.__file__}")
assert not parser.__file__.endswith(".py")
"""


class Stop(Exception):
    """A reason to stop, in words for the person who typed the command."""


def main(arguments: Sequence[str]) -> int:
    """Build if need be, run pytest, return its exit status."""
    try:
        build(HOME)
        env = environment(HOME)
        python = [sys.executable, "-P"]  # without the checkout, which holds an interpreted japy
        if subprocess.run([*python, "-c", PROBE], env=env, cwd=TOP).returncode:
            raise Stop("The sanitized japy cannot be imported: see above.")
    except Stop as stop:
        print(stop, file=sys.stderr)
        return FAILED
    tests = arguments or TESTS
    # What a sanitizer has to say is the last that the process writes: it must not be captured.
    pytest = [*python, "-m", "pytest", "-p", "no:cacheprovider", "--capture=sys", *tests]
    return subprocess.run(pytest, env=env, cwd=TOP).returncode


def build(home: Path) -> None:
    """Make the japy to be tested, unless it is there."""
    stamp = home / "stamp"
    digest = digest_sources()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    shutil.rmtree(home, ignore_errors=True)
    tree = home / "tree"
    tree.mkdir(parents=True)
    for name in SOURCES:
        copy(TOP / name, tree / name)
    env = dict(os.environ, CFLAGS=FLAGS, LDFLAGS=FLAGS, JAPY_DEBUG="1")
    env.pop("JAPY_PURE", None)
    print("Compiling japy with sanitizers: this takes minutes.", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]
    made = subprocess.run([*pip, "--target", str(home / "site"), str(tree)], env=env)
    if made.returncode:
        raise Stop("japy could not be built with sanitizers: see above what pip says.")
    stamp.write_text(digest, encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    """Copy a source without what was built from it."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    else:
        shutil.copy(source, target)


def digest_sources() -> str:
    """Return what changes with the sources, the flags or the interpreter."""
    digest = hashlib.sha256(f"{FLAGS} {sys.version} {sys.executable}".encode())
    for name in SOURCES:
        path = TOP / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in {".py", ".pyi", ".toml", ".c", ".h"}:
                digest.update(f"{file} ".encode() + file.read_bytes())
    return digest.hexdigest()


def environment(home: Path) -> dict[str, str]:
    """Return the environment in which the sanitized japy is found, and its sanitizers run."""
    env = dict(os.environ, PYTHONPATH=str(home / "site"), JAPY_EXPECT="compiled")
    # Python's own allocator would hide where an object ends; what Python has not freed at its end
    # is no leak of ours, and tests/leak finds those.
    env.update(PYTHONMALLOC="malloc", LD_PRELOAD=runtime())
    env["ASAN_OPTIONS"] = "detect_leaks=0:detect_stack_use_after_return=1"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    return env


def runtime() -> str:
    """Return gcc's library of AddressSanitizer, which has to be loaded before everything else."""
    if shutil.which("gcc") is None:
        raise Stop("The sanitizers are those of gcc: install it (Debian: apt-get install gcc).")
    asked = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True)
    path = asked.stdout.strip()
    if not os.path.isabs(path):
        raise Stop("gcc has no AddressSanitizer here: install its libasan (Debian: libasan8).")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
