"""Source: where settings come from, and which of them holds.

Knows the configuration file, the variables of the environment, and how options become a Config:
defaults < file < variables < command line. Knows neither the command line's grammar nor what a
setting does.

Invariants:
- Every value has an origin, which a message about the value names.
- What is wrong ends here as a SourceError, whose text is one sentence for a person; what is merely
  suspicious becomes a warning.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from japy.settings.bind import Bind
from japy.settings.config import Config, ConfigError
from japy.settings.kind import File, Folder, Many, Mode
from japy.settings.setting import JOINED, PLACES, SETTINGS, Setting, field_settings

ADDRESS = {"host", "port"}
FILES = ("japy.toml", "pyproject.toml")  # looked for in the current folder, best first
PREFIX = "JAPY_"
FILE_VARIABLE = "JAPY_CONFIG"
OTHER_VARIABLES = {  # that begin so, and are no settings
    FILE_VARIABLE,
    "JAPY_ENV",  # development or production: set by `japy dev` and `japy run`, read by applications
    "JAPY_PURE",  # read by the build
    "JAPY_EXPECT",  # read by the tests
}
KEYS = {setting.key: setting for setting in SETTINGS.values()}
VARIABLES = {
    name: setting
    for setting in SETTINGS.values()
    for name in (*setting.variables, setting.variable)  # the latter holds if both are set
}


class SourceError(ValueError):
    """Settings that cannot be; the text is one sentence for the person who wrote them."""


class Origin(NamedTuple):
    """Where a value comes from.

    Args:
        source: default, file, variable, command or option.
        place: what a message names, such as "japy.toml, port" or "--port".
    """

    source: str
    place: str


class Value(NamedTuple):
    """The value of a setting."""

    value: Any
    origin: Origin


class Settings(NamedTuple):
    """All settings of a server.

    Args:
        config: what they come to.
        values: those that were given, by name.
        warnings: sentences about what may be a mistake.
    """

    config: Config
    values: dict[str, Value]
    warnings: list[str]


Level = dict[str, Value]  # what one source says, by name of the setting


def gather(
    options: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    implied: Mapping[str, Any] | None = None,
    is_alone: bool = False,
) -> Settings:
    """Return the settings of a command.

    Args:
        options: texts (lists of them for what may be repeated) and flags, by name of the setting.
        environ: the variables; those of this process if not given.
        file: the configuration file; what lies in the current folder if not given.
        implied: values that the command itself stands for.
        is_alone: whether the options are all there is: neither variables nor a file count.

    Raises:
        SourceError: a setting is unknown or has a value that it cannot have.
    """
    variables = {} if is_alone else os.environ if environ is None else environ
    if file is None and variables.get(FILE_VARIABLE):
        file = Path(variables[FILE_VARIABLE])
    command = {
        name: Value(value, Origin("command", "the command"))
        for name, value in (implied or {}).items()
    }
    levels = [
        {} if is_alone else from_file(file),
        from_variables(variables),
        command,
        from_options(options),
    ]
    values = {name: value for level in levels for name, value in level.items()}
    return Settings(make_config(levels, values), values, list(unknown_variables(variables)))


def make_config(levels: list[Level], values: dict[str, Value]) -> Config:
    """Return what values come to.

    Raises:
        SourceError: one of them cannot be.
    """
    given = {
        SETTINGS[name].target: value.value for name, value in values.items() if name not in PLACES
    }
    try:
        return Config(**places(levels, values), **given)
    except ConfigError as error:
        raise SourceError(f"{place_of(error.field, values)}: {error.reason}") from None


def place_of(field: str, values: Mapping[str, Value]) -> str:
    """Return what to call the place where a field of Config was set."""
    for setting in field_settings(field):
        if setting.name in values:
            return values[setting.name].origin.place
    return field_settings(field)[0].option


def places(levels: list[Level], values: dict[str, Value]) -> dict[str, Any]:
    """Return the fields of Config that say where to listen.

    The highest source that names any place decides; all places that it names are listened on. A
    host and a port are one place together, also if they come from different sources.
    """
    named = [level for level in levels if not level.keys().isdisjoint(PLACES)]
    top = named[-1] if named else {}
    is_address = top.keys().isdisjoint(("bind", *JOINED))
    for name in set(PLACES) & values.keys() - (ADDRESS if is_address else top.keys()):
        del values[name]  # nobody listens there
    address: dict[str, Any] = {name: values[name].value for name in ADDRESS if name in values}
    if is_address:
        return address
    found: list[Bind] = list(top["bind"].value) if "bind" in top else []
    if "uds" in top:
        found.append(place_at(top["uds"], "unix", path=str(top["uds"].value)))
    if "fd" in top:
        found.append(place_at(top["fd"], "fd", number=top["fd"].value))
    if address:
        found += Config(**address).binds  # which knows the defaults
    return {"bind": tuple(found)}


def place_at(given: Value, kind: Literal["unix", "fd"], **where: Any) -> Bind:
    """Return the place that an option of its own names.

    Raises:
        SourceError: there can be none.
    """
    try:
        return Bind(kind, **where)
    except ValueError as error:
        raise SourceError(f"{given.origin.place}: {error}") from None


# The sources.


def from_options(options: Mapping[str, Any]) -> Level:
    """Return what a command line says.

    Raises:
        SourceError: a value cannot be read.
    """
    found: Level = {}
    for name, given in options.items():
        setting = SETTINGS[name]
        origin = Origin("option", setting.option)
        if isinstance(setting.kind, Many):
            parts = [read(setting, text, origin) for text in given]
            value: Any = tuple(item for part in parts for item in part)
        else:
            value = given if isinstance(given, bool) else read(setting, given, origin)
        found[name] = Value(value, origin)
    return found


def from_variables(variables: Mapping[str, str]) -> Level:
    """Return what variables say; one without a text says nothing.

    Raises:
        SourceError: a value cannot be read.
    """
    found: Level = {}
    for name, setting in VARIABLES.items():
        if variables.get(name):
            origin = Origin("variable", name)
            found[setting.name] = Value(read(setting, variables[name], origin), origin)
    return found


def unknown_variables(variables: Mapping[str, str]) -> Iterable[str]:
    """Yield a sentence about each variable that looks like one of japy's."""
    for name in sorted(variables):
        if name.startswith(PREFIX) and name not in VARIABLES and name not in OTHER_VARIABLES:
            hint = suggest(name, VARIABLES) or "Unset it, or rename it."
            yield f"The variable {name} is none that japy knows. {hint}"


