"""Option: the settings as options of a click command, and what was typed as settings.

Knows the table of settings and click. Knows no command.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from japy.cli.group import HELP_NAMES
from japy.settings.config import default_of
from japy.settings.kind import File, Flag, Log, Many
from japy.settings.setting import GROUPS, Setting
from japy.settings.source import Settings, gather

LOG_FILE = "access_log_file"  # the option that gives access_log a path
NO_CONTROL = "no_control_socket"  # the option that switches it off
OTHERS = "Other options"
TARGETS = """\
TARGET is module:attribute (app:app), package.module.attribute, or a file:
path/to/file.py:attribute, or package.module or path/to/file.py alone if it
makes only one application.
Without a TARGET japy looks for one, and says what it has found.
"""


class Grouped(click.Command):
    """A command whose help shows options under the titles of their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        found: dict[str, list[tuple[str, str]]] = {title: [] for title in (*GROUPS, OTHERS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                found[getattr(param, "title", OTHERS)].append(record)
        for title, records in found.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the epilog as it is."""
        if self.epilog:
            formatter.write(f"\n{self.epilog}")


class SettingOption(click.Option):
    """An option that is a setting; its text is read by `source`."""

    def __init__(self, names: list[str], setting: Setting, title: str, **more: Any) -> None:
        default = default_of(setting).replace("false", "")
        text = f"{setting.text} ({default})" if default else setting.text
        super().__init__(names, default=None, help=text, **more)
        self.title = title


def words(choices: tuple[str, ...], *given: Any) -> list[CompletionItem]:
    """Return what a shell may complete: the choices that begin so."""
    return [CompletionItem(choice) for choice in choices if choice.startswith(given[-1])]


def paths(*given: Any) -> list[CompletionItem]:
    """Return that a shell is to complete paths."""
    return [CompletionItem(given[-1], type="file")]


def option_for(setting: Setting, title: str) -> SettingOption:
    """Return the option of a setting."""
    names = [setting.name, *setting.others]
    if isinstance(setting.kind, (Flag, Log)):
        pair = f"{setting.option}/--no-{setting.key}"
        return SettingOption([*names, pair], setting, title, is_flag=True)
    kind = setting.kind.kind if isinstance(setting.kind, Many) else setting.kind
    complete = functools.partial(words, kind.choices)
    return SettingOption(
        [*names, setting.option],
        setting,
        title,
        metavar=kind.metavar,
        multiple=isinstance(setting.kind, Many),
        shell_complete=paths if isinstance(kind, File) else complete,
    )


def setting_options() -> Iterable[click.Parameter]:
    """Yield the options of all settings, and the one that names a file with more of them."""
    for title, group in GROUPS.items():
        for setting in group:
            if setting.name == "app":
                yield click.Argument(
                    ["app"], metavar="[TARGET]", required=False, shell_complete=paths
                )
                continue
            yield option_for(setting, title)
            if setting.name == "control_socket":
                without = setting._replace(text="have none, so that japy status does not work")
                yield SettingOption(
                    [NO_CONTROL, "--no-control-socket"], without, title, is_flag=True
                )
            if setting.name == "access_log":
                to_file = setting._replace(text="log requests to this file, - for stdout")
                names = [LOG_FILE, "--access-log-file", "--access-logfile"]
                yield SettingOption(names, to_file, title, metavar="PATH", shell_complete=paths)
    yield click.Option(
        ["file", "-c", "--config"],
        metavar="FILE",
        help="file with settings (japy.toml, or pyproject.toml, in the current folder)",
        shell_complete=paths,
    )


def collect(
    params: Mapping[str, Any],
    implied: Mapping[str, Any] | None = None,
    is_alone: bool = False,
) -> Settings:
    """Return the settings of what was typed; print what may be a mistake.

    Raises:
        SourceError: a setting cannot be.
    """
    given = {name: value for name, value in params.items() if value is not None and value != ()}
    file = given.pop("file", None)
    log = given.pop(LOG_FILE, None)
    if given.pop(NO_CONTROL, False):
        given["control_socket"] = False
    if log is not None and given.get("access_log") is not False:
        given["access_log"] = log
    settings = gather(
        given, file=None if file is None else Path(file), implied=implied, is_alone=is_alone
    )
    for warning in settings.warnings:
        click.echo(warning, err=True)
    return settings


def command(name: str, text: str, act: Any, extra: Iterable[click.Parameter] = ()) -> click.Command:
    """Return a command that has the settings as options."""
    return Grouped(
        name,
        params=[*setting_options(), *extra],
        callback=act,
        help=text,
        epilog=TARGETS,
        context_settings=HELP_NAMES,
    )
