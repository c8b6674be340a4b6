"""Programs of Debian's that tests use: where they are, and how to get them.

Knows apt, and `.dev/debian`, a folder in the checkout that packages are unpacked into. That needs
no root, changes no system and starts no service. Imported by `dev.py`, so standard library only,
and Python 3.7 can still read it.

Invariant: what cannot be had is no error. The tests that need it skip, and say what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DEV = TOP / ".dev"
UNPACKED = DEV / "debian"  # root of the packages unpacked for this checkout
FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # that an ordinary user has not on PATH
CLIENTS = ("curl", "wrk")  # what some tests drive the server with
PROXIES = ("nginx", "haproxy")  # what stands in front of it in others


def find(name: str) -> str | None:
    """Return the path of a program, installed or unpacked; None if it is not there."""
    folders = [*os.get_exec_path(), *FOLDERS]
    folders += [str(UNPACKED / folder) for folder in ("usr/bin", "usr/sbin")]
    return shutil.which(name, path=os.pathsep.join(folders))


def environment(command: Sequence[str]) -> dict[str, str]:
    """Return our environment for a command: what was unpacked has its libraries there, too."""
    env = dict(os.environ)
    if any(word.startswith(str(UNPACKED)) for word in command):
        libraries = [str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu*")]
        env["LD_LIBRARY_PATH"] = os.pathsep.join([*libraries, env.get("LD_LIBRARY_PATH", "")])
    return env


def get(env: Mapping[str, str]) -> None:
    """Get what is missing: clients are installed if we are root, proxies always unpacked.

    To install a proxy would start it, on port 80 of the machine.
    """
    clients = [name for name in CLIENTS if not find(name)]
    proxies = [name for name in PROXIES if not find(name)]
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return
    if clients and not os.geteuid():
        say(f"Installing {' and '.join(clients)} for the tests that use them")
        if not install(clients, env):
            say(f"{' and '.join(clients)} could not be installed: the tests that need them skip")
    if proxies:
        say(f"Fetching {' and '.join(proxies)} from Debian into {UNPACKED.relative_to(TOP)}")
        if not unpack(proxies, env):
            say(f"{' and '.join(proxies)} could not be fetched: the tests that need them skip")


def install(packages: Sequence[str], env: Mapping[str, str]) -> bool:
    """Install packages as root; tell whether that has worked."""
    commands = (["update"], ["install", "-y", "--no-install-recommends", *packages])
    return all(run(["apt-get", "-qq", *command], env) for command in commands)


def unpack(packages: Sequence[str], env: Mapping[str, str]) -> bool:
    """Unpack packages, and what they need that the system lacks; tell whether that has worked."""
    DEV.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(DEV)) as folder:
        for part in ("lists/partial", "archives/partial"):
            Path(folder, part).mkdir(parents=True)
        options = [f"Dir::State={folder}", f"Dir::Cache={folder}", "APT::Sandbox::User=root"]
        options += ["Dir::State::status=/var/lib/dpkg/status", "Debug::NoLocking=1"]
        apt = ["apt-get", "-qq", *(f"-o{option}" for option in options)]
        download = ["install", "-y", "--download-only", "--no-install-recommends", *packages]
        if not run([*apt, "update"], env) or not run([*apt, *download], env):
            return False
        archives = sorted(Path(folder, "archives").glob("*.deb"))
        unpacked = [run(["dpkg-deb", "-x", str(one), str(UNPACKED)], env) for one in archives]
        return bool(unpacked) and all(unpacked)


def run(command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Run a command; tell whether it has worked."""
    env = {**env, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=env, stdout=2).returncode == 0


def say(text: str) -> None:
    """Print a line before what a child process prints."""
    print(f"== {text}", flush=True)
