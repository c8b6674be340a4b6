"""The settings of the reaper, and what is said about wrong ones."""

from typing import Any

import pytest

from japy import Application
from japy.application.reaper import Reaper


def test_the_defaults_are_japrontos() -> None:
    assert Application().reaper == Reaper(check_interval=1, idle_timeout=75)


def test_each_setting_may_be_given_alone() -> None:
    app = Application(reaper_settings={"idle_timeout": 1.5})
    assert app.reaper == Reaper(check_interval=1, idle_timeout=1.5)
    assert Reaper.of({"check_interval": 2}) == Reaper(check_interval=2, idle_timeout=75)
    assert Reaper.of({}) == Reaper.of(None) == Reaper()


@pytest.mark.parametrize("name", ["idle", "check-interval", "timeout", "of", 3])
def test_a_setting_that_does_not_exist_is_named(name: Any) -> None:
    with pytest.raises(TypeError) as caught:
        Application(reaper_settings={name: 1})
    assert str(caught.value) == (
        f"reaper_settings: there is no {name!r}; expected check_interval or idle_timeout"
    )


@pytest.mark.parametrize("name", ["check_interval", "idle_timeout"])
@pytest.mark.parametrize("value", [0, -1, -0.5, float("inf"), float("nan")])
def test_a_number_is_positive(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"reaper_settings: {name} must be positive; got {value}"):
        Application(reaper_settings={name: value})


@pytest.mark.parametrize("value", [None, "10", True, [1]])
def test_a_value_is_a_number(value: Any) -> None:
    with pytest.raises(TypeError, match="idle_timeout is a number of seconds; got"):
        Application(reaper_settings={"idle_timeout": value})


@pytest.mark.parametrize("settings", [10, "idle_timeout", ["idle_timeout"]])
def test_the_settings_are_a_mapping(settings: Any) -> None:
    with pytest.raises(TypeError, match="reaper_settings: expected a dict; got"):
        Application(reaper_settings=settings)
