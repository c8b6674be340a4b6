"""The listener: which address is bound, and what is said when it cannot be."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from japy.settings.bind import Bind
from japy.supervisor.listener import (
    BindError,
    explain,
    inherit,
    listen,
    open_bind,
    overlap,
    url,
)


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """Return a listening socket of somebody else's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_ipv4(host: str) -> None:
    with listen(host, 0, 8) as listener:
        assert listener.family is socket.AF_INET
        port = listener.getsockname()[1]
        expected = "0.0.0.0" if host == "0.0.0.0" else "127.0.0.1"
        assert url(listener) == f"http://{expected}:{port}"
        with socket.create_connection(("127.0.0.1", port)):
            pass


@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_ipv6(host: str) -> None:
    try:
        listener = listen(host, 0, 8)
    except BindError:
        pytest.skip("this machine has no IPv6")
    with listener:
        port = listener.getsockname()[1]
        assert url(listener) == f"http://[{host.strip('[]')}]:{port}"
        with socket.create_connection(("::1", port)):
            pass


def test_a_port_is_free_again_at_once() -> None:
    with listen("127.0.0.1", 0, 8) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            connection, _ = listener.accept()
            connection.close()  # the side that closes first keeps the address for a while
            assert client.recv(1) == b""
    listen("127.0.0.1", port, 8).close()


HOLD = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("word", ["x", b"caf\xe9"])  # the latter is no UTF-8
def test_a_port_in_use_is_explained_with_its_holder(word: str | bytes) -> None:
    command = [sys.executable, "-c", HOLD, word]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        with pytest.raises(BindError) as caught:
            listen("127.0.0.1", port, 8)
        holder.communicate(timeout=20)
    text = str(caught.value)
    assert text.startswith(f"Port {port} on 127.0.0.1 is in use by ")
    assert text.endswith(": stop it, or choose another port (--port 0 takes any free one).")
    if sys.platform == "linux":
        assert f"pid {holder.pid} (" in text


@pytest.mark.skipif(sys.platform != "linux", reason="who listens is told by /proc")
def test_a_port_that_is_ours_is_not_to_be_stopped(taken: socket.socket) -> None:
    with pytest.raises(BindError, match=r"is in use by this process itself: name each port once"):
        listen("127.0.0.1", taken.getsockname()[1], 8)


def test_a_name_without_address() -> None:
    with pytest.raises(BindError, match=r"^Host 'no-such-host.invalid' cannot be resolved \("):
        listen("no-such-host.invalid", 0, 8)
    with pytest.raises(BindError, match="cannot be resolved"):
        listen("a" * 100 + ".invalid", 0, 8)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(BindError, match=r"^192\.0\.2\.1 is no address of this machine: use"):
        listen("192.0.2.1", 0, 8)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "Port 80 needs privileges that this user lacks: choose a port from 1024 on"),
        (errno.EADDRINUSE, "Port 80 on localhost is in use by "),
        (errno.ENOBUFS, "Port 80 on localhost cannot be listened on (No buffer"),
    ],
)
def test_every_failure_has_a_sentence(number: int, text: str) -> None:
    assert explain(OSError(number, os.strerror(number)), "localhost", 80).startswith(text)


# Unix sockets.


def unix(path: Path, permissions: int = 0o660) -> socket.socket:
    """Return a socket that listens at a path."""
    return open_bind(Bind("unix", path=str(path)), 8, permissions)


def test_a_unix_socket_has_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with unix(path, 0o640) as listener:
        assert path.stat().st_mode & 0o777 == 0o640
        assert url(listener) == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_what_a_dead_server_has_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    unix(path).close()
    assert path.is_socket()
    unix(path).close()


def test_what_a_living_server_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with unix(path), pytest.raises(BindError, match="is in use by another server: stop it"):
        unix(path)
    assert path.is_socket()


def test_what_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(BindError, match="exists and is no socket"):
        unix(path)
    assert path.read_text() == "precious"


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(BindError, match="cannot be listened on"):
        unix(tmp_path / "missing" / "s")


# Inherited descriptors.


def test_a_socket_that_somebody_has_opened(taken: socket.socket) -> None:
    number = os.dup(taken.fileno())
    os.set_inheritable(number, True)
    with open_bind(Bind("fd", number=number), 8) as listener:
        assert listener.getsockname() == taken.getsockname()
        assert not listener.get_inheritable()
        assert not listener.getblocking()


def test_a_socket_that_does_not_listen() -> None:
    with socket.socket() as other, pytest.raises(BindError, match="does not listen: pass"):
        inherit(other.fileno())


def test_no_socket() -> None:
    with open(os.devnull) as file, pytest.raises(BindError, match="is no socket: pass"):
        inherit(file.fileno())
    with pytest.raises(BindError, match="File descriptor 999999 is no socket"):
        inherit(999999)


def test_what_is_accepted_is_known_to_be_tcp() -> None:
    with listen("127.0.0.1", 0, 8) as listener:  # else asyncio leaves Nagle's algorithm on
        assert listener.proto == socket.IPPROTO_TCP


HOSTS = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"]


@pytest.mark.parametrize("other", HOSTS)
@pytest.mark.parametrize("one", HOSTS)
def test_which_addresses_overlap_is_what_the_system_says(one: str, other: str) -> None:
    with listen(one, 0, 8) as listener:
        port = listener.getsockname()[1]
        try:
            listen(other, port, 8).close()
            is_free = True
        except BindError:
            is_free = False
    assert overlap((one, port), (other, port)) is not is_free
    assert not overlap((one, port), (other, port + 1))
    assert not overlap((one, 0), (other, 0))
