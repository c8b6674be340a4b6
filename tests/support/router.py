"""A router that is slow and obvious: a scan over all routes, segment by segment."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes


def slow_match(
    routes: Sequence[tuple[str, Sequence[str]]], path: str, method: str
) -> int | set[str]:
    """Return which of the routes wins, or else the methods that the path is known with.

    Args:
        routes: pattern and methods of each, in the order of registration; patterns without escapes.
        path: raw path of the request.
        method: its method.
    """
    matching = [i for i, (pattern, _) in enumerate(routes) if is_match(pattern, path)]
    for wanted in (method, "GET") if method == "HEAD" else (method,):
        for i in matching:
            if not routes[i][1] or wanted in routes[i][1]:
                return i
    allow = {method for i in matching for method in routes[i][1]}
    return allow | {"HEAD"} if "GET" in allow else allow


def is_match(pattern: str, path: str) -> bool:
    """Tell whether a pattern matches a raw path."""
    wanted, sent = pattern.split("/"), path.split("/")
    return len(wanted) == len(sent) and all(map(is_part, wanted, sent))


def is_part(wanted: str, sent: str) -> bool:
    """Tell whether one segment of a pattern matches one of a path."""
    data = unquote_to_bytes(sent)
    text, brace, _ = wanted.partition("{")
    literal = text.encode()
    return data.startswith(literal) and data != literal if brace else data == literal
