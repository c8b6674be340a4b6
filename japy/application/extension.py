"""Attributes that an application adds to its requests (`Application.extend_request`).

Knows how `request.name` becomes a call of the application's function. Each name is put on the class
Request once, for all applications of the process; whose function is called depends on the request.

Invariant: no attribute that Request has by itself is ever replaced.
"""

from keyword import iskeyword
from typing import Any, NamedTuple

from japy.core.request import Request


class Extender(NamedTuple):
    """A function of an application, and whether it is called when its attribute is read."""

    function: Any
    is_property: bool


# PERF: descriptors, not `__getattr__`: a class that has one loses CPython's cache for attributes,
# and every `request.Response(...)` of a handler would pay for it (bench/micro, plaintext).
class Extension:
    """An attribute of Request that looks up what the request's application means by it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, request: Request | None, owner: type[Request] | None = None) -> Any:
        """Return the value of a property, or the function with the request as first argument."""
        if request is None:
            return self
        extender = extenders_of(request.app).get(self.name)
        if extender is None:
            raise AttributeError(f"'Request' object has no attribute {self.name!r}", obj=request)
        if extender.is_property:
            return extender.function(request)

        def call(*args: Any, **kwargs: Any) -> Any:
            return extender.function(request, *args, **kwargs)

        return call


def extenders_of(app: Any) -> dict[str, Extender]:
    """Return what an application has added."""
    extenders: dict[str, Extender] = app.extenders
    return extenders


def own_name(handler: object) -> str:
    """Return the name that a function has by itself.

    Raises:
        ValueError: it has none.
    """
    name: str | None = getattr(handler, "__name__", None)
    if name is None or name == "<lambda>":
        raise ValueError(f"extend_request: {handler!r} has no name of its own; pass name=")
    return name


def extend(name: str) -> None:
    """Give Request an attribute.

    Raises:
        ValueError: Request has that attribute by itself, or the name is none.
    """
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"extend_request: expected the name of an attribute; got {name!r}")
    if name.startswith("__"):  # it would change what the class itself is: its truth, its length
        raise ValueError(f"extend_request: {name!r} means something to Python; choose another name")
    present = getattr(Request, name, None)
    if isinstance(present, Extension):
        return
    if hasattr(Request, name):
        raise ValueError(f"extend_request: Request has {name!r} already; choose another name")
    setattr(Request, name, Extension(name))
