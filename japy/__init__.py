"""japy: a very fast HTTP/1.x toolkit and server, in typed Python that mypyc compiles."""

from japy.app import Application as Application
from japy.core.errors import BadRequest as BadRequest
from japy.core.errors import MethodNotAllowed as MethodNotAllowed
from japy.core.errors import RouteNotFoundException as RouteNotFoundException
from japy.core.limits import Limits as Limits
from japy.core.request import Request as Request
from japy.core.response import Response as Response
from japy.core.router import Route as Route
from japy.core.router import Router as Router

__version__ = "0.1.0"
