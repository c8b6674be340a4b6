"""Routes: `japy routes`: which there are, in the order in which they are matched, and who wins.

Knows how to show a route. The answer to who wins is the router's own (`Router.match`).
"""

import functools
import inspect
import json
import os
from typing import TYPE_CHECKING, Any

import click

from japy.cli.group import Action
from japy.cli.option import collect
from japy.cli.target import choose, load, target_command
from japy.settings.config import Config
from japy.settings.source import SourceError

if TYPE_CHECKING:
    from japy.application.app import Application
    from japy.core.route import Route

EXIT_NO_ROUTE = 1
EXIT_UNUSABLE = 3
COLUMNS = ("methods", "path", "name", "handler", "place", "kind")
SORTS = {"match": None, "path": "path", "name": "name", "handler": "handler"}
Row = dict[str, Any]


def routes_now(match: str | None, sort: str, as_json: bool, **params: Any) -> Action:
    """Be `japy routes`."""
    settings = collect(params)
    asked = None if match is None else split(match)
    target = choose(settings.config, is_quiet=True)
    return functools.partial(show, settings.config, target, asked, sort, as_json)


def split(text: str) -> tuple[str, str]:
    """Return the method and the path of a request, as "GET /x" has them.

    Raises:
        SourceError: the text has not both.
    """
    method, _, path = text.strip().partition(" ")
    path = path.strip()
    if not method or not path or " " in path or not (path.startswith("/") or path == "*"):
        raise SourceError(f'--match: expected a method and a path ("GET /x"); got {text!r}')
    return method, path


def show(
    config: Config, target: str, asked: tuple[str, str] | None, sort: str, as_json: bool
) -> int:
    """Print what was asked for; return the exit status."""
    from japy.serving.importer import LoadError, guarded

    try:
        app = load(config, target)
        routes = app.router.routes
        guarded("application", app.service)  # which makes the routes ready, or says why not
    except LoadError as error:
        click.echo(str(error), err=True)
        return EXIT_UNUSABLE
    if asked is not None:
        return show_winner(app, *asked, as_json)
    rows = [describe(route) for route in routes]
    column = SORTS[sort]
    if column is not None:
        rows.sort(key=lambda row: str(row[column]))
    click.echo(json.dumps(rows, indent=2) if as_json else table(rows))
    return 0


def describe(route: "Route") -> Row:
    """Return what is shown of a route."""
    from japy.core.route import name_of, unwrap

    inner = unwrap(route.handler)
    module = getattr(inner, "__module__", None) or type(inner).__module__
    name = getattr(inner, "__qualname__", None) or name_of(route.handler)
    call = inner if inspect.isroutine(inner) else getattr(inner, "__call__", inner)  # noqa: B004  # the method, not whether there is one
    return {
        "methods": sorted(route.methods),
        "path": route.pattern,
        "name": route.name,
        "handler": f"{module}.{name}",
        "place": near(route.place),
        "kind": "async" if inspect.iscoroutinefunction(call) else "sync",
    }


def near(place: str) -> str:
    """Return file and line, from the current folder if the file lies in it."""
    here = os.getcwd() + os.sep
    return place.removeprefix(here)


def table(rows: list[Row]) -> str:
    """Return rows as lines with aligned columns."""
    if not rows:
        return "There are no routes."
    cells = [[name.upper() for name in COLUMNS]]
    cells += [
        [" ".join(row["methods"]) or "any", *(row[name] for name in COLUMNS[1:])] for row in rows
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def show_winner(app: "Application", method: str, path: str, as_json: bool) -> int:
    """Print who answers a request; return the exit status."""
    found = app.router.match(method, path)
    if found is None:
        reason = why_none(app, method, path)
        click.echo(json.dumps({"route": None, "answer": reason}) if as_json else reason)
        return EXIT_NO_ROUTE
    row = describe(found.route)
    params = {name: str(value) for name, value in found.read().items()}
    if as_json:
        click.echo(json.dumps({"route": row, "params": params}, indent=2))
        return 0
    click.echo(table([row]))
    for name, value in params.items():
        click.echo(f"{name} = {value}")
    return 0


def why_none(app: "Application", method: str, path: str) -> str:
    """Return how a request is answered that no route matches."""
    from japy.core.router import allowed

    sent = method.encode()
    line = sent + b" " + path.partition("?")[0].encode()
    methods = ", ".join(allowed(app.router.search(line, len(sent))))
    if methods and method == "OPTIONS":
        return f"No route: answered with 204 (Allow: {methods})."
    if methods:
        return f"No route: answered with 405 (Allow: {methods})."
    other = app.router.other_slash(line, len(sent)) if app.redirect_slashes else None
    if other is not None:
        return f"No route: answered with 308 (Location: {other.decode()})."
    return "No route: answered with 404."


command = target_command(
    "routes",
    "List the routes in the order in which they are matched, or say which one wins.",
    routes_now,
    [
        click.Option(["--match"], metavar='"GET /x"', help="say which route a request goes to"),
        click.Option(["--sort"], type=click.Choice(tuple(SORTS)), default="match", help="order"),
        click.Option(["as_json", "--json"], is_flag=True, help="print JSON"),
    ],
)
