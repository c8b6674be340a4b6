"""Orphan: how a worker ends whose master is gone, although a handler blocks its event loop.

Knows a channel to the master, sockets, and timers of the system. Knows no event loop: one that
turns notices the end of the channel by itself, and is done before anything here happens.

Invariant: a process that executes Python code now and then does not outlive its master for long,
and keeps nobody from listening where the server did.
"""

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterable
from types import FrameType

RELEASE_S = 1.0  # what a loop that is not blocked gets to close its sockets itself


def end_with_master(
    channel: socket.socket, sockets: Iterable[socket.socket], seconds: float
) -> None:
    """Have this process end with the one at the other end of a channel.

    Args:
        channel: nobody writes there; SIGIO comes for its end.
        sockets: are listened on; none that somebody else than the master has opened.
        seconds: what the process gets to end by itself.
    """
    owned = tuple(sockets)

    def bereave(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, release)
        signal.setitimer(signal.ITIMER_REAL, min(RELEASE_S, max(seconds / 2, 0.01)))

    def release(number: int, frame: FrameType | None) -> None:
        """Free the addresses; to close would not, as our siblings have descriptors, too."""
        for one in owned:
            with contextlib.suppress(OSError):  # it has been closed
                one.shutdown(socket.SHUT_RDWR)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends a process
        signal.setitimer(signal.ITIMER_REAL, max(seconds - RELEASE_S, 0.01))

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGIO, bereave)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, fcntl.fcntl(channel, fcntl.F_GETFL) | os.O_ASYNC)
