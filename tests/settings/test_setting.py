"""Setting: the table holds each field of Config once, and no two settings have the same name."""

import dataclasses
from collections import Counter

from japy import Limits
from japy.application.reaper import Reaper
from japy.settings.config import LIMITS, Config, default_of
from japy.settings.setting import GROUPS, JOINED, SETTINGS, field_settings


def test_every_field_has_a_setting_and_every_setting_a_field() -> None:
    fields = {field.name for field in dataclasses.fields(Config)}
    assert {setting.target for setting in SETTINGS.values()} == fields
    assert sum(map(len, GROUPS.values())) == len(SETTINGS)


def test_no_spelling_means_two_settings() -> None:
    spellings = Counter(
        name
        for setting in SETTINGS.values()
        for name in (setting.option, setting.variable, *setting.others, *setting.variables)
    )
    assert [name for name, count in spellings.items() if count > 1] == []


def test_names() -> None:
    setting = SETTINGS["reload_dir"]
    assert (setting.key, setting.option) == ("reload-dir", "--reload-dir")
    assert (setting.variable, setting.target) == ("JAPY_RELOAD_DIR", "reload_dirs")
    assert SETTINGS["app"].option == "TARGET"
    assert [setting.name for setting in field_settings("bind")] == ["bind", *JOINED]


def test_every_default_is_a_value_of_its_kind() -> None:
    config = Config()
    for setting in SETTINGS.values():
        value = getattr(config, setting.target)
        if setting.name not in JOINED and value is not None and setting.name != "app":
            setting.kind.check(value)
            is_told = setting.name in ("reload_dir", "control_socket")  # in words
            assert default_of(setting) == setting.kind.show(value) or is_told


def test_texts_are_no_sentences() -> None:
    for setting in SETTINGS.values():
        assert setting.text
        assert not setting.text.endswith(".")


def test_defaults_of_the_application_are_told() -> None:
    for name, limit in LIMITS.items():
        setting = SETTINGS[name]
        assert default_of(setting) == setting.kind.show(getattr(Limits(), limit))
    keep_alive = SETTINGS["timeout_keep_alive"]
    assert default_of(keep_alive) == keep_alive.kind.show(Reaper.of(None).idle_timeout)
