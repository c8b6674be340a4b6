"""Tether: what binds a worker to its master: a channel for words, and an end for both.

Knows what a process does to be a worker before it loads anything. Knows nothing of what it serves.

Invariants:
- What an application has raised is text, and never a word.
- A worker whose master is gone ends, also if a handler blocks its event loop.
"""

import contextlib
import faulthandler
import io
import socket
import sys
from collections.abc import Iterable

from japy.logs.log import set_worker
from japy.serving.bytecode import keep_settled_only
from japy.serving.importer import guarded
from japy.serving.loop import choose_loop
from japy.serving.orphan import end_with_master
from japy.settings.config import Config
from japy.supervisor.privilege import drop
from japy.supervisor.process import STACK, WORDS, disown_signals

HOOKS_S = 5.0  # what a worker gets on top of its drain, for its shutdown, before it is killed


def say_word(channel: socket.socket, word: bytes) -> None:
    """Say a word to the master; if that is gone, the worker hears of it elsewhere."""
    with contextlib.suppress(OSError):
        channel.sendall(word)


def tell(channel: socket.socket, text: str) -> None:
    """Tell the master, if it is still there, why this worker cannot serve.

    What an application has raised may hold any byte: none of them is a word.
    """
    with contextlib.suppress(OSError):
        channel.sendall(text.encode(errors="replace").translate(None, WORDS))


def prepare(
    config: Config, number: int, sockets: Iterable[socket.socket], channel: socket.socket
) -> None:
    """Make sure that this process says where it is and why it crashes, and ends with its master.

    Args:
        config: the settings.
        number: which of the workers it is.
        sockets: what the master listens on for all of them.
        channel: its end of the channel.

    Raises:
        LoadError: it cannot become who it is to be.
    """
    set_worker(number)
    keep_settled_only()  # not only with --reload: whoever sends SIGHUP may have saved twice, too
    choose_loop(config.loop)
    faulthandler.enable(channel)  # the master tells it: once, however many crash at the same place
    faulthandler.register(STACK, channel, all_threads=True)
    if isinstance(sys.stdout, io.TextIOWrapper):  # else what handlers print waits in a buffer
        sys.stdout.reconfigure(line_buffering=True)
    disown_signals()
    end_with_master(channel, sockets, config.drain_s + HOOKS_S)
    guarded("worker", lambda: drop(config))
