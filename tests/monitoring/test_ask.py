"""Ask: questions to servers that answer, refuse, are gone, or are none."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from japy.monitoring import ask, rendezvous
from japy.monitoring.ask import Farewell, NobodyThere, Question, Refused, Several, find


@contextmanager
def answering(path: Path, *parts: bytes) -> Iterator[list[bytes]]:
    """Answer one question in some parts; yield what was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                asked.append(client.recv(1000))
                for part in parts:
                    client.sendall(part)

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


def test_an_answer_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with answering(path, b'{"v": 1, "ok"', b': true, "x": 5}\n') as asked:
        assert Question(path, "scale", workers=4).answer()["x"] == 5
    assert asked == [b'{"v": 1, "verb": "scale", "workers": 4}\n']


def test_a_refusal(tmp_path: Path) -> None:
    answer = b'{"v": 1, "ok": false, "error": "no"}\n'
    with answering(tmp_path / "x", answer), pytest.raises(Refused, match="no"):
        Question(tmp_path / "x", "reload").answer(None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"", "has ended"), (b"HTTP/1.1 400 Bad Request\r\n", "is no server"), (b"[]\n", "is no")],
)
def test_who_is_no_server(tmp_path: Path, answer: bytes, reason: str) -> None:
    with answering(tmp_path / "x", answer), pytest.raises(NobodyThere, match=reason):
        Question(tmp_path / "x", "status").answer()


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NobodyThere, match="No server listens at"):
        Question(tmp_path / "x", "status")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "x"))
        with pytest.raises(NobodyThere, match="No server listens at"):
            Question(tmp_path / "x", "status")
        dead.listen()
        monkeypatch.setattr(ask, "PATIENCE_S", 0.05)
        with pytest.raises(NobodyThere, match="does not answer"):
            Question(tmp_path / "x", "status").answer(0.05)
    with pytest.raises(NobodyThere, match="No server can be asked"):
        Question(tmp_path / ("x" * 200), "status")
    assert "belongs to somebody else" in ask.why_not(tmp_path, PermissionError(13, "denied"))


def test_a_full_queue_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(tmp_path / "x"))
        listener.listen(0)
        first.connect(str(tmp_path / "x"))
        monkeypatch.setattr(ask, "PATIENCE_S", 0.05)
        with pytest.raises(NobodyThere, match="does not answer"):
            Question(tmp_path / "x", "status")
        monkeypatch.setattr(ask, "PATIENCE_S", 20.0)
        timer = threading.Timer(0.05, lambda: listener.accept()[0].close())
        timer.start()
        Question(tmp_path / "x", "status")._socket.close()
        timer.join()


def test_the_only_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendezvous, "folders", lambda: [tmp_path])
    tmp_path.chmod(0o700)
    assert find(tmp_path / "named") == tmp_path / "named"
    with pytest.raises(NobodyThere, match="No server of this user runs"):
        find(None)
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(tmp_path / f"{os.getpid()}.sock"))
        one.listen()
        assert find(None) == tmp_path / f"{os.getpid()}.sock"
        other.bind(str(tmp_path / f"{os.getppid()}.sock"))
        other.listen()
        with pytest.raises(Several) as raised:
            find(None)
        assert len(raised.value.paths) == 2


def test_the_end_of_a_process_is_waited_for() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    farewell = Farewell(child)
    began = time.monotonic()
    farewell.wait(0.01)
    os.close(writer)
    farewell = Farewell(child)
    farewell.wait(10)
    assert time.monotonic() - began < 9
    os.waitpid(child, 0)
    os.close(reader)
    Farewell(child).wait(10)  # it is gone already
