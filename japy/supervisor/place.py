"""Places: the listening sockets of a server, and which of them is whose.

On Linux several workers have a socket each on the same port (SO_REUSEPORT), so that the kernel
spreads connections evenly. The master opens them and keeps them open, and whoever follows a worker
has the same socket: what waits in its queue is not lost. Knows nothing of who is alive: `steer` is
told where somebody accepts.

Invariants:
- The socket of a slot is open as long as the slot exists, whoever dies.
- Sockets join a port in the order of the slots and leave it in the opposite order: their place in
  the kernel's list, which a filter names them by, is the number of the slot.
"""

import contextlib
import ctypes
import os
import re
import select
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import listen, open_bind, url

# Numbers of Linux's <asm/socket.h> and <linux/filter.h> that the socket module lacks
SO_ATTACH_REUSEPORT_CBPF, SO_DETACH_REUSEPORT_BPF = 51, 68
LOAD, MODULO, JUMP_IF_EQUAL, RETURN = 0x20, 0x94, 0x15, 0x06
RANDOM = 0xFFFFF000 + 56
NOBODY = 0xFFFFFFFF


@dataclass(frozen=True)
class Listener:
    """A listening socket, and the place that it stands for."""

    bind: Bind
    socket: socket.socket


class Place:
    """One place: a socket for all slots, or one for each of them."""

    def __init__(self, bind: Bind, config: Config, workers: int) -> None:
        self._config = config
        self._is_split = bind.kind == "tcp" and splits(config, workers)
        if self._is_split:
            is_first = config.reuse_port == "auto"
            first = listen(bind.host, bind.port, config.backlog, reuse_port=True, is_first=is_first)
        else:
            first = open_bind(bind, config.backlog, config.uds_permissions)
        self.bind = bind
        self.url = url(first, "http" if config.ssl_certfile is None else "https")
        self._sockets = [first]
        self._inode = os.stat(bind.path).st_ino if bind.kind == "unix" else 0
        self._steered: tuple[int, ...] = ()  # the slots that connections go to; empty for all

    def at(self, slot: int) -> Listener:
        """Return the socket of a slot.

        Raises:
            BindError: it cannot be had.
        """
        if not self._is_split:
            return Listener(self.bind, self._sockets[0])
        while slot >= len(self._sockets):
            host, port, *_ = self._sockets[0].getsockname()
            more = listen(host, port, self._config.backlog, reuse_port=True, is_first=False)
            self._sockets.append(more)
        return Listener(self.bind, self._sockets[slot])

    def others(self, slot: int) -> dict[int, Listener]:
        """Return the sockets of the other slots."""
        pairs = enumerate(self._sockets)
        return {i: Listener(self.bind, one) for i, one in pairs if self._is_split and i != slot}

    def steer(self, slots: Sequence[int]) -> None:
        """Have new connections go to some slots only; to all of them if none is given."""
        wanted = () if len(slots) == len(self._sockets) else tuple(slots)
        if not self._is_split or wanted == self._steered or self._config.reuse_port == "on":
            return  # with "on", the list may have sockets of others, too
        with contextlib.suppress(OSError):  # a system that filters such calls: they go to all
            set_filter(self._sockets[0], wanted)
            self._steered = wanted

    def is_drained(self, slot: int) -> bool:
        """Tell whether nobody waits at the socket of a slot."""
        if not self._is_split or slot >= len(self._sockets):
            return True
        poll = select.poll()
        poll.register(self._sockets[slot], select.POLLIN)
        return not poll.poll(0)

    def drop(self, slot: int) -> None:
        """Close the socket of the last slot, for whoever else has it, too."""
        if self._is_split and slot == len(self._sockets) - 1 > 0:
            last = self._sockets.pop()
            with contextlib.suppress(OSError):
                last.shutdown(socket.SHUT_RDWR)
            last.close()

    def close(self) -> None:
        """Close all sockets, and remove the file of a Unix socket if it is still ours."""
        for one in self._sockets:
            one.close()
        if self._inode:
            with contextlib.suppress(OSError):
                if os.stat(self.bind.path).st_ino == self._inode:
                    os.unlink(self.bind.path)
            self._inode = 0


class Places:
    """All places of a server, from `with` to its end.

    Raises:
        BindError: one of them cannot be had.
    """

    def __init__(self, binds: Sequence[Bind], config: Config, workers: int) -> None:
        self._places: list[Place] = []
        try:
            for bind in binds:
                self._places.append(Place(bind, config, workers))
            for slot in range(workers):
                self.at(slot)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def urls(self, foreign: int = 0) -> list[str]:
        """Return where the server can be reached.

        Args:
            foreign: a bit for each place where HTTP is not spoken, as workers tell.
        """
        urls = [place.url for place in self._places]
        pairs = enumerate(urls)
        return [re.sub("^https?:", "tcp:", url) if foreign >> i & 1 else url for i, url in pairs]

    def titles(self, foreign: int = 0) -> list[str]:
        """Return the same for a person: with the names that places have."""
        names = [f" ({place.bind.name})" if place.bind.name else "" for place in self._places]
        return [url + name for url, name in zip(self.urls(foreign), names, strict=True)]

    @property
    def files(self) -> list[str]:
        """The paths of Unix sockets."""
        return [place.bind.path for place in self._places if place.bind.kind == "unix"]

    def at(self, slot: int) -> list[Listener]:
        """Return the sockets of a slot.

        Raises:
            BindError: they cannot be had.
        """
        return [place.at(slot) for place in self._places]

    def others(self, slot: int) -> dict[int, list[Listener]]:
        """Return the sockets of each other slot."""
        found: dict[int, list[Listener]] = {}
        for place in self._places:
            for index, listener in place.others(slot).items():
                found.setdefault(index, []).append(listener)
        return found

    def steer(self, slots: Sequence[int]) -> None:
        """Have new connections go to some slots only; to all of them if none is given."""
        for place in self._places:
            place.steer(slots)

    def is_drained(self, slot: int) -> bool:
        """Tell whether nobody waits at the sockets of a slot."""
        return all(place.is_drained(slot) for place in self._places)

    def drop(self, slot: int) -> None:
        """Close the sockets of the last slot."""
        for place in self._places:
            place.drop(slot)

    def close(self) -> None:
        """Close all sockets."""
        for place in self._places:
            place.close()


def splits(config: Config, workers: int) -> bool:
    """Tell whether each worker has a socket of its own."""
    # macOS sends all connections to one of the sockets.
    is_fit = config.reuse_port == "auto" and sys.platform == "linux" and workers > 1
    return config.reuse_port == "on" or is_fit


def set_filter(member: socket.socket, slots: Sequence[int]) -> None:
    """Have the kernel choose at random among some sockets of a port, or by itself.

    Args:
        member: any of the sockets.
        slots: their places in the kernel's list; empty to leave the choice to the kernel.
    """
    if not slots:
        member.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)
        return
    steps = [(LOAD, 0, 0, RANDOM), (MODULO, 0, 0, len(slots))]
    for number, slot in enumerate(slots):
        steps += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, slot)]
    steps.append((RETURN, 0, 0, NOBODY))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HL", len(steps), ctypes.addressof(code))
    member.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program)
