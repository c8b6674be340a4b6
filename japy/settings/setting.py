"""Setting: the one table of what can be set: names, kinds, and a sentence about each.

Knows no default (`config` does), and not where values come from (`source` does). The command line,
the configuration file, the variables and docs/configuration.md are all made from this table.

Invariant: every field of Config is set by one of these, and every one of these sets a field.
"""

from typing import NamedTuple

from japy.settings.kind import (
    Choice,
    Count,
    File,
    Flag,
    Folder,
    Kind,
    Log,
    Many,
    Mode,
    Network,
    Place,
    Route,
    Seconds,
    Size,
    Switch,
    Whole,
    Workers,
)

DAY_S = 24 * 3600
AGES_S = 1_000_000_000  # decades: for who wants no limit
MAX_WORKERS = 1024  # far beyond any use: it stops a slip of the finger
MANY = 1 << 40
VERSIONS = {"17": "1.2", "2": "1.2", "5": "1.2"}  # of ssl.PROTOCOL_…: numbers that uvicorn takes
LEVELS = ("critical", "error", "warning", "info", "debug")


class Setting(NamedTuple):
    """Something that can be set.

    Args:
        name: in Python; with dashes the option and the key in a file, in capitals the variable.
        kind: what it may be.
        text: what it does.
        field: of Config that it sets, where that has another name.
        others: further spellings of the option.
        variables: further variables, that of japy's own name first.
        is_secret: whether its value is not shown.
    """

    name: str
    kind: Kind
    text: str
    field: str = ""
    others: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    is_secret: bool = False

    @property
    def target(self) -> str:
        """Return the field of Config that it sets."""
        return self.field or self.name

    @property
    def key(self) -> str:
        """Return the key in a configuration file."""
        return self.name.replace("_", "-")

    @property
    def option(self) -> str:
        """Return the option of the command line; the application is an argument there."""
        return "TARGET" if self.name == "app" else f"--{self.key}"

    @property
    def variable(self) -> str:
        """Return the variable of the environment."""
        return f"JAPY_{self.name.upper()}"


