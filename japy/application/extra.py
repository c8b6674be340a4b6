"""What japy can do with a package that it does not need: the extra that brings it.

Knows which extra of japy-http brings which package, and what to type where none does.
"""

from typing import Final

EXTRAS: Final = {
    "itsdangerous": "sessions",
    "jinja2": "templates",
    "orjson": "json",
}


def missing(package: str) -> ImportError:
    """Return the error of a package that is not installed."""
    wanted = f"'japy-http[{EXTRAS[package]}]'" if package in EXTRAS else package
    return ImportError(f"{package} is not installed: pip install {wanted}", name=package)
