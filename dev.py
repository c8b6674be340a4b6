"""Set japy up, run it and test it from a checkout, given Python and a C compiler and nothing else.

Knows how to get an environment with the compiled core and one with the interpreted core, and what
to start in them. Refuses to know what is in the package: `pyproject.toml` and `setup.py` say that.

Invariants:
- Standard library only. Python 3.7 can still read this file, so that it gets a sentence too.
- All that is installed lands in `.dev/`, which git ignores, whoever runs this and inside whatever
  virtual environment. The one exception: as root, `test` asks apt for curl and wrk.
- An environment is rebuilt when something it was made from has changed, and only then.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import debian

TOP = Path(__file__).resolve().parent
DEV = TOP / ".dev"
DEBIAN = DEV / "debian"  # root of the Debian packages unpacked for this checkout
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
MODES = ("compiled", "pure")
HELLO = "tutorial/01_hello.py:app"
FOREIGN = (  # variables that would reach into the environments made here
    *("PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"),
    *("PIP_NO_BUILD_ISOLATION", "PIP_PREFIX", "PIP_TARGET", "JAPY_PURE", "JAPY_EXPECT"),
    # these two hide stale bytecode and output that nobody flushes, which everybody else would see
    *("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
)
ABOUT = """
import importlib.util, json, sys, sysconfig
print(json.dumps({
    "path": getattr(sys, "_base_executable", sys.executable),
    "version": "%d.%d" % sys.version_info[:2],
    "identity": sys.base_prefix + " " + sys.version,
    "include": sysconfig.get_path("include"),
    "compiler": sysconfig.get_config_var("CC") or "cc",
    "has_pip": importlib.util.find_spec("ensurepip") is not None,
}))
"""
HEADERS = "#include <stdio.h>\n#include <Python.h>\n"


class Stop(Exception):
    """A reason to stop, in words for the person who typed the command."""


def say(text: str) -> None:
    """Print a line before what a child process prints."""
    print(f"== {text}", flush=True)


def child_env(**more: str) -> dict[str, str]:
    """Return our environment for a child, without what would mislead it."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", **more)
    return env


def call(command: Sequence[str], failed: str, env: dict[str, str] | None = None) -> None:
    """Run a command that has to work in the checkout; `failed` says what to do when it does not."""
    if subprocess.run(command, cwd=TOP, env=env or child_env()).returncode:
        raise Stop(failed)


@dataclass(frozen=True)
class Interpreter:
    """A Python that environments are made of: never one of a virtual environment."""

    path: str
    version: str  # "3.11"
    identity: str  # changes when another Python has taken its place
    include: str
    compiler: str
    has_pip: bool  # its venv module can install pip; Debian's cannot without python3-venv


def look_at(path: str) -> Interpreter | None:
    """Ask an executable what it is; None when it is no working Python."""
    try:
        answer = subprocess.run(
            [path, "-c", ABOUT], capture_output=True, text=True, env=child_env(), check=True
        )
    except (OSError, subprocess.CalledProcessError):  # such as a pyenv shim of a version not chosen
        return None
    return Interpreter(**json.loads(answer.stdout))


