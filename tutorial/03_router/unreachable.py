"""A route that nobody can reach, because an earlier one takes all of its paths."""

from japy import Application, Request, Response

app = Application()


@app.get("/people/{name}")
def show_person(request: Request) -> Response:
    return request.Response(f"{request.match_dict['name']} lives here.\n")


@app.get("/people/me")
def show_me(request: Request) -> Response:
    return request.Response("That is you.\n")
