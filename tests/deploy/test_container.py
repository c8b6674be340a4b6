"""The container file: read as Docker reads it, and its command run as process 1."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.cli.option import collect
from japy.cli.serve import run
from tests.deploy.front import free_port
from tests.deploy.house import asked, go_on, house_files, lost
from tests.deploy.page import files
from tests.support.server import DEADLINE_S, Server, eventually, launched

FILE = "Dockerfile"
KNOWN = {
    *("FROM", "RUN", "COPY", "ENV", "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL", "CMD"),
    *("ARG", "LABEL", "ENTRYPOINT", "HEALTHCHECK", "VOLUME", "ADD", "ONBUILD", "SHELL"),
}
# What a container has: processes of its own, a root that it cannot write to, and its user, who has
# no rights but the files' owner's.
APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "sh", "-c"]
INSIDE = """
mount -o remount,bind,ro / || exit 99
user=$0 && group=$1 && shift && exec unshare --user --map-user=$user --map-group=$group "$@"
"""


def steps() -> list[tuple[str, str]]:
    """Return the instructions of the file and what they say."""
    found = []
    for line in files()[FILE].replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.append((name, rest))
    return found


def last(name: str) -> str:
    """Return what the last stage says by an instruction."""
    at = max(i for i, (word, _) in enumerate(steps()) if word == "FROM")
    return [rest for word, rest in steps()[at:] if word == name][-1]


def command() -> list[str]:
    """Return what the container runs."""
    words: list[str] = json.loads(last("CMD"))
    return words


def test_every_instruction_is_one() -> None:
    assert {name for name, _ in steps()} <= KNOWN
    assert steps()[0][0] == "FROM"
    assert len(files()[FILE].splitlines()) == len(steps()) + 1  # an empty line between stages


def test_what_is_copied_between_stages_is_there() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", files()[FILE], re.MULTILINE)
    assert set(re.findall(r"--from=(\w+)", files()[FILE])) == set(stages)
    assert "/venv/bin" in last("ENV")  # where the first stage has put it


def test_nobody_in_it_is_root_and_it_is_stopped_by_what_japy_stops_at() -> None:
    user, _, group = last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert signal.Signals[last("STOPSIGNAL")] == signal.SIGTERM


def test_its_command_is_one_of_japy() -> None:
    assert command()[:2] == ["japy", "run"]
    config = collect(run.make_context("run", command()[2:]).params, is_alone=True).config
    assert (config.target, config.workers) == ("house:app", "auto")
    assert [bind.port for bind in config.binds] == [int(last("EXPOSE"))]
    assert str(config.binds[0]).startswith("0.0.0.0:")  # else nobody outside could reach it


def has_apart() -> bool:
    """Tell whether this system lets us have what a container has."""
    if os.geteuid() or not shutil.which("unshare"):
        return False
    probe = subprocess.run([*apart(), "true"], capture_output=True, timeout=DEADLINE_S)
    return probe.returncode == 0


def apart() -> list[str]:
    """Return the words in front of a command that is to run as in the container."""
    return [*APART, INSIDE, *last("USER").split(":")]


@pytest.fixture
def container(folder: Path) -> Iterator[tuple[Server, int, tuple[str, int]]]:
    """Run the command as in a container; return who runs it, its process 1 and where it listens."""
    if not has_apart():
        pytest.skip("needs root, unshare, and a system that lets us have a process 1")
    house_files(folder)
    port = free_port()
    words = [sys.executable, "-m", *command()]
    words[words.index("--bind") + 1] = f"127.0.0.1:{port}"
    words += ["--workers", "2"]
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    with launched([*apart(), *words], folder, env) as server:
        server.wait_for("Accepting connections on ")
        (master,) = server.children()
        yield server, master, ("127.0.0.1", port)
        if server.process.poll() is None:
            os.kill(master, signal.SIGKILL)
            server.process.wait()


def status(pid: int, name: str) -> list[str]:
    """Return a line of what the kernel says of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    (value,) = re.findall(rf"^{name}:\s+(.*)$", text, re.MULTILINE)
    return str(value).split()


def test_it_runs_as_process_1_of_an_ordinary_user_on_a_system_that_it_cannot_write_to(
    container: tuple[Server, int, tuple[str, int]],
) -> None:
    server, master, address = container
    assert status(master, "NSpid")[-1] == "1"
    assert Path(f"/proc/{master}/uid_map").read_text().split()[0] == last("USER").split(":")[0]
    assert status(master, "CapEff") == ["0" * 16]
    assert re.search(r"^\S+ / \S+ ro\b", Path(f"/proc/{master}/mounts").read_text(), re.MULTILINE)
    with asked(address) as clients:
        for count in range(3):
            os.kill(master, signal.SIGHUP)
            server.wait_for("Accepting connections on ", count=count + 2)
            go_on(clients)
    assert lost(clients) == []
    os.kill(master, signal.SIGTERM)
    assert server.wait() == 0


def test_process_1_replaces_workers_that_are_killed(
    container: tuple[Server, int, tuple[str, int]],
) -> None:
    server, master, _ = container
    children = Path(f"/proc/{master}/task/{master}/children")
    workers = set(children.read_text().split())
    for pid in workers:
        os.kill(int(pid), signal.SIGKILL)
    server.wait_for("crashed on signal SIGKILL", count=2)
    eventually(lambda: len(set(children.read_text().split()) - workers) == 2)
    assert not workers & set(children.read_text().split())
    os.kill(master, signal.SIGTERM)
    assert server.wait() == 0
