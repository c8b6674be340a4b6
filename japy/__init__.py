"""japy: a very fast HTTP/1.x toolkit and server, in typed Python that mypyc compiles."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from japy.application.app import Application as Application
    from japy.application.form import File as File
    from japy.application.middleware import CallNext as CallNext
    from japy.application.thread import run_in_thread as run_in_thread
    from japy.core.errors import BadRequest as BadRequest
    from japy.core.errors import MethodNotAllowed as MethodNotAllowed
    from japy.core.errors import RouteNotFoundException as RouteNotFoundException
    from japy.core.headers import Headers as Headers
    from japy.core.limits import Limits as Limits
    from japy.core.location import redirect as redirect
    from japy.core.request import Request as Request
    from japy.core.response import Response as Response
    from japy.core.route import Route as Route
    from japy.core.router import Router as Router
    from japy.serving.service import ProtocolService as ProtocolService
    from japy.serving.service import Service as Service
    from japy.serving.service import Sockets as Sockets
    from japy.serving.service import StreamService as StreamService

__version__ = "0.1.0"

# Imported when first asked for: the command and the pytest plugin start without the core.
PLACES = {
    "Application": "application.app",
    "BadRequest": "core.errors",
    "CallNext": "application.middleware",
    "File": "application.form",
    "Headers": "core.headers",
    "Limits": "core.limits",
    "MethodNotAllowed": "core.errors",
    "ProtocolService": "serving.service",
    "Request": "core.request",
    "Response": "core.response",
    "Route": "core.route",
    "RouteNotFoundException": "core.errors",
    "Router": "core.router",
    "Service": "serving.service",
    "Sockets": "serving.service",
    "StreamService": "serving.service",
    "redirect": "core.location",
    "run_in_thread": "application.thread",
}


__all__ = [*PLACES]  # what `import *` takes

if not TYPE_CHECKING:  # a type checker would take any name for one that this knows

    def __getattr__(name: str) -> object:
        """Import a public name."""
        if name not in PLACES:
            raise AttributeError(f"module 'japy' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"japy.{PLACES[name]}"), name)
        return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *PLACES})
