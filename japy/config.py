"""Config: every setting of a server, its default and its check.

Knows neither where a value comes from (`cli`, `Application.run`) nor what it is used for. A Config
that exists is valid, and never changes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from japy.bind import Bind

if TYPE_CHECKING:
    from japy.core.limits import Limits

MAX_PORT = 65535
MAX_IDLE_S = 1_000_000_000  # decades: for who wants no limit
MAX_WORKERS = 1024  # far beyond any use: it stops a slip of the finger
MAX_S = 24 * 3600
MAX_COUNT = 1 << 60
DRAIN_S, RELOAD_DRAIN_S = 20.0, 2.0
REUSE_PORT = ("auto", "on", "off")
RANGES = {  # what the optional numbers may be
    "uds_permissions": (0, 0o777),
    "timeout_graceful_shutdown": (0, MAX_S),
    "reload_delay": (0.001, 60),
    "shutdown_delay": (0, MAX_S),
    "timeout_startup": (0.1, MAX_S),
    "timeout_worker_healthcheck": (0.1, MAX_S),
    "timeout_keep_alive": (0.1, MAX_IDLE_S),
    "limit_max_requests": (1, MAX_COUNT),
    "limit_max_requests_jitter": (0, MAX_COUNT),
    "worker_max_rss": (1 << 20, MAX_COUNT),
    "worker_max_lifetime": (0.1, MAX_IDLE_S),
    "umask": (0, 0o777),
}
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
        host: address or name to listen on, if `bind` is empty.
        port: port to listen on, if `bind` is empty; 0 for any free one.
        bind: where to listen.
        workers: number of worker processes.
        reuse_port: whether each worker has a socket of its own with SO_REUSEPORT; "auto": on Linux,
            if there are several; "on": always, and others may share the port.
        backlog: connections that the kernel keeps waiting for a worker.
        uds_permissions: who may connect to a Unix socket, as file permissions.
        debug: log each request and show tracebacks in answers of status 500.
        reload: start the workers again whenever a source file changes.
        reload_dirs: folders that are watched; empty for those of the application.
        reload_includes: patterns of more files that matter.
        reload_excludes: patterns of files and folders that do not.
        reload_delay: seconds that a burst of changes must pause to be over.
        timeout_graceful_shutdown: seconds that requests under way may take once a worker is told to
            stop; None for 20, or 2 with `reload`.
        shutdown_delay: seconds that the server goes on accepting once it is told to stop.
        timeout_startup: seconds that a worker may take until it serves.
        timeout_worker_healthcheck: seconds without a turn of its event loop after which a worker
            is killed.
        limit_max_requests: requests after which a worker is replaced; None for never.
        limit_max_requests_jitter: how many more they may be, by chance, so that workers take turns.
        worker_max_rss: bytes of memory from which on a worker is replaced; None for never.
        worker_max_lifetime: seconds after which a worker is replaced; None for never.
        pid_file: where the id of the master is written; None for nowhere.
        user: who the workers are, a name or a number; None for who starts the server.
        group: as which group; None for that of `user`.
        umask: permissions that files of the workers lack; None leaves what is inherited.
        timeout_keep_alive: seconds that a connection may be idle; None leaves what the application
            says (`Reaper.idle_timeout`).
        limit_request_line: as `Limits.line`; None leaves what the application says. All that
            follow are one of `Limits`, too, see LIMITS.

    Raises:
        ConfigError: a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    bind: tuple[Bind, ...] = ()
    workers: int = 1
    reuse_port: Literal["auto", "on", "off"] = "auto"
    backlog: int = 1024
    uds_permissions: int = 0o660
    debug: bool = False
    reload: bool = False
    reload_dirs: tuple[Path, ...] = ()
    reload_includes: tuple[str, ...] = ()
    reload_excludes: tuple[str, ...] = ()
    reload_delay: float = 0.05
    timeout_graceful_shutdown: float | None = None
    shutdown_delay: float = 0.0
    timeout_startup: float = 60.0
    timeout_worker_healthcheck: float = 30.0
    limit_max_requests: int | None = None
    limit_max_requests_jitter: int = 0
    worker_max_rss: int | None = None
    worker_max_lifetime: float | None = None
    pid_file: str | None = None
    user: str | None = None
    group: str | None = None
    umask: int | None = None
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
        if self.reuse_port not in REUSE_PORT:
            raise ConfigError("reuse_port", f"expected auto, on or off; got {self.reuse_port!r}")
        for field, (low, high) in RANGES.items():
            value = getattr(self, field)
            if value is not None:
                check_range(field, value, low, high)
        if self._given_limits():
            from japy.core.limits import Limits  # the core is of no use to --help

            self.limits(Limits())

    @property
    def binds(self) -> tuple[Bind, ...]:
        """Where to listen."""
        return self.bind or (Bind("tcp", self.host, self.port),)

    @property
    def drain_s(self) -> float:
        """How long requests under way may take once a worker is told to stop."""
        if self.timeout_graceful_shutdown is not None:
            return self.timeout_graceful_shutdown
        return RELOAD_DRAIN_S if self.reload else DRAIN_S

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
