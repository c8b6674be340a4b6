"""Answered requests for tests of what is logged about them."""

import time

from japy import Response
from japy.logs.access import Entry
from tests.support.request import new_request

NOON = time.mktime((2026, 10, 11, 12, 30, 5, 0, 0, -1)) + 0.0625  # in local time


def new_entry(
    target: str = "/a%20b?x=1",
    *,
    method: str = "GET",
    fields: bytes = b"",
    response: Response | None = None,
    seconds: float = 1.234567,
    pattern: str = "",
) -> Entry:
    """Return an answer to a request with these field lines, beside Host."""
    request = new_request(target, method, b"Host: x\r\n" + fields, pattern=pattern)
    response = response or Response("hello")
    size = 0 if request.is_head else len(response.body)
    return Entry(request, response, response.code, size, seconds, NOON)
