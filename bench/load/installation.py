"""Where peers live: environments and builds under bench/.cache, made once.

Knows interpreters, venv, pip and Debian's Go. Refuses to know what runs in an environment.

Invariants:
- Nothing is installed outside bench/.cache; what pip and compilers say goes to a log there.
- An environment is made again when its requirements or its interpreter have changed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load.process import child_env

BENCH = Path(__file__).resolve().parents[1]
CACHE = BENCH / ".cache"
SERVERS = Path(__file__).with_name("servers")
GOPATH = "/usr/share/gocode"  # where Debian's golang-*-dev packages put sources
INSTALL_S = 600
ASK_S = 30


class Unavailable(Exception):
    """A reason why a peer cannot run here, and what to do; for a person."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that environments can be made of."""

    path: str
    version: str  # "3.11.7"

    @property
    def minor(self) -> str:
        """Return the version without its last part."""
        return self.version.rpartition(".")[0]


def ask(command: Sequence[str], folder: Path = BENCH, **env: str) -> str | None:
    """Return what a command prints; None when it is not there or fails."""
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            env=child_env(**env),
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def call(command: Sequence[str], log: Path, **env: str) -> bool:
    """Run a command that may take long; return whether it worked."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        try:
            ran = subprocess.run(
                command,
                env=child_env(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USER="0", **env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=INSTALL_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            output.write(f"{error}\n".encode())
            return False
    return ran.returncode == 0


def look_at(path: str) -> Interpreter | None:
    """Ask an executable which Python it is; a pyenv shim of a version not chosen is none."""
    version = ask([path, "-c", "import platform; print(platform.python_version())"])
    return Interpreter(path, version) if version else None


def find_python(minor: str) -> Interpreter | None:
    """Return the first working Python of a version on PATH or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [*os.get_exec_path(), *map(str, sorted(pyenv.glob(f"{minor}*/bin")))]
    for folder in folders:
        path = shutil.which(f"python{minor}", path=folder)
        found = look_at(path) if path else None
        if found and found.minor == minor:
            return found
    return None


def this_python() -> Interpreter:
    """Return the Python that runs the bench."""
    return Interpreter(sys.executable, ".".join(map(str, sys.version_info[:3])))


def install_into(name: str, python: Interpreter, requirements: Sequence[str]) -> Path:
    """Return the interpreter of an environment with exactly these distributions."""
    folder = CACHE / f"{name}-{python.minor}"
    stamp = folder / "made-of"
    made_of = "\n".join([python.path, python.version, str(folder), *requirements])
    program = folder / "bin" / "python"
    if stamp.exists() and stamp.read_text() == made_of:
        return program
    CACHE.mkdir(exist_ok=True)
    log = CACHE / f"{folder.name}.log"
    log.unlink(missing_ok=True)
    create = [python.path, "-m", "venv", "--clear", str(folder)]
    pip = [str(program), "-m", "pip"]
    if not call(create, log):  # Debian's Python has no pip for environments: lend it ours
        call([*create, "--without-pip"], log)
        pip = [sys.executable, "-m", "pip", "--python", str(program)]
    if not call([*pip, "install", "-q", *requirements], log):
        raise Unavailable(
            f"{requirements[0]} could not be installed on CPython {python.version}: "
            f"bench/.cache/{log.name} says why"
        )
    stamp.write_text(made_of)
    return program


def install_beside(name: str, requirement: str) -> Path | None:
    """Return a folder with one distribution for this Python; None when it cannot be had."""
    folder = CACHE / f"{name}-{this_python().minor}"
    stamp = folder / "made-of"
    if stamp.exists() and stamp.read_text() == requirement:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    CACHE.mkdir(exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    if not call([*pip, requirement], CACHE / f"{folder.name}.log"):
        return None
    stamp.write_text(requirement)
    return folder


def build_go(source: Path) -> Path:
    """Return the program made of one Go file and Debian's packages of Go sources."""
    if not shutil.which("go"):
        raise Unavailable("Go is not installed: apt-get install golang-go")
    if not Path(GOPATH, "src/github.com/valyala/fasthttp").exists():
        raise Unavailable(
            "fasthttp is not installed: apt-get install golang-github-valyala-fasthttp-dev"
        )
    CACHE.mkdir(exist_ok=True)
    program = CACHE / source.stem
    log = CACHE / f"{source.stem}-build.log"
    log.unlink(missing_ok=True)
    env = {"GO111MODULE": "off", "GOPATH": GOPATH, "GOCACHE": str(CACHE / "go"), "GOFLAGS": ""}
    if not call(["go", "build", "-o", str(program), str(source)], log, **env):
        raise Unavailable(f"{source.name} could not be built: bench/.cache/{log.name} says why")
    return program
