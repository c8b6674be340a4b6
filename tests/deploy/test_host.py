"""Several hosts behind one balancer: one is stopped, or dies, and the others serve on.

Hosts are addresses of the loopback network, or, as root on Linux, network namespaces of their own.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.front import NEEDS_HAPROXY, NEEDS_NGINX, free_port, haproxy, nginx
from tests.deploy.house import Address, asked, go_on, house, lost
from tests.deploy.network import BALANCER, network, within
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


@dataclass(frozen=True)
class Place:
    """Where a host is.

    Args:
        bind: what it listens on.
        address: how the balancer reaches it.
        words: what stands in front of a command that is to run there.
    """

    bind: str
    address: str
    words: Sequence[str] = ()


class Hosts:
    """Three hosts that run the house, and the balancer's address, for them and for clients."""

    def __init__(self, folder: Path, stack: ExitStack, places: list[Place], proxy: str) -> None:
        self.address: Address = ""
        self._folder = folder
        self._stack = stack
        self._places = places
        self._proxy = proxy
        self.servers = [self._start(place) for place in places]

    def restart(self, number: int) -> None:
        """Start a host again that has ended."""
        self.servers[number] = self._start(self._places[number])

    def _start(self, place: Place) -> Server:
        words = [*options("hosts.cfg"), "--workers", "2"]
        words[words.index("--forwarded-allow-ips") + 1] = self._proxy
        words[words.index("--shutdown-delay") + 1] = f"{DELAY_S}s"
        return self._stack.enter_context(house(self._folder, place.bind, *words, more=place.words))


def balancer_of(
    file: str, folder: Path, places: Sequence[Place], front: Address, *words: str
) -> AbstractContextManager[None]:
    """Return the balancer of the page, before hosts at other places."""
    changes = [(f"{name}:8001", place.address) for name, place in zip(NAMES, places, strict=True)]
    content = changed(file, *changes)
    here = front if isinstance(front, str) else f"{front[0]}:{front[1]}"
    if file == "hosts.conf":
        here = f"unix:{here}" if isinstance(front, str) else here
        rest = files()["nginx.conf"].partition("\nserver {")[2]
        rest = rest.replace("listen 80;", f"listen {here};")
        rest = rest.replace("proxy_pass", "proxy_connect_timeout 2s;\n        proxy_pass")
        return nginx(folder / "nginx", f"{content}\nserver {{{rest}", front, *words)
    before = files()["haproxy.cfg"].partition("\nbackend house")[0] + "\n"
    return haproxy(
        folder / "haproxy", before.replace("bind :80", f"bind {here}") + content, front, *words
    )


@contextmanager
def started(
    folder: Path, file: str, places: list[Place], front: Address, proxy: str, *words: str
) -> Iterator[Hosts]:
    """Run three hosts and their balancer."""
    with ExitStack() as stack:
        hosts = Hosts(folder, stack, places, proxy)
        stack.enter_context(balancer_of(file, folder, places, front, *words))
        hosts.address = front
        yield hosts
        for server in hosts.servers:
            server.process.kill()  # or each waits for its delay


@contextmanager
def on_addresses(folder: Path, file: str) -> Iterator[Hosts]:
    """Run hosts on addresses of the loopback network."""
    binds = [f"127.0.0.{number}:{free_port(f'127.0.0.{number}')}" for number in (11, 12, 13)]
    places = [Place(bind, bind) for bind in binds]
    with started(folder, file, places, ("127.0.0.1", free_port()), "127.0.0.1") as hosts:
        yield hosts


@contextmanager
def on_network(folder: Path, file: str) -> Iterator[Hosts]:
    """Run hosts on a network, with the page's addresses."""
    with network(NAMES) as is_there:
        if not is_there:
            pytest.skip("needs root, iproute2, and a system that lets us have networks")
        places = [Place("0.0.0.0:8001", f"{name}:8001", within(name)) for name in NAMES]
        front, words = str(folder / "front"), within(BALANCER)
        with started(folder, file, places, front, BALANCER, *words) as hosts:
            yield hosts


KINDS = [on_addresses, on_network]
Kind = Callable[[Path, str], AbstractContextManager[Hosts]]


def served_by(clients: Sequence[object]) -> set[str]:
    """Return which workers have answered."""
    return {text for client in clients for text in getattr(client, "seen", ())}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", BALANCERS)
def test_a_host_that_is_stopped_loses_nothing(folder: Path, file: str, kind: Kind) -> None:
    with kind(folder, file) as three, asked(three.address) as clients:
        go_on(clients)
        for number, server in enumerate(three.servers):
            server.process.terminate()
            assert server.wait() == 0
            go_on(clients)
            three.restart(number)
            go_on(clients)
    assert lost(clients) == []
    assert len(served_by(clients)) >= 6  # each of the three, before and after


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", BALANCERS)
def test_a_host_that_dies_loses_what_it_had_in_hand(folder: Path, file: str, kind: Kind) -> None:
    with kind(folder, file) as three, asked(three.address) as clients:
        go_on(clients)
        os.killpg(three.servers[0].process.pid, signal.SIGKILL)  # workers, too: the power is gone
        go_on(clients)
        go_on(clients)
    assert len(lost(clients)) <= len(clients)


@pytest.mark.parametrize("file", BALANCERS)
def test_a_master_that_dies_loses_nothing_but_itself(folder: Path, file: str) -> None:
    with on_addresses(folder, file) as three, asked(three.address) as clients:
        go_on(clients)
        master = three.servers[0]
        master.process.kill()
        master.wait()  # the workers have ended as well: they hold its output
        go_on(clients)
    assert len(lost(clients)) <= len(clients)
