"""What a service manager is told (sd_notify), and the sockets that it has opened for us.

Knows systemd's variables and messages. Knows nothing of workers: the master says when what holds.

Invariant: processes that we start are not told the variables: they are for this one.
"""

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping

from japy.settings.bind import Bind

FIRST = 3  # the file descriptor that passed sockets begin with


class Notifier:
    """A line to the service manager; silent if there is none.

    Args:
        variables: the environment; what is meant for us is removed.
    """

    def __init__(self, variables: MutableMapping[str, str]) -> None:
        address = variables.pop("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        micros = variables.pop("WATCHDOG_USEC", "")
        is_ours = variables.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        is_watched = bool(self._address) and is_ours and micros.isdecimal()
        # Half of what the manager waits, as it asks for; None if it does not wait for us.
        self.interval_s = int(micros) / 2e6 if is_watched and int(micros) else None
        self._due = float("inf")  # when the next beat is; set when we are ready

    def ready(self, status: str) -> None:
        """Tell that all workers serve."""
        if self._due == float("inf"):
            self._due = 0.0
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that workers are being replaced."""
        micros = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={micros}", "STATUS=Replacing the workers")

    def stopping(self) -> None:
        """Tell that the server stops."""
        self._send("STOPPING=1", "STATUS=Waiting for requests under way")

    def status(self, text: str) -> None:
        """Tell a person who asks what goes on."""
        self._send(f"STATUS={text}")

    def beat(self, now: float) -> None:
        """Tell that all is well, if it is time to."""
        if self.interval_s is not None and now >= self._due:
            self._due = now + self.interval_s
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto("\n".join(lines).encode(), self._address)


def passed_sockets(variables: MutableMapping[str, str]) -> list[Bind]:
    """Return the sockets that the service manager has passed; the variables are removed."""
    pid = variables.pop("LISTEN_PID", "")
    count = variables.pop("LISTEN_FDS", "")
    names = variables.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    names += [""] * int(count)
    return [Bind("fd", number=FIRST + i, name=names[i]) for i in range(int(count))]
