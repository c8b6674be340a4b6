"""Users, groups and the pid file."""

import os
import pwd
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from japy.settings.config import Config
from japy.supervisor.privilege import (
    PrivilegeError,
    check,
    drop,
    give_files,
    identity,
    is_alive,
    pid_file,
    write,
)

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_users_and_groups_have_names_or_numbers() -> None:
    entry = pwd.getpwuid(os.geteuid())
    assert identity(Config()) == (-1, -1, "")
    expected = (entry.pw_uid, entry.pw_gid, entry.pw_name)
    assert identity(Config(user=entry.pw_name)) == expected
    assert identity(Config(user=str(entry.pw_uid))) == expected
    assert identity(Config(group="12345"))[1] == 12345


@pytest.mark.parametrize("config", [Config(user="no-such-user"), Config(group="no-such-group")])
def test_who_does_not_exist_is_named(config: Config) -> None:
    with pytest.raises(PrivilegeError, match=r"There is no (user|group) 'no-such-"):
        check(config)


def in_child(action: object) -> int:
    """Call a function in a forked process; return its exit status."""
    assert callable(action)
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if action() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@root
def test_a_process_gives_up_its_privileges_for_good() -> None:
    nobody = pwd.getpwnam("nobody")

    def become() -> bool:
        drop(Config(user="nobody", umask=0o27))
        try:
            os.setuid(0)
        except PermissionError:
            mine = (*os.getresuid(), os.getegid(), os.umask(0))
            return mine == (*[nobody.pw_uid] * 3, nobody.pw_gid, 0o27)
        return False

    assert in_child(become) == 0


@root
def test_only_root_can_choose() -> None:
    def refuse() -> bool:
        os.setresuid(65534, 65534, 65534)
        with pytest.raises(PrivilegeError, match="Only root can choose"):
            check(Config(user="root"))
        return True

    assert in_child(refuse) == 0


@root
def test_files_belong_to_who_the_workers_are(tmp_path: Path) -> None:
    file = tmp_path / "socket"
    file.touch()
    give_files(Config(), [str(file)])
    assert file.stat().st_uid == 0
    give_files(Config(user="nobody"), [str(file)])
    assert file.stat().st_uid == pwd.getpwnam("nobody").pw_uid


def test_a_pid_file_lives_as_long_as_its_server(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pid_file(str(file)):
        assert file.read_text() == f"{os.getpid()}\n"
        assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "no number", "0", "999999999", "9" * 10, "9" * 5000])
def test_a_stale_pid_file_is_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pid"
    file.write_text(text)
    with pid_file(str(file)):
        assert file.read_text() == f"{os.getpid()}\n"


def test_a_pid_file_of_a_living_process_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getppid()}\n")
    with pytest.raises(PrivilegeError, match="which is alive"), pid_file(str(file)):
        pass
    assert file.read_text() == f"{os.getppid()}\n"


def test_a_pid_file_is_removed_only_by_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pid_file(str(file)):
        file.write_text("1\n")
    assert file.read_text() == "1\n"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PrivilegeError, match="cannot be written"), pid_file(str(tmp_path / "x/y")):
        pass


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/null", path)])
def test_what_is_no_file_is_not_replaced(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "taken")
    before = (tmp_path / "taken").lstat()
    with (
        pytest.raises(PrivilegeError, match="exists and is no file: choose another --pid-file"),
        pid_file(str(tmp_path / "taken")),
    ):
        pass
    assert (tmp_path / "taken").lstat().st_ino == before.st_ino
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "folder", "1")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_life() -> None:
    assert is_alive(os.getpid())
    pid = os.fork()
    if pid == 0:
        signal.pause()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not is_alive(pid)
