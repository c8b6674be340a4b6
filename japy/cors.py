"""CORS: which pages of other origins may read the answers of an application.

Knows the Fetch standard's CORS protocol: the question that a browser asks before some requests (the
preflight), and the fields that let a page read an answer. Keeps nobody but browsers from anything:
a request from a foreign page is still handled.

How it works: a hook before the handler answers preflights, a hook after it adds the fields to every
answer, errors included. Both are synchronous, so handlers without `async` stay as quick.

Invariants:
- Every answer whose fields depend on the origin says so in Vary, also without an Origin.
- No answer has both `*` and credentials.
"""

import re
from collections.abc import Iterable
from typing import Final

from japy.application.app import Application
from japy.application.vary import vary_on
from japy.core.errors import MethodNotAllowed
from japy.core.fields import TOKEN
from japy.core.request import Request
from japy.core.response import Response
from japy.core.router import missing

ALLOW: Final = "Access-Control-Allow-"
ASK: Final = "Access-Control-Request-"
STRANGER: Final = "https://stranger.invalid"  # RFC 2606: a host that nobody has
ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")
DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class CORS:
    """Let pages of other origins read the answers of an application.

    Make it before the hooks that may refuse a request, such as one that asks for a log-in: a
    preflight carries neither cookies nor Authorization.

    Args:
        app: the application.
        origins: the origins of these pages, as browsers send them (`https://example.com`), or "*"
            for all. "null", the origin of local files and sandboxed frames, only if it is listed.
        methods: what a preflight allows; those of the route by default.
        headers: fields a page may send beyond those that are always allowed; "*" for all it asks
            for.
        expose: fields of an answer that a page may read beyond those it always may.
        credentials: let pages send cookies; never with `origins="*"`.
        max_age: seconds that a browser may keep the answer to a preflight.
        private_network: let public pages ask an application in a private network.
        origin_pattern: a regular expression; origins that match as a whole are allowed, too.

    Raises:
        ValueError: an origin that no browser sends, or settings that contradict each other.
    """

    def __init__(
        self,
        app: Application,
        origins: Iterable[str] | str = (),
        *,
        methods: Iterable[str] | None = None,
        headers: Iterable[str] | str = "*",
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
        private_network: bool = False,
        origin_pattern: str | re.Pattern[str] | None = None,
    ) -> None:
        self.origins = frozenset(listed(origins))
        self.origin_pattern = None if origin_pattern is None else compiled(origin_pattern)
        self.is_open = "*" in self.origins
        self._check_origins()
        self.methods = None if methods is None else tokens("methods", methods)
        self.headers = None if headers == "*" else tokens("headers", headers)
        self.expose = tokens("expose", expose)
        self.credentials = credentials
        self.max_age = max_age
        self.private_network = private_network
        self._check_credentials()
        if isinstance(max_age, bool) or not isinstance(max_age, int) or max_age < 0:
            raise ValueError(f"max_age: expected seconds, 0 or more; got {max_age!r}")
        self._app = app
        app.before_request(self.answer_preflight)
        app.after_response(self.add_fields)

    def _check_origins(self) -> None:
        if not self.origins and self.origin_pattern is None:
            raise ValueError("origins: expected at least one, or an origin_pattern; got none")
        if self.is_open and (len(self.origins) > 1 or self.origin_pattern is not None):
            raise ValueError("origins: '*' allows every origin; leave out the others, or the '*'")
        for origin in self.origins - {"*", "null"}:
            require_origin(origin)

    def _check_credentials(self) -> None:
        if not self.credentials:
            return
        if self.is_open:
            raise ValueError(
                "origins: '*' with credentials would let every page on the internet act in the "
                "name of your users; list the origins that may"
            )
        if self.is_allowed("null") or self.is_allowed(STRANGER):
            raise ValueError(
                "origins: with credentials, 'null' and patterns that match any host are as open as "
                "'*'; list the origins that may"
            )
        if "*" in self.expose + (self.methods or []) + (self.headers or []):
            raise ValueError("with credentials, browsers take '*' as a name; list what you mean")

    def is_allowed(self, origin: str) -> bool:
        """Tell whether pages of an origin may read answers."""
        if self.is_open or origin in self.origins:
            return True
        pattern = self.origin_pattern
        return pattern is not None and pattern.fullmatch(origin) is not None

    def answer_preflight(self, request: Request) -> Response | None:
        """Return the answer to a preflight; None to any other request.

        The fields that every answer gets are added behind this one, too.
        """
        if request.method != "OPTIONS":
            return None
        asked = request.headers
        origin, method = asked.get("Origin"), asked.get(ASK + "Method")
        if origin is None or method is None:
            return None
        if not self.is_allowed(origin):
            return Response("CORS: this origin is not allowed", 403)
        answer = Response(code=204)
        fields = answer.headers
        fields[ALLOW + "Methods"] = ", ".join(self._methods_of(request, method))
        names = asked.get(ASK + "Headers", "") if self.headers is None else self.headers
        names = [name for name in listed(names) if TOKEN.fullmatch(name)]
        if names:
            fields[ALLOW + "Headers"] = ", ".join(names)
        fields["Access-Control-Max-Age"] = str(self.max_age)
        if self.private_network and asked.get(ASK + "Private-Network") == "true":
            fields[ALLOW + "Private-Network"] = "true"
        vary_on(answer, ASK + "Method", ASK + "Headers")
        return answer

    def _methods_of(self, request: Request, method: str) -> list[str]:
        """Return what may be asked of the path; a path without a route may be found missing."""
        if self.methods is not None:
            return self.methods
        if TOKEN.fullmatch(method) is None:
            return []
        path = request.line[request.method_size :]
        found = self._app.router.search(method.encode("latin-1") + path, len(method))
        if found.route is not None:
            return sorted(found.route.methods | {method})
        error = missing(found)
        return list(error.allow) if isinstance(error, MethodNotAllowed) else [method]

    def add_fields(self, request: Request, response: Response) -> None:
        """Add what lets a page of an allowed origin read an answer."""
        fields = response.headers
        if self.is_open:
            fields[ALLOW + "Origin"] = "*"
        else:
            vary_on(response, "Origin")
            origin = request.headers.get("Origin")
            if origin is None or not self.is_allowed(origin):
                return
            fields[ALLOW + "Origin"] = origin
        if self.credentials:
            fields[ALLOW + "Credentials"] = "true"
        if self.expose:
            fields["Access-Control-Expose-Headers"] = ", ".join(self.expose)


