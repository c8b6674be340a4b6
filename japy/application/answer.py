"""What a handler may return instead of a Response, and what is said when it is none of that.

Knows every value that stands for an answer, how to name a handler to its author, and what japy
answers by itself. Whether a value has to be awaited first is seen to before.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from japy.core.codec import Codec
from japy.core.media import JSON
from japy.core.request import Request
from japy.core.response import Response
from japy.core.router import METHODS

ACCEPTED = "a Response, str, bytes, dict, list, None, or a tuple of one of them and a status"
TARGET = "%/?:@!$&'()*+,;="  # RFC 3986 §3.3, §3.4: what need not be encoded, or is already


def to_response(value: object, codec: Codec, handler: object = None) -> Response:
    """Return the Response that a value stands for.

    A str is `text/plain`, bytes are `application/octet-stream`, a dict or a list is JSON, and None
    is an empty answer of status 204. `(value, status)` and `(value, status, headers)` have the
    status and fields that they say.

    Args:
        value: what a handler, a hook or a middleware has returned.
        codec: how JSON is written.
        handler: which of them, for the message.

    Raises:
        TypeError: the value stands for no answer, or JSON does not know what is in it.
        ValueError: no legal status or field.
    """
    if isinstance(value, Response):
        return value
    first, status, headers = value, None, None
    if isinstance(value, tuple):
        if len(value) not in (2, 3) or not is_status(value[1]):
            raise bad_result(handler, value)
        first, status, headers = value if len(value) == 3 else (*value, None)
    if first is not None and not isinstance(first, (str, bytes, dict, list)):
        raise bad_result(handler, value)
    try:
        return encoded(first, status, headers, codec)
    except Exception as error:
        error.add_note(f"This is about what {described(handler)} has returned.")
        raise


def is_status(value: object) -> bool:
    """Tell whether a value is meant as a status; `http.HTTPStatus` is an int."""
    return isinstance(value, int) and not isinstance(value, bool)


def encoded(
    value: str | bytes | dict[Any, Any] | list[Any] | None,
    status: int | None,
    headers: Any,
    codec: Codec,
) -> Response:
    """Return the Response for a value with this status and these fields."""
    if value is None:
        return Response(code=204 if status is None else status, headers=headers)
    if isinstance(value, str):
        return Response(value, status, headers=headers)
    if isinstance(value, bytes):
        return Response(None, status, value, headers=headers)
    data = codec.dumps(value)
    body = data.encode() if isinstance(data, str) else data
    return Response(None, status, body, None, JSON, headers=headers)


def bad_result(handler: object, value: object) -> TypeError:
    """Return the error for a value that a handler has returned and that stands for no answer."""
    return TypeError(
        f"handler {described(handler)}: expected {ACCEPTED}; got {kind(value)}: {cure(value)}"
    )


def bad_answer(handler: object, value: object) -> TypeError:
    """Return the error for what an error handler has returned and what is no Response."""
    return TypeError(
        f"error handler {described(handler)}: expected a Response; got {kind(value)}: "
        "return request.Response(...)"
    )


def kind(value: object) -> str:
    """Return what a value is, in a few words."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, tuple):
        names = ", ".join(type(item).__name__ for item in value[:4])
        return f"a tuple of {len(value)} ({names}{', ...' if len(value) > 4 else ''})"
    return type(value).__name__


def cure(value: object) -> str:
    """Return what to do about a value that stands for no answer."""
    if isinstance(value, type):
        return f"call it, return {value.__name__}(...)"
    if isinstance(value, tuple):
        return cure_tuple(value)
    if isinstance(value, int):
        return "return str(value), or (None, status) for an answer without a body"
    if inspect.isgenerator(value) or isinstance(value, (set, frozenset)):
        return "return list(value)"
    if inspect.isasyncgen(value):
        return "return [item async for item in value]"
    if isinstance(value, (bytearray, memoryview)):
        return "return bytes(value)"
    if callable(value):
        return "call it and return what it returns"
    return "return request.Response(...)"


def cure_tuple(value: tuple[object, ...]) -> str:
    """Return what to do about a tuple that stands for no answer."""
    if value and isinstance(value[0], Response):
        return "set its code and headers, return the Response alone"
    if len(value) in (2, 3) and not is_status(value[1]):
        return "return (value, status) or (value, status, headers), with a status like 201"
    if value and inspect.isawaitable(value[0]):
        return "await the first of them, return (await ..., status)"
    if len(value) in (2, 3) and isinstance(value[0], (int, float)):
        return "return (str(value), status), or list(value) for JSON"
    return "return list(value) for JSON"


def described(handler: object) -> str:
    """Return the name of a handler and where it is written."""
    if handler is None:
        return "of unknown name"
    try:
        function = innermost(handler)
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        code = getattr(function, "__code__", None)
    except Exception:  # it is the user's object: it may answer anything to anybody
        return type(handler).__qualname__
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else f"{name}"


def innermost(handler: Any) -> Callable[..., object]:
    """Return the function that its author wrote: under partials, decorators and instances."""
    while isinstance(handler, partial):
        handler = handler.func
    if not hasattr(handler, "__qualname__"):
        handler = type(handler).__call__
    found: Callable[..., object] = inspect.unwrap(handler)
    return found


def answer_options(request: Request) -> Response:
    """Answer `OPTIONS *`: what the server can do at all (RFC 9110 §9.3.7)."""
    return Response(headers={"Allow": ", ".join(METHODS)})


def moved(path: bytes, query: bytes | None) -> Response:
    """Return the answer that sends a client to a raw path on the same server.

    The target has no scheme and no host, so it is right behind a proxy, and no "//" at its start,
    which would make what follows a host.
    """
    target = "/" + quote(path.lstrip(b"/"), safe=TARGET)
    if query is not None:
        target += "?" + quote(query, safe=TARGET)
    return Response(code=308, headers={"Location": target})
