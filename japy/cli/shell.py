"""Shell: `japy shell`: an interactive Python with the application and a client of it.

Knows the console of the standard library and the test client, whose requests pass through the
application as those of the network do, after its startup and before its shutdown.
"""

import code
import functools
import sys
import traceback
from typing import Any

import click

from japy.cli.group import Action
from japy.cli.option import collect
from japy.cli.target import choose, load, target_command
from japy.settings.config import Config

EXIT_FAILED = 1  # the shutdown has
EXIT_UNUSABLE = 3
HINT = "app is {target}, client asks it: client.get('/').text"


def shell_now(**params: Any) -> Action:
    """Be `japy shell`."""
    config = collect(params).config
    return functools.partial(interact, config, choose(config, is_quiet=True))


def interact(config: Config, target: str) -> int:
    """Be a Python for somebody who types; return the exit status."""
    from japy.serving.importer import LoadError, foreign_frames

    try:
        app = load(config, target, "development")
    except LoadError as error:
        click.echo(str(error), err=True)
        return EXIT_UNUSABLE
    has_begun = False
    try:
        with app.test_client() as client:
            has_begun = True
            run_console({"app": app, "client": client}, target)
    except Exception as error:  # of the hooks: what is typed in the console stays in it
        click.echo(
            "".join(
                traceback.format_exception(type(error), error, foreign_frames(error.__traceback__))
            ),
            err=True,
            nl=False,
        )
        what = "did not start" if not has_begun else "did not end cleanly"
        click.echo(f"The application {what}: see above.", err=True)
        return EXIT_FAILED if has_begun else EXIT_UNUSABLE
    return 0


def run_console(names: dict[str, Any], target: str) -> None:
    """Read lines and execute them until there are no more."""
    if sys.stdin.isatty():
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    version = sys.version.split()[0]
    try:
        code.interact(f"Python {version}. {HINT.format(target=target)}", local=names, exitmsg="")
    except SystemExit:  # exit() or quit()
        return


command = target_command(
    "shell", "Be an interactive Python with the application and a client of it.", shell_now
)
