"""The reaper's settings: how long a connection may be idle, and how often that is looked at.

Knows two numbers and their checks. `japy/core/service.py` walks the connections.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

NAMES = ("check_interval", "idle_timeout")


@dataclass(frozen=True)
class Reaper:
    """When a connection without a request is closed.

    Args:
        check_interval: seconds between two looks at each connection.
        idle_timeout: seconds without a request under way and without a byte read.

    Raises:
        ValueError: one of them is not positive.
        TypeError: one of them is no number.
    """

    check_interval: float = 1
    idle_timeout: float = 75  # longer than what a proxy keeps a connection for: 60 is common

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> Self:
        """Return what a user has asked for.

        Raises:
            TypeError: there is a setting that does not exist, or they are no mapping.
            ValueError, TypeError: one of them has a bad value.
        """
        if settings is None:
            return cls()
        if not isinstance(settings, Mapping):
            raise TypeError(f"reaper_settings: expected a dict; got {type(settings).__name__}")
        for name in settings:
            if name not in NAMES:
                raise TypeError(
                    f"reaper_settings: there is no {name!r}; expected {' or '.join(NAMES)}"
                )
        return cls(**settings)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in NAMES:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"reaper_settings: {name} is a number of seconds; got {value!r}")
            if not 0 < value < float("inf"):
                raise ValueError(f"reaper_settings: {name} must be positive; got {value!r}")
