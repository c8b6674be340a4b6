"""The answer to an error in debug mode: for a browser, for others, and never outside of it."""

import base64
import hashlib
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from japy import Application, Request, Response, __version__
from japy.debug.page import answer as answer_to
from japy.debug.page import prefers_html
from tests.support.handlers import get
from tests.support.html import Element, read_html
from tests.support.request import new_request
from tests.support.wire import Answer, Server, read_answers

SECRET = "hunter" + "2"  # in two pieces: the page shows source
EVIL = "<script>alert('x')</script>"
BROWSER = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HERE = __file__


def fail(request: Request) -> Response:
    """Be a handler that fails."""
    raise KeyError("on purpose")


def ask(data: bytes, handler: Any = fail, *, pattern: str = "/", debug: bool = True) -> Answer:
    """Return the answer of an application with one route."""
    app = Application(debug=debug)
    app.router.add_route(pattern, handler)
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([data]).received)
    return answer


def page_of(data: bytes, handler: Any = fail, *, pattern: str = "/") -> Element:
    """Return the page that a browser gets."""
    answer = ask(data, handler, pattern=pattern)
    assert (answer.status, answer.fields["Content-Type"]) == (500, "text/html; charset=utf-8")
    return read_html(answer.body.decode())


# For whom.


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "TEXT/HTML",
        "text/html;q=0.1",
        "text/html, */*",
        "text/html, text/plain",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "application/json, text/html;q=0.9, */*;q=0.1",
        "text/plain;q=0.5, text/html;q=0.6",
        "text/plain;q=0, text/html;q=0.1, */*",
        "text/html ; q=0.7 , text/* ; q=0.6",
        "text/html; level=1",
    ],
)
def test_browsers_get_a_page(accept: str) -> None:
    assert prefers_html(accept)
    assert ask(get("/", f"Accept: {accept}")).body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/*",
        "text/plain",
        "application/json",
        "application/json, text/plain, */*",
        "text/html;q=0",
        "text/html;q=0.000",
        "text/html;q=0.5, text/plain",
        "text/html;q=0.5, */*",
        "text/html;q=much",
        "application/xhtml+xml",
        ",;,;q=1",
        "text/htmlx",
    ],
)
def test_others_get_the_traceback(accept: str) -> None:
    assert not prefers_html(accept)
    answer = ask(get("/", f"Accept: {accept}"))
    assert (answer.status, answer.fields["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert answer.body.startswith(b"Traceback (most recent call last):\n")
    assert answer.body.endswith(b"KeyError: 'on purpose'\n")
    assert answer.fields["Vary"] == "Accept"


def test_without_the_field_the_traceback_is_the_answer() -> None:
    assert ask(get("/")).body.startswith(b"Traceback (most recent call last):\n")


@pytest.mark.parametrize("fields", [[], [BROWSER]])
def test_outside_of_debug_mode_nobody_sees_anything(fields: list[str]) -> None:
    answer = ask(get("/", *fields), debug=False)
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert answer.fields["Content-Type"] == "text/plain; charset=utf-8"


def test_outside_of_debug_mode_the_page_is_not_even_imported(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from japy import Application\n"
        "app = Application(debug=len(sys.argv) > 1)\n"
        "app.router.add_route('/', lambda request: 1 / 0)\n"
        "with app.test_client() as client:\n"
        "    answer = client.get('/', headers={'Accept': 'text/html'})\n"
        "print(answer.code, 'japy.debug.page' in sys.modules)\n"
    )

    def output(*more: str) -> str:
        command = [sys.executable, str(program), *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    assert output() == "500 False\n"
    assert output("debug") == "500 True\n"


@pytest.mark.parametrize("path", ["/missing", "/", "/bad"])
def test_errors_that_are_answers_stay_what_they_are(path: str) -> None:
    app = Application(debug=True)
    app.post("/")(fail)
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([get(path, BROWSER)]).received)
    assert answer.body in (b"Not Found", b"Method Not Allowed")


# What the page shows.


def test_it_asks_for_nothing_and_runs_nothing() -> None:
    answer = ask(get("/", BROWSER))
    page = read_html(answer.body.decode())
    for name in ("script", "link", "img", "a", "form", "iframe", "base"):
        assert page.all(name) == []
    assert "style=" not in answer.body.decode()
    (style,) = page.all("style")
    (css,) = style.children
    assert isinstance(css, str)
    assert "url(" not in css
    assert "@import" not in css
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = answer.fields["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert answer.fields["Cache-Control"] == "no-store"
    assert answer.fields["X-Content-Type-Options"] == "nosniff"
    assert answer.fields["Vary"] == "Accept"


def test_it_shows_the_error_and_its_place() -> None:
    page = page_of(get("/", BROWSER))
    assert page.all("title")[0].text == "KeyError: 'on purpose'"
    assert page.all("h1")[0].text == "GET / failed"
    assert page.all("pre", "message")[0].text == "KeyError: 'on purpose'"
    assert page.all("mark")[-1].text == 'raise KeyError("on purpose")'
    (own,) = page.all("details", "own")
    assert f"fail {HERE}:" in own.text
    assert own.rows()["request"].startswith("<japy.core.request.Request object at 0x")


def test_it_shows_the_traceback_as_text() -> None:
    (text,) = page_of(get("/", BROWSER)).all("details", "text")
    assert text.all("pre")[0].text.startswith("Traceback (most recent call last):\n")


def test_it_shows_the_request() -> None:
    fields = [BROWSER, "X-Thing: thing", "Cookie: theme=dark", "Content-Length: 3"]
    data = get("/u/7/a%20b?x=1&x=2&empty=", *fields).replace(b"GET", b"POST") + b"abc"
    rows = page_of(data, pattern="/u/{id}/{name}").rows()
    assert rows["Target"] == "POST /u/7/a%20b?x=1&x=2&empty= HTTP/1.1"
    assert rows["Client"] == "192.0.2.1"
    assert rows["Body"] == "3 bytes"
    assert rows["Parameter id"] == "7"
    assert rows["Parameter name"] == "a b"
    assert rows["Query x"] == "2"
    assert rows["Query empty"] == ""
    assert rows["Field X-Thing"] == "thing"
    assert rows["Cookie theme"] == "•••••"
    assert rows["Field Cookie"] == "•••••"


def test_it_shows_the_route() -> None:
    rows = page_of(get("/u/7", BROWSER), pattern="/u/{id}").rows()
    assert rows["Pattern"] == "/u/{id}"
    assert rows["Methods"] == "any"
    assert rows["Handler"] == f"fail ({HERE}:{fail.__code__.co_firstlineno})"


def test_a_handler_may_be_wrapped() -> None:
    rows = page_of(get("/", BROWSER), partial(fail)).rows()
    assert rows["Handler"] == f"fail ({HERE}:{fail.__code__.co_firstlineno})"


def test_it_shows_the_versions() -> None:
    rows = page_of(get("/", BROWSER)).rows()
    assert rows["japy"].startswith(f"{__version__} (")
    assert rows["Python"] == ".".join(map(str, sys.version_info[:3])) or rows["Python"]
    assert rows["uvloop"]


def test_an_error_without_a_route_has_a_page() -> None:
    def explain(request: Request, error: BaseException) -> Response:
        raise ValueError("worse")

    app = Application(debug=True)
    app.add_error_handler(None, explain)
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([get("/missing", BROWSER)]).received)
    page = read_html(answer.body.decode())
    assert page.all("pre", "message")[0].text == "ValueError: worse"
    assert page.all("pre", "message")[1].text.startswith("japy.core.errors.RouteNotFoundException")
    assert page.rows()["Pattern"] == "none: no route matches"


def test_an_asynchronous_handler_has_a_page() -> None:
    async def handler(request: Request) -> Response:
        return fail(request)

    assert len(page_of(get("/", BROWSER), handler).all("details", "own")) == 2


def test_a_handler_that_returns_nonsense_has_a_page() -> None:
    page = page_of(get("/", BROWSER), lambda request: object())
    assert page.all("pre", "message")[0].text.startswith("TypeError: handler ")
    assert HERE in page.rows()["Handler"]


# What it does not show.


def test_secrets_are_masked() -> None:
    def handler(request: Request) -> Response:
        password = config = request.query["password"]
        settings = {"api_key": config, "n": len(password)}
        del config
        raise ValueError(len(settings))

    fields = [f"Cookie: session={SECRET}; other={SECRET}", f"Authorization: Bearer {SECRET}"]
    fields += [f"X-Api-Key: {SECRET}", f"Referer: http://x/?token={SECRET}", BROWSER]
    answer = ask(get(f"/?password={SECRET}", *fields), handler)
    assert SECRET.encode() not in answer.body
    assert answer.body.decode().count("•••••") >= 8


@pytest.mark.parametrize(
    ("pattern", "path", "shown"),
    [
        ("/reset/{token}", f"/reset/{SECRET}", "/reset/•••••"),
        ("/reset/{token}/{id}", f"/reset/%68{SECRET[1:]}/7", "/reset/•••••/7"),
        ("/a%20b/x-{token}", f"/a%2520b/x%2D{SECRET}", "/a%2520b/x-•••••"),
        ("/in/{token:path}", f"/in/a/{SECRET}/b", "/in/•••••"),
        ("/in/{id}", f"/in/a;token={SECRET}", "/in/a;token=•••••"),
    ],
)
def test_secrets_in_the_path_are_masked(pattern: str, path: str, shown: str) -> None:
    answer = ask(get(f"{path}?a=1", BROWSER), pattern=pattern)
    page = read_html(answer.body.decode())
    assert SECRET[1:] not in answer.body.decode()
    assert page.all("h1")[0].text == f"GET {shown}?a=1 failed"
    assert page.rows()["Target"] == f"GET {shown}?a=1 HTTP/1.1"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (f"user[password]={SECRET}&a=%20", "user[password]=•••••&a=%20"),
        (f"password%5B%5D={SECRET}&b", "password[]=•••••&b"),
        (f"pass%77ord={SECRET},{SECRET}&&=", "password=•••••&&="),
        (f"com+passes=1&pw={SECRET}", "com+passes=1&pw=•••••"),
        (f"token%3D{SECRET}", "token=•••••"),
        (f"next=%2Fa%3Ftoken%3D{SECRET}&a=1", "next=/a?token=•••••&a=1"),
        (f"a=%7B%22key%22:%22{SECRET}%22%7D", 'a={"key":•••••}'),
        ("password", "password"),
    ],
)
def test_secrets_in_the_query_are_masked(query: str, shown: str) -> None:
    answer = ask(get(f"/?{query}", BROWSER))
    page = read_html(answer.body.decode())
    assert SECRET not in answer.body.decode()
    assert page.all("h1")[0].text == f"GET /?{shown} failed"
    assert page.rows()["Target"] == f"GET /?{shown} HTTP/1.1"


