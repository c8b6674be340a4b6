"""A router that is slow and obvious: a scan over all routes, segment by segment.

And japy's for the same routes, which refuses those that are never reached.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote, unquote_to_bytes
from uuid import UUID

from japy.core.router import Handler, RouteError, Router

Row = tuple[str, Sequence[str]]  # pattern and methods; patterns without escapes
HEX = "[0-9a-fA-F]"


def even(text: str) -> int:
    """Be a converter's parse function: of even numbers."""
    if int(text) % 2:
        raise ValueError("odd")
    return int(text)


COLOURS = {"red": 0xFF0000, "lime": 0x00FF00}
COLOUR_NAMES = {value: name for name, value in COLOURS.items()}
CONVERTERS: dict[str, tuple[Callable[[str], object], Callable[[int], str]]] = {
    "even": (even, str),
    "colour": (COLOURS.__getitem__, COLOUR_NAMES.__getitem__),
}
KINDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "": (".+", str),
    "str": (".+", str),
    "path": (".+", str),
    "int": ("-?[0-9]+", int),
    "float": (r"-?[0-9]+(\.[0-9]+)?", float),
    "uuid": (f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}", UUID),
    "even": ("-?[0-9]*[02468]", int),
    "colour": ("red|lime", COLOURS.__getitem__),
}


def routed(table: Sequence[Row], handler: Handler) -> Router:
    """Return a frozen router with these routes."""
    router = Router()
    for name, functions in CONVERTERS.items():
        router.add_converter(name, *functions)
    for pattern, methods in table:
        router.add_route(pattern, handler, methods=methods or None)
    router.freeze()
    return router


def reachable(table: Sequence[Row], handler: Handler) -> list[Row]:
    """Return the routes that a router takes, offered one after the other."""
    kept: list[Row] = []
    for row in table:
        try:
            routed([*kept, row], handler)
        except RouteError:
            continue
        kept.append(row)
    return kept


def slow_match(routes: Sequence[Row], path: str, method: str) -> int | set[str]:
    """Return which of the routes wins, or else the methods that the path is known with.

    Args:
        routes: in the order of registration.
        path: raw path of the request.
        method: its method.
    """
    matching = [i for i, (pattern, _) in enumerate(routes) if slow_read(pattern, path) is not None]
    for wanted in (method, "GET") if method == "HEAD" else (method,):
        for i in matching:
            if not routes[i][1] or wanted in routes[i][1]:
                return i
    allow = {method for i in matching for method in routes[i][1]}
    if not allow:
        return allow
    return allow | {"OPTIONS"} | ({"HEAD"} if "GET" in allow else set())


def slow_read(pattern: str, path: str) -> dict[str, object] | None:
    """Return the parameters of a raw path, None where the pattern does not match it."""
    wanted, sent = pattern.split("/"), path.split("/")
    is_open = wanted[-1].endswith(":path}")
    if len(wanted) > len(sent) or (len(wanted) < len(sent) and not is_open):
        return None
    found: dict[str, object] = {}
    for i, text in enumerate(wanted):
        literal, brace, parameter = text.partition("{")
        data = unquote_to_bytes(sent[i])
        if not data.startswith(literal.encode()) or (not brace and data != literal.encode()):
            return None
        if not brace:
            continue
        name, _, kind = parameter.rstrip("}").partition(":")
        value = data[len(literal.encode()) :].decode(errors="replace")
        if kind == "path":
            value = "/".join([value, *map(unquote, sent[i + 1 :])])
        regex, read = KINDS[kind]
        if re.fullmatch(regex, value, re.DOTALL) is None:
            return None
        found[name] = read(value)
    return found


def spelled(pattern: str, values: Mapping[str, object]) -> str:
    """Return the decoded path of a pattern with these values in the place of its parameters."""
    for name, value in values.items():
        head, _, tail = pattern.partition("{" + name)
        pattern = f"{head}{value}{tail.partition('}')[2]}"
    return pattern


def decoded(path: str) -> str:
    """Return a raw path with each segment decoded."""
    return "/".join(unquote(part) for part in path.split("/"))