def find(version: str) -> Interpreter | None:
    """Return the first Python of a version on PATH or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [*os.get_exec_path(), *map(str, sorted(pyenv.glob(f"{version}.*/bin")))]
    for folder in folders:
        path = shutil.which(f"python{version}", path=folder)
        found = look_at(path) if path else None
        if found and found.version == version:
            return found
    return None


def this_python() -> Interpreter:
    """Return the Python that runs this file, or the one its virtual environment was made of."""
    found = look_at(sys.executable)
    if found is None:
        raise Stop(f"{sys.executable} does not start: install Python {VERSIONS[0]} or newer.")
    return found


def chosen(version: str | None) -> Interpreter:
    """Return the Python of the version asked for on the command line."""
    found = this_python() if version is None else find(version)
    if found is None:
        raise Stop(
            f"No Python {version} was found on PATH or among pyenv's: install it, "
            "or leave out --python."
        )
    return found


def unpack(*packages: str) -> None:
    """Unpack Debian packages into `.dev/debian`: that needs no root and changes no system."""
    if all((DEBIAN / name).exists() for name in packages):
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Stop(
            f"Python or its C headers are incomplete here: install what your system calls "
            f"{' and '.join(packages)} (on Debian), then run this again."
        )
    say(f"Fetching {', '.join(packages)} from Debian into {DEBIAN.relative_to(TOP)}")
    failed = (
        f"Debian's {' and '.join(packages)} could not be fetched: check the network and apt's "
        "sources, or install that yourself, then run this again."
    )
    with tempfile.TemporaryDirectory(dir=DEV) as folder:
        for part in ("lists/partial", "archives/partial"):
            Path(folder, part).mkdir(parents=True)
        options = [f"Dir::State={folder}", f"Dir::Cache={folder}", "APT::Sandbox::User=root"]
        options += ["Dir::State::status=/var/lib/dpkg/status"]
        apt = ["apt-get", "-qq", *(f"-o{option}" for option in options)]
        call([*apt, "update"], failed)
        for name in packages:
            fetch = f"cd {shlex.quote(folder)} && {shlex.join([*apt, 'download', name])}"
            call(["sh", "-c", fetch], failed)
            for archive in Path(folder).glob("*.deb"):
                call(["dpkg-deb", "-x", str(archive), str(DEBIAN)], failed)
                archive.unlink()
            (DEBIAN / name).touch()


def search_paths(python: Interpreter) -> dict[str, str]:
    """Return the variables that make a C compiler see what `unpack` brought."""
    include = DEBIAN / "usr/include"
    found = {
        "CPATH": [include / f"python{python.version}", include, *include.glob("*-linux-gnu*")],
        "LIBRARY_PATH": [*(DEBIAN / "usr/lib").glob("*-linux-gnu*")],
    }
    paths = {}
    for name, folders in found.items():
        parts = [os.environ.get(name, ""), *(str(path) for path in folders if path.exists())]
        paths[name] = os.pathsep.join(filter(None, parts))
    return {name: value for name, value in paths.items() if value}


def compile_error(python: Interpreter) -> str:
    """Build an empty extension module; return what the compiler has against it."""
    compiler = shlex.split(os.environ.get("CC") or python.compiler)
    if not shutil.which(compiler[0]):
        raise Stop(
            f"No C compiler was found ({compiler[0]}): install gcc (Debian: apt-get install gcc, "
            "macOS: xcode-select --install), then run this again."
        )
    flags = ["-shared", "-fPIC", f"-I{python.include}", "-xc", "-", "-o", os.devnull]
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]
    env = child_env(**search_paths(python))
    built = subprocess.run(
        [*compiler, *flags], input=HEADERS, capture_output=True, text=True, env=env
    )
    return built.stderr.strip() if built.returncode else ""


def prepare_compiler(python: Interpreter) -> None:
    """Make sure that C extensions can be built; fetch the headers that the system lacks."""
    if compile_error(python):
        unpack(f"libpython{python.version}-dev")
    if compile_error(python):  # gcc without what Debian recommends beside it
        unpack("libc6-dev", "linux-libc-dev", "libcrypt-dev")
        for script in DEBIAN.glob("usr/lib/*/lib[cm].so"):  # linker scripts name absolute paths
            text = script.read_text(encoding="ascii")
            script.write_text(text.replace(" /usr/lib/", f" {DEBIAN}/usr/lib/"), encoding="ascii")
    error = compile_error(python)
    if error:
        raise Stop(
            f"The C compiler cannot build a Python extension ({error.splitlines()[0]}): "
            "install gcc with its C library headers and Python's headers, then run this again."
        )


@dataclass(frozen=True)
class Environment:
    """A virtual environment of ours with one build of japy in it."""

    python: Interpreter
    mode: str

    @property
    def folder(self) -> Path:
        """Return where it lies."""
        return DEV / f"{self.mode}-{self.python.version}"

    @property
    def title(self) -> str:
        """Return what to call it when speaking to a person."""
        core = "compiled" if self.mode == "compiled" else "interpreted"
        return f"{core} core, Python {self.python.version}"

    def program(self, name: str) -> str:
        """Return the path of a program installed in it."""
        return str(self.folder / "bin" / name)

    def env(self, **more: str) -> dict[str, str]:
        """Return the variables of a child process that belongs in it."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", os.defpath)])
        return child_env(PATH=path, **search_paths(self.python), **more)

    def prepare(self) -> Environment:
        """Install japy and all that its tests need, unless that is done already; return self."""
        DEV.mkdir(exist_ok=True)
        stamp = self.folder / "made-of"
        with locked():
            wanted = self._made_of()
            if stamp.exists() and stamp.read_text() == wanted and self._is_intact():
                return self
            stamp.unlink(missing_ok=True)
            prepare_compiler(self.python)
            self._create()
            self._install()
            stamp.write_text(wanted)  # not of now: files may have been edited meanwhile
        return self

    def _made_of(self) -> str:
        """Return the fingerprint of everything that this environment was made from."""
        names = ["pyproject.toml", "setup.py", "MANIFEST.in", "japy/_pico_build.py"]
        names += ["vendor/picohttpparser/fetch.py", "vendor/picohttpparser/SHA256SUMS"]
        if self.mode == "compiled":  # installed as copies, so every file counts
            found = (path for path in TOP.glob("japy/**/*") if path.suffix in {".py", ".pyi"})
            names += sorted(str(path.relative_to(TOP)) for path in found)
        total = hashlib.sha256(f"{self.python.identity} {self.folder}\0".encode())
        for name in names:
            total.update(f"{name}\0".encode())
            total.update((TOP / name).read_bytes())
        return total.hexdigest()

    def _is_intact(self) -> bool:
        """Return whether no other build in the checkout has spoilt this one."""
        stale = [*TOP.glob("japy/core/**/*.so"), *TOP.glob("japy__mypyc.*")]
        return self.mode == "compiled" or (not stale and any(TOP.glob("japy/_pico.*so")))

    def _create(self) -> None:
        made_by = self.folder / "made-by"
        maker = f"{self.python.identity} {self.folder}"  # scripts in it name where it lies
        if made_by.exists() and made_by.read_text() == maker:
            return
        failed = f"{self.python.path} could not make a virtual environment in {self.folder}."
        create = [self.python.path, "-m", "venv", "--clear", str(self.folder)]
        if self.python.has_pip:
            call(create, failed)
        else:
            unpack("python3-pip-whl")
            wheel = next(DEBIAN.glob("usr/share/python-wheels/pip-*.whl"))
            call([*create, "--without-pip"], failed)
            pip = [self.program("python"), f"{wheel}/pip"]
            call([*pip, "install", "-q", "--no-index", str(wheel)], failed)
        made_by.write_text(maker)

    def _install(self) -> None:
        say(f"Installing japy ({self.title}) into {self.folder.relative_to(TOP)}: takes minutes")
        pure = self.mode == "pure"
        pip = [self.program("python"), "-m", "pip", "install", "-q"]
        call(
            [*pip, *(["-e", "."] if pure else ["."]), *requirements(pure)],
            "pip could not install japy and what it needs (its reasons are above): "
            "check the network and pip's configuration, then run this again.",
            self.env(**({"JAPY_PURE": "1"} if pure else {})),
        )


