"""Forms, and files that come with them."""

from pathlib import Path

from japy import Application, BadRequest, File, Limits, Request, Response, redirect

app = Application(limits=Limits(body=100_000))
todos: list[str] = []
PHOTOS = Path("photos")
KINDS = {"image/png": ".png", "image/jpeg": ".jpg"}
PAGE = """<!doctype html>
<form method="post" enctype="multipart/form-data">
<input name="title"> <input name="photo" type="file"> <button>Add</button>
</form>
"""


@app.get("/")
def show_form(request: Request) -> Response:
    return request.Response(PAGE, mime_type="text/html")


@app.get("/todos")
def list_todos(request: Request) -> str:
    return "".join(f"{todo}\n" for todo in todos)


@app.post("/")
def add_todo(request: Request) -> Response:
    form = request.form or {}
    if not form.get("title"):
        raise BadRequest("say what is to do")
    photo = (request.files or {}).get("photo")
    if photo is not None and photo.name:  # a form without a photo sends an empty name
        save_photo(photo, len(todos) + 1)
    todos.append(form["title"])
    return redirect("/todos")


def save_photo(photo: File, number: int) -> None:
    kind = KINDS.get(photo.type or "")
    if kind is None:
        raise BadRequest("send a PNG or a JPEG")
    PHOTOS.mkdir(exist_ok=True)
    photo.save(PHOTOS / f"{number}{kind}")


@app.get("/photos/{number:int}")
def show_photo(request: Request) -> Response:
    for kind, suffix in KINDS.items():
        path = PHOTOS / f"{request.match_dict['number']}{suffix}"
        if path.exists():
            return request.Response(body=path.read_bytes(), mime_type=kind)
    return request.Response("There is no such photo.\n", 404)
