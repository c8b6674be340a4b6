"""An application that answers every request with what it has understood of it."""

import json

from japy import Application, Limits, Request, Response


def mirror(limits: Limits | None = None) -> Application:
    """Return the application; it has no routes, so that it sees every path and method."""
    app = Application(limits=limits)
    app.add_error_handler(None, reflect)
    return app


def reflect(request: Request, error: object) -> Response:
    """Answer with method, path, query, version, fields and body of the request."""
    body = None if request.body is None else request.body.decode("latin-1")
    raw = request.raw_query
    query = None if raw is None else raw.decode("latin-1")
    seen = (request.method, request.path, query, request.version)
    return request.Response(json=[*seen, request.headers, body])


def reflected(body: bytes) -> tuple[str, str, str | None, str, dict[str, str], bytes | None]:
    """Return what the body of an answer tells."""
    method, path, query, version, headers, text = json.loads(body)
    return method, path, query, version, headers, None if text is None else text.encode("latin-1")