# By title of the group, in the order in which they are shown.
GROUPS: dict[str, list[Setting]] = {
    "Application": [
        Setting("app", Kind(), "what to serve: module:attribute, or a file", "target"),
        Setting("factory", Flag(), "call what TARGET names, and serve what it returns"),
        Setting("app_dir", Folder(), "folder to import from before all others"),
    ],
    "Where to listen": [
        Setting(
            "bind",
            Many(Place()),
            "place to listen, any number of them, with NAME= before it or not",
            others=("-b",),
        ),
        Setting("host", Kind(), "address to listen on"),
        Setting("port", Whole(0, 65535), "port, 0 for any free one", variables=("PORT",)),
        Setting("uds", File(), "Unix socket to listen on", "bind"),
        Setting("fd", Whole(0, 1 << 20), "number of a socket that is open already", "bind"),
        Setting("uds_permissions", Mode(), "permissions of Unix sockets"),
        Setting(
            "reuse_port",
            Choice("auto", "on", "off", others={"true": "on", "false": "off"}),
            "a socket for each worker; auto: where the system spreads connections over them",
        ),
        Setting("backlog", Whole(1, 1 << 20), "connections that the kernel keeps waiting"),
    ],
    "Workers": [
        Setting(
            "workers",
            Workers(1, MAX_WORKERS),
            "worker processes; auto: as many as there are processors for",
            others=("-w",),
            variables=("WEB_CONCURRENCY",),
        ),
        Setting(
            "loop",
            Choice("uvloop", "asyncio", others={"auto": "uvloop"}),
            "event loop of the workers",
        ),
        Setting("timeout_startup", Seconds(0.1, DAY_S), "what a worker may take to start"),
        Setting(
            "timeout_worker_healthcheck",
            Seconds(0.1, DAY_S),
            "how long a worker may hang: it is killed then, and its stack shown at half of it",
        ),
        Setting("limit_max_requests", Count(1, MANY), "requests after which a worker is replaced"),
        Setting(
            "limit_max_requests_jitter",
            Count(0, MANY),
            "most requests that are added to that, at random",
        ),
        Setting("worker_max_rss", Size(1 << 20, 1 << 50), "memory at which a worker is replaced"),
        Setting("worker_max_lifetime", Seconds(0.1, AGES_S), "age at which a worker is replaced"),
    ],
    "Development": [
        Setting("debug", Flag(), "log requests, answer with tracebacks"),
        Setting("reload", Flag(), "restart when a source file changes"),
        Setting(
            "reload_dir",
            Many(Folder()),
            "folder to watch in place of the application's",
            "reload_dirs",
        ),
        Setting("reload_include", Many(Kind()), "files to watch, too", "reload_includes"),
        Setting("reload_exclude", Many(Kind()), "files not to watch", "reload_excludes"),
        Setting("reload_delay", Seconds(0.001, 60), "pause of changes that ends a burst of them"),
    ],
    "Stopping": [
        Setting(
            "timeout_graceful_shutdown",
            Seconds(0, DAY_S),
            "what requests under way get when the server stops",
        ),
        Setting(
            "shutdown_delay",
            Seconds(0, DAY_S),
            "how long connections are accepted after the request to stop",
        ),
    ],
    "Process": [
        Setting("pid_file", File(), "file for the process id of the master", others=("-p",)),
        Setting("user", Kind(), "user that workers run as", others=("-u",)),
        Setting("group", Kind(), "group that workers run as", others=("-g",)),
        Setting("umask", Mode(), "permissions that new files do not get", others=("-m",)),
        Setting("control_socket", Switch(), "Unix socket that japy status and the like ask"),
        Setting("metrics_bind", Place(), "where to serve metrics for Prometheus"),
        Setting("health_path", Route(), "path that is answered while workers are ready"),
    ],
    "Logs": [
        Setting(
            "log_level",
            Choice(*LEVELS, others={"trace": "debug"}),
            "least severe messages that are logged",
        ),
        Setting("log_format", Choice("text", "json"), "what japy prints: text, or lines of JSON"),
        Setting("log_config", File(is_read=True), "logging configuration: a .json or .toml file"),
        Setting("access_log", Log(), "log requests"),
        Setting("access_log_format", Kind(), "combined, json, or a format"),
        Setting("use_colors", Flag(), "colours, whether or not this is a terminal"),
    ],
    "Proxies": [
        Setting("proxy_headers", Flag(), "believe X-Forwarded-For and the like"),
        Setting(
            "forwarded_allow_ips",
            Many(Network(), may_be_none=True),
            "proxies to believe: addresses, networks, or *",
            variables=("FORWARDED_ALLOW_IPS",),
        ),
        Setting("proxy_protocol", Flag(), "expect the PROXY protocol, version 1 or 2"),
    ],
    "TLS": [
        Setting("ssl_certfile", File(is_read=True), "certificate chain"),
        Setting("ssl_keyfile", File(is_read=True), "private key"),
        Setting("ssl_keyfile_password", Kind(), "password of the private key", is_secret=True),
        Setting("ssl_ca_certs", File(is_read=True), "authorities for certificates of clients"),
        Setting(
            "ssl_cert_reqs",
            Choice(
                "none",
                "optional",
                "required",
                others={"0": "none", "1": "optional", "2": "required"},
            ),
            "whether clients need a certificate",
        ),
        Setting("ssl_ciphers", Kind(), "ciphers of TLS 1.2, as OpenSSL writes them"),
        Setting(
            "ssl_version",
            Choice("1.2", "1.3", others=VERSIONS),
            "oldest version of TLS that clients may speak",
        ),
    ],
    "Limits": [
        Setting("timeout_keep_alive", Seconds(0.1, AGES_S), "how long a connection may be idle"),
        Setting("timeout_request_head", Seconds(0.1, AGES_S), "what a request head may take"),
        Setting("timeout_request_body", Seconds(0.1, AGES_S), "how long a body may be too slow"),
        Setting(
            "timeout_write", Seconds(0.1, AGES_S), "how long a client may be too slow in reading"
        ),
        Setting("limit_request_line", Size(0, MANY), "longest request line in bytes"),
        Setting(
            "limit_request_head",
            Size(0, MANY),
            "longest request head in bytes",
            others=("--h11-max-incomplete-event-size",),
        ),
        Setting("limit_request_fields", Count(0, MANY), "most header fields"),
        Setting("limit_request_body", Size(0, MANY), "longest request body in bytes"),
        Setting(
            "limit_request_extras",
            Size(0, MANY),
            "chunk extensions and trailers of a request in bytes",
        ),
        Setting("limit_form_fields", Count(0, MANY), "most fields and files of a form"),
        Setting(
            "limit_form_text", Size(0, MANY), "longest text field, or urlencoded form, in bytes"
        ),
        Setting(
            "limit_body_rate", Size(0, MANY), "bytes per second below which a body is too slow"
        ),
        Setting(
            "limit_write_rate", Size(0, MANY), "bytes per second below which a reader is too slow"
        ),
        Setting("limit_pipeline", Count(0, MANY), "most requests of a connection in work"),
        Setting("limit_concurrency", Count(0, MANY), "most connections of a worker, 503 beyond"),
    ],
}
SETTINGS: dict[str, Setting] = {
    setting.name: setting for group in GROUPS.values() for setting in group
}
JOINED = ("uds", "fd")  # settings that become a part of Config.bind
PLACES = ("bind", "host", "port", *JOINED)  # all that say where to listen


def field_settings(field: str) -> list[Setting]:
    """Return the settings that set a field of Config."""
    return [setting for setting in SETTINGS.values() if setting.target == field]
