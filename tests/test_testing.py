"""The test client: what it sends arrives, what it says is what happened, and it cleans up."""

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from http.cookies import SimpleCookie
from typing import Any, assert_type

import pytest

from japy import Application, Request, Response
from japy.testing import AnswerError, AsyncClient, ClientResponse, SyncClient, TestClient
from tests.support.ask import OnLoop


def hello(request: Request) -> Response:
    """Be a handler."""
    return request.Response("hello")


def fail(request: Request) -> Response:
    """Be a handler that fails."""
    raise KeyError("on purpose")


async def never(request: Request) -> Response:
    """Be a handler that does not answer."""
    await asyncio.Event().wait()
    raise AssertionError("not reached")


def app_of(**handlers: Callable[[Request], Any]) -> Application:
    """Return an application with a route for each name."""
    app = Application()
    for name, handler in handlers.items():
        app.router.add_route(f"/{name}", handler)
    return app


def run(app: OnLoop, main: Callable[[AsyncClient], Coroutine[Any, Any, None]]) -> None:
    """Run a test with a client, on the kind of loop that the application is to be on."""

    async def use() -> None:
        async with app.test_client() as client:
            await main(client)

    with asyncio.Runner(loop_factory=app.new_loop) as runner:
        runner.run(use())


# Asking.


def test_functions_ask() -> None:
    with app_of(hello=hello).test_client() as client:
        assert_type(client, SyncClient)
        answer = client.get("/hello")
        assert_type(answer, ClientResponse)
        assert (answer.code, answer.text) == (200, "hello")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["Date"].endswith(" GMT")


def test_coroutines_ask(app: OnLoop) -> None:
    app.router.add_route("/", hello)

    async def ask(client: AsyncClient) -> None:
        asked = client.get("/")
        assert (await assert_type(asked, Coroutine[Any, Any, ClientResponse])).text == "hello"
        assert (await client.request("GET", "/")).code == 200

    run(app, ask)


def test_every_thread_may_ask() -> None:
    found: list[str] = []

    def ask() -> None:
        with app_of(hello=hello).test_client() as client:
            found.append(client.get("/hello").text)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == ["hello"]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_each_method_has_its_function(method: str) -> None:
    def show(request: Request) -> Response:
        return request.Response(headers={"X-Method": request.method})

    app = Application()
    app.router.add_route("/", show)
    with app.test_client() as client:
        assert getattr(client, method)("/").headers["X-Method"] == method.upper()
        assert client.request(method.upper(), "/").headers["X-Method"] == method.upper()


def test_the_handler_gets_what_is_sent() -> None:
    def show(request: Request) -> Response:
        keys = (request.query, request.headers.get("X-Key"), request.cookies, request.body)
        return request.Response(json=[*keys[:3], (keys[3] or b"").decode()])

    with app_of(show=show).test_client() as client:
        client.headers["X-Key"] = "k"
        answer = client.post("/show", query={"a": "ä &"}, cookies={"c": "ü"}, body="text")
        assert answer.json == [{"a": "ä &"}, "k", {"c": "ü"}, "text"]


def test_forms_files_and_json() -> None:
    def form(request: Request) -> Response:
        files = request.files or {}
        uploads = {name: [file.name, file.type, file.body.decode()] for name, file in files.items()}
        return request.Response(json=[request.form, uploads])

    def double(request: Request) -> Response:
        return request.Response(json=request.json * 2)

    with app_of(form=form, double=double).test_client() as client:
        assert client.post("/form", form={"a": "1 &"}).json == [{"a": "1 &"}, {}]
        files: dict[str, Any] = {"f": ("ü.txt", b"content"), "g": ('"', b"", "image/png")}
        answer = client.post("/form", form={"a": "ä"}, files=files)
        f, g = ["ü.txt", "application/octet-stream", "content"], ['"', "image/png", ""]
        assert answer.json == [{"a": "ä"}, {"f": f, "g": g}]
        assert client.post("/double", json=[1, "ä"]).json == [1, "ä", 1, "ä"]


def test_answers_without_a_body_leave_the_connection_usable() -> None:
    app = app_of(hello=hello, nothing=lambda request: request.Response(code=204))
    with app.test_client() as client:
        answer = client.head("/hello")
        assert (answer.body, answer.headers["Content-Length"]) == (b"", "5")
        assert client.get("/nothing").code == 204
        assert client.get("/hello").text == "hello"
        assert client.get("/nowhere").code == 404


# Connections.


def test_a_connection_is_used_again_until_it_ends() -> None:
    seen: list[object] = []

    def note(request: Request) -> Response:
        seen.append(request.transport)
        return request.Response(headers={"Connection": "close"} if request.query else None)

    with app_of(note=note).test_client() as client:
        for target in ("/note", "/note?end=1", "/note"):
            client.get(target)
        client.get("/note", headers={"Connection": "close"})
        client.get("/note")
    assert [seen.index(transport) for transport in seen] == [0, 0, 2, 2, 4]


