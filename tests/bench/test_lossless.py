"""bench/lossless: its client sees what is lost."""

import re
import socket
import sys
import threading
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.lossless.client import Strict

LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def lost(*answers: bytes, depth: int = 1) -> tuple[list[str], int]:
    """Give each connection one of some answers; return what the client takes for lost."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Strict(listener.getsockname(), depth=depth)

        def serve() -> None:
            for count, answer in enumerate(answers, 1):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1 << 16)
                    if count == len(answers):
                        client.stop()  # before its answer: behind that it may have asked again
                    connection.sendall(answer)
            client.finish()

        thread = threading.Thread(target=serve)
        client.start()
        thread.start()
        thread.join()
    return client.failures, client.answered


def test_a_close_that_was_announced_loses_nothing() -> None:
    assert lost(LAST, LAST) == ([], 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed after 0 bytes"),
        (LAST[:-1], "closed after 1 bytes"),
        (LAST.replace(b"200 OK", b"503 No"), "answered with http/1.1 503 no"),
    ],
)
def test_what_is_not_answered_is_lost(answer: bytes, reason: str) -> None:
    failures, _ = lost(answer)
    assert re.search(reason, failures[0])


def test_pipelined_requests_behind_a_close_are_lost() -> None:
    failures, answered = lost(LAST, depth=3)
    assert answered == 1
    assert "closed with 2 requests unanswered" in failures[0]
