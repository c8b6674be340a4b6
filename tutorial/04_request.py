"""What a request brings along: its first line, query, headers and body."""

from json import JSONDecodeError

from japy import Application, BadRequest, Request, Response

app = Application()
todos: list[str] = []


@app.get("/echo/{word}")
def echo(request: Request) -> Response:
    lines = [
        f"method        {request.method}",
        f"path          {request.path}",
        f"match_dict    {request.match_dict}",
        f"query_string  {request.query_string}",
        f"query         {request.query}",
        f"version       {request.version}",
        f"from          {request.remote_addr}",
    ]
    return request.Response("\n".join(lines) + "\n")


@app.get("/search")
def search(request: Request) -> Response:
    words = [value for name, value in request.query_list if name == "word"]
    order = request.query.get("order", "first come")
    found = [todo for todo in todos if all(word in todo for word in words)]
    return request.Response(f"{len(found)} with {' and '.join(words)}, {order} first.\n")


@app.get("/you")
def describe_you(request: Request) -> Response:
    language = request.headers.get("accept-language", "no language")
    tags = request.headers.getlist("X-Tag")
    return request.Response(f"You speak {language} and wear {tags}.\n")


@app.post("/todos")
def add_text(request: Request) -> Response:
    todos.append(request.text or "something")
    return request.Response(f"{len(todos)} to do, from {request.mime_type}.\n", 201)


@app.put("/todos")
def replace_all(request: Request) -> Response:
    todos[:] = request.json["todos"]
    return request.Response(f"{len(todos)} to do.\n")


@app.patch("/todos/{number:int}")
def change_one(request: Request) -> Response:
    number = request.match_dict["number"]
    try:
        changes = request.json
    except JSONDecodeError as error:
        return request.Response(f"Mind column {error.colno}.\n", 400)
    if not isinstance(changes, dict) or "todo" not in changes:
        raise BadRequest('expected {"todo": "..."}')
    todos[number - 1] = changes["todo"]
    return request.Response(f"{todos[number - 1]}\n")
