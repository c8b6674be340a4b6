"""A todo list in sqlite, as an API."""

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from japy import Application, BadRequest, Request, Response, RouteNotFoundException

app = Application()
DATABASE = os.environ.get("HOUSE_DATABASE", "house.sqlite")
CREATE = "CREATE TABLE IF NOT EXISTS todos (id INTEGER PRIMARY KEY, title TEXT, is_done INTEGER)"

if TYPE_CHECKING:

    class HouseRequest(Request):
        cursor: sqlite3.Cursor


def cursor(request: Request) -> sqlite3.Cursor:
    if "connection" not in request.extra:
        connection = request.extra["connection"] = sqlite3.connect(DATABASE)
        connection.row_factory = sqlite3.Row
        connection.execute(CREATE)
        request.add_done_callback(close_connection)
    found: sqlite3.Cursor = request.extra["connection"].cursor()
    return found


def close_connection(request: Request) -> None:
    request.extra["connection"].close()


app.extend_request(cursor, property=True)


def as_dict(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["id"], "title": row["title"], "is_done": bool(row["is_done"])}


@app.get("/todos")
def list_todos(request: "HouseRequest") -> Response:
    rows = request.cursor.execute("SELECT * FROM todos ORDER BY id")
    return request.Response(json=[as_dict(row) for row in rows])


@app.post("/todos")
def add_todo(request: "HouseRequest") -> Response:
    new = request.json
    if not isinstance(new, dict) or not isinstance(new.get("title"), str):
        raise BadRequest("expected an object with a title")
    cursor = request.cursor
    cursor.execute("INSERT INTO todos (title, is_done) VALUES (?, FALSE)", (new["title"],))
    cursor.connection.commit()
    place = app.url_for("todo", id=cursor.lastrowid)
    todo = {"id": cursor.lastrowid, "title": new["title"], "is_done": False}
    return request.Response(json=todo, code=201, headers={"Location": place})


class NoSuchTodo(Exception):
    """There is no todo with that number."""


@app.get("/todos/{id:int}", name="todo")
def show_todo(request: "HouseRequest") -> Response:
    rows = request.cursor.execute("SELECT * FROM todos WHERE id = ?", (request.match_dict["id"],))
    row = rows.fetchone()
    if row is None:
        raise NoSuchTodo
    return request.Response(json=as_dict(row))


@app.patch("/todos/{id:int}")
def change_todo(request: "HouseRequest") -> Response:
    is_done = request.json.get("is_done")
    if not isinstance(is_done, bool):
        raise BadRequest("expected is_done, true or false")
    cursor = request.cursor
    cursor.execute("UPDATE todos SET is_done = ? WHERE id = ?", (is_done, request.match_dict["id"]))
    cursor.connection.commit()
    return show_todo(request)


@app.delete("/todos/{id:int}")
def delete_todo(request: "HouseRequest") -> Response:
    cursor = request.cursor
    cursor.execute("DELETE FROM todos WHERE id = ?", (request.match_dict["id"],))
    cursor.connection.commit()
    if not cursor.rowcount:
        raise NoSuchTodo
    return request.Response(code=204)


def answer_missing(request: Request, error: Exception) -> Response:
    return request.Response(json={"error": "not found"}, code=404)


app.add_error_handler(NoSuchTodo, answer_missing)
app.add_error_handler(RouteNotFoundException, answer_missing)
