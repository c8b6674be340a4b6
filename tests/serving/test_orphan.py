"""Orphan: a blocked process ends after its master, and frees the address before that."""

import os
import signal
import socket
import time

import pytest

from japy.serving.orphan import end_with_master
from tests.support.server import eventually

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def test_a_blocked_process_frees_its_address_and_ends() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            end_with_master(theirs, [listener], 0.4)
            theirs.send(b"!")
            while True:
                time.sleep(60)
        theirs.close()
        assert ours.recv(1) == b"!"
    ours.close()

    def bind() -> bool:
        with socket.socket() as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                second.bind(address)
            except OSError:
                return False
            return True

    eventually(bind)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGALRM
