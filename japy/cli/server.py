"""Server: which running server a command is about, and what is said if it cannot be asked.

Knows the option that names a control socket, and the settings that may. Knows no verb.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from japy.cli import EXIT_USAGE
from japy.cli.group import HELP_NAMES, Action
from japy.cli.option import paths
from japy.monitoring.ask import NobodyThere, Question, Refused, Several, find
from japy.settings.source import SourceError, gather

EXIT_REFUSED = 1
EXIT_NOBODY = 3
EPILOG = """\
Without -s the server is found by itself if only one of this user's runs. Exit status: 0 it is
done, 1 it was not, 2 it is not clear which server is meant, 3 none can be asked.
"""


def asking(job: Callable[[Path], int], params: Mapping[str, Any]) -> Action:
    """Return what asks the server that is meant, and says so if there is none."""
    return functools.partial(ask, job, params.get("socket"))


def ask(job: Callable[[Path], int], named: str | None) -> int:
    """Do what a command does, given the control socket; return the exit status."""
    try:
        return job(find(Path(named) if named else configured()))
    except Refused as error:
        click.echo(str(error), err=True)
        return EXIT_REFUSED
    except NobodyThere as error:
        click.echo(str(error), err=True)
        return EXIT_NOBODY
    except Several as error:
        click.echo("Several servers run: name the one that you mean with -s PATH.", err=True)
        for path in error.paths:
            click.echo(f"  -s {path}  {described(path)}", err=True)
        return EXIT_USAGE


def configured() -> Path | None:
    """Return the control socket that the settings of this folder name; None if they name none."""
    try:
        place = gather({}).config.control_socket
    except SourceError:  # of no interest here
        return None
    return place if isinstance(place, Path) else None


def described(path: Path) -> str:
    """Return what a server serves, for a list."""
    try:
        numbers = Question(path, "status").answer()
        return f"{numbers['target']} on {', '.join(numbers['urls'])}"
    except (NobodyThere, Refused, KeyError):
        return "(does not answer)"


def server_command(
    name: str, text: str, act: Any, extra: Iterable[click.Parameter] = ()
) -> click.Command:
    """Return a command about a running server."""
    return click.Command(
        name,
        params=[
            *extra,
            click.Option(
                ["socket", "-s", "--control-socket"],
                metavar="PATH",
                help="control socket of the server",
                shell_complete=paths,
            ),
        ],
        callback=act,
        help=text,
        epilog=EPILOG,
        context_settings=HELP_NAMES,
    )
