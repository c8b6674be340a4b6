"""Serve: `japy run`, `japy dev`, and what `Application.run(reload=True)` becomes.

Knows what these commands stand for. Everything that serves is imported when they are executed.
"""

import functools
import os
from typing import Any

import click

from japy.cli.group import HELP_NAMES, Action
from japy.cli.option import Grouped, collect, command, setting_options
from japy.cli.target import MODE, choose
from japy.settings.config import Config
from japy.settings.source import Settings, SourceError, files_named

WORK = {"debug": True, "reload": True}  # what `japy dev` stands for


def run_now(**params: Any) -> Action:
    """Be `japy run`."""
    return serving(collect(params), "production")


def dev_now(**params: Any) -> Action:
    """Be `japy dev`."""
    return serving(collect(params, implied=WORK), "development")


def serving(settings: Settings, mode: str) -> Action:
    """Return what serves.

    Raises:
        SourceError: there is no application to serve, or no file where one was named.
    """
    for complaint in files_named(settings):
        raise SourceError(complaint)
    config = settings.config
    if config.log_config is not None:
        from japy.logs.setup import LogConfigError, read_log_config

        try:
            read_log_config(config.log_config)
        except LogConfigError as error:
            raise SourceError(f"{settings.values['log_config'].origin.place}: {error}") from None
    return functools.partial(serve, config, choose(config), mode)


def serve(config: Config, target: str, mode: str) -> int:
    """Serve a target; return the exit status."""
    os.environ.setdefault(MODE, mode)
    from japy.supervisor import runner

    return runner.run_target(config, target)


def script_now(app: str, module: bool, args: tuple[str, ...], **params: Any) -> Action:
    """Be a script that has called `Application.run(reload=True)`."""
    settings = collect({**params, "app": app}, is_alone=True)
    return functools.partial(serve_script, settings.config, app, module, list(args))


def serve_script(config: Config, name: str, is_module: bool, args: list[str]) -> int:
    """Serve a script; return the exit status."""
    from japy.serving.importer import Script
    from japy.supervisor import runner

    return runner.run_script(config, Script(name, is_module, args))


run = command("run", "Serve an application.", run_now)
dev = command(
    "dev", "Serve an application while you work on it: --reload and --debug hold.", dev_now
)
script = Grouped(
    "script",
    params=[
        *setting_options(),
        click.Option(["--module"], is_flag=True),
        click.Argument(["args"], nargs=-1, type=click.UNPROCESSED),
    ],
    callback=script_now,
    context_settings={
        **HELP_NAMES,
        "allow_interspersed_args": False,
        "ignore_unknown_options": True,
    },
)
