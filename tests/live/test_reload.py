"""`--reload`: a save is seen, broken code is survived, and nobody is refused meanwhile."""

import os
import re
import shutil
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import DEADLINE_S, Server, eventually, launched, running
from tests.support.supervised import supervised

APP = """
from japy import Application
app = Application()
app.router.add_route("/", lambda request: request.Response(text="{}"))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve an application that answers "one", and again whatever it is changed to."""
    (tmp_path / "app.py").write_text(APP.format("one"))
    with running("app:app", "--reload", "--workers", "2", cwd=tmp_path) as server:
        assert server.get() == (200, "one")
        yield server
        assert server.stop() == 0


def save(folder: Path, source: str, name: str = "app.py") -> None:
    """Write a file as editors do: a new one takes the place of the old one."""
    (folder / "new~").write_text(source)
    (folder / "new~").rename(folder / name)


def test_a_save_is_served(server: Server, tmp_path: Path) -> None:
    old = set(server.children())
    save(tmp_path, APP.format("two"))
    server.wait_for("Reload request received\nAccepting connections on ")
    assert server.get() == (200, "two")
    (tmp_path / "app.py").write_text(APP.format("three"))  # in place
    server.wait_for("Accepting connections on ", count=3)
    assert server.get() == (200, "three")
    assert len(old & set(server.children())) == 1  # the watcher stays


