"""Hello, from a house in which there is nothing to do yet."""

from japy import Application, Request, Response

app = Application()


@app.route("/")
def hello(request: Request) -> Response:
    return request.Response("Nothing to do today.\n")


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=8080)
