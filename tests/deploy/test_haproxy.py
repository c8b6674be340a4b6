"""Behind HAProxy, in both modes: deploys lose nothing, and addresses are true."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.front import NEEDS_HAPROXY, free_port, haproxy
from tests.deploy.house import CLIENT, ask, asked, go_on, house, lost
from tests.deploy.page import changed, options
from tests.support.server import Server

HTTP, TCP = "haproxy.cfg", "haproxy-tcp.cfg"
ROUNDS = 6


@dataclass
class Stand:
    """A house behind HAProxy."""

    server: Server
    address: tuple[str, int]


@contextmanager
def stand(folder: Path, file: str, *more: str) -> Iterator[Stand]:
    """Serve the house with HAProxy in front."""
    port, bind = free_port(), f"127.0.0.1:{free_port()}"
    places = [("127.0.0.1:8001", bind), ("bind :80", f"bind 127.0.0.1:{port}")]
    with (
        house(folder, bind, *options(file), *more) as server,
        haproxy(folder / "haproxy", changed(file, *places), ("127.0.0.1", port)),
    ):
        yield Stand(server, ("127.0.0.1", port))


@NEEDS_HAPROXY
@pytest.mark.parametrize("file", [HTTP, TCP])
def test_a_rolling_deploy_loses_nothing(folder: Path, file: str) -> None:
    with stand(folder, file, "--workers", "2") as it, asked(it.address) as clients:
        for count in range(ROUNDS):
            it.server.process.send_signal(signal.SIGHUP)
            it.server.wait_for("Accepting connections on ", count=count + 2)
            go_on(clients)
    assert lost(clients) == []


@NEEDS_HAPROXY
@pytest.mark.parametrize("file", [HTTP, TCP])
def test_connections_are_used_again(folder: Path, file: str) -> None:
    with stand(folder, file, "--workers", "1") as it:
        assert len(set(ask(it.address, 50, "/connection"))) == 1


@NEEDS_HAPROXY
@pytest.mark.parametrize("file", [HTTP, TCP])
def test_the_address_of_the_client_arrives_and_not_what_it_invents(folder: Path, file: str) -> None:
    with stand(folder, file) as it:
        (answer,) = ask(it.address)
        assert answer.startswith(f"http, from {CLIENT}, by ")


@NEEDS_HAPROXY
def test_in_tcp_mode_nothing_is_served_to_who_does_not_say_for_whom_it_asks(folder: Path) -> None:
    with stand(folder, TCP) as it:
        it.server.wait_ready()
        with pytest.raises(ConnectionError):
            it.server.get()
