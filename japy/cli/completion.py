"""Completion: `japy completion SHELL`: what makes a shell complete commands, options and values.

Knows which shells there are; click knows what to tell them. The script that is printed asks japy
itself, by a variable (`COMPLETING`), so that it need not change when options do.
"""

import click
from click.shell_completion import get_completion_class

from japy.cli import COMPLETING
from japy.cli.group import HELP_NAMES, group

SHELLS = {
    "bash": 'eval "$(japy completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(japy completion zsh)" in ~/.zshrc',
    "fish": "japy completion fish > ~/.config/fish/completions/japy.fish",
}
EPILOG = "Write it there: " + "; ".join(SHELLS.values()) + "."


def print_script(shell: str) -> None:
    """Be `japy completion`."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(group, {}, "japy", COMPLETING).source())


command = click.Command(
    "completion",
    params=[click.Argument(["shell"], type=click.Choice(tuple(SHELLS)))],
    callback=print_script,
    help="Print what makes a shell complete commands, options and values.",
    epilog=EPILOG,
    context_settings=HELP_NAMES,
)
