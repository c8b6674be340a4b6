"""The command `japy`: arguments to Config, Config to the runner.

Knows options and how to print a mistake in them. Everything else is imported once it is needed, so
that help is quick.
"""

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from japy.config import Config, ConfigError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
SETTINGS = {field.name for field in dataclasses.fields(Config)}
TARGETS = """\
TARGET is module:attribute (app:app), package.module.attribute, or a file:
path/to/file.py:attribute, or path/to/file.py if it makes only one application.
"""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where the options are explained; exit."""
        sentence = message[:1].upper() + message[1:]
        print(f"{sentence}. See {self.prog} --help.", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    if sys.platform == "win32":
        print("japy runs on Linux and macOS, as uvloop does: on Windows use WSL.", file=sys.stderr)
        return EXIT_USAGE
    parser = make_parser()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        name = "japy" if options.command is None else f"japy {options.command}"
        print(f"Unknown: {' '.join(unknown)}. See {name} --help.", file=sys.stderr)
        return EXIT_USAGE
    try:
        if options.version or options.command == "version":
            print(version())
            return 0
        if options.command is None:
            parser.print_help(sys.stderr)
            return EXIT_USAGE
        return serve(options)
    except KeyboardInterrupt:  # before the runner has taken the signals over
        return EXIT_INTERRUPTED


def serve(options: argparse.Namespace) -> int:
    """Serve a target, or a script; return the exit status."""
    try:
        config = make_config(options)
    except ConfigError as error:
        print(f"{option_of(error.field)}: {error.reason}. See japy run --help.", file=sys.stderr)
        return EXIT_USAGE
    from japy import runner  # asyncio and uvloop are of no use to --help

    if options.command == "script":
        from japy.importer import Script

        return runner.run_script(config, Script(options.target, options.module, options.args))
    return runner.run_target(config, options.target)


def make_config(options: argparse.Namespace) -> Config:
    """Return the settings that were given, with $PORT in the place of a missing --port.

    Raises:
        ConfigError: a value is out of range.
    """
    given: dict[str, Any] = {k: v for k, v in vars(options).items() if k in SETTINGS}
    port = os.environ.get("PORT", "")
    if port and "port" not in given:
        if not port.isdecimal():
            raise ConfigError("port", f"expected a number in the variable PORT; got {port!r}")
        given["port"] = int(port)
    return Config(**given)


def option_of(field: str) -> str:
    """Return the option that sets a field of Config."""
    return f"--{field.replace('_', '-')}"


def make_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser("japy", description="Serve japy applications.", allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="print versions and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    run = commands.add_parser(
        "run",
        help="serve an application",
        description="Serve an application.",
        epilog=TARGETS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_settings(run)
    run.add_argument("target", metavar="TARGET", help="what to serve, see below")
    script = commands.add_parser("script", allow_abbrev=False)  # unlisted: for Application.run
    add_settings(script)
    script.add_argument("--module", action="store_true")
    script.add_argument("target")
    script.add_argument("args", nargs=argparse.REMAINDER)
    commands.add_parser("version", help="print versions and exit", allow_abbrev=False)
    return parser


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that are settings; one that is not given leaves no trace."""
    add = parser.add_argument
    none = argparse.SUPPRESS
    add("--host", default=none, help="address to listen on (127.0.0.1)")
    add("--port", type=int, default=none, help="port, 0 for any free one ($PORT, or 8080)")
    add("--workers", metavar="N", type=int, default=none, help="worker processes (1)")
    add("--backlog", metavar="N", type=int, default=none, help="connections kept waiting (1024)")
    add("--debug", action="store_true", default=none, help="log requests, answer with tracebacks")
    add("--reload", action="store_true", default=none, help="restart when a source file changes")
    add(
        "--timeout-graceful-shutdown",
        metavar="SECONDS",
        type=float,
        default=none,
        help="what requests under way get when the server stops (20; 2 with --reload)",
    )
    for name, (kind, text) in LIMITS.items():
        metavar = "SECONDS" if kind is float else "SIZE"
        add(f"--{name.replace('_', '-')}", metavar=metavar, type=kind, default=none, help=text)


def size(text: str) -> int:
    """Return the number that a text such as 100, 16M or 64Ki stands for."""
    unit = text.lstrip("0123456789").lower()
    if unit not in UNITS:
        raise ValueError(f"expected one of {', '.join(UNITS)} behind the number; got {unit!r}")
    return int(text[: len(text) - len(unit)]) * UNITS[unit]


# The settings that a peer is held to; see `Limits` for what each of them means.
LIMITS: dict[str, tuple[Callable[[str], float], str]] = {
    "timeout_keep_alive": (float, "how long a connection may be idle (75)"),
    "timeout_request_head": (float, "what a request head may take (10)"),
    "timeout_request_body": (float, "how long a body may be too slow (10)"),
    "timeout_write": (float, "how long a client may be too slow in reading (60)"),
    "limit_request_line": (size, "longest request line in bytes (8190)"),
    "limit_request_head": (size, "longest request head in bytes (32Ki)"),
    "limit_request_fields": (size, "most header fields (100)"),
    "limit_request_body": (size, "longest request body in bytes (16Mi)"),
    "limit_request_extras": (size, "chunk extensions and trailers of a request in bytes (16Ki)"),
    "limit_form_fields": (size, "most fields and files of a form (1000)"),
    "limit_form_text": (size, "longest text field, or urlencoded form, in bytes (1Mi)"),
    "limit_body_rate": (size, "bytes per second below which a body is too slow (240)"),
    "limit_write_rate": (size, "bytes per second below which a reader is too slow (240)"),
    "limit_pipeline": (size, "most requests of a connection in work (64)"),
    "limit_concurrency": (size, "most connections of a worker, 503 beyond (16384)"),
}


def version() -> str:
    """Return what runs here, in one line, for bug reports."""
    import platform

    from uvloop._version import __version__ as uvloop_version

    from japy import __version__, core
    from japy.core.parser import HAS_SIMD

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"japy {__version__} with {python}, uvloop {uvloop_version} "
        f"on {platform.system()} {platform.machine()}, "
        f"{'compiled' if core.COMPILED else 'interpreted'} core, "
        f"SSE4.2 {'in use' if HAS_SIMD else 'not in use'}"
    )
