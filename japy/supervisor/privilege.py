"""Who the workers are, and the file that says which process the master is.

Knows users, groups, permissions and pid files. Knows nothing of sockets and signals.

Invariants:
- A process that has given up its privileges has no way back to them.
- A pid file is written only if no living process is named in it, and removed only by who wrote it.
"""

import contextlib
import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from japy.settings.config import Config

DIGITS = 10  # of the longest number of a user, group or process
NO_ID = 0xFFFFFFFF  # what the system takes for no number at all


class PrivilegeError(Exception):
    """What stands against it, in words for the person who started japy."""


def identity(config: Config) -> tuple[int, int, str]:
    """Return user, group and the name whose further groups count; -1 and "" for no change.

    Raises:
        PrivilegeError: there is no such user or group.
    """
    user, group, name = -1, -1, ""
    if config.user is not None:
        entry = user_of(config.user)
        user, group, name = entry.pw_uid, entry.pw_gid, entry.pw_name
    if config.group is not None:
        group = group_of(config.group)
    return user, group, name


def user_of(text: str) -> pwd.struct_passwd:
    """Return a user, given its name or number."""
    try:
        return pwd.getpwuid(int(text)) if text.isdecimal() else pwd.getpwnam(text)
    except KeyError:
        raise PrivilegeError(f"There is no user {text!r}: see getent passwd.") from None


def group_of(text: str) -> int:
    """Return a group, given its name or number."""
    if text.isdecimal() and len(text) <= DIGITS and int(text) < NO_ID:
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise PrivilegeError(f"There is no group {text!r}: see getent group.") from None


def check(config: Config) -> None:
    """Raise PrivilegeError unless the workers can become who they are to be."""
    user, group, _ = identity(config)
    if os.geteuid() != 0 and (user not in (-1, os.geteuid()) or group not in (-1, os.getegid())):
        raise PrivilegeError("Only root can choose who the workers are: leave out --user, --group.")


def drop(config: Config) -> None:
    """Become who the workers are to be, for good."""
    if config.umask is not None:
        os.umask(config.umask)
    user, group, name = identity(config)
    if os.geteuid() == 0 and group != -1:
        if name:
            os.initgroups(name, group)
        else:
            os.setgroups([group])
    if group != -1:
        os.setresgid(group, group, group) if hasattr(os, "setresgid") else os.setgid(group)
    if user != -1:
        os.setresuid(user, user, user) if hasattr(os, "setresuid") else os.setuid(user)


def give_files(config: Config, paths: list[str]) -> None:
    """Let files belong to who the workers are."""
    user, group, _ = identity(config)
    for path in paths if (user, group) != (-1, -1) else ():
        os.chown(path, user, group)


@contextmanager
def pid_file(path: str | os.PathLike[str] | None) -> Iterator[None]:
    """Write our process id to a file, and remove that at the end.

    Raises:
        PrivilegeError: another server lives, or the file cannot be written.
    """
    if path is None:
        yield
        return
    file = Path(path)
    refuse_special(file)
    pid = str(os.getpid())
    holder = read_pid(file)
    if holder not in (0, os.getpid()) and is_alive(holder):
        raise PrivilegeError(
            f"{path} names process {holder}, which is alive: stop it, or choose another --pid-file."
        )
    try:
        write(file, pid)
    except OSError as error:
        raise PrivilegeError(
            f"{path} cannot be written ({error.strerror}): choose another --pid-file."
        ) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if read_pid(file) == os.getpid():
                file.unlink()


def refuse_special(file: Path) -> None:
    """Raise PrivilegeError if a path has something that is no file: root would replace it."""
    with contextlib.suppress(OSError):  # there is nothing, or `write` says why not
        if not stat.S_ISREG(file.stat().st_mode):
            raise PrivilegeError(f"{file} exists and is no file: choose another --pid-file.")


def write(file: Path, text: str) -> None:
    """Write a file such that nobody ever reads half of it."""
    number, fresh = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(number, "w") as stream:
            stream.write(f"{text}\n")
        os.chmod(fresh, 0o644)
        os.rename(fresh, file)
    except OSError:
        os.unlink(fresh)
        raise


def read_pid(file: Path) -> int:
    """Return the process that a file names; 0 if it names none."""
    try:
        text = file.read_text().strip()
    except (OSError, UnicodeError):
        return 0
    return int(text) if text.isdecimal() and len(text) <= DIGITS else 0


def is_alive(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # the latter: no process has such a number
        return False
    except OSError:  # somebody else's
        return True
    return True
