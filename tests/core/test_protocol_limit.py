"""How long a body may be: what the route says, or else the limit of all."""

from collections.abc import Callable

import pytest

from japy import Application, Limits, Request, Response, Router
from tests.support.wire import Server, read_answers

Serve = Callable[[Application], Server]


def echo(request: Request) -> Response:
    return request.Response(str(len(request.body or b"")))


def application() -> Application:
    """Return one with routes of several limits."""
    app = Application(limits=Limits(body=100))
    app.post("/default")(echo)
    app.post("/more", body_limit=1000)(echo)
    app.post("/less", body_limit=10)(echo)
    app.post("/none", body_limit=0)(echo)
    app.post("/p/{name}", body_limit=20)(echo)
    inner = Router()
    inner.post("/x", body_limit=30)(echo)
    app.include(inner, prefix="/inner")
    return app


def post(path: str, size: int, is_chunked: bool) -> bytes:
    """Return a POST with a body of so many bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()
    if not is_chunked:
        return head + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
    chunks = b"".join(b"5\r\n12345\r\n" for _ in range(size // 5))
    rest = b"%x\r\n%b\r\n" % (size % 5, b"x" * (size % 5)) if size % 5 else b""
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + rest + b"0\r\n\r\n"


PATHS = [
    *[("/default", 100), ("/more", 1000), ("/less", 10), ("/none", 0), ("/p/a", 20)],
    *[("/inner/x", 30), ("/nowhere", 100)],
]


@pytest.mark.parametrize(("path", "limit"), PATHS)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_of_the_limit_passes_and_one_more_byte_does_not(
    serve: Serve, path: str, limit: int, is_chunked: bool
) -> None:
    server = serve(application())
    received, is_closed = server.exchange_every_way(post(path, limit, is_chunked))
    (answer,) = read_answers(received)
    assert answer.status == (404 if path == "/nowhere" else 200)
    assert answer.body == (b"Not Found" if path == "/nowhere" else b"%d" % limit)
    assert not is_closed
    received, is_closed = server.exchange_every_way(post(path, limit + 1, is_chunked))
    (answer,) = read_answers(received)
    assert (answer.status, answer.body) == (413, b"content too large")
    assert is_closed


def test_an_announced_length_is_refused_before_it_comes(serve: Serve) -> None:
    server = serve(application())
    head, _, _ = post("/less", 11, False).partition(b"x" * 11)
    expecting = head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    for data in (head, expecting):
        received, is_closed = server.exchange([data])
        assert [answer.status for answer in read_answers(received)] == [413]
        assert is_closed


def test_a_converter_that_fails_is_answered_behind_the_body(serve: Serve) -> None:
    app = application()

    def fail(text: str) -> int:
        raise RuntimeError("on purpose")

    app.router.add_converter("odd", fail)
    app.post("/odd/{x:odd}")(echo)
    server = serve(app)
    received, is_closed = server.exchange([post("/odd/1", 3, False)])
    assert [answer.status for answer in read_answers(received)] == [500]
    assert not is_closed


@pytest.mark.parametrize(
    ("limit", "error"), [(-1, ValueError), ("1M", TypeError), (True, TypeError)]
)
def test_a_limit_that_is_none_is_refused(limit: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        Application().post("/", body_limit=limit)(echo)  # type: ignore[arg-type]  # what is tested
