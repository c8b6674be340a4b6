"""Places: whose socket is which, and where the kernel sends who comes."""

import os
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import BindError
from japy.supervisor.place import Places, splits

HERE = Bind("tcp", "127.0.0.1", 0)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only there each worker has a socket")


def arrivals(places: Places, slots: int, count: int = 60) -> list[int]:
    """Connect several times; return how many came to each slot."""
    sockets = [places.at(slot)[0].socket for slot in range(slots)]
    clients = [socket.create_connection(sockets[0].getsockname()) for _ in range(count)]
    found = [len(accepted(one)) for one in sockets]
    for client in clients:
        client.close()
    return found


def accepted(listener: socket.socket) -> Sequence[int]:
    """Accept who waits; return their ports."""
    ports: list[int] = []
    while True:
        try:
            connection, address = listener.accept()
        except BlockingIOError:
            return ports
        ports.append(address[1])
        connection.close()


def test_one_worker_needs_one_socket() -> None:
    with Places([HERE], Config(), 1) as places:
        assert places.at(0) == places.at(5)
        assert places.others(0) == {}
        places.steer([0])
        places.drop(0)
        assert arrivals(places, 1) == [60]


@linux
def test_each_worker_has_a_socket_on_the_same_port() -> None:
    with Places([HERE], Config(), 3) as places:
        assert len({places.at(slot)[0].socket.fileno() for slot in range(3)}) == 3
        assert len({places.at(slot)[0].socket.getsockname() for slot in range(3)}) == 1
        assert set(places.others(1)) == {0, 2}
        counts = arrivals(places, 3)
        assert sum(counts) == 60
        assert min(counts) > 5


@linux
def test_who_comes_is_steered_to_who_is_there() -> None:
    with Places([HERE], Config(), 3) as places:
        places.steer([0, 2])
        assert arrivals(places, 3)[1] == 0
        places.steer([1])
        assert arrivals(places, 3) == [0, 60, 0]
        places.steer([0, 1, 2])
        assert min(arrivals(places, 3)) > 5


@linux
def test_slots_come_and_go() -> None:
    with Places([HERE], Config(), 2) as places:
        places.at(2)
        assert min(arrivals(places, 3)) > 5
        places.steer([0, 1])
        assert places.is_drained(2)
        with socket.create_connection(places.at(0)[0].socket.getsockname()):
            assert not (places.is_drained(0) and places.is_drained(1))
            accepted(places.at(0)[0].socket)
            accepted(places.at(1)[0].socket)
        copy = places.at(2)[0].socket.dup()  # as a worker has it
        places.drop(2)
        places.drop(0)  # not the last one: it stays
        places.steer([0, 1])
        assert sum(arrivals(places, 2)) == 60
        copy.close()


def test_two_servers_do_not_share_a_port_by_mistake() -> None:
    with Places([HERE], Config(), 2) as places:
        port = places.at(0)[0].socket.getsockname()[1]
        for count in (1, 2):
            with pytest.raises(BindError, match=f"Port {port} on 127.0.0.1 is in use"):
                Places([Bind("tcp", "127.0.0.1", port)], Config(), count)


@linux
def test_two_servers_share_a_port_on_request() -> None:
    config = Config(reuse_port="on")
    with Places([HERE], config, 1) as places:
        port = places.at(0)[0].socket.getsockname()[1]
        with Places([Bind("tcp", "127.0.0.1", port)], config, 1) as others:
            places.steer([])
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
            assert accepted(places.at(0)[0].socket)
            assert accepted(others.at(0)[0].socket)
            for client in clients:
                client.close()


def test_on_request_all_share_a_socket() -> None:
    assert not splits(Config(reuse_port="off"), 4)
    with Places([HERE], Config(reuse_port="off"), 4) as places:
        assert places.at(0) == places.at(3)


def test_several_places(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    binds = [HERE, Bind("unix", path=path, name="local")]
    with Places(binds, Config(uds_permissions=0o600), 2) as places:
        tcp, unix = places.at(1)
        assert (tcp.bind, unix.bind) == (binds[0], binds[1])
        assert unix == places.at(0)[1]
        assert places.urls()[1] == f"unix:{path}"
        assert places.titles()[1] == f"unix:{path} (local)"
        assert places.urls(0b11) == [places.urls()[0].replace("http", "tcp"), f"unix:{path}"]
        assert places.files == [path]
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
    assert not os.path.exists(path)


def test_a_place_that_cannot_be_had_leaves_no_other_open(tmp_path: Path) -> None:
    path = tmp_path / "s"
    (tmp_path / "file").touch()
    binds = [Bind("unix", path=str(path)), Bind("unix", path=str(tmp_path / "file"))]
    with pytest.raises(BindError, match="exists and is no socket"):
        Places(binds, Config(), 1)
    assert not path.exists()


def test_a_file_that_is_another_server_s_by_now_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Places([Bind("unix", path=str(path))], Config(), 1):
        path.unlink()
        path.touch()
    assert path.exists()
