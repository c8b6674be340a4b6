"""What cannot be served ends with one message, exit status 3 and no line of japy's own code."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from tests.support.server import launched

HELLO = "from japy import Application\napp = Application()\n"


def failure(folder: Path, target: str, *args: str, status: int = 3) -> str:
    """Return what `japy run` prints when it cannot serve."""
    command = [sys.executable, "-m", "japy", "run", target, "--port", "0", *args]
    with launched(command, folder) as server:
        assert server.wait() == status
        assert server.output("stdout") == ""
        text = server.output("stderr")
    assert re.search(r'File "[^"]*/japy/\w+\.py"', text) is None  # no frame of ours
    return text


@pytest.mark.parametrize(
    ("target", "start", "end"),
    [
        ("helo:app", "Module 'helo' was not found", "Did you mean 'hello'?"),
        ("helo.py", "File 'helo.py' was not found", "Did you mean 'hello.py'?"),
        ("hello:api", "The module 'hello' has no attribute 'api'.", "Try hello:app."),
        ("hello.api", "The module 'hello' has no attribute 'api'.", "Try hello:app."),
        ("hello.py:api", "The file 'hello.py' has no attribute 'api'.", "Try hello.py:app."),
        ("hello:number", "'number' in module 'hello' is no japy.Application", "Try hello:app."),
        ("a b", "'a b' names no application", "(path/to/file.py:app)."),
    ],
)
def test_a_wrong_target_is_one_line(target: str, start: str, end: str, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO + "number = 1\n")
    text = failure(tmp_path, target, "--workers", "3")
    assert text.startswith(start)
    assert text.endswith(end + "\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize("target", ["helo:app", "helo.py", "hello.api:app", "a b"])
def test_with_reload_a_target_that_names_no_module_ends_it_too(target: str, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    text = failure(tmp_path, target, "--workers", "3", "--reload")
    assert re.search("was not found|names no application", text)
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "path"), [("--ssl-certfile", "hello.py"), ("--access-log-file", "no/file")]
)
def test_with_reload_an_option_that_cannot_be_ends_it_too(
    option: str, path: str, tmp_path: Path
) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    text = failure(tmp_path, "hello:app", "--reload", option, str(tmp_path / path))
    assert option in text
    assert text.count("\n") == 1


def test_with_reload_and_nobody_who_sees_a_change_it_ends(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO + "1 / 0\n")
    (tmp_path / "watchfiles.py").write_text("def watch(*a, **kw): raise OSError('no room')\n")
    text = failure(tmp_path, "hello:app", "--reload")
    assert text.count("ZeroDivisionError: division by zero") == 1
    assert "Files cannot be watched (no room): changes of them have no effect.\n" in text
    assert "Waiting" not in text


def test_a_module_that_raises_shows_one_traceback(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO + "1 / 0\n")
    text = failure(tmp_path, "hello:app", "--workers", "4")
    assert text.count("Traceback (most recent call last):") == 1
    assert text.count("ZeroDivisionError: division by zero") == 1
    assert f'File "{tmp_path}/hello.py", line 3, in <module>' in text
    assert "importlib" not in text


def test_a_module_that_takes_its_process_down(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("import os\nos._exit(5)\n")
    text = failure(tmp_path, "hello:app", "--workers", "2")
    assert text.startswith("Worker exited with code 5 (pid ")
    assert text.endswith("before it could serve.\n")
    assert text.count("\n") == 1


def test_a_module_that_crashes_is_shown_once(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("import os\nos.abort()\n")
    command = [sys.executable, "-m", "japy", "run", "hello:app", "--port", "0", "--workers", "4"]
    with launched(command, tmp_path) as server:
        assert server.wait() == 3
        text = server.output("stderr")
    assert text.count("Fatal Python error: Aborted") == 1
    assert f'File "{tmp_path}/hello.py", line 2 in <module>' in text
    assert re.search(r"crashed on signal SIGABRT \(pid .*\), before it could serve\.\n$", text)


def test_a_message_with_control_characters_is_no_word_to_the_master(tmp_path: Path) -> None:
    words = "".join(map(chr, range(8)))
    (tmp_path / "hello.py").write_text(f"raise RuntimeError({words!r} + 'told')\n")
    text = failure(tmp_path, "hello:app", "--workers", "2")
    assert "told\nThe module 'hello' raised RuntimeError while it was loaded" in text


def test_a_group_that_no_process_can_have_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    text = failure(tmp_path, "hello:app", "--workers", "3", "--group", "99999999999999")
    assert text == "There is no group '99999999999999': see getent group.\n"


def test_an_application_that_cannot_be_frozen(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(
        HELLO + "def fail(*args): raise ValueError('routes clash')\napp.service = fail\n"
    )
    text = failure(tmp_path, "hello:app", "--workers", "2")
    assert text.count("ValueError: routes clash") == 1
    assert f'File "{tmp_path}/hello.py", line 3, in fail' in text


def test_limits_that_do_not_fit_those_of_the_application(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(
        "from japy import Application, Limits\n"
        "app = Application(limits=Limits(line=100, head=1000))\n"
    )
    text = failure(tmp_path, "hello:app", "--limit-request-line", "2000")
    assert text == (
        "The application's own limits do not go with limit_request_line: "
        "expected 16 to 1000; got 2000.\n"
    )


def test_a_port_in_use(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = failure(tmp_path, "hello:app", "--port", str(port))
    assert text.startswith(f"Port {port} on 127.0.0.1 is in use by ")
    assert text.endswith("(--port 0 takes any free one).\n")
    assert sys.platform != "linux" or f"pid {os.getpid()} (" in text
    assert text.count("\n") == 1


def test_a_host_without_address(tmp_path: Path) -> None:
    text = failure(tmp_path, "hello:app", "--host", "no-such-host.invalid")
    assert text.startswith("Host 'no-such-host.invalid' cannot be resolved")


@pytest.mark.parametrize("args", [["--port", "x"], ["--workers", "0"], ["--no-such-option"]])
def test_a_wrong_option_ends_with_status_2(args: list[str], tmp_path: Path) -> None:
    assert failure(tmp_path, "hello:app", *args, status=2).count("\n") == 1


def test_a_current_directory_that_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "japy", "run", "hello:app", "--port", "0"]
    script = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
    with launched(["sh", "-c", script, "sh", *command], tmp_path) as server:
        assert server.wait() == 3
        assert server.output("stderr").count("\n") == 1
