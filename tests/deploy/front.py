"""What stands in front of japy: nginx and HAProxy with a configuration of the page, as processes.

Knows how to start them on free ports of loopback addresses. Refuses to know what is in the
configuration: `page.py` reads that.
"""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.lossless.client import Address, connect
from tests.support import debian
from tests.support.server import eventually

NGINX, HAPROXY = debian.find("nginx"), debian.find("haproxy")
NEEDS_NGINX = pytest.mark.skipif(NGINX is None, reason="nginx is not there: apt-get install nginx")
NEEDS_HAPROXY = pytest.mark.skipif(
    HAPROXY is None, reason="haproxy is not there: apt-get install haproxy"
)
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
AROUND = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temporary}
    {site}
}}
"""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def answers(address: Address) -> bool:
    """Tell whether somebody listens at an address."""
    with contextlib.suppress(OSError), connect(address):
        return True
    return False


@contextmanager
def process(command: list[str], folder: Path, address: Address) -> Iterator[None]:
    """Run a program until the block ends; enter that once it listens."""
    log = folder / "output.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, env=debian.environment(command)
        ) as child,
    ):
        try:
            eventually(lambda: answers(address) or child.poll() is not None)
            assert child.poll() is None, log.read_text()
            yield
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


@contextmanager
def nginx(folder: Path, site: str, address: Address, *within: str) -> Iterator[None]:
    """Run nginx with a site, which listens at an address, behind the words of `within`."""
    assert NGINX is not None
    folder.mkdir()
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # others would not get into the folder
    around = AROUND.format(folder=folder, user=user, temporary=paths, site=site)
    config.write_text(around, encoding="utf-8")
    command = [
        *within,
        NGINX,
        "-c",
        str(config),
        "-e",
        str(folder / "error.log"),
        "-p",
        str(folder),
    ]
    with process(command, folder, address):
        yield


@contextmanager
def haproxy(folder: Path, config: str, address: Address, *within: str) -> Iterator[None]:
    """Run HAProxy, which listens at an address, behind the words of `within`."""
    assert HAPROXY is not None
    folder.mkdir()
    file = folder / "haproxy.cfg"
    file.write_text(config, encoding="utf-8")
    with process([*within, HAPROXY, "-db", "-f", str(file)], folder, address):
        yield
