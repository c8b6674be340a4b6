"""The list of the house, as it runs on a server."""

import logging
import os
import sqlite3

from japy import Application, Limits, Request, Response

DATABASE = os.environ.get("HOUSE_DATABASE", "demo.sqlite")
app = Application(limits=Limits(body=1_000_000))
log = logging.getLogger("house")


@app.on_startup
def create_tables() -> None:
    with sqlite3.connect(DATABASE) as database:
        database.execute("CREATE TABLE IF NOT EXISTS todos (title TEXT)")


@app.get("/todos")
def list_todos(request: Request) -> Response:
    with sqlite3.connect(DATABASE) as database:
        rows = database.execute("SELECT title FROM todos").fetchall()
    return request.Response(json=[title for (title,) in rows])


@app.post("/todos")
def add_todo(request: Request) -> Response:
    title = request.json["title"]
    with sqlite3.connect(DATABASE) as database:
        database.execute("INSERT INTO todos VALUES (?)", (title,))
    log.warning("%s added something", request.remote_addr)
    return request.Response(json={"title": title}, code=201)


@app.get("/health")
def health(request: Request) -> str:
    return "fine\n"


@app.get("/whoami")
def whoami(request: Request) -> str:
    return f"{request.remote_addr}, served by process {os.getpid()}\n"
