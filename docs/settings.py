"""The tables of docs/configuration.md, made from the one that the command line is made from.

    python docs/settings.py

Knows how a setting is shown. tests/docs/test_configuration.py compares the page with this.
"""

from pathlib import Path

import click

from japy.cli.option import SettingOption, setting_options
from japy.settings.config import default_of
from japy.settings.setting import GROUPS, SETTINGS, Setting

PAGE = Path(__file__).parent / "configuration.md"
BEGIN, END = "<!-- settings:begin -->\n", "<!-- settings:end -->"


def page(text: str) -> str:
    """Return a page with the tables of today between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, *map(table, GROUPS), END + after])


def table(title: str) -> str:
    """Return the table of a group of settings."""
    lines = [
        f"## {title}\n",
        "| key | option | variable | default | what it is |",
        "|---|---|---|---|---|",
        *(row(setting) for setting in GROUPS[title]),
    ]
    return "\n".join(lines) + "\n"


def options() -> dict[str, list[click.Parameter]]:
    """Return the options of each setting, by its name: some have one beside their own."""
    found: dict[str, list[click.Parameter]] = {}
    name = ""
    for param in setting_options():
        name = param.name if param.name in SETTINGS else name
        if isinstance(param, (SettingOption, click.Argument)):  # else it is of no setting
            found.setdefault(name, []).append(param)
    return found


OPTIONS = options()


def spelled(param: click.Parameter) -> str:
    """Return how an option is written."""
    if isinstance(param, click.Argument):
        return f"`{SETTINGS['app'].option}`"
    names = ", ".join(f"`{name}`" for name in param.opts)
    return f"{names} {param.metavar}" if param.metavar else names


def row(setting: Setting) -> str:
    """Return the line of a setting."""
    option = ", ".join(map(spelled, OPTIONS[setting.name])).replace("|", "\\|")
    variables = ", ".join(f"`{name}`" for name in (setting.variable, *setting.variables))
    default = default_of(setting)
    shown = f"`{default}`" if default and " " not in default else default
    cells = [f"`{setting.key}`", option, variables, shown, setting.text.replace("|", "\\|")]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
