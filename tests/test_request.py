"""The import of Japronto's users."""

import japy
from japy.request import HttpRequest


def test_the_name_that_japronto_s_users_import_is_the_request() -> None:
    assert HttpRequest is japy.Request
