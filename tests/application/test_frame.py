"""Frames of japy are told from those of users, compiled or not."""

from types import TracebackType

import pytest

from japy import Request, Router
from japy.application.frame import foreign, is_ours


def raised_by_core() -> TracebackType:
    """Return the traceback of an error that the core raises."""
    with pytest.raises(ValueError, match="expected a name") as caught:
        Router().add_route("/{x", lambda request: None)
    frames = caught.value.__traceback__
    assert frames is not None
    return frames


def test_frames_of_the_core_are_ours() -> None:
    frames = raised_by_core()
    assert not is_ours(frames.tb_frame)
    inner = frames.tb_next
    assert inner is not None
    assert is_ours(inner.tb_frame)
    assert foreign(frames) is frames
    assert foreign(inner) is None
    assert foreign(None) is None


def test_a_log_begins_with_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    from japy import Application

    app = Application(debug=True)

    @app.get("/")
    def broken(request: Request) -> None:
        raise LookupError("on purpose")

    with app.test_client() as client:
        text = client.get("/").text
    (record,) = (record for record in caplog.records if record.name == "japy.error")
    assert record.exc_text is not None
    for lines in (text.splitlines(), record.exc_text.splitlines()):
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[1].endswith("in broken")
        assert lines[-1] == "LookupError: on purpose"
