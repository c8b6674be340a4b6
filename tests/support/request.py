"""Requests for tests that only read them: caught where a real connection has made them."""

from collections.abc import Callable

from japy import Application, Limits, Request, Response
from japy.core.headers import Headers
from japy.core.protocol import Connection
from japy.core.request import Origin


class Sink:
    """A transport that nobody listens to."""

    def __init__(self, peername: object) -> None:
        self._peername = peername

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write_eof(self) -> None: ...
    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> object:
        return self._peername if name == "peername" else None


def new_request(
    target: str = "/",
    method: str = "GET",
    fields: bytes = b"Host: x\r\n",
    *,
    version: str = "1.1",
    app: Application | None = None,
    transport: Sink | None = None,
    pattern: str = "",
    body: bytes | None = None,
    rest: bytes = b"",
    trace: Callable[[Origin, Headers], Origin] | None = None,
) -> Request:
    """Return the request that a connection makes from a head with these field lines.

    Args:
        target: request target.
        method: request method.
        fields: field lines, each with its CRLF.
        version: 1.1 or 1.0.
        app: the application that is asked; it must have neither routes nor error handlers.
        transport: where the request came in.
        pattern: what to route; without it the request is caught in an error handler.
        body: the body, which is sent with its length.
        rest: what follows the head, in place of `body`.
        trace: tells where the request comes from, as a worker does that believes proxies.
    """
    app = app or Application(limits=Limits(fields=256))
    caught: list[Request] = []

    def catch(request: Request, error: object = None) -> Response:
        caught.append(request)
        return request.Response()

    app.add_error_handler(None, catch)
    if pattern:
        app.router.add_route(pattern, catch)
    service = app.service()
    service.trace = trace
    connection = Connection(service)
    connection.connection_made(transport or Sink(("192.0.2.1", 50000)))
    if body is not None:
        fields, rest = fields + b"Content-Length: %d\r\n" % len(body), body
    head = f"{method} {target} HTTP/{version}\r\n".encode("latin-1") + fields + b"\r\n"
    connection.data_received(head + rest)
    (request,) = caught
    return request
