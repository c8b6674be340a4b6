"""The public names: what users may rely on, and nothing beside it."""

import re
from types import ModuleType

import japy

PUBLIC = {
    "Application",
    "BadRequest",
    "Limits",
    "MethodNotAllowed",
    "Request",
    "Response",
    "Route",
    "RouteNotFoundException",
    "Router",
}


def test_public_names_are_these() -> None:
    names = {name for name, value in vars(japy).items() if not isinstance(value, ModuleType)}
    assert {name for name in names if not name.startswith("_")} == PUBLIC


def test_japronto_s_other_import_works() -> None:
    from japy.app import Application

    assert Application is japy.Application


def test_the_version_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", japy.__version__)