def from_file(file: Path | None) -> Level:
    """Return what a configuration file says; without one, the first there is in this folder.

    Raises:
        SourceError: it cannot be read, or holds what is no setting.
    """
    if file is None:
        for name in FILES:
            if Path(name).is_file() and (table := table_in(Path(name))) is not None:
                return from_table(table, name)
        return {}
    table = table_in(file)
    if table is None:
        raise SourceError(f"The file '{file}' has no table [tool.japy]: add one.")
    return from_table(table, str(file))


def table_in(file: Path) -> dict[str, Any] | None:
    """Return the settings in a file; None for a pyproject.toml that says nothing of japy."""
    import tomllib  # PERF: the help needs neither this nor difflib, below

    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream)
    except OSError as error:
        raise SourceError(
            f"The configuration file '{file}' cannot be read ({error.strerror}): check its path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"The file '{file}' is no TOML ({error}): correct it.") from None
    if file.name != "pyproject.toml":
        return table
    tool = table.get("tool", {})
    found = tool.get("japy") if isinstance(tool, dict) else None
    if found is not None and not isinstance(found, dict):
        raise SourceError(f"{file}, tool.japy: expected a table; got {found!r}.")
    return found


def from_table(table: Mapping[str, Any], file: str) -> Level:
    """Return what a table of settings says.

    Raises:
        SourceError: it holds what is no setting, or what a setting cannot be.
    """
    found: Level = {}
    for name, given in table.items():
        origin = Origin("file", f"{file}, {name}")
        setting = KEYS.get(name.replace("_", "-"))
        if setting is None:
            hint = suggest(name, KEYS) or "docs/configuration.md lists all of them."
            raise SourceError(f"{origin.place}: there is no such setting. {hint}")
        if setting.name in found:
            other = found[setting.name].origin.place.removeprefix(f"{file}, ")
            raise SourceError(
                f"{origin.place}: expected each setting once; got {other}, too. Remove one."
            )
        try:
            found[setting.name] = Value(setting.kind.take(given), origin)
        except ValueError as error:
            raise SourceError(f"{origin.place}: {error}") from None
    return found


def read(setting: Setting, text: str, origin: Origin) -> Any:
    """Return the value of a text.

    Raises:
        SourceError: it has none.
    """
    try:
        return setting.kind.read(text)
    except ValueError as error:
        raise SourceError(f"{origin.place}: {error}") from None


def suggest(name: str, names: Iterable[str]) -> str:
    """Return a question about what else was meant; empty where nothing is near."""
    import difflib

    near = difflib.get_close_matches(name, list(names), 2, 0.7)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def files_named(settings: Settings) -> Iterable[str]:
    """Yield a sentence about each file and folder that is to be read, and is not there."""
    for name, given in settings.values.items():
        kind = SETTINGS[name].kind
        kind = kind.kind if isinstance(kind, Many) else kind
        paths = given.value if isinstance(given.value, tuple) else (given.value,)
        if not isinstance(kind, File) or not kind.is_read:
            continue
        for path in paths:
            if isinstance(kind, Folder) and not path.is_dir():
                yield f"{given.origin.place}: there is no folder '{path}'"
            elif not isinstance(kind, Folder) and not path.is_file():
                yield f"{given.origin.place}: there is no file '{path}'"


def shown(settings: Settings) -> list[tuple[Setting, Value]]:
    """Return each setting with its value, None where it has none, and where that came from."""
    rows = []
    config, values = settings.config, settings.values
    for setting in SETTINGS.values():
        given = values.get(setting.name)
        value = getattr(config, setting.target) if given is None else given.value
        if setting.name == "bind":
            value = config.binds
            given = next((values[name] for name in PLACES if name in values), None)
        elif setting.name in JOINED and given is None:
            value = None
        elif setting.name == "timeout_graceful_shutdown":
            value = config.drain_s
        origin = given.origin if given else Origin("default", "default")
        rows.append((setting, Value(value, origin)))
    return rows


def text_of(setting: Setting, value: Any) -> str:
    """Return what to show a person of a value: none of a secret, nothing where there is none."""
    if value is None or value == "":
        return ""
    return "********" if setting.is_secret else setting.kind.show(value)


def plain(setting: Setting, value: Any) -> Any:
    """Return a value as JSON has it: what is neither number nor flag is a text."""
    if isinstance(value, tuple):
        kind = setting.kind.kind if isinstance(setting.kind, Many) else setting.kind
        return [kind.show(item) for item in value]
    is_plain = isinstance(value, (bool, int, float)) and not isinstance(setting.kind, Mode)
    return value if is_plain else text_of(setting, value) or None
