# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""Attributes that the application gives to requests, and what happens once a request is done."""

from japronto import Application
from japronto.request import HttpRequest


def extended_hello(request):
    if request.host_startswith("127."):
        return request.Response(text="Hello 127")

    return request.Response(text="Hello " + request.reversed_agent)


def with_callback(request):
    def cb(r):
        print("Done:", r.path)

    request.add_done_callback(cb)

    return request.Response(text="cb")


def host_startswith(request: HttpRequest, prefix: str):
    return request.headers["Host"].startswith(prefix)


def reversed_agent(request):
    return request.headers["User-Agent"][::-1]


app = Application()
app.extend_request(host_startswith)
app.extend_request(reversed_agent, property=True)
app.extend_request(lambda request: request.path.upper(), name="loud_path", property=True)


def loud(request):
    return request.Response(text=request.loud_path)


r = app.router
r.add_route("/", extended_hello)
r.add_route("/callback", with_callback)
r.add_route("/loud", loud)
app.run()