def test_a_new_file_and_a_new_folder_are_seen(server: Server, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    save(tmp_path, "word = 'two'", "pkg/word.py")
    save(tmp_path, "from pkg.word import word\n" + APP.replace('"{}"', "word"))
    eventually(lambda: server.get() == (200, "two"))
    save(tmp_path, "word = 'three'", "pkg/word.py")
    eventually(lambda: server.get() == (200, "three"))


def test_what_does_not_matter_is_not_seen(server: Server, tmp_path: Path) -> None:
    for name in ("notes.txt", ".git/x.py", "node_modules/x.json", "__pycache__/x.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    save(tmp_path, APP.format("two"))
    server.wait_for("Accepting connections on ", count=2)
    assert server.output().count("Reload request received") == 1


def test_broken_code_is_survived(server: Server, tmp_path: Path) -> None:
    save(tmp_path, "x = (\n")
    server.wait_for("Waiting for a change: save a file to try again.")
    text = server.output("stderr")
    assert text.count("SyntaxError: '(' was never closed") == 1
    assert re.search(r'File "[^"]*/japy/\w+\.py"', text) is None  # no frame of ours
    assert server.get() == (200, "one")  # the last good version serves on
    save(tmp_path, "1 / 0\n")
    server.wait_for("ZeroDivisionError")
    eventually(lambda: len(server.children()) == 3)
    assert server.get() == (200, "one")
    save(tmp_path, APP.format("two"))
    server.wait_for("Accepting connections on ", count=2)
    assert server.get() == (200, "two")


WAITING = "Waiting for a change: save a file to try again.\n"


@pytest.mark.parametrize("mistake", ["x = (\n", "import os\nos._exit(9)\n", "app = 1\n"])
def test_the_first_version_may_be_broken(mistake: str, tmp_path: Path) -> None:
    save(tmp_path, mistake)
    command = [sys.executable, "-m", "japy", "run", "app:app", "--reload", "--uds", "socket"]
    with launched(command, tmp_path) as server, socket.socket(socket.AF_UNIX) as client:
        server.wait_for(WAITING)
        text = server.output("stderr")
        client.connect(str(tmp_path / "socket"))  # who asks meanwhile waits
        client.settimeout(DEADLINE_S)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        save(tmp_path, "1 / 0\n")
        server.wait_for(WAITING, count=2)
        assert server.output("stderr").removeprefix(text).count("ZeroDivisionError: ") == 1
        save(tmp_path, APP.format("two"))
        assert client.recv(1 << 16).endswith(b"two")
        server.wait_for("Accepting connections on ")
        assert server.stop() == 0


def test_a_first_version_that_is_broken_is_told_once(tmp_path: Path) -> None:
    save(tmp_path, APP.format("one") + "1 / 0\n", "main.py")
    command = [sys.executable, "-m", "japy", "dev", "--port", "0", "--workers", "4"]
    with launched(command, tmp_path) as server:
        server.wait_for(WAITING)
        eventually(lambda: len(server.children()) == 1)
        assert server.output("stderr").count("ZeroDivisionError: ") == 1
        assert server.output("stderr").count(WAITING) == 1
        assert "Accepting" not in server.output()
        assert server.stop() == 0


def test_a_target_that_is_not_there_for_a_while_is_waited_for(tmp_path: Path) -> None:
    save(tmp_path, "1 / 0\n")
    command = [sys.executable, "-m", "japy", "run", "app:app", "--reload", "--port", "0"]
    with launched(command, tmp_path) as server:
        server.wait_for(WAITING)
        (tmp_path / "app.py").unlink()
        server.wait_for(WAITING, count=2)
        assert "Module 'app' was not found" in server.output("stderr")
        save(tmp_path, APP.format("two"))
        server.wait_ready()
        assert server.get() == (200, "two")


def test_whoever_asks_while_nobody_serves_waits(server: Server, tmp_path: Path) -> None:
    save(tmp_path, "x = (\n")
    server.wait_for("Waiting for a change: save a file to try again.")
    for worker in server.children()[1:]:  # the first is the watcher
        os.kill(worker, 9)
    eventually(lambda: len(server.children()) == 1)
    with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        save(tmp_path, APP.format("two"))
        assert client.recv(1 << 16).endswith(b"two")


def test_nobody_is_refused(server: Server, tmp_path: Path) -> None:
    save(tmp_path, APP.format("two"))
    deadline = time.monotonic() + DEADLINE_S
    text = ""
    while text != "two":
        assert time.monotonic() < deadline
        with socket.create_connection((server.host, server.port)):
            pass
        text = server.get()[1]


def test_a_burst_of_changes_ends_on_the_last(server: Server, tmp_path: Path) -> None:
    for number in range(30):
        save(tmp_path, APP.format(number))
    eventually(lambda: server.get() == (200, "29"))
    assert server.output().count("Reload request received") <= 15


def test_a_change_during_the_start_counts(server: Server, tmp_path: Path) -> None:
    slow = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"
    save(tmp_path, slow)
    server.wait_for("importing", count=2)
    save(tmp_path, APP.format("two"))
    server.wait_for("Accepting connections on ", count=2)
    assert server.get() == (200, "two")


def test_requests_under_way_do_not_delay_the_new_code(tmp_path: Path) -> None:
    wait = "\n@app.route('/wait')\nasync def wait(request):\n    import asyncio\n"
    wait += "    print('waiting', flush=True)\n    await asyncio.sleep(60)\n"
    save(tmp_path, APP.format("one") + wait)
    with running("app:app", "--reload", cwd=tmp_path) as server:
        with socket.create_connection((server.host, server.port)) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            server.wait_for("waiting")
            save(tmp_path, APP.format("two"))
            server.wait_for("Accepting connections on ", count=2)
            assert server.get() == (200, "two")
            assert "Forcefully" not in server.output()
            # Reset the connection: a mere close would leave the server free to answer it.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert server.stop() == 0


def test_the_files_beside_a_target_elsewhere_are_watched(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    save(tmp_path, APP.format("one"), "there/site.py")
    with running("../there/site.py", "--reload", cwd=tmp_path / "here") as server:
        save(tmp_path, APP.format("two"), "there/site.py")
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "two")


def test_a_watcher_that_dies_is_replaced(server: Server, tmp_path: Path) -> None:
    watcher, *workers = server.children()
    os.kill(watcher, 9)
    server.wait_for("process that watches files crashed on signal SIGKILL .*; another one starts")
    assert server.get() == (200, "one")
    save(tmp_path, APP.format("two"))  # also if nobody watches yet
    eventually(lambda: server.get() == (200, "two"))
    server.wait_for("Accepting connections on ", count=2)
    save(tmp_path, APP.format("three"))
    eventually(lambda: server.get() == (200, "three"))
    assert not {watcher, *workers} & set(server.children())


def test_folders_and_patterns_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    with supervised(
        APP.format("one"),
        cwd=tmp_path,
        reload=True,
        reload_dirs=(tmp_path / "texts",),
        reload_includes=("*.md",),
        reload_excludes=("draft*",),
    ) as server:
        save(tmp_path, APP.format("two"))  # not watched
        save(tmp_path / "texts", "", "draft.md")
        assert server.get() == (200, "one")
        save(tmp_path / "texts", "", "page.md")
        server.wait_for("Accepting connections on ", count=2)
        assert server.get() == (200, "two")
        assert server.output().count("Reload request received") == 1


@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_watched_folder_may_be_replaced(is_absolute: bool, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    save(tmp_path, APP.format("one"), "lib/app.py")
    lib = str(tmp_path / "lib") if is_absolute else "lib"
    options = ("--reload", "--app-dir", lib, "--reload-dir", lib)
    with running("app:app", *options, cwd=tmp_path) as server:
        (tmp_path / "new").mkdir()
        save(tmp_path, APP.format("two"), "new/app.py")
        (tmp_path / "lib").rename(tmp_path / "old")
        (tmp_path / "new").rename(tmp_path / "lib")
        eventually(lambda: server.get() == (200, "two"))
        save(tmp_path, APP.format("three"), "lib/app.py")
        eventually(lambda: server.get() == (200, "three"))
        shutil.rmtree(tmp_path / "lib")
        server.wait_for("Waiting for a change: save a file to try again.")
        (tmp_path / "lib").mkdir()
        save(tmp_path, APP.format("four"), "lib/app.py")
        eventually(lambda: server.get() == (200, "four"))


def test_a_file_that_is_not_watched_may_change_twice_in_a_second(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    with supervised(
        APP.format("one"),
        cwd=tmp_path,
        reload=True,
        reload_dirs=(tmp_path / "texts",),
    ) as server:
        saved = time.time_ns()
        for count, name in enumerate(("two", "abc"), start=2):  # as long as each other
            (tmp_path / "new~").write_text(APP.format(name))
            os.utime(tmp_path / "new~", ns=(saved, saved))
            (tmp_path / "new~").rename(tmp_path / "app.py")
            save(tmp_path / "texts", "", f"{name}.py")
            server.wait_for("Accepting connections on ", count=count)
            assert server.get() == (200, name)


def test_a_file_may_be_saved_twice_in_a_second(server: Server, tmp_path: Path) -> None:
    saved = time.time_ns()
    for count, name in enumerate(("two", "abc"), start=2):
        (tmp_path / "new~").write_text(APP.format(name))
        os.utime(tmp_path / "new~", ns=(saved, saved))
        (tmp_path / "new~").rename(tmp_path / "app.py")
        server.wait_for("Accepting connections on ", count=count)
        assert server.get() == (200, name)