def requirements(pure: bool) -> list[str]:
    """Return the dependency groups of pyproject.toml, which older pips do not know."""
    import tomllib  # not there before 3.11, where this file only prints a sentence

    groups = tomllib.loads((TOP / "pyproject.toml").read_text())["dependency-groups"]
    return [*groups["test"], *(groups["lint"] + groups["docs"] if pure else [])]


@contextmanager
def locked() -> Iterator[None]:
    """Keep two of us from building in the same folders at once."""
    with (DEV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class Tally:
    """What pytest counted, over one or more runs."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: bool = False  # pytest ended in a way that its counts do not show

    def add(self, report: Path, status: int) -> None:
        """Add one run: its JUnit report and pytest's exit status (5: nothing was selected)."""
        self.broken = self.broken or status not in (0, 5)
        if not report.exists():
            return
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            count = {name: int(value) for name, value in suite.items() if value.isdigit()}
            failed = count["failures"] + count["errors"]
            self.failed += failed
            self.skipped += count["skipped"]
            self.passed += count["tests"] - failed - count["skipped"]

    def close(self) -> int:
        """Print the closing line; return the exit status."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}", flush=True)
        return 0 if self.passed and not self.failed and not self.broken else 1


def run_tests(pythons: Sequence[Interpreter], modes: Sequence[str], args: Sequence[str]) -> int:
    """Run pytest in every mode on every Python; what is marked `once` only in the first."""
    debian.get(child_env())
    tally = Tally()
    environments = [Environment(python, mode) for python in pythons for mode in modes]
    for environment in environments:
        environment.prepare()
        say(f"Tests: {environment.title}")
        report = environment.folder / "report.xml"
        report.unlink(missing_ok=True)
        once = [] if environment is environments[0] else ["-m", "not once"]
        # `python -m pytest` would import the checkout instead of what is installed
        command = [environment.program("pytest"), f"--junit-xml={report}", *once, *args]
        status = subprocess.run(command, cwd=TOP, env=environment.env(JAPY_EXPECT=environment.mode))
        tally.add(report, status.returncode)
    return tally.close()


def command_run(args: list[str]) -> int:
    """Serve the hello app; arguments go to `japy run`."""
    environment = Environment(this_python(), "compiled").prepare()
    os.chdir(TOP)
    command = [environment.program("japy"), "run", HELLO, *args]
    os.execve(command[0], command, environment.env())


def command_test(args: list[str]) -> int:
    """Run all tests in both modes; arguments not listed here go to pytest."""
    parser = argparse.ArgumentParser("dev.py test", description=command_test.__doc__)
    parser.add_argument("--mode", choices=MODES, help="only with this core")
    parser.add_argument("--python", metavar="X.Y", help="with this Python, not the one running")
    options, rest = parser.parse_known_args(args)
    return run_tests([chosen(options.python)], [options.mode] if options.mode else MODES, rest)


def command_versions(args: list[str]) -> int:
    """Run all tests in both modes on every supported Python found; other arguments go to pytest."""
    parser = argparse.ArgumentParser("dev.py versions", description=command_versions.__doc__)
    parser.add_argument("--others", action="store_true", help="leave out the Python running this")
    parser.add_argument("--newest", action="store_true", help="of those, only the newest")
    parser.add_argument("--mode", choices=MODES, help="only with this core")
    options, rest = parser.parse_known_args(args)
    here = this_python()
    pythons = [] if options.others else [here]
    pythons += filter(None, (find(version) for version in VERSIONS if version != here.version))
    if options.newest:
        pythons = sorted(pythons, key=lambda python: int(python.version.partition(".")[2]))[-1:]
    say(f"Found Python {', '.join(python.version for python in pythons) or 'nowhere else'}")
    modes = [options.mode] if options.mode else MODES
    return run_tests(pythons, modes, rest) if pythons else 0


def command_lint(args: list[str]) -> int:
    """Check style and types: ruff and mypy --strict; takes no arguments."""
    environment = Environment(this_python(), "pure").prepare()
    status = 0
    for name, *rest in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        say(" ".join([name, *rest]))
        program = [environment.program(name), *rest, *args]
        status |= subprocess.run(program, cwd=TOP, env=environment.env()).returncode
    return status


def command_docs(args: list[str]) -> int:
    """Build the documentation site into `site/`; arguments go to `mkdocs build`."""
    environment = Environment(this_python(), "pure").prepare()
    program = [environment.program("mkdocs"), "build", "--strict", *args]
    env = environment.env(NO_MKDOCS_2_WARNING="1")  # or the theme prints an advertisement
    return subprocess.run(program, cwd=TOP, env=env).returncode


def command_bench(args: list[str]) -> int:
    """Measure under load, or run another folder of bench (`bench micro`); arguments go to it."""
    named = bool(args) and (TOP / "bench" / args[0] / "__main__.py").exists()
    name, *rest = args if named else ["load", *args]
    environment = Environment(this_python(), "compiled").prepare()
    if name == "micro":  # compares the two modes
        Environment(this_python(), "pure").prepare()
    program = [environment.program("python"), str(TOP / "bench" / name), *rest]
    return subprocess.run(program, cwd=TOP, env=environment.env()).returncode


def command_fuzz(args: list[str]) -> int:
    """Search for inputs that break a promise of japy's, for `--minutes`; arguments go to fuzz."""
    return command_bench([str(TOP / "fuzz"), *args])


def command_conformance(args: list[str]) -> int:
    """Hold japy, or a server at `--url`, to RFC 9112 and 9110; arguments go to tests/rfc."""
    return subprocess.run([sys.executable, "tests/rfc", *args], cwd=TOP, env=child_env()).returncode


COMMANDS = {
    "run": command_run,
    "test": command_test,
    "versions": command_versions,
    "lint": command_lint,
    "docs": command_docs,
    "bench": command_bench,
    "fuzz": command_fuzz,
    "conformance": command_conformance,
}


def usage() -> str:
    """Return the help text."""
    lines = [f"  {name:12} {command.__doc__}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: python3 dev.py COMMAND [ARGUMENT ...]", "", *lines])


def check_platform() -> None:
    """Go on only where japy can run; hand over to a newer Python if this one is too old."""
    if sys.platform == "win32":
        raise Stop("japy runs on Linux and macOS: on Windows use WSL.")
    if sys.hexversion >= 0x030B0000:
        return
    for version in VERSIONS:
        path = shutil.which(f"python{version}")
        if path and look_at(path):
            os.execv(path, [path, *sys.argv])
    raise Stop(
        f"japy needs Python {VERSIONS[0]} or newer, this is {sys.version.split()[0]}: "
        f"install python{VERSIONS[0]}, then run this again."
    )


def main(argv: list[str]) -> int:
    """Run one command; return its exit status."""
    if not argv or argv[0] not in COMMANDS:
        asked = bool(argv) and argv[0] in {"-h", "--help", "help"}
        print(usage(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        check_platform()
        return COMMANDS[argv[0]](argv[1:])
    except Stop as stop:
        print(f"dev.py: {stop}", file=sys.stderr)
    except OSError as error:
        print(f"dev.py: {error}: run this in a copy that you may write to.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
