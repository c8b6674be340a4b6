"""The formats of an access log: an answered request as a line of text or of JSON.

Knows gunicorn's atoms and the keys of the JSON. Knows neither where lines go (`writer`) nor when
they are made (`journal`). Importing it costs next to nothing: settings are checked with it.

Invariants:
- A line is one line, whatever a client sent: nothing in it ends, colours or hides anything.
- What stands between quotes in a format cannot end them: `"` and `\\` are escaped.
"""

import binascii
import json
import math
import os
import re
import time
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from japy.core.request import Request
    from japy.core.response import Response

COMBINED = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
COMBINED_NAME, JSON_NAME = NAMED = ("combined", "json")
# An atom, with what Python's % allows for texts: %(h)s, %(h)-15s, %({user-agent}i).40s; or %%.
ATOM = re.compile(r"%(?:%|\((?:\{([^{}()]+)\}([ioe])|([^(){}]*))\)(-?\d*(?:\.\d+)?)s)")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
REFUSED = b" -"  # what the line of what was no request ends with; no target is a dash
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EXAMPLE = "a format with atoms such as %(h)s"


class FormatError(ValueError):
    """A format that says nothing, or nothing that is known."""


class Entry(NamedTuple):
    """One request and its answer."""

    request: "Request"
    response: "Response"
    code: int  # these two as they were sent: a handler may go on to change its Response
    size: int  # bytes of the body
    seconds: float  # from the first byte of the request until the answer was written
    time: float  # of the end of that, since the epoch


Get = Callable[[Entry], str]
Form = Callable[[Entry], str]


def escaped(text: str) -> str:
    """Return what a client sent as it may stand in a line, between quotes or not."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text or "-"
    return "".join(map(shown, text))


def shown(char: str) -> str:
    """Return a character as it may stand in a line."""
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else ascii(char)[1:-1]


# The atoms.


def client(entry: Entry) -> str:
    return escaped(entry.request.remote_addr)


def user(entry: Entry) -> str:
    """Return the name that was given by Basic authentication, whoever it was checked by."""
    kind, _, word = field(entry, "Authorization").partition(" ")
    if kind.lower() != "basic":
        return "-"
    try:
        name, _, _ = binascii.a2b_base64(word).partition(b":")
    except ValueError:
        return "-"
    return escaped(name.decode("utf-8", "replace")).replace(" ", "\\x20")


def date(entry: Entry) -> str:
    """Return when the answer was written, in local time."""
    return LOCAL.shown(int(entry.time))


class Second:
    """The last second that was written out, which many lines have in common."""

    def __init__(self, show: Callable[[int], str]) -> None:
        self._show = show
        self._last = -1
        self._text = ""

    def shown(self, second: int) -> str:
        """Return a second since the epoch as text."""
        if second != self._last:
            self._last, self._text = second, self._show(second)
        return self._text


def local(second: int) -> str:
    """Return a second as Apache writes it, in English whatever the locale."""
    now = time.localtime(second)
    day = f"{now.tm_mday:02}/{MONTHS[now.tm_mon - 1]}/{now.tm_year}"
    clock = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"[{day}:{clock} {time.strftime('%z', now)}]"


def universal(second: int) -> str:
    """Return a second as RFC 3339 writes it, without its end."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


LOCAL, UNIVERSAL = Second(local), Second(universal)


def request_line(entry: Entry) -> str:
    request = entry.request
    if request.line.endswith(REFUSED):
        return "-"
    query = request.raw_query
    target = request.line if query is None else b"%s?%s" % (request.line, query)
    # Bytes that are no UTF-8 become lone surrogates, which are escaped.
    return escaped(f"{target.decode('utf-8', 'surrogateescape')} HTTP/{request.version}")


def method(entry: Entry) -> str:
    return escaped(entry.request.method)


def path(entry: Entry) -> str:
    return escaped(entry.request.path)


