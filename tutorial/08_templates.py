"""Pages made of Jinja2 templates."""

from japy import Application, Request, Response
from japy.template import Templates

app = Application()
templates = Templates(app, "08_templates")
todos = {1: "Buy milk", 2: "Call the <plumber>"}


@app.get("/")
def show_list(request: Request) -> Response:
    return templates.render("list.html", title="To do", todos=todos)


@app.get("/todos/{number:int}", name="todo")
def show_todo(request: Request) -> Response:
    number = request.match_dict["number"]
    if number not in todos:
        return request.Response("There is no such todo.\n", 404)
    return templates.render("todo.html", title=todos[number])


@app.get("/about")
def about(request: Request) -> Response:
    return request.Response("<h1>The house</h1>\n", mime_type="text/html")
