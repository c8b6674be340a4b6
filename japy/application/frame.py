"""Which frames of a traceback are japy's: a user's traceback begins with the user's own code.

Knows the names of modules. What a frame's file is called would not do: that of a compiled module
is relative.
"""

from types import FrameType, TracebackType


def is_ours(frame: FrameType) -> bool:
    """Tell whether a frame is of a module of japy's."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "japy"


def foreign(frames: TracebackType | None) -> TracebackType | None:
    """Cut the frames of japy from the beginning of a traceback; None if all are."""
    while frames is not None and is_ours(frames.tb_frame):
        frames = frames.tb_next
    return frames
