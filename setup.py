"""What TOML cannot say: compile `japy/core`, and let no leftover of another build into this one.

cffi executes `japy/_pico_build.py` whatever the command is; that file brings picohttpparser's
sources into place first, so an sdist has them too. `JAPY_PURE=1` leaves the core interpreted;
`JAPY_DEBUG=1` has it compiled so that a sanitizer can say in which line it fails.
"""

import os
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup

CORE = Path("japy", "core")
OPTIMIZE, DEBUG = ("1", "1") if os.environ.get("JAPY_DEBUG") == "1" else ("3", "0")
BUILDING = not {"bdist_wheel", "build_ext", "editable_wheel"}.isdisjoint(sys.argv)

extensions: list[Extension] = []  # cffi_modules below always adds japy._pico
if BUILDING:  # leftovers of another build would be packed into this one, or shadow its modules
    shutil.rmtree("build", ignore_errors=True)
    for stale in (*Path().glob("japy__mypyc.*"), *CORE.rglob("*.so")):
        stale.unlink()
if BUILDING and os.environ.get("JAPY_PURE") != "1":
    from mypyc.build import mypycify

    sources = [str(path) for path in sorted(CORE.rglob("*.py")) if path.name != "__init__.py"]
    options = ["--follow-imports=silent"]  # core's types must hold here; lint judges the rest
    compiled = mypycify(
        [*options, *sources], group_name="japy", opt_level=OPTIMIZE, debug_level=DEBUG
    )
    if sys.platform == "linux":  # gcc inlines what no other library may replace: 18 % (bench/micro)
        for extension in compiled:
            extension.extra_compile_args.append("-fno-semantic-interposition")
    extensions += compiled  # type: ignore[arg-type]  # its type also admits distutils' Extension
setup(ext_modules=extensions, cffi_modules=["japy/_pico_build.py:ffibuilder"])
