"""What the targets need from a compiler, made anew for every run.

Knows how `japy/_pico_build.py` turns into C for libFuzzer and into an extension for atheris. The
text of the shim is taken from that file as it is: there is no second copy of it to keep in step.

Invariants:
- Everything lands below `Place.built`; the checkout and the installed japy stay as they are.
- Every compilation is with AddressSanitizer and UndefinedBehaviorSanitizer.
"""

import contextlib
import runpy
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz.coverage.guide import has_atheris
from fuzz.coverage.target import HERE, TOP, Place, Target

VENDOR = TOP / "vendor" / "picohttpparser"
DEBUG = ("-g", "-O1", "-fno-omit-frame-pointer")
SANITIZE = "-fsanitize=address,undefined,pointer-subtract"
# Each target uses a part of the shim only, and all of the shim is in each.
WARN = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
NO_CLANG = (
    "Coverage-guided fuzzing needs clang with libFuzzer and the sanitizers: install them "
    "(Debian: apt-get install clang libclang-rt-dev)."
)
NO_ATHERIS = (
    "Coverage-guided fuzzing of Python needs atheris: install it where this Python finds it "
    "(pip install atheris), or name a target in C with --target."
)


class Stop(Exception):
    """A reason to stop, in words for the person who typed the command."""


def require_tools(targets: Sequence[Target], place: Place) -> None:
    """Raise Stop unless there is what the targets are built and run with."""
    if not has_libfuzzer(place):
        raise Stop(NO_CLANG)
    if any(target.is_python for target in targets) and not has_atheris():
        raise Stop(NO_ATHERIS)


def has_libfuzzer(place: Place) -> bool:
    """Tell whether clang can link a program of libFuzzer's."""
    if shutil.which("clang") is None:
        return False
    place.built.mkdir(parents=True, exist_ok=True)
    probe = "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char *, size_t);\n"
    probe += "int LLVMFuzzerTestOneInput(const char *p, size_t n) { return !p && n; }\n"
    command = ["clang", f"{SANITIZE},fuzzer", "-x", "c", "-", "-o", str(place.built / "probe")]
    return subprocess.run(command, input=probe, text=True, capture_output=True).returncode == 0


def build(targets: Sequence[Target], place: Place) -> None:
    """Make what the targets need."""
    print("Building the targets.", flush=True)
    place.built.mkdir(parents=True, exist_ok=True)
    recipe = read_recipe()
    shim = "".join(recipe[part] for part in ("SIMD", "SIZES", "ENUMS", "SHIM"))
    (place.built / "shim.h").write_text(f"#include <stdint.h>\n{shim}", encoding="utf-8")
    for target in targets:
        if not target.is_python:
            compile_target(target, place)
    if any(target.is_python for target in targets):
        make_tree(recipe, place.built)


def read_recipe() -> dict[str, Any]:
    """Return what `japy/_pico_build.py` defines; it brings picohttpparser into place as well."""
    with contextlib.chdir(TOP):
        return runpy.run_path("japy/_pico_build.py")


def compile_target(target: Target, place: Place) -> None:
    """Make a program of libFuzzer's."""
    flags = [*DEBUG, *WARN, f"{SANITIZE},fuzzer", "-fno-sanitize-recover=all"]
    sources = [str(HERE / target.source), str(VENDOR / "picohttpparser.c")]
    run_clang([*flags, f"-I{place.built}", *sources, "-o", str(place.built / target.name)])


def make_tree(recipe: dict[str, Any], built: Path) -> None:
    """Make a copy of japy whose core is interpreted and whose extension is sanitized."""
    tree = built / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    leave = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(TOP / "japy", tree / "japy", ignore=leave)
    recipe["ffibuilder"].emit_c_code(str(built / "_pico.c"))
    flags = [*DEBUG, "-shared", "-fPIC", f"{SANITIZE},fuzzer-no-link"]
    sources = [str(built / "_pico.c"), str(VENDOR / "picohttpparser.c")]
    include = f"-I{sysconfig.get_path('include')}"
    run_clang([*flags, include, *sources, "-o", str(tree / "japy" / "_pico.abi3.so")])


def run_clang(arguments: Sequence[str]) -> None:
    """Compile, or stop with what the compiler says."""
    done = subprocess.run(
        ["clang", f"-I{VENDOR}", *arguments], capture_output=True, text=True, cwd=TOP
    )
    if done.returncode:
        raise Stop(f"clang could not build a target:\n{done.stderr}")