def query(entry: Entry) -> str:
    return escaped((entry.request.raw_query or b"").decode("utf-8", "surrogateescape"))


def version(entry: Entry) -> str:
    return "-" if entry.request.line.endswith(REFUSED) else f"HTTP/{entry.request.version}"


def route(entry: Entry) -> str:
    found = entry.request.route
    return "-" if found is None else escaped(found.pattern)


ATOMS: dict[str, Get] = {
    "h": client,
    "l": lambda entry: "-",
    "u": user,
    "t": date,
    "r": request_line,
    "m": method,
    "U": path,
    "q": query,
    "H": version,
    "s": lambda entry: str(entry.code),
    "B": lambda entry: str(entry.size),
    "b": lambda entry: str(entry.size or "-"),
    "f": lambda entry: escaped(field(entry, "Referer")),
    "a": lambda entry: escaped(field(entry, "User-Agent")),
    "T": lambda entry: str(int(entry.seconds)),
    "M": lambda entry: str(int(entry.seconds * 1000)),
    "D": lambda entry: str(int(entry.seconds * 1_000_000)),
    "L": lambda entry: f"{entry.seconds:.6f}",
    "p": lambda entry: f"<{os.getpid()}>",
    "R": route,
}
# What a WSGI server would say; any other name is that of a variable of this process.
ENVIRON: dict[str, Get] = {
    "REQUEST_METHOD": method,
    "PATH_INFO": path,
    "QUERY_STRING": query,
    "REMOTE_ADDR": client,
    "SERVER_PROTOCOL": version,
}


def field(entry: Entry, name: str) -> str:
    """Return a field of the request, given its name in Title-Case; empty if there is none."""
    # PERF: to find nothing, `Headers.get` takes ten times as long: it tries other cases.
    return dict.get(entry.request.headers, name, "")


def field_of_request(name: str) -> Get:
    """Return what gets a field of the request."""
    title = name.title()
    return lambda entry: escaped(field(entry, title))


def field_of_response(name: str) -> Get:
    """Return what gets a field of the answer."""
    return lambda entry: escaped(entry.response.headers.get(name, ""))


def variable(name: str) -> Get:
    """Return what gets a variable of the environment."""
    return ENVIRON.get(name) or (lambda entry: escaped(os.environ.get(name, "")))


FIELDS: dict[str, Callable[[str], Get]] = {
    "i": field_of_request,
    "o": field_of_response,
    "e": variable,
}


def form(text: str, worker: int | None = None) -> Form:
    """Return what makes the lines of a format.

    Args:
        text: combined, json, or a format with atoms.
        worker: number of this worker, for JSON.

    Raises:
        FormatError: it is none of them.
    """
    if text == JSON_NAME:
        return lambda entry: json_entry(entry, worker)
    template, getters = parse(COMBINED if text == COMBINED_NAME else text)
    return lambda entry: template % tuple([get(entry) for get in getters])


