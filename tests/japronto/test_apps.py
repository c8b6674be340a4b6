"""Applications that were written for Japronto run with nothing changed but its name.

Every app beside this file says `japronto`. A test replaces the word, serves what results, and
compares the answers with what Japronto gives, but for the corrections that japy's documents list.
"""

import contextlib
import http.client
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.server import DEADLINE_S, Server, launched, running

HERE = Path(__file__).parent
APPS = sorted(HERE.glob("[0-9]*.py"))
BOUNDARY = "a-boundary"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nMilk\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="m.png"\r\n'
    f"Content-Type: image/png\r\n\r\nPNG\r\n--{BOUNDARY}--\r\n"
)


class Answer(NamedTuple):
    """What a client gets."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()

    @property
    def mime(self) -> str:
        """Return its Content-Type, as sent."""
        return self.headers.get("Content-Type", "")


class Served:
    """An app with japy's name in it, behind a real port."""

    def __init__(self, name: str, folder: Path, exits: ExitStack) -> None:
        (path,) = HERE.glob(f"{name}*.py")
        extra = path.with_suffix("")
        if extra.is_dir():
            shutil.copytree(extra, folder / extra.name)
        self.path = folder / path.name
        self.path.write_text(renamed(path), encoding="utf-8")
        printing = {"PYTHONUNBUFFERED": "1"}  # at once: a pipe is no terminal
        self.server: Server = exits.enter_context(running(self.path, env=printing))

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a request on a connection of its own."""
        client = http.client.HTTPConnection(self.server.host, self.server.port, DEADLINE_S)
        with closing(client):
            client.request(method, path, body, dict(headers or {}))
            answer = client.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


def renamed(path: Path) -> str:
    """Return the source of an app after `s/japronto/japy/`."""
    return path.read_text(encoding="utf-8").replace("japronto", "japy")


@pytest.fixture
def exits() -> Iterator[ExitStack]:
    """Return what stops servers at the end of a test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path, exits: ExitStack) -> Served:
    """Return the app that the name of the test begins with: `test_03_…`."""
    return Served(request.node.name[5:7], tmp_path, exits)


def test_there_are_nine_apps_and_each_has_tests() -> None:
    assert [path.name[:2] for path in APPS] == [f"{number:02}" for number in range(1, 10)]
    for path in APPS:
        assert "japy" not in path.read_text(encoding="utf-8")
        assert any(name.startswith(f"test_{path.name[:2]}_") for name in globals()), path


def test_01_hello(served: Served) -> None:
    answer = served.ask("/")
    assert (answer.status, answer.text) == (200, "Hello world!")
    assert answer.mime == "text/plain; charset=utf-8"
    missing = served.ask("/missing")
    assert (missing.status, missing.text) == (404, "Not Found")


def test_02_sync_beside_async(served: Served) -> None:
    assert served.ask("/sync").text == "I am synchronous!"
    assert served.ask("/async").text == "3 sleeps elapsed"
    assert served.ask("/sync").status == 200


def test_03_methods(served: Served) -> None:
    for method in ("GET", "POST", "BREW"):
        assert served.ask("/", method).text == f"Hello {method} /!"
    assert served.ask("/love").text == "Got some love"
    assert served.ask("/methods", "POST").text == "POST"
    assert served.ask("/methods", "DELETE").text == "DELETE"


def test_03_a_method_that_is_not_there(served: Served) -> None:
    answer = served.ask("/love", "POST")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert served.ask("/methods").status == 405


def test_03_placeholders(served: Served) -> None:
    assert served.ask("/params/1/caf%C3%A9").text == "{'p1': '1', 'p2': 'café'}"
    assert served.ask("/params/1").status == 404
    assert served.ask("/params/1/").status == 404
    assert served.ask("/params/1/2/3").status == 404
    assert served.ask("/pre-fix").text == "{'name': 'fix'}"
    assert served.ask("/{braces}").text == "{}"


def test_04_basic(served: Served) -> None:
    answer = served.ask("/basic?a=1&b=%20x", headers={"x-MIXED-1a": "yes"})
    lines = [line.strip() for line in answer.text.splitlines()]
    assert lines[1:6] == [
        "Method: GET",
        "Path: /basic",
        "HTTP version: 1.1",
        "Query string: a=1&b= x",
        "Query: {'a': '1', 'b': ' x'}",
    ]
    assert "X-Mixed-1A: yes" in lines
    assert "Query string: None" in served.ask("/basic").text


def test_04_body_of_json(served: Served) -> None:
    answer = served.ask("/body", "POST", '{"a": 1}', {"Content-Type": "application/json"})
    assert "Mime type: application/json" in answer.text
    assert "Encoding: None" in answer.text
    assert """Body: b'{"a": 1}'""" in answer.text
    assert "JSON:\n{'a': 1}" in answer.text


def test_04_body_that_is_no_json(served: Served) -> None:
    answer = served.ask("/body", "POST", "half", {"Content-Type": "text/plain; charset=latin1"})
    assert answer.status == 200
    assert "Encoding: latin1" in answer.text
    assert "JSON" not in answer.text


def test_04_no_body(served: Served) -> None:
    answer = served.ask("/body")
    assert "Body: None" in answer.text
    assert "Text: None" in answer.text


def test_04_form(served: Served) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = served.ask("/body", "POST", "title=Buy+milk&who=Ada&who=Bo", kind)
    assert "Form parameters: {'title': 'Buy milk', 'who': 'Bo'}" in answer.text
    assert "Files: None" in answer.text


def test_04_files(served: Served) -> None:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = served.ask("/body", "POST", MULTIPART, kind)
    assert "Form parameters: {'title': 'Milk'}" in answer.text
    assert "File(type='image/png', body=b'PNG', name='m.png')" in answer.text


