"""Check: `japy check`: whether a server would start, without one; and what its settings are.

Knows what is looked at before a worker serves. The application is imported in a child, so that
whatever it does there, an end of the process or a hang among it, is something to report.
"""

import functools
import json
import os
import select
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from japy.cli.group import Action
from japy.cli.option import collect, command
from japy.cli.target import choose, load_all
from japy.settings.config import Config
from japy.settings.source import Settings, SourceError, files_named, plain, shown, text_of

EXIT_UNUSABLE = 3


def check_now(print_config: bool, as_json: bool, **params: Any) -> Action:
    """Be `japy check`."""
    settings = collect(params)
    if print_config:
        return functools.partial(print_settings, settings, as_json)
    for complaint in files_named(settings):
        raise SourceError(complaint)
    return functools.partial(check, settings.config, choose(settings.config))


def print_settings(settings: Settings, as_json: bool) -> int:
    """Print each setting, its value and where that came from."""
    rows = shown(settings)
    if as_json:
        table = {
            setting.key: {
                "value": plain(setting, value),
                "source": origin.source,
                "place": origin.place,
            }
            for setting, (value, origin) in rows
        }
        click.echo(json.dumps(table, indent=2))
        return 0
    texts = [text_of(setting, value.value) or "-" for setting, value in rows]
    width = max(map(len, texts))
    for (setting, value), text in zip(rows, texts, strict=True):
        click.echo(f"{setting.key:<27} {text:<{width}}  {describe(*value.origin)}")
    return 0


def describe(source: str, place: str) -> str:
    """Return where a value comes from, for a person."""
    return source if source in ("default", "command") else f"{source} {place}"


def check(config: Config, target: str) -> int:
    """Look at an application in a child; return the exit status."""
    status, text = in_child(functools.partial(examine, config, target), config.timeout_startup)
    if status:
        click.echo(text, err=True)
        return EXIT_UNUSABLE
    click.echo(f"{target} can be served: {text}.")
    return 0


def examine(config: Config, target: str) -> str:
    """Do what a worker does before it serves; return what was found.

    Raises:
        LoadError: the application cannot be served.
    """
    from japy.monitoring.health import add_health
    from japy.serving import importer
    from japy.serving.ensemble import EnsembleError, applications_of, share
    from japy.serving.worker import configure_logging

    configure_logging(config)
    check_places(config)
    check_certificates(config)
    ensemble = load_all(config, target)
    found = []
    for app in applications_of(ensemble):
        found.append(counted(len(app.router.routes), "route"))
        if config.health_path is not None:
            add_health(app, config.health_path, lambda: False)
        importer.guarded("application", functools.partial(config.limits, app.limits))
        importer.guarded("application", app.service)
    services = len(ensemble) - len(found)
    try:
        share(ensemble, config.binds)
    except EnsembleError as error:
        raise importer.LoadError(str(error)) from None
    return ", ".join([*found, *[counted(services, "service")] * bool(services)])


def check_places(config: Config) -> None:
    """Look at where a server would listen and write, and at who it would be.

    Who listens there now does not count: that is what a server is checked for beside its old one.

    Raises:
        LoadError: it cannot.
    """
    from japy.serving.importer import LoadError
    from japy.supervisor import privilege
    from japy.supervisor.listener import BindError, rehearse

    try:
        rehearse([*config.binds, *filter(None, [config.metrics_bind])])
        privilege.check(config)
        if config.pid_file is not None:
            privilege.refuse_special(Path(config.pid_file))
    except (BindError, privilege.PrivilegeError) as error:
        raise LoadError(str(error)) from None
    written = {"--pid-file": config.pid_file, "--access-log-file": config.access_log}
    written["--control-socket"] = config.control_socket
    for option, path in written.items():
        if isinstance(path, Path) and (reason := why_unwritable(path)):
            raise LoadError(f"{path} cannot be written ({reason}): choose another {option}.")


def why_unwritable(path: Path) -> str:
    """Return why a file cannot be written, given its path; empty if it can."""
    try:
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder '{path.parent}'"
        place = path if path.exists() else path.parent
    except OSError as error:  # its name is too long, or a folder above is somebody else's
        return str(error.strerror)
    return "" if os.access(place, os.W_OK) else "this user may not"


def check_certificates(config: Config) -> None:
    """Load the files that TLS needs, if any.

    Raises:
        LoadError: they cannot be used.
    """
    if config.ssl_certfile is None:
        return
    from japy.serving.importer import LoadError
    from japy.serving.tls import TLSError, make_context

    try:
        make_context(config)
    except TLSError as error:
        raise LoadError(str(error)) from None


def counted(count: int, name: str) -> str:
    """Return a number of things."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def in_child(job: Callable[[], str], patience_s: float) -> tuple[int, str]:
    """Run a job in a child; return its exit status, and the text that it returns or fails with."""
    from japy.supervisor.process import fill_standard_streams, flush

    fill_standard_streams()  # else the pipe would be taken for one of them
    reader, writer = os.pipe()
    flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        report(job, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        if not select.select([pipe], [], [], patience_s)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return EXIT_UNUSABLE, f"The application was not loaded within {patience_s:g} s."
        text = pipe.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not text:
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        return EXIT_UNUSABLE, f"The application ended the process ({how}) while it was loaded."
    return status, text


def report(job: Callable[[], str], writer: int) -> None:
    """Be the child: write what a job returns or fails with, and end."""
    from japy.supervisor.process import flush

    status = EXIT_UNUSABLE
    try:
        text, status = job(), 0
    except Exception as error:
        is_said = type(error).__name__ in ("LoadError", "ConfigurationError")
        text = str(error) if is_said else "".join(traceback.format_exception(error))
    except BaseException as error:
        text = f"The application raised {type(error).__name__} while it was loaded."
    flush()
    os.write(writer, text.encode(errors="replace")[:65_000])  # what a pipe has room for
    os._exit(status)


check_command = command(
    "check",
    "Say whether a server would start, without starting one.",
    check_now,
    [
        click.Option(["--print-config"], is_flag=True, help="print the settings and their sources"),
        click.Option(["as_json", "--json"], is_flag=True, help="print them as JSON"),
    ],
)
