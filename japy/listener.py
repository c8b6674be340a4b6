"""A host and a port to a listening socket, or a message that says why not.

Knows addresses and who else listens. Knows neither workers nor connections.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

LISTENING = "0A"  # the state's code in /proc/net/tcp


class BindError(Exception):
    """An address that cannot be listened on; the text is for the person who started japy."""


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        BindError: it cannot be had.
    """
    host = host.strip("[]")
    family, address = resolve(host, port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keep_alive(listener)
        listener.bind(address)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise BindError(explain(error, host, port)) from None
    listener.setblocking(False)
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


def url(listener: socket.socket) -> str:
    """Return where a listening socket can be reached."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def explain(error: OSError, host: str, port: int) -> str:
    """Return the message about an address that cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        holder = next(holders(port), "another process")
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


def holders(port: int) -> Iterator[str]:
    """Yield the processes that listen on a port, as far as this system and user can tell."""
    inodes = set(inodes_on(port))
    for folder in Path("/proc").glob("[0-9]*") if inodes else ():
        if inodes.isdisjoint(sockets_of(folder)):
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        yield f"pid {folder.name} ({command[:80]})"


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