def test_secrets_in_messages_are_masked_on_the_page_only() -> None:
    def handler(request: Request) -> Response:
        raise ValueError("password=" + SECRET) from KeyError(f"token: {SECRET} {SECRET}")

    page = page_of(get("/", BROWSER), handler)
    assert SECRET not in page.text
    assert page.all("title")[0].text == "ValueError: password=•••••"
    assert page.all("details", "text")[0].text.endswith("ValueError: password=•••••\n")
    assert ask(get("/"), handler).body.endswith(f"ValueError: password={SECRET}\n".encode())


def test_what_japy_advises_is_shown_whatever_the_argument_is_called() -> None:
    def bake(request: Request) -> Response:
        cookies: Any = {"a": "b"}
        return request.Response("x", cookies=cookies)

    advice = "TypeError: cookies: expected a SimpleCookie; got dict"
    page = page_of(get("/", BROWSER), bake)
    assert page.all("title")[0].text == advice
    assert page.all("pre", "message")[0].text == advice
    assert page.all("details", "text")[0].text.endswith(f"{advice}\n")


def test_everything_is_escaped() -> None:
    def handler(request: Request) -> Response:
        evil = {EVIL: [EVIL]}
        raise type(EVIL, (ValueError,), {})(EVIL, len(evil))

    fields = [f"X-Evil: {EVIL}", f"Cookie: {EVIL}=1", BROWSER]
    answer = ask(get(f"/{EVIL}?{EVIL}=1&a={EVIL}", *fields), handler, pattern="/{evil}/{more}")
    assert answer.status == 500
    assert b"<script" not in answer.body
    assert answer.body.count(b"&lt;script") >= 8


