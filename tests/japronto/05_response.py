# mypy: ignore-errors
# Written as users of Japronto write: without types, for a package that is not installed here.
"""Every argument of a response."""

from http.cookies import SimpleCookie

from japronto.app import Application


def text(request):
    return request.Response(text="Hello world!")


def encoding(request):
    return request.Response(text="Już pora na mnie", encoding="iso-8859-2")


def mime(request):
    return request.Response(mime_type="image/svg+xml", text="<svg/>")


def body(request):
    return request.Response(body=b"\xde\xad\xbe\xef")


def json(request):
    return request.Response(json={"hello": "world"})


def code(request):
    return request.Response(code=307)


def headers(request):
    return request.Response(
        text="headers", headers={"X-Header": "Value", "Refresh": "5; url=https://example.org/"}
    )


def cookies(request):
    cookies = SimpleCookie()
    cookies["hello"] = "world"
    cookies["hello"]["domain"] = "localhost"
    cookies["hello"]["path"] = "/"
    cookies["hello"]["max-age"] = 3600
    cookies["city"] = "São Paulo"

    return request.Response(text="cookies", cookies=cookies)


def positional(request):
    return request.Response("moved in order", 201)


app = Application()
router = app.router
router.add_route("/text", text)
router.add_route("/encoding", encoding)
router.add_route("/mime", mime)
router.add_route("/body", body)
router.add_route("/json", json)
router.add_route("/code", code)
router.add_route("/headers", headers)
router.add_route("/cookies", cookies)
router.add_route("/positional", positional)
app.run()