def test_requests_at_the_same_time_have_connections_of_their_own(app: OnLoop) -> None:
    seen: set[object] = set()
    gate = asyncio.Event()

    @app.get("/")
    async def meet(request: Request) -> Response:
        seen.add(request.transport)
        if len(seen) == 3:
            gate.set()
        await gate.wait()
        return request.Response(request.query["n"])

    async def ask(client: AsyncClient) -> None:
        answers = await asyncio.gather(*(client.get(f"/?n={n}") for n in range(3)))
        assert [answer.text for answer in answers] == ["0", "1", "2"]
        assert len(seen) == 3
        await client.get("/?n=3")
        assert len(seen) == 3

    run(app, ask)


def test_raw_bytes_get_raw_bytes() -> None:
    with app_of(hello=hello).test_client() as client:
        get = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
        assert client.raw(get + get).count(b"HTTP/1.1 200 OK\r\n") == 2
        assert client.raw(b"GET\r\n\r\n", eof=False).startswith(b"HTTP/1.1 400 ")
        assert client.raw(b"") == b""
        with pytest.raises(AnswerError, match=r"raw bytes: .* within 0 s; .* sent \d+ bytes"):
            client.raw(get, eof=False, timeout=0)


def test_a_handler_that_closes_the_connection() -> None:
    def close(request: Request) -> Response:
        transport: Any = request.transport
        transport.close()
        return request.Response("nobody gets this")

    with app_of(close=close, hello=hello).test_client() as client:
        with pytest.raises(AnswerError, match=r"GET /close: the connection was closed; .* nothing"):
            client.get("/close")
        assert client.get("/hello").text == "hello"


# Cookies and redirects.


def test_cookies_are_kept() -> None:
    def enter(request: Request) -> Response:
        cookies = SimpleCookie({"sid": "s 1"})
        return request.Response(cookies=cookies)

    def leave(request: Request) -> Response:
        cookies = SimpleCookie({"sid": ""})
        cookies["sid"]["max-age"] = 0
        return request.Response(cookies=cookies)

    def show(request: Request) -> Response:
        return request.Response(json=request.cookies)

    with app_of(enter=enter, leave=leave, show=show).test_client() as client:
        assert client.get("/enter").cookies == {"sid": "s 1"}
        assert client.cookies == {"sid": "s 1"}
        client.cookies["mine"] = "m"
        assert client.get("/show").json == {"sid": "s 1", "mine": "m"}
        assert client.get("/leave").cookies == {}
        assert client.get("/show").json == {"mine": "m"}


def test_redirects_are_followed_where_that_is_asked_for() -> None:
    def go(request: Request) -> Response:
        steps = int(request.query["n"])
        place = f"/go?n={steps - 1}" if steps else "/hello"
        return request.Response(code=303, headers={"Location": place})

    with app_of(go=go, hello=hello).test_client() as client:
        assert client.get("/go?n=1").code == 303
        answer = client.post("/go?n=1", body="x", follow_redirects=True)
        assert (answer.text, answer.method, answer.target) == ("hello", "GET", "/hello")
        assert [past.target for past in answer.history] == ["/go?n=1", "/go?n=0"]
        with pytest.raises(AnswerError, match=r"GET /go\?n=99: more than 20 redirects"):
            client.get("/go?n=99", follow_redirects=True)
    with app_of(go=go, hello=hello).test_client(follow_redirects=True) as client:
        assert client.get("/go?n=1").text == "hello"
        assert client.get("/go?n=1", follow_redirects=False).code == 303


# Failures.


def test_an_error_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    with app_of(fail=fail).test_client() as client:
        assert client.get("/fail").code == 500
    assert "GET /fail failed" in caplog.text


