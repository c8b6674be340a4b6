"""A place to a listening socket, or a message that says why not.

Knows addresses, files of sockets, inherited descriptors, and who else listens. Knows neither
workers nor connections.
"""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from japy.settings.bind import Bind

BACKLOG = 64  # connections that wait where few are expected
LISTENING = "0A"  # the state's code in /proc/net/tcp


class BindError(Exception):
    """An address that cannot be listened on; the text is for the person who started japy."""


@dataclass
class Listening:
    """A listening socket, and the file that it has if it is a Unix socket."""

    socket: socket.socket
    path: str = ""
    inode: int = 0  # of the file, which is ours as long as it has that

    def remove(self) -> None:
        """Close the socket and remove the file, unless that is somebody else's by now."""
        self.socket.close()
        if self.path:
            with contextlib.suppress(OSError):
                if os.stat(self.path).st_ino == self.inode:
                    os.unlink(self.path)
            self.path = ""


def open_listening(bind: Bind, permissions: int) -> Listening:
    """Return a place that is listened on.

    Raises:
        BindError: it cannot be had.
    """
    listener = open_bind(bind, BACKLOG, permissions)
    if bind.kind != "unix":
        return Listening(listener)
    return Listening(listener, bind.path, os.stat(bind.path).st_ino)


def open_bind(bind: Bind, backlog: int, permissions: int = 0o660) -> socket.socket:
    """Return a socket that listens at a place.

    Args:
        bind: the place.
        backlog: connections that the kernel keeps waiting.
        permissions: of the file of a Unix socket.

    Raises:
        BindError: it cannot be had.
    """
    if bind.kind == "unix":
        return listen_unix(bind.path, backlog, permissions)
    if bind.kind == "fd":
        return inherit(bind.number)
    return listen(bind.host, bind.port, backlog)


def listen(
    host: str, port: int, backlog: int, *, reuse_port: bool = False, is_first: bool = True
) -> socket.socket:
    """Return a socket that listens on an address.

    Args:
        host: address or name.
        port: port; 0 for any free one.
        backlog: connections that the kernel keeps waiting.
        reuse_port: let further sockets of this user listen on the same port.
        is_first: let nobody else listen there yet.

    Raises:
        BindError: it cannot be had.
    """
    host = host.strip("[]")
    family, address = resolve(host, port)
    # By its protocol asyncio knows that what it accepts there is not to wait for full packets.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keep_alive(listener)
        if reuse_port and not is_first:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        if reuse_port and is_first:  # not before: two servers must not share a port by mistake
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise BindError(explain(error, host, port)) from None
    listener.setblocking(False)
    return listener


def listen_unix(path: str, backlog: int, permissions: int) -> socket.socket:
    """Return a socket that listens at a path; what a dead server has left there is replaced.

    Raises:
        BindError: it cannot be had.
    """
    refuse_taken(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777)  # nobody enters before the permissions are as they should be
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener.bind(path)
        os.chmod(path, permissions)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise BindError(explain_path(error, path)) from None
    finally:
        os.umask(mask)
    listener.setblocking(False)
    return listener


def refuse_taken(path: str) -> None:
    """Raise BindError if something lives at the path of a Unix socket."""
    if not refuse_file(path):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
        except OSError:  # it is full, or not ours: somebody is there
            pass
    raise BindError(f"{path} is in use by another server: stop it, or choose another path.")


def refuse_file(path: str) -> bool:
    """Tell whether a path has a socket; raise BindError if it has something else."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    if not stat.S_ISSOCK(mode):
        raise BindError(f"{path} exists and is no socket: remove it, or choose another path.")
    return True


def rehearse(binds: Iterable[Bind]) -> None:
    """Raise BindError if places cannot be listened on at once, even if nobody else does.

    Nothing listens meanwhile. A descriptor is not looked at: who starts the server opens it.
    """
    taken: list[tuple[object, ...]] = []
    for bind in binds:
        if bind.kind == "unix":
            rehearse_unix(bind.path)
        elif bind.kind == "tcp":
            address = rehearse_tcp(bind.host, bind.port)
            if any(overlap(address, other) for other in taken):
                raise BindError(explain_overlap(bind.host, bind.port))
            taken.append(address)


def rehearse_tcp(host: str, port: int) -> tuple[object, ...]:
    """Return an address; raise BindError if it cannot be bound, unless somebody has it."""
    family, address = resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise BindError(explain(error, host, port)) from None
    return address


def overlap(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Tell whether nobody can listen on both of two addresses (host, port, ...)."""
    if one[1] != other[1] or one[1] == 0:  # any free port is another one each time
        return False
    hosts = {str(one[0]), str(other[0])}
    if len(hosts) == 1 or "::" in hosts:  # the latter takes the IPv4 addresses, too
        return True
    return "0.0.0.0" in hosts and not any(":" in host for host in hosts)


