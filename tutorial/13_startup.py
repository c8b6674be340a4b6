"""A pool of database connections, opened before the first request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite

from japy import Application, Request, Response

app = Application()
Pool = asyncio.Queue[aiosqlite.Connection]


@app.lifespan
async def open_pool(app: Application) -> AsyncIterator[None]:
    app.state.pool = Pool()
    for _ in range(4):
        app.state.pool.put_nowait(await aiosqlite.connect("pool.sqlite"))
    print("The pool is open.")
    yield
    while not app.state.pool.empty():
        await app.state.pool.get_nowait().close()
    print("The pool is closed.")


@asynccontextmanager
async def connection() -> AsyncIterator[aiosqlite.Connection]:
    pool: Pool = app.state.pool
    taken = await pool.get()
    try:
        yield taken
    finally:
        pool.put_nowait(taken)


@app.on_startup
async def create_tables() -> None:
    async with connection() as database:
        await database.execute("CREATE TABLE IF NOT EXISTS todos (title TEXT)")


@app.get("/todos")
async def list_todos(request: Request) -> Response:
    async with connection() as database:
        rows = await database.execute_fetchall("SELECT title FROM todos")
    return request.Response(json=[title for (title,) in rows])


@app.post("/todos")
async def add_todo(request: Request) -> Response:
    title = request.json["title"]
    async with connection() as database:
        await database.execute("INSERT INTO todos VALUES (?)", (title,))
        await database.commit()
    app.spawn(tell_everybody(title))
    return request.Response(json={"title": title}, code=201)


async def tell_everybody(title: str) -> None:
    await asyncio.sleep(0.2)  # where you would send four messages
    print(f"Everybody knows: {title}")
