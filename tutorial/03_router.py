"""The router: methods, parameters, paths from names, routes in groups."""

from japy import Application, Request, Response, Router

app = Application(redirect_slashes=True)
todos = {1: "Buy milk", 2: "Call the plumber"}


@app.get("/todos")
def list_todos(request: Request) -> Response:
    return request.Response("".join(f"{number} {todo}\n" for number, todo in todos.items()))


@app.route("/todos", methods=["POST", "PUT"])
def refuse(request: Request) -> Response:
    return request.Response(f"{request.method} comes in chapter 4.\n", 501)


@app.get("/people/{name}")
def show_person(request: Request) -> Response:
    return request.Response(f"{request.match_dict['name']} lives here.\n")


@app.get("/todos/{number:int}", name="todo")
def show_todo(request: Request) -> Response:
    number = request.match_dict["number"]
    if number not in todos:
        return request.Response("There is no such todo.\n", 404)
    return request.Response(f"{todos[number]}\n")


DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
app.router.add_converter("day", DAYS.index, DAYS.__getitem__)


@app.get("/plan/{day:day}")
def show_plan(request: Request) -> Response:
    is_free = request.match_dict["day"] >= DAYS.index("saturday")
    return request.Response("Nothing.\n" if is_free else "Take the rubbish out.\n")


@app.get("/manuals/{file:path}")
def show_manual(request: Request) -> Response:
    return request.Response(f"You would read {request.match_dict['file']} here.\n")


@app.get("/")
def index(request: Request) -> Response:
    return request.Response("".join(app.url_for("todo", number=number) + "\n" for number in todos))


kitchen = Router()


@kitchen.get("/stock")
def show_stock(request: Request) -> Response:
    return request.Response("Flour, rice, no milk.\n")


app.include(kitchen, prefix="/kitchen")
