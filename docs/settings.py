"""The tables of docs/configuration.md, made from the one that the command line is made from.

    python docs/settings.py

Knows how a setting is shown. tests/docs/test_configuration.py compares the page with this.
"""

from pathlib import Path

from japy.settings.config import default_of
from japy.settings.setting import GROUPS, Setting

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


def row(setting: Setting) -> str:
    """Return the line of a setting."""
    spellings = [*setting.others, setting.option]
    kind = setting.kind.metavar
    option = ", ".join(f"`{name}`" for name in spellings)
    if kind not in ("YES|NO",) and setting.name != "app":
        option += f" {kind}".replace("|", "\\|")
    variables = ", ".join(f"`{name}`" for name in (setting.variable, *setting.variables))
    default = default_of(setting)
    shown = f"`{default}`" if default and " " not in default else default
    cells = [f"`{setting.key}`", option, variables, shown, setting.text.replace("|", "\\|")]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
