"""Config: every setting of a server, its default and its check.

Knows neither where a value comes from (`cli`, `Application.run`) nor what it is used for. A Config
that exists is valid, and never changes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from japy.core.limits import Limits

MAX_PORT = 65535
MAX_IDLE_S = 1_000_000_000  # decades: for who wants no limit
MAX_WORKERS = 1024  # far beyond any use: it stops a slip of the finger
LIMITS = {  # the settings that are arguments of Limits
    "limit_request_line": "line",
    "limit_request_head": "head",
    "limit_request_fields": "fields",
    "limit_request_body": "body",
    "limit_request_extras": "extras",
    "limit_pipeline": "pipeline",
    "limit_concurrency": "connections",
    "limit_body_rate": "body_rate",
    "limit_write_rate": "write_rate",
    "limit_form_fields": "form_fields",
    "limit_form_text": "form_text",
    "timeout_request_head": "head_s",
    "timeout_request_body": "body_s",
    "timeout_write": "write_s",
}


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
        timeout_keep_alive: seconds that a connection may be idle; None leaves what the application
            says (`Reaper.idle_timeout`).
        limit_request_line: as `Limits.line`; None leaves what the application says. All that
            follow are one of `Limits`, too, see LIMITS.

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
    timeout_keep_alive: float | None = None
    limit_request_line: int | None = None
    limit_request_head: int | None = None
    limit_request_fields: int | None = None
    limit_request_body: int | None = None
    limit_request_extras: int | None = None
    limit_pipeline: int | None = None
    limit_concurrency: int | None = None
    limit_body_rate: int | None = None
    limit_write_rate: int | None = None
    limit_form_fields: int | None = None
    limit_form_text: int | None = None
    timeout_request_head: float | None = None
    timeout_request_body: float | None = None
    timeout_write: float | None = None

    def __post_init__(self) -> None:
        if not self.host.strip("[]"):
            raise ConfigError("host", "expected an address; got '' (0.0.0.0 means every address)")
        check_range("port", self.port, 0, MAX_PORT)
        check_range("workers", self.workers, 1, MAX_WORKERS)
        check_range("backlog", self.backlog, 1, 1 << 20)
        check_range("drain_s", self.drain_s, 0, 24 * 3600)
        if self.timeout_keep_alive is not None:
            check_range("timeout_keep_alive", self.timeout_keep_alive, 0.1, MAX_IDLE_S)
        if self._given_limits():
            from japy.core.limits import Limits  # the core is of no use to --help

            self.limits(Limits())

    def limits(self, base: "Limits") -> "Limits":
        """Return the limits of an application with those given here in their place.

        Raises:
            ConfigError: the limits do not go together.
        """
        given = self._given_limits()
        if not given:
            return base
        from japy.core.limits import NAMES, Limits

        values = {name: given.get(name, getattr(base, name)) for name in NAMES}
        try:
            return Limits(**values)
        except ValueError as error:
            # The text is "limit NAME: expected …; got …".
            name, _, reason = str(error).removeprefix("limit ").partition(": ")
            fields = {limit: field for field, limit in LIMITS.items()}
            raise ConfigError(fields[name], reason) from None

    def _given_limits(self) -> dict[str, float]:
        values = {name: getattr(self, field) for field, name in LIMITS.items()}
        return {name: value for name, value in values.items() if value is not None}


def check_range(field: str, value: float, low: float, high: int) -> None:
    """Raise ConfigError unless low <= value <= high."""
    if not low <= value <= high:
        raise ConfigError(field, f"expected {low:,} to {high:,}; got {value}")
