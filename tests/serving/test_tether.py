"""What a worker says to its master; how it ends with it: tests/live/test_workers.py."""

import socket

from japy.serving.tether import say_word, tell
from japy.supervisor.process import READY, WORN


def test_a_master_that_is_gone_is_told_nothing() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        tell(theirs, "nobody hears this")


def test_text_holds_no_words() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        say_word(theirs, READY)
        tell(theirs, "raised" + "".join(word.decode() for word in WORN) + " \udc80 twice")
        assert ours.recv(100) == READY + b"raised ? twice"
