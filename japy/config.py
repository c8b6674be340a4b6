"""Config: every setting of a server, its default and its check.

Knows neither where a value comes from (`cli`, `Application.run`) nor what it is used for. A Config
that exists is valid, and never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from japy.core.limits import Limits

MAX_PORT = 65535
MAX_WORKERS = 1024  # far beyond any use: it stops a slip of the finger
LIMITS = {"line": "limit_request_line", "head": "limit_request_head"}
LIMITS |= {"fields": "limit_request_fields", "body": "limit_request_body"}


class ConfigError(ValueError):
    """A setting that cannot be: `field` names it, `reason` says what was expected."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one server.

    Args:
        host: address or name to listen on.
        port: port to listen on; 0 for any free one.
        workers: number of worker processes.
        backlog: connections that the kernel keeps waiting for a worker.
        debug: log each request and show tracebacks in answers of status 500.
        reload: start the workers again whenever a source file changes.
        drain_s: seconds that requests under way may take once the server is told to stop.
        limit_request_line: as `Limits.line`; None leaves what the application says.
        limit_request_head: as `Limits.head`.
        limit_request_fields: as `Limits.fields`.
        limit_request_body: as `Limits.body`.

    Raises:
        ConfigError: a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    backlog: int = 1024
    debug: bool = False
    reload: bool = False
    drain_s: float = 5.0
    limit_request_line: int | None = None
    limit_request_head: int | None = None
    limit_request_fields: int | None = None
    limit_request_body: int | None = None

    def __post_init__(self) -> None:
        if not self.host.strip("[]"):
            raise ConfigError("host", "expected an address; got '' (0.0.0.0 means every address)")
        check_range("port", self.port, 0, MAX_PORT)
        check_range("workers", self.workers, 1, MAX_WORKERS)
        check_range("backlog", self.backlog, 1, 1 << 20)
        check_range("drain_s", self.drain_s, 0, 24 * 3600)
        if any(self._given_limits()):
            from japy.core.limits import Limits  # the core is of no use to --help

            self.limits(Limits())

    def limits(self, base: "Limits") -> "Limits":
        """Return the limits of an application with those given here in their place.

        Raises:
            ConfigError: the limits do not go together.
        """
        given = dict(self._given_limits())
        if not given:
            return base
        values = {name: given.get(field, getattr(base, name)) for name, field in LIMITS.items()}
        try:
            return type(base)(**values, pipeline=base.pipeline, output=base.output)
        except ValueError as error:
            # The text is "limit NAME: expected …; got …".
            name, _, reason = str(error).removeprefix("limit ").partition(": ")
            raise ConfigError(LIMITS[name], reason) from None

    def _given_limits(self) -> Iterator[tuple[str, int]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("limit_") and value is not None:
                yield field.name, value


def check_range(field: str, value: float, low: int, high: int) -> None:
    """Raise ConfigError unless low <= value <= high."""
    if not low <= value <= high:
        raise ConfigError(field, f"expected {low:,} to {high:,}; got {value}")
