"""The page of settings is made from the table, names all of them, and its examples are valid."""

import importlib.util
import tomllib

import pytest

from japy.cli.option import SettingOption, setting_options
from japy.settings.setting import SETTINGS
from japy.settings.source import from_table
from tests.docs.document import TOP, blocks, pages

PAGE = TOP / "docs" / "configuration.md"


def made() -> str:
    """Return the page as it would be made now."""
    spec = importlib.util.spec_from_file_location("docs_settings", TOP / "docs" / "settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.page(PAGE.read_text(encoding="utf-8")))


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == made(), "python docs/settings.py makes it"


def test_the_page_names_every_setting() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for setting in SETTINGS.values():
        for name in (setting.key, setting.option, setting.variable, *setting.variables):
            assert f"`{name}`" in text
    for param in setting_options():
        for option in param.opts if isinstance(param, SettingOption) else []:
            assert f"`{option}`" in text


def test_the_page_says_which_options_take_a_value() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "`--access-log`, `--access-log-file`, `--access-logfile` PATH |" in text
    assert "`--control-socket` PATH, `--no-control-socket` |" in text


TOML = [block for path in pages() for block in blocks(path) if block.language == "toml"]


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.place)
def test_examples_are_valid(block: object) -> None:
    table = tomllib.loads(getattr(block, "text", ""))
    assert from_table(table.get("tool", {}).get("japy", table), "japy.toml")
