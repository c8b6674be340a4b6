"""Registrar: what decorates is what adds a route; the rest is in test_router."""

import pytest

from japy.core.registrar import Registrar
from japy.core.request import Request
from japy.core.response import Response
from japy.core.router import Router

VERBS = ["get", "post", "put", "patch", "delete", "head", "options"]


def show(request: Request) -> Response:
    return request.Response("shown")


@pytest.mark.parametrize("verb", VERBS)
def test_each_decorator_passes_on_all_that_it_is_told(verb: str) -> None:
    router = Router()
    decorate = getattr(router, verb)("/x", name="n", body_limit=5, handler_cancellation=False)
    assert decorate(show) is show
    (route,) = router.routes
    assert (set(route.methods), route.name) == ({verb.upper()}, "n")
    assert (route.body_limit, route.handler_cancellation) == (5, False)


def test_who_keeps_no_routes_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Registrar().get("/")(show)
