# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""One route, served by the script itself."""

from japronto import Application


def hello(request):
    return request.Response(text="Hello world!")


app = Application()
app.router.add_route("/", hello)
app.run(debug=True)