def listed(names: Iterable[str] | str) -> list[str]:
    """Return names that are given one by one, or in one text with commas between them."""
    if isinstance(names, str):
        return [name for name in map(str.strip, names.split(",")) if name]
    return list(names)


def tokens(what: str, names: Iterable[str] | str) -> list[str]:
    """Return names of methods or fields.

    Raises:
        ValueError: one of them is none (RFC 9110 §5.6.2).
    """
    found = listed(names)
    for name in found:
        if TOKEN.fullmatch(name) is None:
            raise ValueError(f"{what}: expected a name without spaces; got {name!r}")
    return found


def require_origin(origin: str) -> None:
    """Make sure that a browser could send an origin: scheme, host, and a port if it is unusual.

    Raises:
        ValueError: no browser would, so no page would be allowed.
    """
    match = ORIGIN.fullmatch(origin)
    if match is None:
        raise ValueError(f"origins: {origin!r} is none. {mend(origin)}")
    scheme, host, port = match.groups()
    if port is not None and port == DEFAULT_PORTS.get(scheme):
        raise ValueError(
            f"origins: browsers leave out {port} in {origin!r}. Write '{scheme}://{host}'"
        )


def compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return a regular expression."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"origin_pattern: {pattern!r} is no regular expression: {error}") from None


def mend(origin: str) -> str:
    """Return what to write instead of something that is no origin."""
    if "*" in origin:
        return "For a family of origins, use origin_pattern, a regular expression"
    plain = re.match(r"[^/?#]+://[^/?#]+", origin)
    if plain is None:
        return "Write scheme and host, such as 'https://example.com'"
    if plain[0] != origin:
        return f"An origin has no path, not even a slash at its end. Write {plain[0]!r}"
    if origin.lower() != origin:
        return f"Browsers send origins in lower case. Write {origin.lower()!r}"
    return "Write scheme, host in ASCII (xn--…) and, if it is unusual, the port"