def rehearse_unix(path: str) -> None:
    """Raise BindError if no socket can be made at a path."""
    refuse_file(path)
    folder = os.path.dirname(path) or "."
    if os.access(folder, os.W_OK | os.X_OK):
        return
    number = errno.EACCES if os.path.isdir(folder) else errno.ENOENT
    raise BindError(explain_path(OSError(number, os.strerror(number)), path))


def inherit(number: int) -> socket.socket:
    """Return a listening socket that whoever started us has opened.

    Raises:
        BindError: there is none of that number.
    """
    try:
        listener = socket.socket(fileno=number)
        is_listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        raise BindError(
            f"File descriptor {number} is no socket: pass a listening one, or use --bind HOST:PORT."
        ) from None
    if not is_listening:
        listener.detach()
        raise BindError(
            f"File descriptor {number} does not listen: pass a socket that does (systemd: "
            "ListenStream= and Accept=no)."
        )
    listener.setblocking(False)
    listener.set_inheritable(False)
    return listener


def keep_alive(listener: socket.socket) -> None:
    """Have connections end whose peer was switched off, although nothing is sent on them.

    What a listening socket is told holds for those that it accepts.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        option = getattr(socket, name, None)  # macOS has the first of them by another name
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """Return the address of a host to bind: an IPv4 one if there is one.

    Raises:
        BindError: the name has no address.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (OSError, UnicodeError) as error:
        raise BindError(
            f"Host '{host}' cannot be resolved ({getattr(error, 'strerror', None) or error}): give "
            "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them."
        ) from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    family, _, _, _, address = found[0]
    return family, address


def url(listener: socket.socket, scheme: str = "http") -> str:
    """Return where a listening socket can be reached."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{os.fsdecode(listener.getsockname())}"
    host, port, *_ = listener.getsockname()
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def explain(error: OSError, host: str, port: int) -> str:
    """Return the message about an address that cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        found = dict(holders(port))
        if os.getpid() in found:
            return explain_overlap(host, port)
        holder = next(iter(found.values()), "another process")
        return (
            f"Port {port} on {host} is in use by {holder}: stop it, or choose another port "
            "(--port 0 takes any free one)."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is no address of this machine: use 127.0.0.1 for this machine only, "
            "or 0.0.0.0 to listen on all addresses."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {port} needs privileges that this user lacks: choose a port from 1024 on, "
            "such as --port 8080."
        )
    return f"Port {port} on {host} cannot be listened on ({error.strerror}): choose another."


def explain_overlap(host: str, port: int) -> str:
    """Return the message about an address that is had already."""
    return (
        f"Port {port} on {host} is in use by this process itself: name each port once, or two "
        "addresses that have nothing in common."
    )


def explain_path(error: OSError, path: str) -> str:
    """Return the message about a path that cannot be listened at."""
    return (
        f"{path} cannot be listened on ({error.strerror or error}): choose a path of at most "
        "100 bytes in a folder that exists and that this user may write to."
    )


def holders(port: int) -> Iterator[tuple[int, str]]:
    """Yield the processes that listen on a port, as far as this system and user can tell.

    Yields:
        The id, and what to call it in a message.
    """
    inodes = set(inodes_on(port))
    for folder in Path("/proc").glob("[0-9]*") if inodes else ():
        if inodes.isdisjoint(sockets_of(folder)):
            continue
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        command = words.decode(errors="replace").strip()
        yield int(folder.name), f"pid {folder.name} ({command[:80]})"


def inodes_on(port: int) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on a port (Linux)."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = line.split()
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                yield columns[9]


def sockets_of(folder: Path) -> Iterator[str]:
    """Yield the inodes of the sockets of a process, given its folder in /proc."""
    with contextlib.suppress(OSError):  # the process is gone, or somebody else's
        for entry in list((folder / "fd").iterdir()):
            with contextlib.suppress(OSError):  # this file has been closed meanwhile
                link = os.readlink(entry)
                if link.startswith("socket:["):
                    yield link[8:-1]
