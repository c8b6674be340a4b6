"""How japy's loggers are set up: levels, handlers, colours, JSON, and a file that says it all.

Knows `logging` and the settings about it. Refuses to know what is logged: `log` and `journal` do.

Invariants:
- Nothing is printed by a handler of ours once the application has configured the root logger.
- A logger that somebody else has given a handler gets none of ours.
- What a log configuration does not name goes on: existing loggers stay, unless it says otherwise.
"""

import json
import logging
import logging.config
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from japy.logs.access import json_line
from japy.logs.log import DefaultHandler, access_log, error_log, worker_number
from japy.settings.config import Config

ERROR_FORMAT = "[%(asctime)s] [%(process)d] %(levelname)s %(message)s"
COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "1;31", "DEBUG": "2"}  # of levels
READERS = {".json": json.loads, ".toml": tomllib.loads}
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
HARMLESS = ("logging.", "japy.", "ext://sys.", "sys.")  # what may be made without user code
OWN = "japy.access"


class LogConfigError(Exception):
    """Why a log configuration cannot be used, in a sentence that says what to do."""


class ColourFormatter(logging.Formatter):
    """A formatter that colours the level."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line, with the colour of its level."""
        name = record.levelname
        if name not in COLOURS:
            return super().formatMessage(record)
        record.levelname = f"\x1b[{COLOURS[name]}m{name}\x1b[0m"
        try:
            return super().formatMessage(record)
        finally:
            record.levelname = name  # other handlers get the same record


class JSONFormatter(logging.Formatter):
    """A formatter whose lines are JSON: what is known of a record, and what `extra` has added."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        more = {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info:
            more["exc"] = self.formatException(record.exc_info)
        elif record.exc_text:
            more["exc"] = record.exc_text
        return json_line(
            record.created,
            record.levelname,
            record.name,
            record.getMessage(),
            worker_number(),
            more,
        )


def set_up_logging(config: Config, debug: bool = False, logs_requests: bool = False) -> None:
    """Give `japy.error` (stderr) and `japy.access` (stdout) handlers, unless they have some.

    Args:
        config: which of its settings are about logs.
        debug: let both log what is of interest.
        logs_requests: let `japy.access` do so.
    """
    if lacks_handler(error_log):
        add_handler(error_log, sys.stderr, config)
    if lacks_handler(access_log):
        add_handler(access_log, sys.stdout, config)
    if config.log_level is not None:
        error_log.setLevel(config.log_level.upper())
    elif debug:
        error_log.setLevel(error_log.level or logging.INFO)
    if debug or logs_requests or config.access_log:
        access_log.setLevel(access_log.level or logging.INFO)


def lacks_handler(logger: logging.Logger) -> bool:
    """Tell whether a logger has no handler; ours give way: to those of others, and to new ones."""
    for handler in logger.handlers.copy():
        if isinstance(handler, DefaultHandler):
            logger.removeHandler(handler)
    return not logger.handlers


def add_handler(logger: logging.Logger, stream: TextIO, config: Config) -> None:
    """Give a logger a handler that prints as the settings say."""
    handler = DefaultHandler(stream)
    if config.log_format == "json":
        handler.setFormatter(JSONFormatter())
    elif logger is error_log:
        is_coloured = wants_colours(stream, config.use_colors, os.environ)
        kind = ColourFormatter if is_coloured else logging.Formatter
        handler.setFormatter(kind(ERROR_FORMAT))
    logger.addHandler(handler)


def wants_colours(
    stream: TextIO | None, choice: bool | None, environment: Mapping[str, str]
) -> bool:
    """Tell whether to colour: what was chosen, else NO_COLOR, FORCE_COLOR, else on a terminal."""
    if choice is not None:
        return choice
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    if stream is None or stream.closed:
        return False
    return stream.isatty() and environment.get("TERM") != "dumb"


# The log configuration.


def configure(config: Config, is_master: bool = False) -> None:
    """Do what the file of `log_config` says, if there is one; to be called before anything logs.

    The master does so only if that imports nothing of the application's: else it goes on printing
    to stderr, and its workers, which are about to load the application anyway, do it alone.

    Raises:
        LogConfigError: the file cannot be read, or says what cannot be done.
    """
    if config.log_config is None:
        return
    wanted = read_log_config(config.log_config)
    if is_master and not is_harmless(wanted):
        return
    try:
        logging.config.dictConfig(wanted)
    except (ValueError, TypeError, AttributeError, ImportError, OSError) as error:
        reason = error if error.__cause__ is None else f"{error}: {error.__cause__}"
        raise LogConfigError(f"{config.log_config}: {reason}. Correct the file.") from error


def read_log_config(path: Path) -> dict[str, Any]:
    """Return what a file says, with what goes without saying.

    Raises:
        LogConfigError: it cannot be read.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise LogConfigError(
            f"{path}: expected a file .json or .toml with what logging.config.dictConfig takes."
        )
    try:
        found = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # JSON, TOML, UTF-8: ValueErrors
        raise LogConfigError(f"{path} cannot be read ({error}): correct the file.") from error
    if not isinstance(found, dict):
        raise LogConfigError(f"{path}: expected a table, as logging.config.dictConfig takes it.")
    return {"version": 1, "disable_existing_loggers": False, **found}


def takes_access(config: Config) -> bool:
    """Tell whether the log configuration names `japy.access`: then that gets all requests."""
    if config.log_config is None:
        return False
    loggers = read_log_config(config.log_config).get("loggers")
    return isinstance(loggers, dict) and OWN in loggers


def is_harmless(wanted: object) -> bool:
    """Tell whether a configuration can be followed without importing anything of a user's."""
    return all(name.startswith(HARMLESS) for name in imported(wanted))


def imported(wanted: object) -> Iterator[str]:
    """Yield the names of what a configuration imports."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if key in ("class", "()") or (isinstance(value, str) and value.startswith("ext://")):
                yield str(value)
            yield from imported(value)
    elif isinstance(wanted, list):
        for value in wanted:
            yield from imported([] if isinstance(value, str) else value)
            if isinstance(value, str) and value.startswith("ext://"):
                yield value
