"""Routes: what is listed, in which order, and that the winner is the one of a live application."""

import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Application
from japy.cli.routes import describe, show_winner, split
from japy.settings.source import SourceError

SOURCE = """
import functools
import japy
app = japy.Application(redirect_slashes=True)
pages = japy.Router(prefix="/pages")

@app.get("/")
def home(request):
    return "home"

@app.route("/any")
async def whatever(request):
    return "any"

class Talk:
    async def __call__(self, request):
        return "talk"

@pages.get("/{number:int}", name="page")
def page(request):
    return "page"

app.add_route("/talk", Talk(), methods=["POST", "PUT"])
app.include(pages)
"""
TABLE = """\
METHODS   PATH                 NAME      HANDLER        PLACE       KIND
GET       /                    home      main.home      main.py:7   sync
any       /any                 whatever  main.whatever  main.py:11  async
POST PUT  /talk                Talk      main.Talk      main.py:16  async
GET       /pages/{number:int}  page      main.page      main.py:19  sync
"""


def japy(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run `japy routes` in a folder that holds the application."""
    (folder / "main.py").write_text(SOURCE)
    command = [sys.executable, "-m", "japy", "routes", "main:app", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_table(tmp_path: Path) -> None:
    done = japy(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == TABLE


def test_another_order(tmp_path: Path) -> None:
    lines = japy(tmp_path, "--sort", "path").stdout.splitlines()
    assert [line.split("/")[1].split()[0] for line in lines[2:]] == ["any", "pages", "talk"]


def test_json(tmp_path: Path) -> None:
    rows = json.loads(japy(tmp_path, "--json").stdout)
    assert [row["path"] for row in rows] == ["/", "/any", "/talk", "/pages/{number:int}"]
    assert rows[2] == {
        "methods": ["POST", "PUT"],
        "path": "/talk",
        "name": "Talk",
        "handler": "main.Talk",
        "place": "main.py:16",
        "kind": "async",
    }


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        ("GET /pages/7", 0, "number = 7\n"),
        ("HEAD /?x=1", 0, "main.home"),
        ("BREW /any", 0, "main.whatever"),
        ("GET /talk", 1, "No route: answered with 405 (Allow: OPTIONS, POST, PUT).\n"),
        ("OPTIONS /talk", 1, "No route: answered with 204 (Allow: OPTIONS, POST, PUT).\n"),
        ("GET /any/", 1, "No route: answered with 308 (Location: /any).\n"),
        ("GET /none", 1, "No route: answered with 404.\n"),
    ],
)
def test_who_wins(request_: str, status: int, text: str, tmp_path: Path) -> None:
    done = japy(tmp_path, "--match", request_)
    assert (done.returncode, done.stderr) == (status, "")
    assert text in done.stdout


def test_who_wins_as_json(tmp_path: Path) -> None:
    won = json.loads(japy(tmp_path, "--match", "GET /pages/7", "--json").stdout)
    assert (won["route"]["name"], won["params"]) == ("page", {"number": "7"})
    none = json.loads(japy(tmp_path, "--match", "GET /none", "--json").stdout)
    assert none == {"route": None, "answer": "No route: answered with 404."}


def test_routes_that_clash(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(SOURCE + "app.get('/')(home)\n")
    command = [sys.executable, "-m", "japy", "routes", "two:app"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert "RouteError" in done.stderr


@pytest.mark.parametrize("text", ["", "GET", "/x", "GET x", "GET /a /b", "GET  "])
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(SourceError, match="expected a method and a path"):
        split(text)


# The winner is the live application's.

PATTERNS = ("/", "/a", "/a/b", "/a/{x}", "/{x}/b", "/n/{i:int}", "/r/{p:path}", "/pre-{x}")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT")


def application() -> Application:
    """Return an application whose handlers say which of them was called."""
    app = Application(redirect_slashes=True)
    for i, pattern in enumerate(PATTERNS):
        methods = (("GET",), ("POST", "GET"), None)[i % 3]
        app.add_route(pattern, lambda request: request.route.pattern, methods=methods)
    return app


PATHS = st.lists(
    st.sampled_from(["a", "b", "n", "r", "7", "x", "pre-x", "", "%2F", "%61", "..", "ü"]),
    max_size=4,
).map(lambda parts: "/" + "/".join(parts).replace("ü", "%C3%BC"))


@given(method=st.sampled_from(METHODS), path=PATHS)
def test_the_winner_is_the_live_one(method: str, path: str) -> None:
    app = application()
    with app.test_client() as client:
        answer = client.request(method, path)
        found = app.router.match(method, path)
        if found is None:
            assert answer.code in (204, 308, 404, 405)
        else:
            assert answer.code == 200
            pattern = describe(found.route)["path"]
            assert method == "HEAD" or answer.text == pattern


@given(method=st.sampled_from(METHODS), path=PATHS)
def test_the_answer_without_a_winner_is_the_live_one(method: str, path: str) -> None:
    app = application()
    with app.test_client() as client:
        answer = client.request(method, path)
        text = StringIO()
        with redirect_stdout(text):
            status = show_winner(app, method, path, False)
        if status:
            assert f"answered with {answer.code}" in text.getvalue()
            for name in ("Allow", "Location"):
                if name in answer.headers:
                    assert f"({name}: {answer.headers[name]})" in text.getvalue()
