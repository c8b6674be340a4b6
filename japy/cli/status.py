"""Status: `japy status`: what a running server does, in a table, again each second on a terminal.

Knows how numbers are shown. Where they come from is the server's affair.
"""

import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from japy.cli.group import Action
from japy.cli.server import asking, server_command
from japy.monitoring.ask import Question, Refused

CLEAR = "\033[H\033[J"  # the cursor to the top, and nothing below it
PAUSE_S = 1.0
COLUMNS = (
    ("WORKER", "worker"),
    ("PID", "pid"),
    ("STATE", "state"),
    ("AGE", "age_s"),
    ("RSS", "rss"),
    ("CONNECTIONS", "connections"),
    ("IN FLIGHT", "in_flight"),
    ("REQUESTS", "requests"),
    ("LAG", "lag_s"),
    ("RESTARTS", "restarts"),
    ("WHY", "why"),
)
SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
Numbers = dict[str, Any]


def status_now(once: bool, as_json: bool, **params: Any) -> Action:
    """Be `japy status`."""
    is_live = sys.stdout.isatty() and not once and not as_json
    return asking(functools.partial(watch if is_live else show, as_json=as_json), params)


def show(path: Path, as_json: bool) -> int:
    """Print the numbers once; return the exit status."""
    numbers = Question(path, "status").answer()
    if as_json:
        click.echo(json.dumps({key: numbers[key] for key in numbers if key != "ok"}, indent=2))
    else:
        click.echo(page(numbers))
    return 0


def watch(path: Path, as_json: bool) -> int:
    """Print the numbers again and again, until somebody presses Ctrl-C; return the exit status."""
    try:
        while True:
            text = page(Question(path, "status").answer())
            click.echo(f"{CLEAR}{text}\n\nCtrl-C ends this; the server goes on.")
            time.sleep(PAUSE_S)
    except KeyboardInterrupt:
        return 0


def page(numbers: Numbers) -> str:
    """Return the numbers for a person."""
    try:
        return "\n".join([*head(numbers), "", *table(numbers["workers"])])
    except (KeyError, TypeError, AttributeError):
        raise Refused("It says what this japy does not know: use the one that runs it.") from None


def head(numbers: Numbers) -> list[str]:
    """Return the lines about the server as a whole."""
    who = f"japy {numbers['version']}, pid {numbers['pid']}, {numbers['state']}"
    where = ", ".join(numbers["urls"])
    restarts = [f"{count} {reason}" for reason, count in numbers["restarts"].items() if count]
    why = f" ({', '.join(restarts)})" if restarts else ""
    counts = [
        f"{numbers['requests']:,} requests",
        f"{numbers['in_flight']:,} in flight",
        f"{numbers['connections']:,} connections",
        f"{sum(numbers['restarts'].values())} restarts{why}",
    ]
    if numbers["turned_away"]:
        counts.insert(3, f"{numbers['turned_away']:,} turned away")
    return [
        f"{who}: {numbers['target']} on {where}, for {span(numbers['age_s'])}",
        ", ".join(counts),
    ]


def table(workers: list[Numbers]) -> list[str]:
    """Return a line for each worker."""
    if not workers:
        return ["There are no workers."]
    rows = [[title for title, _ in COLUMNS]]
    rows += [[cell(key, worker) for _, key in COLUMNS] for worker in workers]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    return [
        "  ".join(
            text.rjust(width) if key in NUMBERS else text.ljust(width)
            for text, width, (_, key) in zip(row, widths, COLUMNS, strict=True)
        ).rstrip()
        for row in rows
    ]


NUMBERS = {key for _, key in COLUMNS} - {"state", "why"}


def cell(key: str, worker: Numbers) -> str:
    """Return the text of a number."""
    value = worker[key]
    if key == "age_s":
        return span(value)
    if key == "rss":
        return size(value)
    if key == "lag_s":
        return f"{value * 1000:.1f} ms" if value < 10 else span(value)
    if key == "why":
        return "".join(char if char.isprintable() else "?" for char in str(value)) or "-"
    if key == "pid":
        return "-" if value is None else str(value)
    return str(value) if key == "state" else f"{value:,}"


def span(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole // 60 % 60:02}m"
    return f"{whole // 86400}d {whole // 3600 % 24:02}h"


def size(count: int) -> str:
    """Return a number of bytes; a dash if it is not known."""
    for unit, name in SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B" if count else "-"


command = server_command(
    "status",
    "Show what a running server does: its workers, and what they have to do.",
    status_now,
    [
        click.Option(["--once"], is_flag=True, help="print it once, also on a terminal"),
        click.Option(["as_json", "--json"], is_flag=True, help="print it once, as JSON"),
    ],
)
