"""Everything an answer can be, and what a handler may return instead."""

from http.cookies import SimpleCookie

from japy import Application, Request, Response, redirect

app = Application()
todos = ["Buy milk", "Call the plumber"]


@app.get("/todos.txt")
def as_text(request: Request) -> Response:
    return request.Response("\n".join(todos) + "\n", 200, headers={"X-Count": str(len(todos))})


@app.get("/todos.json")
def as_json(request: Request) -> Response:
    return request.Response(json={"todos": todos})


@app.get("/todos.csv")
def as_table(request: Request) -> Response:
    lines = [f"{number},{todo}" for number, todo in enumerate(todos, 1)]
    return request.Response("\r\n".join(lines), mime_type="text/csv", encoding="utf-8")


@app.get("/todos.gif")
def as_picture(request: Request) -> Response:
    return request.Response(body=b"GIF89a...", mime_type="image/gif")


@app.get("/theme/{name}")
def choose_theme(request: Request) -> Response:
    response = request.Response("As you like.\n")
    response.headers["X-Theme"] = request.match_dict["name"]
    response.headers.add("Vary", "Cookie")
    response.set_cookie("theme", request.match_dict["name"], max_age=3600, httponly=True)
    return response


@app.get("/old-theme")
def forget_theme(request: Request) -> Response:
    cookies = SimpleCookie()  # of the standard library; `cookies` takes one of these, too
    cookies["theme"] = "grey"
    return request.Response("Grey, then.\n", cookies=cookies)


@app.get("/")
def index(request: Request) -> Response:
    return redirect("/todos.txt")


@app.get("/short/text")
def short_text(request: Request) -> str:
    return "Buy milk\n"


@app.get("/short/bytes")
def short_bytes(request: Request) -> bytes:
    return b"\x00\x01"


@app.get("/short/json")
def short_json(request: Request) -> dict[str, list[str]]:
    return {"todos": todos}


@app.delete("/short")
def short_nothing(request: Request) -> None:
    return None


@app.post("/short")
def short_status(request: Request) -> tuple[dict[str, str], int]:
    return {"todo": "Buy milk"}, 201


@app.put("/short")
def short_headers(request: Request) -> tuple[str, int, dict[str, str]]:
    return "Later.\n", 503, {"Retry-After": "10"}
