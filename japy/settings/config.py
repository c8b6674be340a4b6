"""Config: every setting of a server, its default and its check.

Knows neither where a value comes from (`source`, `Application.run`) nor what it is used for. A
Config that exists is valid, and never changes.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from japy.settings.bind import Bind, tcp
from japy.settings.setting import JOINED, SETTINGS, Setting

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from japy.core.limits import Limits

# Texts of what is no value of Config but the application's. PERF: help does without the core.
DEFAULTS = {
    "app": "",
    "timeout_graceful_shutdown": "20s; 2s with reload",
    "timeout_keep_alive": "75s",
    "control_socket": "a file for each server, in a folder of the user",
    "log_level": "warning; info with debug",
    "use_colors": "on a terminal",
    "reload_dir": "folders of the application",
    "timeout_request_head": "10s",
    "timeout_request_body": "10s",
    "timeout_write": "60s",
    "limit_request_line": "8190",
    "limit_request_head": "32Ki",
    "limit_request_fields": "100",
    "limit_request_body": "16Mi",
    "limit_request_extras": "16Ki",
    "limit_form_fields": "1000",
    "limit_form_text": "1Mi",
    "limit_body_rate": "240",
    "limit_write_rate": "240",
    "limit_pipeline": "64",
    "limit_concurrency": "16384",
}
DRAIN_S, RELOAD_DRAIN_S = 20.0, 2.0  # the latter: somebody waits for what they have just saved
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


def loopback() -> "tuple[IPv4Network | IPv6Network, ...]":
    """Return the networks of this machine alone."""
    from ipaddress import ip_network  # 5 ms that help need not wait for

    return ip_network("127.0.0.1"), ip_network("::1")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one server; what each does is said in `setting`.

    Where None is allowed, it means: no, never, or what the application says.

    Raises:
        ConfigError: a value is out of range.
    """

    target: str = ""
    factory: bool = False
    app_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    bind: tuple[Bind, ...] = ()
    uds_permissions: int = 0o660
    reuse_port: Literal["auto", "on", "off"] = "auto"
    backlog: int = 1024
    workers: int | Literal["auto"] = 1
    loop: Literal["uvloop", "asyncio"] = "uvloop"
    timeout_startup: float = 60.0
    timeout_worker_healthcheck: float = 30.0
    limit_max_requests: int | None = None
    limit_max_requests_jitter: int = 0
    worker_max_rss: int | None = None
    worker_max_lifetime: float | None = None
    debug: bool = False
    reload: bool = False
    reload_dirs: tuple[Path, ...] = ()
    reload_includes: tuple[str, ...] = ()
    reload_excludes: tuple[str, ...] = ()
    reload_delay: float = 0.05
    timeout_graceful_shutdown: float | None = None
    shutdown_delay: float = 0.0
    pid_file: Path | None = None
    user: str | None = None
    group: str | None = None
    umask: int | None = None
    control_socket: Path | bool = True
    metrics_bind: Bind | None = None
    health_path: str | None = None
    log_level: str | None = None
    log_format: Literal["text", "json"] = "text"
    log_config: Path | None = None
    access_log: bool | Path = False
    access_log_format: str = "combined"
    use_colors: bool | None = None
    proxy_headers: bool = False
    forwarded_allow_ips: "tuple[IPv4Network | IPv6Network, ...]" = field(default_factory=loopback)
    proxy_protocol: bool = False
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_keyfile_password: str | None = field(default=None, repr=False)
    ssl_ca_certs: Path | None = None
    ssl_cert_reqs: Literal["none", "optional", "required"] = "none"
    ssl_ciphers: str | None = None
    ssl_version: Literal["1.2", "1.3"] = "1.2"
    timeout_keep_alive: float | None = None
    timeout_request_head: float | None = None
    timeout_request_body: float | None = None
    timeout_write: float | None = None
    limit_request_line: int | None = None
    limit_request_head: int | None = None
    limit_request_fields: int | None = None
    limit_request_body: int | None = None
    limit_request_extras: int | None = None
    limit_form_fields: int | None = None
    limit_form_text: int | None = None
    limit_body_rate: int | None = None
    limit_write_rate: int | None = None
    limit_pipeline: int | None = None
    limit_concurrency: int | None = None

    def __post_init__(self) -> None:
        for setting in SETTINGS.values():
            if setting.name in JOINED:
                continue
            value: Any = getattr(self, setting.target)
            try:
                if value is not None:
                    setting.kind.check(value)
            except ValueError as error:
                raise ConfigError(setting.target, str(error)) from None
        if not self.host.strip("[]"):
            reason = "expected an address; got '' (0.0.0.0 means every address)"
            raise ConfigError("host", reason)
        self._check_together()
        if self._given_limits():
            from japy.core.limits import Limits  # the core is of no use to --help

            self.limits(Limits())

    def _check_together(self) -> None:
        """Raise ConfigError for values that do not go with each other."""
        names = [bind.name for bind in self.bind if bind.name]
        if len(set(names)) < len(names):
            raise ConfigError("bind", f"expected names that differ; got {', '.join(names)}")
        if len({place_of(bind) for bind in self.bind}) < len(self.bind):
            raise ConfigError(
                "bind", f"expected each place once; got {' and '.join(map(str, self.bind))}"
            )
        if self.access_log_format not in ("combined", "json"):
            from japy.logs.access import FormatError, form  # of no use to --help

            try:
                form(self.access_log_format)
            except FormatError as error:
                raise ConfigError("access_log_format", str(error)) from None
        if self.metrics_bind is not None and self.health_path == "/metrics":
            raise ConfigError("health_path", "expected a path other than that of the metrics")
        for name in ("ssl_keyfile", "ssl_ca_certs", "ssl_ciphers"):
            if getattr(self, name) is not None and self.ssl_certfile is None:
                raise ConfigError(name, "expected --ssl-certfile, too; got no certificate")
        if self.ssl_cert_reqs != "none" and self.ssl_ca_certs is None:
            raise ConfigError("ssl_cert_reqs", "expected --ssl-ca-certs, too; got no authority")

    @property
    def binds(self) -> tuple[Bind, ...]:
        """Return where to listen: what `bind` says, else the host and the port."""
        return self.bind or (tcp(self.host, self.port),)

    @property
    def drain_s(self) -> float:
        """Return how long requests under way may take once a worker is told to stop."""
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


def place_of(bind: Bind) -> Bind:
    """Return what nobody else may have: the place without its name, unless any port will do."""
    return bind if bind.kind == "tcp" and not bind.port else replace(bind, name="")


def default_of(setting: Setting) -> str:
    """Return the text of a setting's default; empty where there is none."""
    if setting.name in DEFAULTS:
        return DEFAULTS[setting.name]
    if setting.name in JOINED:
        return ""
    value: Any = getattr(Config(), setting.target)
    return "" if value is None else setting.kind.show(value)
