"""The application under the name that Japronto's users import."""

import japy
from japy.app import Application


def test_it_is_the_application() -> None:
    assert Application is japy.Application
