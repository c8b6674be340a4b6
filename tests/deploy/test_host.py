"""Several hosts behind one balancer: one is stopped, or dies, and the others serve on.

Hosts are addresses of the loopback network, or, as root on Linux, network namespaces of their own.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.deploy.front import NEEDS_HAPROXY, NEEDS_NGINX, free_port, haproxy, nginx
from tests.deploy.house import asked, go_on, house, lost, tell_to_stop
from tests.deploy.page import changed, files, options
from tests.support.server import Server

NAMES = ("192.0.2.11", "192.0.2.12", "192.0.2.13")  # of the hosts, in the page
DELAY_S = 3  # more than two checks, and less than in the page
BALANCERS = [
    pytest.param("hosts.cfg", marks=NEEDS_HAPROXY),
    pytest.param("hosts.conf", marks=NEEDS_NGINX),
]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere 127.0.0.11 has to be set up first"
)


class Hosts:
    """Three hosts that run the house."""

    def __init__(self, folder: Path, stack: ExitStack, binds: Sequence[str]) -> None:
        self._folder = folder
        self._stack = stack
        self.binds = binds
        self.servers = [self._start(bind) for bind in binds]

    def restart(self, number: int) -> None:
        """Start a host again that has ended."""
        self.servers[number] = self._start(self.binds[number])

    def _start(self, bind: str) -> Server:
        words = [*options("hosts.cfg"), "--workers", "2"]
        words[words.index("--forwarded-allow-ips") + 1] = "127.0.0.1"
        words[words.index("--shutdown-delay") + 1] = f"{DELAY_S}s"
        return self._stack.enter_context(house(self._folder, bind, *words))


def balancer_of(
    file: str, folder: Path, binds: Sequence[str], port: int
) -> "contextlib.AbstractContextManager[None]":
    """Return the balancer of the page, before hosts at other places."""
    changes = [(f"{name}:8001", bind) for name, bind in zip(NAMES, binds, strict=True)]
    content = changed(file, *changes)
    if file == "hosts.conf":
        rest = files()["nginx.conf"].partition("\nserver {")[2]
        rest = rest.replace("listen 80;", f"listen 127.0.0.1:{port};")
        rest = rest.replace("proxy_pass", "proxy_connect_timeout 2s;\n        proxy_pass")
        return nginx(folder / "nginx", f"{content}\nserver {{{rest}", ("127.0.0.1", port))
    before = files()["haproxy.cfg"].partition("\nbackend house")[0] + "\n"
    before = before.replace("bind :80", f"bind 127.0.0.1:{port}")
    return haproxy(folder / "haproxy", before + content, ("127.0.0.1", port))


@contextmanager
def hosts(folder: Path, file: str) -> Iterator[tuple[Hosts, tuple[str, int]]]:
    """Run three hosts and their balancer."""
    binds = [f"127.0.0.{number}:{free_port(f'127.0.0.{number}')}" for number in (11, 12, 13)]
    port = free_port()
    with ExitStack() as stack:
        three = Hosts(folder, stack, binds)
        stack.enter_context(balancer_of(file, folder, binds, port))
        yield three, ("127.0.0.1", port)
        for server in three.servers:
            server.process.kill()  # or each waits for its delay


def served_by(clients: Sequence[object]) -> set[str]:
    """Return which workers have answered."""
    return {text for client in clients for text in getattr(client, "seen", ())}


@pytest.mark.parametrize("file", BALANCERS)
def test_a_host_that_is_stopped_loses_nothing(folder: Path, file: str) -> None:
    with hosts(folder, file) as (three, address), asked(address) as clients:
        go_on(clients)
        for number, server in enumerate(three.servers):
            tell_to_stop(server, folder)
            assert server.wait() == 0
            go_on(clients)
            three.restart(number)
            go_on(clients)
    assert lost(clients) == []
    assert len(served_by(clients)) >= 6  # each of the three, before and after


@pytest.mark.parametrize("file", BALANCERS)
def test_a_host_that_dies_loses_what_it_had_in_hand(folder: Path, file: str) -> None:
    with hosts(folder, file) as (three, address), asked(address) as clients:
        go_on(clients)
        os.killpg(three.servers[0].process.pid, signal.SIGKILL)  # workers, too: the power is gone
        go_on(clients)
        go_on(clients)
    assert len(lost(clients)) <= len(clients)


@pytest.mark.parametrize("file", BALANCERS)
def test_a_master_that_dies_loses_nothing_but_itself(folder: Path, file: str) -> None:
    with hosts(folder, file) as (three, address), asked(address) as clients:
        go_on(clients)
        master = three.servers[0]
        master.process.kill()
        master.wait()  # the workers have ended as well: they hold its output
        go_on(clients)
    assert len(lost(clients)) <= len(clients)
