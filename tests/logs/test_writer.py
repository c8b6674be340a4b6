"""The writer: one write for what was gathered, and what happens where nothing can be written."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from japy.logs.writer import FLUSH_S, MAX_HELD, MUCH, PIECE, Writer, piece


class Timer:
    """What calls later: when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], object]]] = []

    def __call__(self, seconds: float, function: Callable[[], object]) -> None:
        self.calls.append((seconds, function))

    def ring(self) -> None:
        """Let the time of all calls come."""
        calls, self.calls = self.calls, []
        for _, function in calls:
            function()


@contextmanager
def no_longer_than(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a full disk does; nothing else is written meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is written, call by call, on its way to where it is written."""
    seen: list[bytes] = []
    write = os.write

    def watched(fd: int, data: bytes) -> int:
        seen.append(data)
        return write(fd, data)

    monkeypatch.setattr("japy.logs.writer.os.write", watched)
    return seen


@pytest.fixture
def pipe(path: Path) -> Iterator[int]:
    """Return the reading end of a named pipe."""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield fd
    os.close(fd)


def test_lines_are_gathered_and_written_at_once(
    path: Path, timer: Timer, writes: list[bytes]
) -> None:
    writer = Writer(path, timer)
    assert timer.calls == []
    writer.add("one")
    writer.add("two é")
    assert path.read_text() == ""
    ((seconds, _),) = timer.calls
    assert seconds == FLUSH_S
    timer.ring()
    assert path.read_text(encoding="utf-8") == "one\ntwo é\n"
    assert len(writes) == 1
    assert timer.calls == [], "an idle server has no timer"
    writer.add("three")
    writer.close()
    assert path.read_text(encoding="utf-8") == "one\ntwo é\nthree\n"
    timer.ring()
    writer.add("late")
    writer.close()
    assert len(writes) == 2


def test_much_is_written_before_its_time(path: Path, timer: Timer, writes: list[bytes]) -> None:
    writer = Writer(path, timer)
    for _ in range(MUCH // 100 + 1):
        writer.add("x" * 100)
    assert len(writes) == 1
    writer.close()


def test_a_file_is_appended_to(path: Path, timer: Timer) -> None:
    path.write_text("before\n")
    writers = [Writer(path, timer) for _ in range(3)]
    for round_ in range(3):
        for number, writer in enumerate(writers):
            writer.add(f"{round_} {number}")
            writer.flush()
    for writer in writers:
        writer.close()
    rounds = [f"{round_} {number}" for round_ in range(3) for number in range(3)]
    assert path.read_text().splitlines() == ["before", *rounds]


PROCESS = """
import sys
from pathlib import Path
from japy.logs.writer import Writer
writer = Writer(Path(sys.argv[1]), lambda seconds, function: None)
for number in range(2000):
    writer.add(sys.argv[2] * (number % 300 + 1))
    if number % 20 == 0:
        writer.flush()
writer.close()
"""


def test_several_processes_share_a_file(path: Path) -> None:
    command = [sys.executable, "-P", "-c", PROCESS, str(path)]
    processes = [subprocess.Popen([*command, letter]) for letter in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    lines = path.read_text().splitlines()
    assert len(lines) == 6000
    assert all(len(set(line)) == 1 for line in lines)


def test_a_file_is_opened_again_where_it_was(path: Path, timer: Timer) -> None:
    writer = Writer(path, timer)
    writer.add("old")
    moved = path.rename(path.with_suffix(".1"))
    writer.reopen()
    writer.add("new")
    writer.close()
    assert (moved.read_text(), path.read_text()) == ("old\n", "new\n")


def test_a_file_that_cannot_be_opened_again_goes_on(
    tmp_path: Path, timer: Timer, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    writer = Writer(folder / "access.log", timer)
    moved = folder.rename(tmp_path / "moved")
    writer.reopen()
    writer.add("line")
    writer.close()
    assert (moved / "access.log").read_text() == "line\n"
    assert "cannot be opened again (No such file or directory)" in caplog.text


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path, timer: Timer) -> None:
    with pytest.raises(FileNotFoundError):
        Writer(tmp_path / "none" / "access.log", timer)


def test_a_full_disk_keeps_lines_and_then_drops_whole_ones(
    path: Path, timer: Timer, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(path, timer)
    count = MAX_HELD // 1000 + 200
    with no_longer_than(1500):
        for number in range(count):
            writer.add(f"{number:08} " + "x" * 990)
            timer.ring()
        size = path.stat().st_size
    assert size == 1500, "as much as there was room for"
    (failure,) = caplog.messages
    assert "cannot be written (File too large)" in failure
    timer.ring()
    writer.add("again")
    writer.close()
    *lines, last = path.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [f"{n:08}" for n in range(len(lines))]
    assert {len(line) for line in lines} == {999}
    assert last == "again"
    assert f"has lost {count - len(lines)} lines" in caplog.messages[-1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_device_may_be_full_too(timer: Timer, caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer(Path("/dev/full"), timer)
    writer.add("line")
    timer.ring()
    timer.ring()
    (failure,) = caplog.messages
    assert "cannot be written (No space left on device): see to /dev/full" in failure
    writer.close()


def test_a_pipe_gets_whole_lines_and_is_never_waited_for(
    path: Path, pipe: int, timer: Timer, writes: list[bytes]
) -> None:
    writer = Writer(path, timer)
    for number in range(3000):
        writer.add(f"{number:08} " + "x" * (number % 200))
    writer.flush()
    received = b""
    assert timer.calls, "it tries again"
    while timer.calls:
        while data := read(pipe):
            received += data
        timer.ring()
    received += read(pipe)
    lines = received.decode().splitlines()
    assert [line.split()[0] for line in lines] == [f"{n:08}" for n in range(3000)]
    assert max(map(len, writes)) <= PIECE
    assert all(data.endswith(b"\n") for data in writes)
    writer.close()


def read(pipe: int) -> bytes:
    """Return what is in a pipe."""
    try:
        return os.read(pipe, 1 << 20)
    except BlockingIOError:
        return b""


def test_a_reader_that_is_gone_ends_nothing(
    path: Path, timer: Timer, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = Writer(path, timer)
    os.close(reader)
    writer.add("nobody reads this")
    timer.ring()
    writer.add("nor this")
    assert timer.calls == []
    writer.close()
    assert caplog.messages == []


def test_at_the_end_a_reader_gets_some_time(path: Path, pipe: int, timer: Timer) -> None:
    writer = Writer(path, timer)
    for _ in range(700):
        writer.add("x" * 99)
    writer.flush()
    os.set_blocking(pipe, True)
    received: list[bytes] = []

    def take() -> None:
        while data := os.read(pipe, 1 << 20):
            received.append(data)

    thread = threading.Thread(target=take)
    thread.start()
    writer.close()
    thread.join(20)
    assert len(b"".join(received)) == 70_000


def test_at_the_end_nobody_waits_for_long(
    path: Path, pipe: int, timer: Timer, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(path, timer)
    for _ in range(3000):
        writer.add("x" * 99)
    begin = time.monotonic()
    writer.close()
    assert time.monotonic() - begin < 5
    size = len(read(pipe))
    assert 0 < size < 300_000
    assert size % 100 == 0
    assert caplog.messages == [
        f"The access log has lost {3000 - size // 100} lines when their worker ended"
    ]


def test_standard_streams_are_not_opened(timer: Timer, capfd: pytest.CaptureFixture[str]) -> None:
    for place in (None, Path("/dev/stdout"), Path("/dev/stderr")):
        writer = Writer(place, timer)
        writer.add(str(place))
        writer.reopen()
        writer.close()
    assert capfd.readouterr() == ("None\n/dev/stdout\n", "/dev/stderr\n")


@pytest.mark.parametrize(
    ("data", "first"),
    [
        (b"a\n" * 10, b"a\n" * 10),
        (b"a\n" * PIECE, b"a\n" * (PIECE // 2)),
        (b"a" * PIECE + b"\nb\n", b"a" * PIECE + b"\n"),
        (b"a" * PIECE + b"b", b"a" * PIECE + b"b"),
    ],
)
def test_a_piece_is_whole_lines(data: bytes, first: bytes) -> None:
    assert piece(data) == first
