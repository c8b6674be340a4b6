"""The Vary field."""

import pytest

from japy import Response
from japy.application.vary import vary_on


@pytest.mark.parametrize(
    ("present", "names", "after"),
    [
        ([], ["Origin"], ["Origin"]),
        ([], ["Origin", "Cookie", "origin"], ["Origin, Cookie"]),
        (["Accept"], ["Origin"], ["Accept, Origin"]),
        (["Accept, Cookie", "X-A"], ["Origin"], ["Accept, Cookie, X-A, Origin"]),
        (["accept , ORIGIN"], ["Origin"], ["accept , ORIGIN"]),
        (["Accept", "Origin"], ["Origin"], ["Accept", "Origin"]),
        (["*"], ["Origin"], ["*"]),
        (["Accept, *"], ["Origin"], ["Accept, *"]),
        ([","], ["Origin"], ["Origin"]),
        (["Accept"], [], ["Accept"]),
    ],
)
def test_names_are_added_once(present: list[str], names: list[str], after: list[str]) -> None:
    response = Response(headers={"Vary": present, "X-Other": "1"})
    vary_on(response, *names)
    assert response.headers.getlist("Vary") == after
    assert response.headers["X-Other"] == "1"


def test_without_names_there_is_no_field() -> None:
    response = Response()
    vary_on(response)
    assert "Vary" not in response.headers
