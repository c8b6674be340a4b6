# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""Any method, one method, several methods, and placeholders."""

from japronto import Application

app = Application()
r = app.router


def slash(request):
    return request.Response(text=f"Hello {request.method} /!")


r.add_route("/", slash)


def get_love(request):
    return request.Response(text="Got some love")


r.add_route("/love", get_love, "GET")


def methods(request):
    return request.Response(text=request.method)


r.add_route("/methods", methods, methods=["POST", "DELETE"])


def params(request):
    return request.Response(text=str(request.match_dict))


r.add_route("/params/{p1}/{p2}", params)
r.add_route("/pre-{name}", params)
r.add_route("/{{braces}}", params)

app.run()
