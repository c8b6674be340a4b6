"""Hooks, middleware and CORS: what concerns all requests."""

from japy import Application, CallNext, Request, Response
from japy.cors import CORS

app = Application()
todos = ["Buy milk"]


@app.get("/todos")
def list_todos(request: Request) -> Response:
    return request.Response(json=todos)


@app.post("/todos")
def add_todo(request: Request) -> Response:
    todos.append(request.json)
    return request.Response(code=201)


@app.before_request
def ask_who(request: Request) -> Response | None:
    if request.method == "POST" and "X-Person" not in request.headers:
        return request.Response("Say who you are first.\n", 401)
    return None


@app.after_response
def sign(request: Request, response: Response) -> None:
    response.headers["X-House"] = "14 Elm Street"


@app.middleware
async def keep_book(request: Request, call_next: CallNext) -> Response:
    before = len(todos)
    response = await call_next(request)
    print(f"{request.method} {request.path}: {response.code}, {len(todos) - before} more to do")
    return response


CORS(app, origins=["https://screen.example"])