def test_04_misc(served: Served) -> None:
    answer = served.ask("/misc/x", headers={"Cookie": 'a=1; b="two words"; c=%C3%A9'})
    port = served.server.port
    for line in (
        "Hostname: 127.0.0.1",
        f"Port: {port}",
        "Remote address: 127.0.0.1",
        "HTTP Keep alive: True",
        "Match parameters: {'parameter': 'x'}",
        "a: 1",
        "b: two words",
        "c: é",
    ):
        assert f"      {line}\n" in answer.text
    assert "Cookies" not in served.ask("/misc").text
    closing = served.ask("/misc", headers={"Connection": "close"})
    assert "HTTP Keep alive: False" in closing.text


def test_05_text_and_encoding(served: Served) -> None:
    assert served.ask("/text").mime == "text/plain; charset=utf-8"
    answer = served.ask("/encoding")
    assert answer.mime == "text/plain; charset=iso-8859-2"
    assert answer.body.decode("iso-8859-2") == "Już pora na mnie"


def test_05_mime_body_and_json(served: Served) -> None:
    assert served.ask("/mime").mime == "image/svg+xml"
    answer = served.ask("/body")
    assert (answer.body, answer.mime) == (b"\xde\xad\xbe\xef", "application/octet-stream")
    answer = served.ask("/json")
    assert (json.loads(answer.text), answer.mime) == (
        {"hello": "world"},
        "application/json; charset=utf-8",
    )


def test_05_code_and_headers(served: Served) -> None:
    answer = served.ask("/code")
    assert (answer.status, answer.headers["Content-Length"]) == (307, "0")
    answer = served.ask("/headers")
    assert answer.headers["X-Header"] == "Value"
    assert answer.headers["Refresh"] == "5; url=https://example.org/"
    assert served.ask("/positional").status == 201


def test_05_cookies(served: Served) -> None:
    first, second = sorted(served.ask("/cookies").headers.get_all("Set-Cookie") or [])
    assert first.startswith("city=")
    assert second == "hello=world; Domain=localhost; Max-Age=3600; Path=/"


def test_06_errors_become_answers(served: Served) -> None:
    assert served.ask("/cat")[::2] == (200, b"Just a kitty, meow")
    assert served.ask("/dog")[::2] == (200, b"woof")


def test_06_one_handler_for_all_that_is_not_found(served: Served) -> None:
    for path in ("/missing", "/only-post"):  # the second is a 405, which is one, too
        assert served.ask(path)[::2] == (404, b"Are you lost, pal?")


def test_06_what_nobody_handles(served: Served) -> None:
    assert served.ask("/unhandled")[::2] == (500, b"Internal Server Error")
    served.server.wait_for("ZeroDivisionError")
    assert served.ask("/cat").status == 200


def test_07_extensions(served: Served) -> None:
    assert served.ask("/").text == "Hello 127"
    agent = {"Host": "localhost", "User-Agent": "abc"}
    assert served.ask("/", headers=agent).text == "Hello cba"
    assert served.ask("/loud").text == "/LOUD"


def test_07_done_callback(served: Served) -> None:
    assert served.ask("/callback").text == "cb"
    served.server.wait_for("Done: /callback\n")


def test_08_html(served: Served) -> None:
    expected = {
        "/": "<p>This came from a file.</p>",
        "/example": "<h1>Some HTML!</h1>",
        "/jinja2": "<p>Hello World!</p>",
    }
    for path, text in expected.items():
        answer = served.ask(path)
        assert answer.mime == "text/html; charset=utf-8"
        assert text in answer.text


def test_09_todo(served: Served) -> None:
    def ask(path: str, method: str = "GET", body: str | None = None) -> tuple[int, object]:
        answer = served.ask(path, method, body)
        assert answer.mime == "application/json; charset=utf-8"
        return answer.status, json.loads(answer.text)

    assert ask("/todos") == (200, {"results": []})
    assert ask("/todos", "POST", '{"todo": "milk"}') == (200, {"id": 1, "todo": "milk"})
    assert ask("/todos", "POST", '{"todo": "bread"}') == (200, {"id": 2, "todo": "bread"})
    assert ask("/todos/1") == (200, {"id": 1, "todo": "milk"})
    assert ask("/todos/1", "DELETE") == (200, {})
    assert ask("/todos/1") == (404, {})
    assert ask("/todos/1", "DELETE") == (404, {})
    assert ask("/todos") == (200, {"results": [{"id": 2, "todo": "bread"}]})


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_09_each_connection_is_closed_once(served: Served) -> None:
    for _ in range(5):
        served.ask("/todos")
    served.server.wait_for("closed after GET\n", 5)
    assert served.server.output().count("closed after") == 5
    worker = served.server.children()[0]
    opened: list[str] = []
    for entry in Path(f"/proc/{worker}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since: the worker goes on
            opened.append(os.readlink(entry))
    assert not any("todos.sqlite" in name for name in opened)


def test_09_the_script_serves_by_itself(tmp_path: Path) -> None:
    """Any of them does; this one calls a `run` that is bound elsewhere."""
    where = 'debug=True, host="127.0.0.1", port=0'
    source = renamed(HERE / "09_todo.py").replace("debug=True", where)
    path = tmp_path / "todo.py"
    path.write_text(source, encoding="utf-8")
    with ExitStack() as exits:
        server = exits.enter_context(launched([sys.executable, str(path)], tmp_path))
        server.wait_ready()
        assert server.get("/todos") == (200, '{"results": []}')
        server.wait_for(r"127\.0\.0\.1 GET /todos")
        assert server.stop() == 0
