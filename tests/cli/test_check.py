"""Check: what it says of applications and settings, good and bad, without listening anywhere."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "import japy\napp = japy.Application()\napp.get('/x')(lambda request: None)\n"
CLASH = GOOD + "app.get('/x')(lambda request: None)\n"


def japy(
    folder: Path, *args: str, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `japy check` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "japy", "check", *args],
        cwd=folder,
        env={**environment(), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )


def environment() -> dict[str, str]:
    """Return our variables without those that say something to japy."""
    return {name: value for name, value in os.environ.items() if name != "PORT"}


@pytest.mark.parametrize(
    ("source", "status", "text"),
    [
        (GOOD, 0, "main:app can be served: 1 route.\n"),
        (GOOD + "app.run()\n", 0, "main:app can be served: 1 route.\n"),
        ("x = (\n", 3, "SyntaxError"),
        ("import nono\n", 3, "ModuleNotFoundError: No module named 'nono'"),
        ("import os\nos._exit(0)\n", 3, "The application ended the process (status 0) while it"),
        ("import os\nos.kill(os.getpid(), 9)\n", 3, "ended the process (SIGKILL) while it was"),
        ("import sys\nsys.exit(0)\n", 3, "ended the process while it was loaded: remove the"),
        ("raise KeyboardInterrupt\n", 3, "raised KeyboardInterrupt while it was loaded"),
        (CLASH, 3, "main.py:4"),
        ("", 3, "has no attribute 'app'"),
    ],
)
def test_applications(source: str, status: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(source)
    done = japy(tmp_path, "main:app")
    assert done.returncode == status
    assert text in (done.stderr if status else done.stdout)
    assert (done.stdout if status else done.stderr) == ""


SERVICES = (
    GOOD
    + """
async def lines(reader, writer):
    pass

services = {"http": app, "lines": lines, "others": lines}
"""
)


@pytest.mark.parametrize(
    ("binds", "status", "text"),
    [
        ("http=:1 lines=:2 others=:3", 0, "main:services can be served: 1 route, 2 services.\n"),
        ("http=:1 lines=:2", 3, "The service 'others' has no bind: add --bind others=HOST:PORT."),
        ("http=:1 nobody=:2", 3, "No service takes --bind nobody=0.0.0.0:2: expected the name"),
        ("http=:1 lines=:2 others=:3 :4", 3, "No service takes --bind 0.0.0.0:4: each has its"),
    ],
)
def test_services(binds: str, status: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SERVICES)
    words = [word for bind in binds.split() for word in ("--bind", bind)]
    done = japy(tmp_path, "main:services", *words)
    assert done.returncode == status
    assert text in (done.stderr if status else done.stdout)


def test_one_service(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SERVICES)
    assert japy(tmp_path, "main:lines").stdout == "main:lines can be served: 1 service.\n"


def test_what_hangs_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import threading\nthreading.Event().wait()\n")
    done = japy(tmp_path, "main:app", "--timeout-startup", "500ms")
    assert done.returncode == 3
    assert done.stderr == "The application was not loaded within 0.5 s.\n"


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_failure(redirection: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(GOOD)
    command = [sys.executable, "-m", "japy", "check", "main:app"]
    closed = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
    assert subprocess.run(closed, cwd=tmp_path, timeout=60).returncode == 0


def test_settings_are_checked(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(GOOD)
    (tmp_path / "japy.toml").write_text("wrokers = 2\n")
    done = japy(tmp_path)
    assert done.returncode == 2
    assert done.stderr == ("japy.toml, wrokers: there is no such setting. Did you mean workers?\n")


def test_limits_that_do_not_go_with_the_application(tmp_path: Path) -> None:
    source = "import japy\napp = japy.Application(limits=japy.Limits(line=100, head=1000))\n"
    (tmp_path / "main.py").write_text(source)
    done = japy(tmp_path, "main:app", "--limit-request-line", "2000")
    assert done.returncode == 3
    assert "limit_request_line: expected 16 to 1000; got 2000" in done.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ("--host no.invalid", "Host 'no.invalid' cannot be resolved ("),
        ("--host 192.0.2.1", "192.0.2.1 is no address of this machine: "),
        ("--metrics-bind 192.0.2.1:1", "192.0.2.1 is no address of this machine: "),
        (
            "-b 127.0.0.1:9009 -b 0.0.0.0:9009",
            "Port 9009 on 0.0.0.0 is in use by this process itself: ",
        ),
        (
            "-b [::1]:9009 --metrics-bind [::]:9009",
            "Port 9009 on :: is in use by this process itself: ",
        ),
        ("--bind unix:no/x.sock", "no/x.sock cannot be listened on (No such file or directory): "),
        ("--bind unix:main.py", "main.py exists and is no socket: "),
        ("--user nobody-here", "There is no user 'nobody-here': "),
        ("--access-log-file no/x", "no/x cannot be written (there is no folder 'no'): choose "),
        ("--pid-file /", "/ exists and is no file: choose another --pid-file."),
        ("--pid-file /dev/null", "/dev/null exists and is no file: choose another --pid-file."),
        (f"--pid-file {'x' * 300}", f"{'x' * 300} cannot be written (File name too long): "),
        ("--control-socket no/x", "no/x cannot be written (there is no folder 'no'): choose "),
    ],
)
def test_places_are_looked_at(args: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(GOOD)
    done = japy(tmp_path, "main:app", *args.split())
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_a_server_that_runs_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(GOOD)
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "x"))
        unix.listen()
        port = other.getsockname()[1]
        binds = ["-b", f"127.0.0.1:{port}", "-b", "unix:x", "-b", "fd://99"]
        done = japy(tmp_path, "main:app", *binds, "--pid-file", "pid", "--access-log-file", "log")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["main.py"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(GOOD)
    (tmp_path / "bad.pem").write_text("no certificate")
    subject = ["-subj", "/CN=x", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    files = ["--ssl-certfile", "cert.pem", "--ssl-keyfile", "key.pem"]
    assert japy(tmp_path, "main:app", *files).returncode == 0
    for more, told in (
        (["--ssl-certfile", "bad.pem"], "--ssl-certfile: bad.pem has no certificate in it: "),
        ([*files, "--ssl-ciphers", "no"], "--ssl-ciphers: OpenSSL knows none of 'no'. "),
    ):
        done = japy(tmp_path, "main:app", *more)
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith(told)


# What the settings are.


def test_settings_are_printed_with_their_sources(tmp_path: Path) -> None:
    (tmp_path / "japy.toml").write_text("workers = 3\nssl-keyfile-password = 'swordfish'\n")
    done = japy(tmp_path, "--print-config", "--log-level", "info", env={"JAPY_PORT": "9000"})
    assert done.returncode == 0
    rows = {line.split()[0]: line.split(None, 2)[1:] for line in done.stdout.splitlines()}
    assert rows["workers"] == ["3", "file japy.toml, workers"]
    assert rows["port"] == ["9000", "variable JAPY_PORT"]
    assert rows["bind"] == ["127.0.0.1:9000", "variable JAPY_PORT"]
    assert rows["log-level"] == ["info", "option --log-level"]
    assert rows["limit-request-body"] == ["-", "default"]
    assert "swordfish" not in done.stdout


def test_settings_as_json(tmp_path: Path) -> None:
    done = japy(tmp_path, "--print-config", "--json", "-w", "auto")
    table = json.loads(done.stdout)
    assert table["workers"] == {"value": "auto", "source": "option", "place": "--workers"}
    assert table["app"] == {"value": None, "source": "default", "place": "default"}
