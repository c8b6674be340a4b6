"""Attributes that applications add to their requests."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from japy import Application, Request, Response
from tests.support.handlers import get
from tests.support.wire import Server, read_answers


def ask(app: Application) -> bytes:
    """Return the body of the answer to one request."""
    with Server(app) as server:
        (answer,) = read_answers(server.exchange([get("/")]).received)
    return answer.body


def app_of(handler: Any) -> Application:
    """Return an application with one route."""
    app = Application()
    app.router.add_route("/", handler)
    return app


def test_a_property_is_computed_each_time_it_is_read() -> None:
    reads: list[Request] = []

    def count(request: Request) -> int:
        reads.append(request)
        return len(reads)

    def handler(request: Any) -> Response:
        return Response(f"{request.count} {request.count}")

    app = app_of(handler)
    app.extend_request(count, property=True)
    assert ask(app) == b"1 2"
    assert all(isinstance(request, Request) for request in reads)


def test_a_method_is_given_what_the_caller_passes() -> None:
    def greet(request: Request, name: str, *, mark: str = ".") -> str:
        return f"{request.method} {name}{mark}"

    app = app_of(lambda request: Response(request.hello("you") + request.hello("you", mark="!")))
    app.extend_request(greet, name="hello")
    assert ask(app) == b"GET you.GET you!"


def test_the_name_is_that_of_the_handler() -> None:
    def shade(request: Request) -> str:
        return "blue"

    app = app_of(lambda request: Response(request.shade()))
    app.extend_request(shade)
    assert ask(app) == b"blue"


def test_of_two_handlers_with_one_name_the_later_counts() -> None:
    app = app_of(lambda request: Response(request.which))
    app.extend_request(lambda request: "first", name="which", property=True)
    app.extend_request(lambda request: "second", name="which", property=True)
    assert ask(app) == b"second"


def test_two_applications_of_a_process_may_mean_different_things() -> None:
    first, second, third = (app_of(lambda request: Response(request.mine)) for _ in range(3))
    first.extend_request(lambda request: "one", name="mine", property=True)
    second.extend_request(lambda request: "two", name="mine", property=True)
    assert ask(first) == b"one"
    assert ask(second) == b"two"
    assert ask(third) == b"Internal Server Error"
    assert ask(first) == b"one"


def test_an_attribute_of_another_application_is_not_there() -> None:
    Application().extend_request(lambda request: "x", name="elsewhere", property=True)

    def handler(request: Any) -> Response:
        with pytest.raises(AttributeError, match="'Request' object has no attribute 'elsewhere'"):
            request.elsewhere  # noqa: B018 - reading it is what fails
        return Response(f"{hasattr(request, 'elsewhere')} {getattr(request, 'elsewhere', 'none')}")

    assert ask(app_of(handler)) == b"False none"


def test_an_attribute_that_nobody_added_is_not_there() -> None:
    def handler(request: Any) -> Response:
        with pytest.raises(AttributeError, match="missing"):
            request.missing  # noqa: B018 - reading it is what fails
        return Response(str(hasattr(request, "missing")))

    assert ask(app_of(handler)) == b"False"


@pytest.mark.parametrize("kind", [AttributeError, KeyError, ValueError])
def test_the_error_of_a_handler_surfaces_as_itself(kind: type[Exception]) -> None:
    def broken(request: Request) -> str:
        raise kind("on purpose")

    def handler(request: Any) -> Response:
        with pytest.raises(kind, match="on purpose") as caught:
            request.broken  # noqa: B018 - reading it is what fails
        assert caught.traceback[-1].name == "broken"
        with pytest.raises(kind, match="on purpose"):
            request.broken_call()
        return Response("seen")

    app = app_of(handler)
    app.extend_request(broken, property=True)
    app.extend_request(broken, name="broken_call")
    assert ask(app) == b"seen"


@pytest.mark.parametrize(
    "name", ["method", "headers", "Response", "match_dict", "extra", "body", "app", "_peer"]
)
def test_what_requests_have_cannot_be_replaced(name: str) -> None:
    with pytest.raises(ValueError, match=f"Request has {name!r} already; choose another name"):
        Application().extend_request(lambda request: "x", name=name)


@pytest.mark.parametrize("name", ["", "two words", "9th", "a-b", "class", "None"])
def test_a_name_is_one_that_can_be_written(name: str) -> None:
    with pytest.raises(ValueError, match="expected the name of an attribute; got"):
        Application().extend_request(lambda request: "x", name=name)


@pytest.mark.parametrize("name", ["__len__", "__bool__", "__call__", "__own"])
def test_a_name_is_none_that_python_uses(name: str) -> None:
    with pytest.raises(ValueError, match="choose another name"):
        Application().extend_request(lambda request: 0, name=name)


@pytest.mark.parametrize("handler", [lambda request: "x", partial(str)])
def test_a_handler_without_a_name_needs_one(handler: Callable[..., str]) -> None:
    with pytest.raises(ValueError, match="has no name of its own; pass name="):
        Application().extend_request(handler)


def test_a_handler_can_be_called() -> None:
    with pytest.raises(TypeError, match="expected a callable; got 'text'"):
        Application().extend_request("text", name="fine")  # type: ignore[arg-type]  # on purpose


def test_an_attribute_cannot_be_assigned() -> None:
    def handler(request: Any) -> Response:
        with pytest.raises(AttributeError):
            request.fixed = "other"
        return Response(request.fixed)

    app = app_of(handler)
    app.extend_request(lambda request: "as it was", name="fixed", property=True)
    assert ask(app) == b"as it was"


def test_an_asynchronous_method_is_awaited_by_its_caller() -> None:
    async def fetch(request: Request, key: str) -> str:
        return f"value of {key}"

    async def handler(request: Any) -> Response:
        return Response(await request.fetch("k"))

    app = app_of(handler)
    app.extend_request(fetch)
    assert ask(app) == b"value of k"
