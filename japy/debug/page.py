"""The answer to an error in debug mode: a page for a browser, the traceback for anything else.

Knows what of a request, its route and the versions helps to find a mistake. Imported only when an
application in debug mode fails.

Invariants:
- `answer` never raises: when the page cannot be made, the traceback is the answer.
- The page asks for nothing else and runs no script, and its Content-Security-Policy says so.
"""

import base64
import hashlib
import platform
import traceback
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote_plus

from japy.application.answer import described
from japy.application.frame import foreign
from japy.core.request import Request
from japy.core.response import Response
from japy.core.route import Route
from japy.debug.glimpse import MASK, cut, is_secret, masked, text_of
from japy.debug.markup import Markup, joined, table, tag
from japy.debug.trace import message_of, show, without_secrets
from japy.logs.log import error_log

CSS: Final = """
:root { color-scheme: light dark; --line: #8884; --grey: #777; --mark: #fc06; --bad: #c22 }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.1rem; color: var(--bad); margin: 0 }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem }
pre, code, td { font: 13px/1.45 ui-monospace, monospace }
pre { overflow-x: auto; margin: .4rem 0 }
pre.message { font-size: 15px; white-space: pre-wrap; overflow-wrap: anywhere }
ol.frames { list-style: none; padding: 0 }
details { border-left: 3px solid var(--bad); padding: .2rem 0 .2rem .7rem; margin: .4rem 0 }
details.japy, details.library, details.text { border-color: var(--line) }
details.japy > summary, details.library > summary, .place, footer { color: var(--grey) }
summary { cursor: pointer; overflow-wrap: anywhere }
.source span { display: block; white-space: pre }
.source i { color: var(--grey); font-style: normal }
.source .failed { background: #c222 }
mark { background: var(--mark); color: inherit }
table { border-collapse: collapse; width: 100% }
th { text-align: left; vertical-align: top; font-weight: normal; color: var(--grey) }
th { width: 12rem; padding: .1rem 1rem .1rem 0; overflow-wrap: anywhere }
td { white-space: pre-wrap; overflow-wrap: anywhere }
section.part { border-left: 1px solid var(--line); padding-left: 1rem }
"""
DIGEST: Final = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
VARY: Final = {"Vary": "Accept"}


def answer(request: Request, error: BaseException) -> Response:
    """Return the answer to an error, for whoever reads it."""
    text = traceback_of(error)
    try:
        if prefers_html(request.headers.get("Accept", "")):
            body = page(request, error, text).encode("utf-8", "backslashreplace")
            return Response(None, 500, body, mime_type="text/html", headers=HEADERS | VARY)
    except BaseException:  # what a value raises that is shown is no exit of ours
        error_log.warning("the page of the debug mode could not be made", exc_info=True)
    body = text.encode("utf-8", "backslashreplace")
    return Response(None, 500, body, mime_type="text/plain", headers=VARY)


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error, as Python prints it."""
    try:
        frames = foreign(error.__traceback__) or error.__traceback__
        return "".join(traceback.format_exception(type(error), error, frames))
    except BaseException as second:  # of an error that hides what it is
        return f"{type(error).__qualname__}: no traceback: {type(second).__qualname__}\n"


def prefers_html(accept: str) -> bool:
    """Tell whether a client names HTML, and likes nothing plain better (RFC 9110 §12.5.1)."""
    qualities = dict(map(quality_of, accept.lower().split(",")))
    html = qualities.get("text/html", 0.0)
    ranges = ("text/plain", "text/*", "*/*")  # the most specific one counts
    plain = next((qualities[range_] for range_ in ranges if range_ in qualities), 0.0)
    return html > 0 and html >= plain


def quality_of(item: str) -> tuple[str, float]:
    """Return a media range and how much it is liked; not at all if that is unreadable."""
    name, *parameters = map(str.strip, item.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def page(request: Request, error: BaseException, text: str) -> str:
    """Return the page: the error, the request, the route and the versions."""
    title = cut(message_of(error).partition("\n")[0], 200)
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width">'),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    body = tag(
        "body",
        tag("h1", f"{request.method} {target_of(request)} failed"),
        show(error),
        tag("h2", "Request"),
        table(request_rows(request)),
        tag("h2", "Route"),
        table(route_rows(request.route)),
        tag("h2", "Versions"),
        table(version_rows()),
        tag("h2", "Traceback"),
        tag(
            "details",
            tag("summary", "As text"),
            tag("pre", without_secrets(text, error)),
            kind="text",
        ),
        tag("footer", tag("p", "You see this because the application is in debug mode.")),
    )
    return "<!doctype html>\n" + Markup(f'<html lang="en">{joined([head, body])}</html>\n')


def target_of(request: Request) -> str:
    """Return path and query as they were sent, without secrets."""
    path = masked(path_of(request))
    query = request.raw_query
    return cut(path if query is None else f"{path}?{query_of(query.decode('latin-1'))}")


def path_of(request: Request) -> str:
    """Return the path as it was sent, without parameters whose names are secrets'."""
    parts = request.line[request.method_size + 1 :].decode("latin-1").split("/")
    segments = [] if request.route is None else request.route.segments
    for i, segment in enumerate(segments):
        if segment.name and is_secret(segment.name):
            parts[i] = segment.literal.decode() + MASK
            if segment.is_path:
                del parts[i + 1 :]
    return "/".join(parts)


def query_of(raw: str) -> str:
    """Return a query as it was sent, but for the pairs in it that say something secret."""
    return "&".join(map(pair_of, cut(raw).split("&")))


def pair_of(raw: str) -> str:
    """Return one pair of a query."""
    raw_name, equals, raw_value = raw.partition("=")
    name, value = unquote_plus(raw_name), unquote_plus(raw_value)
    shown_name, shown_value = text_of("", name), text_of(name, value) if equals else ""
    if (shown_name, shown_value) == (name, value):
        return raw
    return shown_name + equals + shown_value


def request_rows(request: Request) -> list[tuple[str, str]]:
    """Return what a client has sent."""
    body = request.body
    rows = [
        ("Target", f"{request.method} {target_of(request)} HTTP/{request.version}"),
        ("Client", request.remote_addr or "-"),
        ("Body", "none" if body is None else f"{len(body)} bytes"),
    ]
    groups = {
        "Parameter": request.match_dict.items(),
        "Query": request.query_list,
        "Cookie": ((name, MASK) for name in request.cookies),
        "Field": request.headers.items(),
    }
    for group, pairs in groups.items():
        rows += [
            (f"{group} {text_of('', name)}", text_of(name, str(value))) for name, value in pairs
        ]
    return rows


def route_rows(route: Route | None) -> list[tuple[str, str]]:
    """Return what was asked to handle the request."""
    if route is None:
        return [("Pattern", "none: no route matches")]
    return [
        ("Pattern", route.pattern),
        ("Methods", " ".join(sorted(route.methods)) or "any"),
        ("Handler", described(route.handler)),
    ]


def version_rows() -> list[tuple[str, str]]:
    """Return what is installed, as far as an error may depend on it."""
    from japy import __version__, core

    mode = "compiled" if core.COMPILED else "interpreted"
    rows = [("japy", f"{__version__} ({mode})"), ("Python", platform.python_version())]
    rows += [(package, version(package)) for package in ("uvloop", "cffi")]
    return [*rows, ("System", platform.platform())]
