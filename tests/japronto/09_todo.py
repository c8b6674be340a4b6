# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""A todo list as a REST API over sqlite: a cursor per request, its connection closed at the end."""

import os.path
import sqlite3
from functools import partial

from japronto import Application

DATABASE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "todos.sqlite")


def add_todo(request):
    cur = request.cursor
    todo = request.json["todo"]
    cur.execute("INSERT INTO todos (todo) VALUES (?)", (todo,))
    last_id = cur.lastrowid
    cur.connection.commit()

    return request.Response(json={"id": last_id, "todo": todo})


def list_todos(request):
    cur = request.cursor
    cur.execute("SELECT id, todo FROM todos")
    todos = [{"id": id, "todo": todo} for id, todo in cur]

    return request.Response(json={"results": todos})


def show_todo(request):
    cur = request.cursor
    id = int(request.match_dict["id"])
    cur.execute("SELECT id, todo FROM todos WHERE id = ?", (id,))
    todo = cur.fetchone()
    if not todo:
        return request.Response(code=404, json={})

    return request.Response(json={"id": todo[0], "todo": todo[1]})


def delete_todo(request):
    cur = request.cursor
    id = int(request.match_dict["id"])
    cur.execute("DELETE FROM todos WHERE id = ?", (id,))
    if not cur.rowcount:
        return request.Response(code=404, json={})
    cur.connection.commit()

    return request.Response(json={})


def cursor(request):
    def done_cb(request):
        request.extra["conn"].close()
        print("closed after", request.method)

    if "conn" not in request.extra:
        request.extra["conn"] = sqlite3.connect(DATABASE)
        request.add_done_callback(done_cb)

    return request.extra["conn"].cursor()


app = Application()
app.extend_request(cursor, property=True)
router = app.router
router.add_route("/todos", list_todos, method="GET")
router.add_route("/todos", add_todo, method="POST")
router.add_route("/todos/{id}", show_todo, method="GET")
router.add_route("/todos/{id}", delete_todo, method="DELETE")


def init_db():
    connection = sqlite3.connect(DATABASE)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS todos (id INTEGER PRIMARY KEY AUTOINCREMENT, todo TEXT)"
    )
    connection.commit()
    connection.close()


init_db()
run = partial(app.run, debug=True)
run()
