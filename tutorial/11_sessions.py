"""Cookies, and a session that remembers who somebody is."""

import os

from japy import Application, Request, Response, redirect
from japy.session import Sessions

app = Application()


@app.get("/color/{name}")
def choose_color(request: Request) -> Response:
    response = request.Response("As you like.\n")
    response.set_cookie("color", request.match_dict["name"], max_age=3600)
    return response


@app.get("/color")
def show_color(request: Request) -> Response:
    return request.Response(f"{request.cookies.get('color', 'grey')}\n")


sessions = Sessions(app, secret=os.environ["HOUSE_SECRET"])


@app.post("/login")
def log_in(request: Request) -> Response:
    name = (request.form or {}).get("name", "")
    if name not in {"Ada", "Bo", "Cleo", "Dan"}:
        return request.Response("You do not live here.\n", 403)
    sessions.of(request)["name"] = name
    return redirect("/me")


@app.get("/me")
def show_me(request: Request) -> Response:
    session = sessions.of(request)
    if "name" not in session:
        return request.Response("Say who you are first.\n", 401)
    session["visits"] = session.get("visits", 0) + 1
    return request.Response(f"Hello {session['name']}, for the {session['visits']}. time.\n")


@app.post("/logout")
def log_out(request: Request) -> Response:
    sessions.of(request).clear()
    return request.Response("See you.\n")
