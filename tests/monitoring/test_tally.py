"""Tally: what is counted, in another process, and that clients cannot make it grow."""

import mmap
import os
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application, Request, Response
from japy.monitoring.tally import (
    AREA,
    BOUNDS,
    MANY,
    OTHER,
    REST,
    SUM,
    UNMATCHED,
    Labels,
    Tally,
    join,
    read,
)
from tests.support.handlers import get
from tests.support.wire import Server


def user(request: Request) -> Response:
    return Response("user", int(request.query.get("code", "200")))


def served(tally: Tally) -> Server:
    """Return a server whose answers are counted."""
    app = Application()
    app.router.add_route("/users/{id}", user)
    return Server(app, journal=tally)


def area() -> mmap.mmap:
    """Return the memory of a worker."""
    return mmap.mmap(-1, AREA)


def test_answers_are_counted_by_route_method_and_status() -> None:
    memory = area()
    with served(Tally(memory)) as server:
        for path in ("/users/1", "/users/2", "/users/3?code=404", "/none", "/other"):
            server.connect().send(get(path))
        server.connect().send(b"BREW /users/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        server.connect().send(b"no request\r\n\r\n")
    found = {labels: sum(numbers[:SUM]) for labels, numbers in read(memory)}
    assert found == {
        REST: 0,
        Labels("GET", "200", "/users/{id}"): 2,
        Labels("GET", "404", "/users/{id}"): 1,
        Labels("GET", "404", UNMATCHED): 2,
        Labels(OTHER, "200", "/users/{id}"): 1,
        Labels(OTHER, "400", UNMATCHED): 1,
    }


class Fake:
    """What a tally looks at of requests and responses."""

    def __init__(self, route: str, method: str = "GET", code: int = 200, took_s: float = 0) -> None:
        self.pattern = route
        self.route = self
        self.method = method
        self.code = code
        self.arrival = time.monotonic() - took_s

    def put(self, tally: Tally) -> None:
        """Have it counted."""
        tally.note(self, self)  # type: ignore[arg-type]  # it has what is looked at


def test_durations_fall_into_their_buckets() -> None:
    memory = area()
    tally = Tally(memory)
    for bound in BOUNDS:
        Fake("/", took_s=bound * 0.6 if bound > 0.005 else 0).put(tally)
    Fake("/", took_s=60).put(tally)
    _, (_, numbers) = read(memory)
    assert sum(numbers[:SUM]) == len(BOUNDS) + 1
    assert numbers[SUM - 1] == 1
    assert 60e9 < numbers[SUM] < 90e9


def test_what_was_counted_outlives_a_kill() -> None:
    memory = area()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        tally = Tally(memory)
        for _ in range(1000):
            Fake("/").put(tally)
        os.write(writer, b"x")
        signal.pause()
    os.read(reader, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    counts: dict[Labels, tuple[int, ...]] = {}
    join(counts, memory)
    join(counts, memory)
    assert {labels: sum(numbers[:SUM]) for labels, numbers in counts.items()} == {
        Labels("GET", "200", "/"): 2000
    }


def test_a_full_area_counts_the_rest_together() -> None:
    memory = area()
    tally = Tally(memory)
    for number in range(10_000):
        Fake(f"/{number}").put(tally)
    found = list(read(memory))
    assert 3000 < len(found) < 10_000
    assert sum(sum(numbers[:SUM]) for _, numbers in found) == 10_000
    assert sum(found[0][1][:SUM]) == 10_000 - len(found) + 1
    assert found[0][0] == REST


def test_labels_of_the_dead_are_limited() -> None:
    counts = {Labels("GET", "200", f"/{number}"): (1,) * (SUM + 1) for number in range(MANY)}
    for number in range(3):
        memory = area()
        Fake(f"/new/{number}").put(Tally(memory))
        join(counts, memory)
    assert len(counts) == MANY + 1
    assert sum(counts[REST][:SUM]) == 3


def test_what_cannot_be_counted_is_told(caplog: pytest.LogCaptureFixture) -> None:
    Fake("/", code="none").put(Tally(area()))  # type: ignore[arg-type]  # as users do
    assert "could not be counted" in caplog.text


@given(st.text(), st.integers())
def test_any_label_comes_back(route: str, code: int) -> None:
    memory = mmap.mmap(-1, 4096)
    Fake(route, code=code).put(Tally(memory))
    *_, (labels, _) = read(memory)
    text = route.encode(errors="replace").decode()
    assert labels == Labels("GET", str(code), text)
