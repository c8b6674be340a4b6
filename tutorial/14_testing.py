"""An application and its tests: in process, at once, and on a real port."""

import asyncio
import json
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest

from japy import Application, BadRequest, Request, Response
from japy.pytest_plugin import LiveServer
from japy.testing import SyncClient

app = Application()


@app.on_startup
def begin() -> None:
    app.state.todos = ["Buy milk"]


@app.get("/todos")
def list_todos(request: Request) -> Response:
    return request.Response(json=app.state.todos)


@app.post("/todos")
async def add_todo(request: Request) -> Response:
    new = request.json
    if not isinstance(new, dict) or "title" not in new:
        raise BadRequest("expected a title")
    await asyncio.sleep(0.01)
    app.state.todos.append(new["title"])
    return request.Response(json=app.state.todos, code=201)


@pytest.fixture
def client() -> Iterator[SyncClient]:
    with app.test_client() as client:
        yield client


def test_a_list_begins_with_milk(client: SyncClient) -> None:
    answer = client.get("/todos")
    assert answer.code == 200
    assert answer.json == ["Buy milk"]


def test_what_is_added_is_there(client: SyncClient) -> None:
    answer = client.post("/todos", json={"title": "Mend the tap"})
    assert answer.code == 201
    assert client.get("/todos").json == ["Buy milk", "Mend the tap"]


def test_a_todo_has_a_title(client: SyncClient) -> None:
    answer = client.post("/todos", json={"name": "Mend the tap"})
    assert answer.code == 400
    assert answer.text == "expected a title"


def test_two_may_add_at_once() -> None:
    async def add_two() -> list[str]:
        async with app.test_client() as client:
            adding = [client.post("/todos", json={"title": title}) for title in ("Tap", "Lamp")]
            await asyncio.gather(*adding)
            answer = await client.get("/todos")
            found: list[str] = answer.json
            return found

    assert sorted(asyncio.run(add_two())) == ["Buy milk", "Lamp", "Tap"]


def test_it_can_be_asked_from_outside(japy_server: Callable[[Application], LiveServer]) -> None:
    server = japy_server(app)
    with urlopen(f"{server.url}/todos") as answer:
        assert json.load(answer) == ["Buy milk"]
