"""When a request came, for those who ask: its first byte counts, whatever else was read with it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from japy import Application, Limits, Request, Response
from tests.support.handlers import Held, get
from tests.support.wire import Server, Wire


class Diary:
    """A journal whose clock is set by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.noted: list[tuple[bytes, float, int]] = []  # line, arrival, status
        self.settled: list[int] = []  # answers noted so far, each time
        self.received: Callable[[], bytes] = bytes  # what the client has got
        self.early: list[bytes] = []  # that, when answers were noted

    def clock(self) -> float:
        return self.now

    def note(self, request: Request, response: Response) -> None:
        self.noted.append((request.line, request.arrival, response.code))
        self.early.append(self.received())

    def settle(self) -> None:
        self.settled.append(len(self.noted))

    def send(self, wire: Wire, now: float, data: bytes) -> None:
        """Have a connection read at a time."""
        self.now = now
        wire.send(data)


Serve = Callable[[Application], tuple[Diary, Wire]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return what serves an application and opens one connection."""
    with ExitStack() as stack:

        def serve(app: Application) -> tuple[Diary, Wire]:
            diary = Diary()
            server = stack.enter_context(Server(app, journal=diary))
            return diary, server.connect()

        yield serve


def hello() -> Application:
    app = Application()
    app.router.add_route("/{x}", lambda request: request.Response("hello"))
    return app


def run(wire: Wire) -> None:
    """Let what was released go on."""
    wire.send()


def arrivals(diary: Diary) -> list[float]:
    return [arrival for _, arrival, _ in diary.noted]


def test_requests_of_a_read_came_with_it_and_are_settled_once(serve: Serve) -> None:
    diary, wire = serve(hello())
    diary.received = lambda: wire.received
    diary.send(wire, 1.5, get("/a") + get("/b"))
    diary.send(wire, 2.5, get("/c"))
    assert diary.noted == [(b"GET /a", 1.5, 200), (b"GET /b", 1.5, 200), (b"GET /c", 2.5, 200)]
    assert [diary.early[0], diary.early[1]] == [b"", b""], "noted before they are written"
    assert diary.settled == [2, 3], "and settled after that"


def test_a_head_in_pieces_came_with_its_first_byte(serve: Serve) -> None:
    diary, wire = serve(hello())
    data = get("/a") + get("/b") + get("/c")
    begin = len(get("/a"))
    diary.send(wire, 1, data[: begin + 1])
    diary.send(wire, 2, data[begin + 1 : begin + 9])
    diary.send(wire, 3, data[begin + 9 :])
    assert arrivals(diary) == [1, 1, 3]


def test_a_body_does_not_change_when_its_request_came(serve: Serve) -> None:
    diary, wire = serve(hello())
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    diary.send(wire, 1, head + b"ab")
    diary.send(wire, 2, b"cd" + get("/b"))
    assert arrivals(diary) == [1, 2]


def test_an_empty_line_is_not_the_beginning_of_a_request(serve: Serve) -> None:
    diary, wire = serve(hello())
    diary.send(wire, 1, get("/a") + b"\r\n")
    diary.send(wire, 9, get("/b"))
    assert arrivals(diary) == [1, 9]


def test_a_handler_that_waits_keeps_when_its_request_came(serve: Serve) -> None:
    held = Held(Application())
    diary, wire = serve(held.app)
    diary.send(wire, 1, get("/wait/a"))
    diary.send(wire, 2, get("/wait/b"))
    assert diary.noted == []
    diary.now = 3
    held.release("b")()
    held.release("a")()
    run(wire)
    assert arrivals(diary) == [1, 2]
    assert diary.settled[-1] == 2


def test_what_waits_for_room_came_when_it_was_read(serve: Serve) -> None:
    held = Held(Application(limits=Limits(pipeline=1)))
    diary, wire = serve(held.app)
    diary.send(wire, 1, get("/wait/a") + get("/wait/b"))
    diary.now = 5
    held.release("a")()
    run(wire)
    held.release("b")()
    run(wire)
    assert arrivals(diary) == [1, 1]


def test_what_is_no_request_is_noted_too(serve: Serve) -> None:
    diary, wire = serve(hello())
    diary.send(wire, 1, b"GET /")
    diary.send(wire, 2, b"x y\r\n\r\n")
    assert diary.noted == [(b"- -", 1, 400)]


def test_without_a_journal_there_is_no_clock() -> None:
    with Server(hello()) as server:
        assert server.service.clock is None
        assert server.service.written is None


def test_a_journal_takes_the_place_of_the_default_logger_only() -> None:
    class Loud(Application):
        def default_request_logger(self, request: Request) -> None:
            seen.append("method")

    seen: list[str] = []
    apps = [
        Application(log_request=True),
        Application(log_request=lambda request: seen.append("function")),
        Loud(log_request=True),
        Loud(),
    ]
    for app in apps:
        app.router.add_route("/", lambda request: request.Response())
        diary = Diary()
        with Server(app, journal=diary) as server:
            server.exchange([get("/")])
        assert len(diary.noted) == 1
    assert seen == ["function", "method"]
