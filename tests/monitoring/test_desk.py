"""Desk: clients that are served by somebody who polls, and who may be as slow as they like."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from japy.monitoring.desk import ASK_S, CLIENTS, INBOX, NEVER, PART_S, READ_S, Desk, Guest
from japy.settings.bind import Bind
from japy.supervisor.listener import open_listening


class Hall:
    """A desk that answers lines by themselves, and what goes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_open = True  # whether clients are let in
        self.guests: list[Guest] = []
        listening = open_listening(Bind("unix", path=str(path)), 0o600)
        self.desk = Desk(listening, self._serve, lambda client: self.is_open)

    def _serve(self, guest: Guest) -> None:
        self.guests.append(guest)
        if guest.inbox == b"wait\n":
            guest.wait()
        elif guest.inbox == b"fail\n":
            raise LookupError("on purpose")
        elif guest.inbox.endswith(b"\n") or guest.has_ended:
            guest.answer(guest.inbox)

    def connect(self) -> socket.socket:
        """Return a client that was let in."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(str(self.path))
        self.turn()
        return client

    def turn(self, now: float | None = None) -> None:
        """Do what a loop does, once, without waiting."""
        poll = select.poll()
        self.desk.register(poll)
        for number, events in poll.poll(0):
            self.desk.handle(number, events)
        self.desk.look(time.monotonic() if now is None else now)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """Return a desk."""
    hall = Hall(tmp_path / "x.sock")
    yield hall
    hall.desk.close()


def count(hall: Hall) -> int:
    """Return how many clients there are."""
    return len(hall.desk._guests)


def test_a_client_is_answered_and_then_closed(hall: Hall) -> None:
    with hall.connect() as client:
        client.sendall(b"hel")
        hall.turn()
        client.sendall(b"lo\n")
        hall.turn()
        assert client.recv(100) == b"hello\n"
        assert client.recv(100) == b""
        client.sendall(b"ignored\n")
        hall.turn()
        assert hall.desk.due() <= time.monotonic() + PART_S
    hall.turn()
    assert count(hall) == 0
    assert hall.desk.due() == NEVER


def test_a_half_closed_client_is_answered(hall: Hall) -> None:
    with hall.connect() as client:
        client.sendall(b"no line")
        client.shutdown(socket.SHUT_WR)
        hall.turn()
        hall.turn()
        assert client.recv(100) == b"no line"


def test_a_large_answer_goes_as_it_is_read(hall: Hall) -> None:
    with hall.connect() as client:
        client.sendall(b"x\n")
        hall.turn()
        data = b"y" * (4 << 20)
        with hall.connect() as slow:
            slow.sendall(b"wait\n")
            hall.turn()
            assert hall.desk.due() <= time.monotonic() + READ_S  # that of the other
            hall.guests[-1].answer(data)
            got = 0
            while got < len(data):
                hall.turn()
                got += len(slow.recv(1 << 16))


@pytest.mark.parametrize(("line", "seconds"), [(b"", ASK_S), (b"x\n", PART_S)])
def test_time_is_limited(hall: Hall, line: bytes, seconds: float) -> None:
    with hall.connect() as client:
        client.sendall(line or b"x")
        hall.turn()
        now = time.monotonic()
        hall.turn(now + seconds - 0.5)
        assert count(hall) == 1
        hall.turn(now + seconds + 0.5)
        assert count(hall) == 0


def test_who_waits_for_us_stays_and_may_leave(hall: Hall) -> None:
    with hall.connect() as client:
        client.sendall(b"wait\n")
        hall.turn()
        hall.turn(time.monotonic() + 1e6)
        assert hall.guests[-1] in hall.desk
    hall.turn()
    assert hall.guests[-1] not in hall.desk


def test_who_sends_too_much_is_closed(hall: Hall) -> None:
    with hall.connect() as client:
        client.sendall(b"x" * (2 * INBOX))
        for _ in range(4):
            hall.turn()
        assert count(hall) == 0


def test_there_is_room_for_who_comes(hall: Hall) -> None:
    clients = [hall.connect() for _ in range(CLIENTS + 5)]
    assert count(hall) == CLIENTS
    clients[-1].sendall(b"x\n")
    hall.turn()
    assert clients[-1].recv(100) == b"x\n"
    assert clients[0].recv(100) == b""  # the first that came had to go
    for client in clients:
        client.close()


def test_who_is_not_admitted_is_closed(hall: Hall) -> None:
    hall.is_open = False
    with hall.connect() as client:
        assert client.recv(1) == b""
    assert count(hall) == 0


def test_a_failure_of_ours_is_logged(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    with hall.connect() as client:
        client.sendall(b"fail\n")
        hall.turn()
        assert client.recv(1) == b""
    assert "LookupError: on purpose" in caplog.text


def test_without_files_to_open_nobody_is_accepted_for_a_while(
    hall: Hall, no_files: Callable[[], None]
) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(hall.path))
        no_files()
        hall.turn()
        assert hall.desk.due() > time.monotonic()
        poll = select.poll()
        hall.desk.register(poll)
        assert not poll.poll(0)  # it would turn round and round


@pytest.fixture
def no_files() -> Iterator[Callable[[], None]]:
    """Return what takes the files away that this process may open."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_child_closes_without_removing(hall: Hall) -> None:
    with hall.connect() as client:
        hall.desk.forget()
        assert client.recv(1) == b""
    assert hall.path.exists()
    hall.desk.close()
    assert not hall.path.exists()
