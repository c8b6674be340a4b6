"""Attributes of one's own for requests, and what happens when a request is done."""

from typing import TYPE_CHECKING

from japy import Application, Request, Response

app = Application()


def person(request: Request) -> str:
    return request.headers.get("X-Person", "somebody")


app.extend_request(person, property=True)


@app.get("/me")
def show_me(request: "HouseRequest") -> Response:
    return request.Response(f"You are {request.person}.\n")


def says(request: Request, text: str) -> Response:
    return request.Response(f"{person(request)} says: {text}\n")


app.extend_request(says)


@app.get("/hello")
def say_hello(request: "HouseRequest") -> Response:
    return request.says("hello!")


cupboard = ["drill", "ladder"]


def tool(request: Request) -> str:
    if "tool" not in request.extra:
        request.extra["tool"] = cupboard.pop()
        request.add_done_callback(put_back)
    taken: str = request.extra["tool"]
    return taken


def put_back(request: Request) -> None:
    cupboard.append(request.extra["tool"])
    print(f"Back in the cupboard: {request.extra['tool']}")


app.extend_request(tool, property=True)


@app.post("/work")
def work(request: "HouseRequest") -> Response:
    if request.text == "nonsense":
        raise ValueError(f"a {request.tool} is not for nonsense")
    return request.Response(f"{request.person} uses the {request.tool}.\n")


if TYPE_CHECKING:

    class HouseRequest(Request):
        person: str
        tool: str

        def says(self, text: str) -> Response: ...
