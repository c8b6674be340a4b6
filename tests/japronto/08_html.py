# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""HTML from a file, from a literal, and from a Jinja2 template that is compiled once."""

import os.path

from japronto import Application
from jinja2 import Template

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "08_html")


def index(request):
    with open(os.path.join(HERE, "index.html")) as html_file:
        return request.Response(text=html_file.read(), mime_type="text/html")


def example(request):
    return request.Response(text="<h1>Some HTML!</h1>", mime_type="text/html")


with open(os.path.join(HERE, "greeting.html")) as source:
    template = Template(source.read())


def jinja(request):
    return request.Response(text=template.render(name="World"), mime_type="text/html")


app = Application()
r = app.router
r.add_route("/", index)
r.add_route("/example", example)
r.add_route("/jinja2", jinja)
app.run()
