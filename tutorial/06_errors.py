"""What goes wrong, and who is told what."""

from japy import (
    Application,
    BadRequest,
    MethodNotAllowed,
    Request,
    Response,
    RouteNotFoundException,
)

app = Application()
todos = {1: "Buy milk"}


class Gone(Exception):
    """A todo that is not on the list."""


def find(number: int) -> str:
    if number not in todos:
        raise Gone(number)
    return todos[number]


@app.get("/todos/{number:int}")
def show(request: Request) -> Response:
    return request.Response(find(request.match_dict["number"]) + "\n")


def answer_gone(request: Request, error: Gone) -> Response:
    return request.Response(f"There is no todo {error.args[0]}.\n", 404)


app.add_error_handler(Gone, answer_gone)


def answer_missing(request: Request, error: RouteNotFoundException) -> Response:
    if isinstance(error, MethodNotAllowed):
        return request.Response(
            f"{request.method} is not for {request.path}.\n",
            405,
            headers={"Allow": ", ".join(error.allow)},
        )
    return request.Response(f"There is no {request.path} in this house.\n", 404)


app.add_error_handler(RouteNotFoundException, answer_missing)


@app.post("/todos")
def add(request: Request) -> Response:
    title = request.json.get("todo")
    if not isinstance(title, str):
        raise BadRequest("expected a text as todo")
    todos[max(todos) + 1] = title
    return request.Response(f"{title}\n", 201)


@app.get("/share")
def share(request: Request) -> Response:
    people = int(request.query.get("people", "0"))
    return request.Response(f"{len(todos) / people} for each.\n")
