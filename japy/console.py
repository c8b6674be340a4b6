"""Lines for the person at the terminal: what happens to stdout, what goes wrong to stderr.

Knows the default handlers of japy's loggers. Knows neither processes nor requests.

Invariants:
- A closed terminal or pipe never ends a server: what cannot be printed is dropped.
- Nothing is printed by a logger of japy's once the application has configured the root logger.
"""

import contextlib
import json
import logging
import os
import sys
import tomllib
from pathlib import Path
from typing import TextIO

ERROR_FORMAT = "[%(asctime)s] [%(process)d] %(levelname)s %(message)s"
COLORS = {"DEBUG": 36, "INFO": 32, "WARNING": 33, "ERROR": 31, "CRITICAL": 35}  # of ANSI


class ConfigurationError(ValueError):
    """A logging configuration that cannot be used; the text says why."""


class ColorFormatter(logging.Formatter):
    """A formatter that gives levels a colour."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record; the record itself stays as it is for other handlers."""
        name = record.levelname
        record.levelname = f"\x1b[{COLORS.get(name, 0)}m{name}\x1b[0m"
        try:
            return super().format(record)
        finally:
            record.levelname = name


class DefaultHandler(logging.StreamHandler[TextIO]):
    """A handler that is silent once the application has brought its own logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record unless a handler of the root logger gets it anyway."""
        if not logging.getLogger().handlers:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop what a closed stream does not take; report any other failure."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def say(line: str) -> None:
    """Print a line to stdout at once."""
    _print(line, sys.stdout)


def complain(text: str) -> None:
    """Print a text to stderr at once."""
    _print(text, sys.stderr)


def set_up_logging(
    debug: bool,
    logs_requests: bool = False,
    level: str | None = None,
    use_colors: bool | None = None,
) -> None:
    """Give `japy.error` (stderr) and `japy.access` (stdout) handlers, unless they have some.

    Args:
        debug: let both log what is of interest.
        logs_requests: let `japy.access` do so.
        level: the least severe of what `japy.error` logs; None for what its logger or `debug` says.
        use_colors: whether levels have a colour; None for where somebody can see it.
    """
    error_log = logging.getLogger("japy.error")
    access_log = logging.getLogger("japy.access")
    if lacks_handler(error_log):
        handler = DefaultHandler(sys.stderr)
        has_colors = wants_colors(sys.stderr, use_colors)
        handler.setFormatter((ColorFormatter if has_colors else logging.Formatter)(ERROR_FORMAT))
        error_log.addHandler(handler)
    if lacks_handler(access_log):
        access_log.addHandler(DefaultHandler(sys.stdout))
    if level is not None:
        error_log.setLevel(level.upper())
    elif debug:
        error_log.setLevel(error_log.level or logging.INFO)
    if debug or logs_requests:
        access_log.setLevel(access_log.level or logging.INFO)


def wants_colors(stream: TextIO | None, choice: bool | None = None) -> bool:
    """Tell whether to colour what goes to a stream.

    The choice holds; without one NO_COLOR, then FORCE_COLOR, then whether this is a terminal.
    """
    if choice is not None or stream is None:
        return bool(choice)
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    with contextlib.suppress(ValueError):  # the stream was closed by someone
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    return False


def configure_logging(file: Path) -> None:
    """Set logging up as a file says: what `logging.config.dictConfig` takes, in JSON or TOML.

    Raises:
        ConfigurationError: it cannot be read, or says what cannot be.
    """
    from logging.config import dictConfig

    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            table = json.loads(text)
        elif file.suffix == ".toml":
            table = tomllib.loads(text)
        else:
            raise ConfigurationError(f"'{file}' is neither a .json nor a .toml file")
        # Loggers that were there before are japy's: they shall not fall silent.
        dictConfig({"version": 1, "disable_existing_loggers": False, **table})
    except OSError as error:
        raise ConfigurationError(f"'{file}' cannot be read ({error.strerror})") from None
    except ConfigurationError:
        raise
    except Exception as error:  # what a handler of the user's raises
        cause = f": {error.__cause__}" if error.__cause__ else ""
        raise ConfigurationError(
            f"'{file}' is no logging configuration ({error}{cause})"
        ) from error


def lacks_handler(logger: logging.Logger) -> bool:
    """Tell whether a logger has no handler; ours, of the master, give way to an application's."""
    ours = [handler for handler in logger.handlers if isinstance(handler, DefaultHandler)]
    if len(ours) < len(logger.handlers):
        for handler in ours:
            logger.removeHandler(handler)
    return not logger.handlers


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:  # a process without a terminal, such as one started by pythonw
        return
    with contextlib.suppress(ValueError):  # the stream was closed by someone
        try:
            print(f"{text}\n", end="", file=stream, flush=True)  # one write: processes share it
        except OSError:
            _drop_output(stream)


def _drop_output(stream: TextIO) -> None:
    """Let a stream that nobody reads lead nowhere: else flushing it fails again at the end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
