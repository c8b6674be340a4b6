"""Group: the commands together: one of them is imported, and a mistake becomes one sentence.

Knows click and its exceptions. Knows no command and no setting.

Invariants:
- What a command does begins when click has returned: none of it stands on the stack of a server.
- A mistake in what was typed, or in a file or variable, is one sentence and exit status 2.
"""

import importlib
from collections.abc import Callable

import click

from japy.cli import COMMANDS, COMPLETING, EXIT_INTERRUPTED, EXIT_USAGE, page
from japy.cli.foreign import answer_to
from japy.logs.console import complain
from japy.settings.source import SourceError, suggest

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
Action = Callable[[], int]  # what a command returns to be done; its own result is the exit status


class UnknownCommand(click.UsageError):
    """A command that there is not."""


class Commands(click.Group):
    """The commands of japy, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of those that are for users."""
        return [name for name, entry in COMMANDS.items() if entry.text]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        found = getattr(importlib.import_module(f"japy.cli.{entry.module}"), entry.name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            hint = suggest(name, self.list_commands(ctx)) or "See japy --help."
            raise UnknownCommand(f"There is no command {name}. {hint}")
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the list of commands."""
        return page()


def print_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    """Be the option --version."""
    if value and not ctx.resilient_parsing:
        from japy.cli.version import version

        click.echo(version())
        ctx.exit()


def execute(args: list[str]) -> int:
    """Run a command; return the exit status."""
    command = args[0] if args and args[0] in COMMANDS else ""
    see = f"See {f'japy {command}'.strip()} --help."
    try:
        action = group.main(args, prog_name="japy", complete_var=COMPLETING, standalone_mode=False)
        return action() if callable(action) else int(action or 0)
    except click.UsageError as error:
        text = sentence(error, see)
    except SourceError as error:
        text = str(error) if str(error).endswith((".", "?")) else f"{error}."
        text = f"{text} {see}" if text.startswith("--") else text
    except (click.Abort, KeyboardInterrupt):  # before the runner has taken the signals over
        return EXIT_INTERRUPTED
    complain(text)
    return EXIT_USAGE


def sentence(error: click.UsageError, see: str) -> str:
    """Return what to print about a command line that click does not take.

    Args:
        error: what is wrong.
        see: where it is explained.
    """
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        hint = suggest(name, options_of(error.ctx)) if error.ctx else ""
        return answer_to(name) or f"There is no option {name}. {hint or see}"
    if isinstance(error, UnknownCommand):
        return error.message
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"{error.param.make_metavar(error.ctx or click.Context(group))} is missing. {see}"
    text = error.format_message().strip().replace("\n", " ")
    return f"{text.rstrip('.')}. {see}"


def options_of(ctx: click.Context) -> list[str]:
    """Return all spellings of the options of a command."""
    params = ctx.command.get_params(ctx)
    return [option for param in params for option in (*param.opts, *param.secondary_opts)]


group = Commands(
    "japy",
    context_settings=HELP_NAMES,
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=print_version
        )
    ],
)
