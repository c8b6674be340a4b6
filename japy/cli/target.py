"""Target: which application a command is about, and the options that say so.

Knows settings and the discovery. Imports an application only in `load`.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from japy.cli.group import HELP_NAMES
from japy.cli.option import TARGETS, Grouped, setting_options
from japy.settings.config import Config
from japy.settings.source import SourceError

if TYPE_CHECKING:
    from japy.application.app import Application
    from japy.serving.ensemble import Ensemble

MODE = "JAPY_ENV"  # the variable that tells an application what it runs for
NAMES = {"app", "factory", "app_dir", "file"}  # of the options that say which application


def choose(config: Config, is_quiet: bool = False) -> str:
    """Return what names the application: what was said, or what is found; say then why.

    Args:
        config: what was said.
        is_quiet: whether to say it where it does not mix with what is printed.

    Raises:
        SourceError: there is none.
    """
    if config.target:
        return config.target
    from japy.serving.discovery import FILES, discover

    found = discover() if config.app_dir is None else discover(config.app_dir)
    if found is None:
        raise SourceError(
            f"TARGET is missing, and none of {', '.join(FILES)} has an application: write "
            'module:attribute, such as app:app, or app = "app:app" into japy.toml'
        )
    click.echo(f"Found {found.target}: {found.reason}", err=is_quiet)
    click.echo(f"To keep that, write into pyproject.toml:\n{found.pin}", err=is_quiet)
    return found.target


def load(config: Config, target: str, mode: str = "production") -> "Application":
    """Import the one application that is named; see `load_all`.

    Raises:
        LoadError: it cannot be imported, or there is not one.
    """
    from japy.serving import importer

    prepare(mode)
    return importer.load_application(importer.parse(target, config.factory, config.app_dir))


def load_all(config: Config, target: str, mode: str = "production") -> "Ensemble":
    """Import what is to be served; calls of `Application.run` in its module do nothing.

    Args:
        config: how to import it.
        target: what names it.
        mode: what it is told that it runs for, if nobody has said so.

    Raises:
        LoadError: it cannot be imported.
    """
    from japy.serving import importer

    prepare(mode)
    return importer.load(importer.parse(target, config.factory, config.app_dir))


def prepare(mode: str) -> None:
    """Have modules that are imported know what for, and serve nothing by themselves."""
    from japy.serving import worker

    os.environ.setdefault(MODE, mode)
    worker.set_on_run(worker.ignore)


def target_command(
    name: str, text: str, act: Any, extra: Iterable[click.Parameter] = ()
) -> click.Command:
    """Return a command that has no settings but those that say which application."""
    return Grouped(
        name,
        params=[*(param for param in setting_options() if param.name in NAMES), *extra],
        callback=act,
        help=text,
        epilog=TARGETS,
        context_settings=HELP_NAMES,
    )
