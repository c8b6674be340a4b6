"""The workloads on mrhttp 0.13."""

# for a package without types:
# mypy: ignore-errors

import asyncio
import sys

import mrhttp
import mrjson

app = mrhttp.Application()


@app.route("/", _type="text")
def hello(request):
    return "Hello world!"


@app.route("/json", _type="json")
def json(request):
    return mrjson.dumps({"message": "Hello world!"})


@app.route("/users/{}", _type="text")
def user(request, name):
    return name


@app.route("/async", _type="text")
async def hello_async(request):
    return "Hello world!"


@app.route("/sleep0", _type="text")
async def hello_sleep0(request):
    await asyncio.sleep(0)
    return "Hello world!"


@app.route("/post", methods=["POST"], _type="text")
def post(request):
    return request.json["name"]


@app.route("/upload", methods=["POST"], _type="text")
def upload(request):
    return str(len(request.body))


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), cores=1)