def test_an_error_is_raised_in_the_test_if_wanted() -> None:
    async def fail_later(request: Request) -> Response:
        await asyncio.sleep(0)
        raise KeyError("on purpose")

    app = app_of(hello=hello, fail=fail, later=fail_later)
    with app.test_client(raise_errors=True) as client:
        for target in ("/fail", "/later"):
            with pytest.raises(KeyError, match="on purpose"):
                client.get(target)
        assert client.get("/hello").text == "hello"
        assert client.get("/nowhere").code == 404
        with pytest.raises(KeyError, match="on purpose"):
            client.raw(b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n")
    assert app.watchers == []


def test_an_error_that_is_handled_is_not_raised() -> None:
    app = app_of(fail=fail)
    app.add_error_handler(KeyError, lambda request, error: request.Response("handled", 418))
    with app.test_client(raise_errors=True) as client:
        assert client.get("/fail").code == 418


def test_a_client_does_not_wait_for_ever() -> None:
    ended: list[bool] = []

    async def hang(request: Request) -> Response:
        try:
            return await never(request)
        finally:
            ended.append(True)

    with app_of(hang=hang, hello=hello).test_client(timeout=0.01) as client:
        with pytest.raises(AnswerError, match=r"GET /hang: no complete answer within 0\.01 s; the"):
            client.get("/hang")
        assert client.get("/hello", timeout=5).text == "hello"
        assert ended == [True]


def test_the_message_says_what_was_not_read(app: OnLoop) -> None:
    @app.get("/")
    async def stop_reading(request: Request) -> Response:
        transport: Any = request.transport
        transport.pause_reading()
        return request.Response("once")

    async def ask(client: AsyncClient) -> None:
        await client.get("/")
        with pytest.raises(AnswerError, match="sent nothing and has not read 36 bytes"):
            await client.get("/", timeout=0)

    run(app, ask)


def test_a_request_that_is_cancelled_cancels_its_handler(app: OnLoop) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @app.get("/")
    async def hang(request: Request) -> Response:
        begun.set()
        try:
            return await never(request)
        finally:
            ended.set()

    async def ask(client: AsyncClient) -> None:
        task = asyncio.create_task(client.get("/"))
        await begun.wait()
        task.cancel()
        await ended.wait()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(app, ask)


def test_leaving_ends_what_is_under_way(app: OnLoop, caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    begun = asyncio.Event()

    @app.get("/")
    async def hang(request: Request) -> Response:
        begun.set()
        try:
            return await never(request)
        finally:
            notes.append("handler")

    app.on_shutdown(lambda: notes.append("shutdown"))
    tasks: list[asyncio.Task[ClientResponse]] = []

    async def ask(client: AsyncClient) -> None:
        tasks.append(asyncio.create_task(client.get("/")))
        await begun.wait()

    async def use() -> ClientResponse:
        async with app.test_client() as client:
            await ask(client)
        return await tasks[0]

    with asyncio.Runner(loop_factory=app.new_loop) as runner:
        assert runner.run(use()).code == 503
    assert notes == ["handler", "shutdown"]


def test_a_function_cannot_wait_inside_of_a_loop() -> None:
    async def use() -> None:
        with app_of(hello=hello).test_client():
            pass

    with pytest.raises(RuntimeError, match="use `async with"):
        asyncio.run(use())


@pytest.mark.parametrize("name", ["get", "request", "cookies", "misspelt"])
def test_a_client_that_is_not_entered_says_so(name: str) -> None:
    client = app_of(hello=hello).test_client()
    with pytest.raises(AttributeError, match=rf"no '{name}': use `with app\.test_client\(\) as"):
        getattr(client, name)
    assert not hasattr(client, name)


def test_a_client_that_was_left_says_so() -> None:
    with app_of(hello=hello).test_client() as client:
        pass
    with pytest.raises(RuntimeError, match="inside of its with block"):
        client.get("/hello")


# The life of the application.


def test_hooks_run_around_the_requests(app: OnLoop) -> None:
    notes: list[str] = []
    name = contextvars.ContextVar("name", default="nobody")

    @app.lifespan
    async def live() -> AsyncIterator[None]:
        name.set("japy")
        notes.append("begin")
        async with asyncio.timeout(60):
            yield
        notes.append("end")

    async def work() -> None:
        await asyncio.sleep(0.01)
        notes.append("background")

    @app.get("/")
    async def ask_loop(request: Request) -> Response:
        notes.append(f"handler for {name.get()}")
        app.spawn(work())
        return request.Response(str(app.loop is asyncio.get_running_loop()))

    async def ask(client: AsyncClient) -> None:
        assert (await client.get("/")).text == "True"

    run(app, ask)
    assert notes == ["begin", "handler for japy", "background", "end"]
    with app.test_client() as client:
        assert client.get("/").text == "True"
    assert notes == ["begin", "handler for japy", "background", "end"] * 2
    assert app.loop is not client.app.lent_loop


def test_a_startup_that_fails_fails_the_test() -> None:
    app = app_of(hello=hello)
    app.on_startup(lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), app.test_client():
            pass
    assert app.lent_loop is None


def test_a_shutdown_that_fails_fails_the_test(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "japy.error")
    app = app_of(hello=hello)
    app.on_shutdown(lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ExceptionGroup, match="shut down"), app.test_client() as client:
            assert client.get("/hello").text == "hello"
    assert app.lent_loop is None


def test_one_client_at_a_time() -> None:
    app = app_of(hello=hello)
    notes: list[str] = []
    app.on_shutdown(lambda: notes.append("shutdown"))

    async def use() -> None:
        async with app.test_client() as client:
            with pytest.raises(RuntimeError, match="started already"):
                async with app.test_client():
                    pass
            assert (await client.get("/hello")).text == "hello"
            assert app.loop is asyncio.get_running_loop()

    asyncio.run(use())
    assert notes == ["shutdown"]


def test_a_factory_makes_clients_one_after_the_other() -> None:
    factory = TestClient(app_of(hello=hello))
    for _ in range(2):
        with factory as client:
            assert client.get("/hello").text == "hello"


def test_time_in_a_debugger_does_not_count() -> None:
    app = Application()

    @app.get("/")
    async def stop(request: Request) -> str:
        time.sleep(0.05)  # as a debugger does, it stops the whole loop
        return "at last"

    with app.test_client(timeout=0.01) as client:
        assert client.get("/").text == "at last"
