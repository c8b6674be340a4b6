"""Source: which of several values holds, where it came from, and what is said of mistakes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.settings.setting import SETTINGS
from japy.settings.source import Settings, SourceError, files_named, gather, plain, shown, text_of

NONE: Mapping[str, str] = {}
HERE = Bind("tcp", "127.0.0.1", 8080)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "japy.toml") -> Path:
    """Write a file into the current folder."""
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def origin(settings: Settings, name: str) -> str:
    """Return where a setting comes from."""
    return rows(settings)[name][1]


def rows(settings: Settings) -> dict[str, tuple[str, str]]:
    """Return what is shown of each setting: its text, and where it came from."""
    return {
        setting.name: (text_of(setting, value), where.place)
        for setting, (value, where) in shown(settings)
    }


def failure(options: Mapping[str, Any], environ: Mapping[str, str] = NONE) -> str:
    """Return the message about settings that cannot be."""
    with pytest.raises(SourceError) as caught:
        gather(options, environ=environ)
    return str(caught.value)


# Precedence.


def test_without_anything_the_defaults_hold() -> None:
    settings = gather({}, environ=NONE)
    assert settings == Settings(Config(), {}, [])
    assert {value.origin.source for _, value in shown(settings)} == {"default"}


@pytest.mark.parametrize(
    ("sources", "workers", "place"),
    [
        ("", 1, "default"),
        ("file", 2, "japy.toml, workers"),
        ("file other", 3, "WEB_CONCURRENCY"),
        ("file other variable", 4, "JAPY_WORKERS"),
        ("file variable command", 5, "the command"),
        ("file variable command option", 6, "--workers"),
        ("option", 6, "--workers"),
        ("file option", 6, "--workers"),
        ("variable", 4, "JAPY_WORKERS"),
    ],
)
def test_the_command_line_beats_variables_beat_the_file(
    sources: str, workers: int, place: str
) -> None:
    given = sources.split()
    if "file" in given:
        write("workers = 2\n")
    environ = {
        **({"WEB_CONCURRENCY": "3"} if "other" in given else {}),
        **({"JAPY_WORKERS": "4"} if "variable" in given else {}),
    }
    settings = gather(
        {"workers": "6"} if "option" in given else {},
        environ=environ,
        implied={"workers": 5} if "command" in given else {},
    )
    assert settings.config.workers == workers
    assert origin(settings, "workers") == place


def test_flags_and_lists_of_options() -> None:
    settings = gather({"debug": False, "reload_dir": ["a", "b,c"]}, environ={"JAPY_DEBUG": "1"})
    assert not settings.config.debug
    assert settings.config.reload_dirs == (Path("a"), Path("b"), Path("c"))


def test_an_empty_variable_says_nothing() -> None:
    assert gather({}, environ={"PORT": "", "JAPY_WORKERS": ""}).config == Config()


def test_options_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    write("workers = 2\n")
    monkeypatch.setenv("JAPY_PORT", "1")
    assert gather({"debug": True}, is_alone=True).config == Config(debug=True)


# Where to listen.


@pytest.mark.parametrize(
    ("file", "environ", "options", "binds"),
    [
        ("", {}, {}, (HERE,)),
        ("", {"PORT": "1"}, {}, (Bind("tcp", "127.0.0.1", 1),)),
        ("", {"PORT": "1", "JAPY_PORT": "2"}, {}, (Bind("tcp", "127.0.0.1", 2),)),
        ("", {"PORT": "1"}, {"host": "::1"}, (Bind("tcp", "::1", 1),)),
        ("host = '0.0.0.0'", {"PORT": "1"}, {}, (Bind("tcp", "0.0.0.0", 1),)),
        ("", {"PORT": "1"}, {"bind": ["unix:x"]}, (Bind("unix", path="x"),)),
        ("", {"PORT": "1"}, {"uds": "x"}, (Bind("unix", path="x"),)),
        ("", {"PORT": "1"}, {"fd": "3"}, (Bind("fd", number=3),)),
        ("bind = ['a:1', 'b=c:2']", {}, {}, (Bind("tcp", "a", 1), Bind("tcp", "c", 2, name="b"))),
        ("bind = 'a:1'", {}, {"port": "0"}, (Bind("tcp", "127.0.0.1", 0),)),
        ("bind = 'a:1'", {"JAPY_BIND": "b:2,c:3"}, {}, (Bind("tcp", "b", 2), Bind("tcp", "c", 3))),
        (
            "port = 7",
            {},
            {"bind": ["a:1"], "uds": "x", "fd": "3", "host": "h"},
            (
                *(Bind("tcp", "a", 1), Bind("unix", path="x"), Bind("fd", number=3)),
                Bind("tcp", "h", 8080),
            ),
        ),
    ],
)
def test_the_highest_source_says_where_to_listen(
    file: str, environ: dict[str, str], options: dict[str, Any], binds: tuple[Bind, ...]
) -> None:
    write(file)
    assert gather(options, environ=environ).config.binds == binds


def test_where_it_listens_is_shown() -> None:
    settings = gather({}, environ={"PORT": "1", "JAPY_HOST": "::1"})
    found = rows(settings)
    assert found["bind"] == ("[::1]:1", "JAPY_HOST")
    assert found["host"] == ("::1", "JAPY_HOST")
    assert found["port"] == ("1", "PORT")
    assert found["uds"] == found["fd"] == ("", "default")


# The file.


def test_the_first_file_there_is_counts() -> None:
    write("[tool.japy]\nworkers = 3\napp = 'm:a'\n", "pyproject.toml")
    settings = gather({}, environ=NONE)
    assert (settings.config.workers, settings.config.target) == (3, "m:a")
    assert origin(settings, "workers") == "pyproject.toml, workers"
    write("workers = 2\n")
    settings = gather({}, environ=NONE)
    assert (settings.config.workers, settings.config.target) == (2, "")


def test_a_pyproject_of_others_says_nothing() -> None:
    write("[project]\nname = 'x'\n[tool.other]\nworkers = 3\n", "pyproject.toml")
    assert gather({}, environ=NONE).config == Config()


def test_a_file_that_is_named() -> None:
    write("workers = 2\n")
    other = write("workers = 4\nlimit_request_body = '1M'\ntimeout-write = '2m'\n", "other.toml")
    for settings in (
        gather({}, file=other, environ=NONE),
        gather({}, environ={"JAPY_CONFIG": "other.toml"}),
    ):
        assert settings.config.workers == 4
        assert settings.config.limit_request_body == 1_000_000
        assert settings.config.timeout_write == 120
        assert origin(settings, "workers") == "other.toml, workers"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wrokers = 2", "japy.toml, wrokers: there is no such setting. Did you mean workers?"),
        ("xyz = 2", "japy.toml, xyz: there is no such setting. docs/configuration.md lists all"),
        ("[japy]\nport = 1", "japy.toml, japy: there is no such setting."),
        (
            "limit-request-body = 1\nlimit_request_body = 1",
            "japy.toml, limit_request_body: expected each setting once; got limit-request-body,",
        ),
        ("workers = 'x'", "japy.toml, workers: expected a whole number or auto; got 'x'"),
        ("workers = 0", "japy.toml, workers: expected 1 to 1,024; got 0"),
        ("debug = 'yes'", "japy.toml, debug: expected true or false; got 'yes'"),
        ("bind = ['x']", "japy.toml, bind: expected host:port, "),
        ("port = 65536", "japy.toml, port: expected 0 to 65,535; got 65536"),
        ("limit-request-line = 1", "japy.toml, limit-request-line: expected 16 to 32768; got 1"),
        ("x = (", "The file 'japy.toml' is no TOML ("),
        ("\xff", "The file 'japy.toml' is no TOML ("),
    ],
)
def test_mistakes_in_the_file(text: str, message: str) -> None:
    Path("japy.toml").write_bytes(text.encode("latin-1"))
    assert failure({}).startswith(message)


def test_a_file_that_is_not_there_or_empty_of_japy() -> None:
    with pytest.raises(SourceError, match=r"'no\.toml' cannot be read \(No such file"):
        gather({}, file=Path("no.toml"), environ=NONE)
    write("[tool]\n", "pyproject.toml")
    with pytest.raises(SourceError, match=r"has no table \[tool\.japy\]: add one"):
        gather({}, file=Path("pyproject.toml"), environ=NONE)
    write("tool.japy = 3\n", "pyproject.toml")
    with pytest.raises(SourceError, match="expected a table; got 3"):
        gather({}, environ=NONE)


# Variables and options.


@pytest.mark.parametrize(
    ("options", "environ", "message"),
    [
        ({"port": "x"}, {}, "--port: expected a whole number; got 'x'"),
        ({"port": "65536"}, {}, "--port: expected 0 to 65,535; got 65536"),
        ({"workers": "0"}, {}, "--workers: expected 1 to 1,024; got 0"),
        ({"uds": "x" * 200}, {}, "--uds: expected a path of 1 to "),
        ({"fd": "-1"}, {}, "--fd: expected the number of an open file; got -1"),
        ({"bind": ["a:1", "a:1"]}, {}, "--bind: expected each place once; got a:1 and a:1"),
        ({"bind": ["x=a:1", "a:1"]}, {}, "--bind: expected each place once; got x=a:1 and a:1"),
        ({"bind": ["x=a:1", "x=a:2"]}, {}, "--bind: expected names that differ; got x, x"),
        ({"bind": [""]}, {}, "--bind: expected host:port, "),
        ({"bind": ["a:1", ""]}, {}, "--bind: expected host:port, "),
        ({"reload_dir": [""]}, {}, "--reload-dir: expected a path; got ''"),
        ({"reload_include": [""]}, {}, "--reload-include: expected some text; got ''"),
        ({"host": ""}, {}, "--host: expected some text; got ''"),
        ({"limit_request_body": "1kk"}, {}, "--limit-request-body: expected a size such as "),
        ({"ssl_keyfile": "k"}, {}, "--ssl-keyfile: expected --ssl-certfile, too; "),
        ({}, {"PORT": "http"}, "PORT: expected a whole number; got 'http'"),
        ({}, {"JAPY_WORKERS": "0"}, "JAPY_WORKERS: expected 1 to 1,024; got 0"),
        ({}, {"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY: expected 1 to 1,024; got 0"),
        ({}, {"JAPY_RELOAD": "2"}, "JAPY_RELOAD: expected 1/true/yes/on or "),
        ({}, {"FORWARDED_ALLOW_IPS": "x"}, "FORWARDED_ALLOW_IPS: expected an address such as "),
    ],
)
def test_mistakes_name_their_place(
    options: dict[str, Any], environ: dict[str, str], message: str
) -> None:
    assert failure(options, environ).startswith(message)


def test_unknown_variables_are_warned_of() -> None:
    environ = {"JAPY_PROT": "1", "JAPY_XYZ": "1", "JAPY_ENV": "x", "OTHER": "1", "JAPY_PURE": "1"}
    assert gather({}, environ=environ).warnings == [
        "The variable JAPY_PROT is none that japy knows. Did you mean JAPY_PORT or JAPY_HOST?",
        "The variable JAPY_XYZ is none that japy knows. Unset it, or rename it.",
    ]


def test_files_that_are_to_be_read_have_to_be_there() -> None:
    options = {"ssl_certfile": "c", "pid_file": "p", "app_dir": "a", "reload_dir": ["r", "."]}
    settings = gather(options, environ={"JAPY_LOG_CONFIG": "l"})
    assert sorted(files_named(settings)) == [
        "--app-dir: there is no folder 'a'",
        "--reload-dir: there is no folder 'r'",
        "--ssl-certfile: there is no file 'c'",
        "JAPY_LOG_CONFIG: there is no file 'l'",
    ]


def test_a_secret_is_not_shown() -> None:
    settings = gather({"ssl_keyfile_password": "swordfish"}, environ=NONE)
    assert settings.config.ssl_keyfile_password == "swordfish"
    assert "swordfish" not in repr(settings.config)
    assert rows(settings)["ssl_keyfile_password"][0] == "********"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "20s"),
        ({"reload": True}, "2s"),
        ({"reload": True, "timeout_graceful_shutdown": "3"}, "3s"),
    ],
)
def test_the_drain_is_shorter_where_somebody_waits(options: dict[str, Any], text: str) -> None:
    assert rows(gather(options, environ=NONE))["timeout_graceful_shutdown"][0] == text


def test_what_is_shown_can_be_written() -> None:
    for name, (text, _) in rows(gather({}, environ=NONE)).items():
        if text:
            SETTINGS[name].kind.read(text)


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({"port": "9"}, "port", 9),
        ({"debug": True}, "debug", True),
        ({"bind": ["a:1", "b:2"]}, "bind", ["a:1", "b:2"]),
        ({"limit_request_body": "1k"}, "limit_request_body", 1000),
        ({"timeout_write": "5m"}, "timeout_write", 300.0),
        ({"umask": "022"}, "umask", "022"),
        ({"pid_file": "x"}, "pid_file", "x"),
        ({}, "pid_file", None),
        ({"ssl_keyfile_password": "swordfish"}, "ssl_keyfile_password", "********"),
    ],
)
def test_values_in_json(options: dict[str, Any], name: str, value: object) -> None:
    found = dict(shown(gather(options, environ=NONE)))
    assert plain(SETTINGS[name], found[SETTINGS[name]].value) == value
