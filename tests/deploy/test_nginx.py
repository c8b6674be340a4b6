"""Behind nginx: no request is lost in a deploy, connections are used again, addresses are true."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from japy import Limits
from japy.settings.config import Config
from tests.deploy.front import NEEDS_NGINX, free_port, nginx
from tests.deploy.house import CLIENT, ask, asked, go_on, house, lost
from tests.deploy.page import changed, files, options
from tests.support.server import Server

TCP, UNIX = "127.0.0.1:8001", "unix:/run/house/japy.sock"
ROUNDS = 6


@dataclass
class Stand:
    """A house behind nginx."""

    server: Server
    address: tuple[str, int]


def site(upstream: str, port: int, *changes: tuple[str, str]) -> str:
    """Return the page's site with one of its upstreams, as the page says to put them together."""
    rest = files()["nginx.conf"].partition("\nserver {")[2]
    content = files()[upstream].partition("\nserver {")[0] + "\nserver {" + rest
    for old, new in (("listen 80;", f"listen 127.0.0.1:{port};"), *changes):
        assert old in content
        content = content.replace(old, new)
    return content


@contextmanager
def stand(folder: Path, kind: str, *more: str, without: str = "") -> Iterator[Stand]:
    """Serve the house over TCP or a Unix socket, with nginx in front."""
    port = free_port()
    place, upstream = (TCP, "nginx.conf") if kind == "tcp" else (UNIX, "nginx-unix.conf")
    bind = f"127.0.0.1:{free_port()}" if kind == "tcp" else f"unix:{folder}/japy.sock"
    changes = [(place, bind), *([(without, "")] if without else [])]
    with (
        house(folder, bind, *options(upstream), *more) as server,
        nginx(folder / "nginx", site(upstream, port, *changes), ("127.0.0.1", port)),
    ):
        yield Stand(server, ("127.0.0.1", port))


@NEEDS_NGINX
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_rolling_deploy_loses_nothing(folder: Path, kind: str) -> None:
    with stand(folder, kind, "--workers", "2") as it, asked(it.address) as clients:
        for count in range(ROUNDS):
            it.server.process.send_signal(signal.SIGHUP)
            it.server.wait_for("Accepting connections on ", count=count + 2)
            go_on(clients)
    assert lost(clients) == []


@NEEDS_NGINX
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_connections_are_used_again(folder: Path, kind: str) -> None:
    with stand(folder, kind, "--workers", "1") as it:
        assert set(ask(it.address, 50, "/connection")) == {"0"}


@NEEDS_NGINX
@pytest.mark.parametrize(
    "line", ["keepalive 32;", "proxy_http_version 1.1;", 'proxy_set_header Connection "";']
)
def test_each_line_that_the_page_wants_for_that_is_needed(folder: Path, line: str) -> None:
    with stand(folder, "tcp", "--workers", "1", without=line) as it:
        assert len(set(ask(it.address, 10, "/connection"))) == 10


@NEEDS_NGINX
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_the_address_of_the_client_arrives_and_not_what_it_invents(folder: Path, kind: str) -> None:
    with stand(folder, kind) as it:
        (answer,) = ask(it.address)
        assert answer.startswith(f"http, from {CLIENT}, by ")


@NEEDS_NGINX
def test_a_field_that_is_appended_to_tells_no_invented_address_either(folder: Path) -> None:
    port, bind = free_port(), f"127.0.0.1:{free_port()}"
    append = ("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for")
    content = site("nginx.conf", port, (TCP, bind), append)
    with (
        house(folder, bind, *options("nginx.conf")),
        nginx(folder / "nginx", content, ("127.0.0.1", port)),
    ):
        (answer,) = ask(("127.0.0.1", port))
        assert answer.startswith(f"http, from {CLIENT}, by ")


def test_the_numbers_fit() -> None:
    config = Config()
    for name in ("nginx.conf", "nginx-unix.conf", "hosts.conf"):
        found = re.search(r"keepalive_timeout (\d+)s;", files()[name])
        assert found is not None
        assert float(found[1]) < config.drain_s
        assert float(found[1]) < 75  # --timeout-keep-alive
    megabytes = re.search(r"client_max_body_size (\d+)m;", changed("nginx.conf"))
    assert megabytes is not None
    assert int(megabytes[1]) << 20 == Limits().body