@pytest.mark.parametrize("text", ["\ud800", "\x00\x1b[31m", "é✓😀", "\u202e", "x" * 100_000])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_any_text_can_be_answered(text: str, accept: str) -> None:
    def handler(request: Request) -> Response:
        raise ValueError(text)

    answer = ask(get("/", f"Accept: {accept}"), handler)
    assert answer.status == 500
    assert b"ValueError: " in answer.body


# What goes wrong.


class Hidden(Exception):
    """An exception that nobody can look into."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("on purpose")


def test_an_error_that_cannot_be_shown_is_answered_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = new_request(fields=b"Host: x\r\nAccept: text/html\r\n")
    response = answer_to(request, Hidden())
    assert (response.code, response.mime_type) == (500, "text/plain")
    assert response.body == b"Hidden: no traceback: ValueError\n"
    assert caplog.messages == ["the page of the debug mode could not be made"]


class Leaving:
    """A value that ends the program when somebody looks at it."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_value_that_asks_for_an_exit_is_shown_or_left_out(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def handler(request: Request) -> Response:
        leaving = Leaving(error)
        raise ValueError(leaving is None)

    rows = page_of(get("/", BROWSER), handler).rows()
    assert rows["leaving"].startswith("<Leaving instance at 0x")
    caplog.clear()
    request = new_request(fields=b"Host: x\r\nAccept: text/html\r\n", pattern="/")
    request.match_dict["id"] = Leaving(error)
    response = answer_to(request, ValueError("x"))
    assert (response.code, response.mime_type) == (500, "text/plain")
    assert response.body == b"ValueError: x\n"
    assert caplog.messages == ["the page of the debug mode could not be made"]