def parse(text: str) -> tuple[str, list[Get]]:
    """Return a format with its atoms taken out, for Python's %, and what gets their values.

    Raises:
        FormatError: there is no atom, or one that is not known, or a stray %.
    """
    getters: list[Get] = []
    template, end = "", 0
    for found in ATOM.finditer(text):
        template += literal(text[end : found.start()])
        end = found.end()
        name, kind, atom, spec = found.groups()
        if atom is None and name is None:
            template += "%%"
            continue
        getters.append(FIELDS[kind](name) if name else known(atom))
        template += f"%{spec}s"
    template += literal(text[end:])
    if not getters:
        near = get_close_matches(text, NAMED, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise FormatError(f"expected {', '.join(NAMED)} or {EXAMPLE}; got {text!r}{hint}")
    return template, getters


def known(atom: str) -> Get:
    """Return what gets the value of an atom."""
    if atom not in ATOMS:
        raise FormatError(f"expected an atom of {' '.join(ATOMS)}; got %({atom})s")
    return ATOMS[atom]


def literal(text: str) -> str:
    """Return what stands between atoms."""
    if "%" in text:
        place = text[text.index("%") :][:16]
        raise FormatError(f"expected %(atom)s, or %% for a percent sign; got {place!r}")
    if not text.isprintable() and text.strip("\t"):
        raise FormatError(f"expected one line without control characters; got {text!r}")
    return text


# JSON.

ENCODER = json.JSONEncoder(default=repr, allow_nan=False)
QUOTE: Callable[[str], str] = json.encoder.encode_basestring_ascii


def request_id(request: "Request") -> str | None:
    """Return the id that the client has given to a request, if it is one."""
    name = dict.get(request.headers, "X-Request-Id", "")
    return name if REQUEST_ID.fullmatch(name) else None


def about(request: "Request") -> dict[str, object]:
    """Return what a record tells of a request: the attributes that `extra` gives it."""
    is_refused = request.line.endswith(REFUSED)
    return {
        "request_id": request_id(request),
        "method": None if is_refused else request.method,
        "path": None if is_refused else request.path,
        "route": None if request.route is None else request.route.pattern,
        "client": request.remote_addr or None,
    }


def about_entry(entry: Entry) -> dict[str, object]:
    """Return what a record tells of an answered request."""
    told = about(entry.request)
    if entry.response.has_fields:
        told["request_id"] = entry.response.headers.get("X-Request-Id") or told["request_id"]
    address = told.pop("client")
    told["status"] = entry.code
    told["dur_ms"] = int(entry.seconds * 1_000_000) / 1000
    told["bytes"] = entry.size
    told["client"] = address
    return told


def summary(request: "Request", code: int | None) -> str:
    """Return a request and the status of its answer, if that is known, in few words."""
    what = [request.remote_addr or "-", request.method, request.path]
    return " ".join([*what, *([] if code is None else [str(code)])])


def json_entry(entry: Entry, worker: int | None) -> str:
    """Return the JSON line of an answered request: what `json_line` makes of it, but faster."""
    told = about_entry(entry)
    name, method, path, route, status, ms, size, client = told.values()
    second, rest = divmod(int(entry.time * 1000), 1000)
    message = f"{client or '-'} {method or '-'} {path or '-'} {status}"
    return (
        f'{{"ts": "{UNIVERSAL.shown(second)}.{rest:03}Z", "level": "INFO", '
        f'"logger": "japy.access", "msg": {QUOTE(message)}, "pid": {os.getpid()}, '
        f'"worker": {json_value(worker)}, "request_id": {json_value(name)}, '
        f'"method": {json_value(method)}, "path": {json_value(path)}, '
        f'"route": {json_value(route)}, "status": {status}, "dur_ms": {ms}, '
        f'"bytes": {size}, "client": {json_value(client)}}}'
    )


def json_line(
    created: float,
    level: str,
    logger: str,
    message: str,
    worker: int | None,
    more: dict[str, object],
) -> str:
    """Return a record as a line of JSON, all ASCII; what JSON has no word for is shown."""
    second, rest = divmod(int(created * 1000), 1000)
    line: dict[str, object] = {
        "ts": f"{UNIVERSAL.shown(second)}.{rest:03}Z",
        "level": level,
        "logger": logger,
        "msg": message,
        "pid": os.getpid(),
        "worker": worker,
        **more,
    }
    return "{" + ", ".join([f"{QUOTE(name)}: {json_value(line[name])}" for name in line]) + "}"


def json_value(value: object) -> str:
    """Return a value as JSON, all ASCII."""
    # PERF: an encoder takes four times as long for a whole line.
    if type(value) is str:
        return QUOTE(value)
    if value is None:
        return "null"
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return repr(value)
    try:
        return ENCODER.encode(value)
    except (TypeError, ValueError):  # a key that is none, or an object that holds itself
        return QUOTE(repr(value))
