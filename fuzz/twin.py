"""The interpreted core beside the compiled one: a child process that plays what it is sent.

Knows how to make an interpreted japy of an installed compiled one, which carries its own source:
a folder of links to all of it but the compiled modules. Both ends of the pipe are in this file:
each message is four bytes of length and a marshalled value.

Invariants:
- The child ends with its parent, at the latest when its input does.
- A child that does not answer in time is killed, and that is a failure like any other.
"""

import marshal
import os
import select
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

if __name__ == "__main__":  # the checkout comes last: japy is what PYTHONPATH names
    sys.path.append(str(Path(__file__).resolve().parent.parent))

import japy
from fuzz.stage import Outcome, Play, Stage
from japy.core import COMPILED

DEADLINE_S = 30.0  # for one play, which takes a millisecond


class Twin:
    """The parent's end of the pipe; use it as a context manager."""

    def __init__(self) -> None:
        assert COMPILED, "an interpreted japy cannot be made into a compiled one"
        self._folder = tempfile.TemporaryDirectory(prefix="japy-twin-")
        link_interpreted(Path(japy.__file__).parent, Path(self._folder.name, "japy"))
        env = {**os.environ, "PYTHONPATH": self._folder.name}
        self._child = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            cwd=self._folder.name,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def play(self, *plays: Play) -> list[Outcome]:
        """Have the child play; return what its clients got.

        Raises:
            AssertionError: the play has failed there.
        """
        self.send(*plays)
        return self.receive()

    def send(self, *plays: Play) -> None:
        """Have the child begin to play."""
        assert self._child.stdin is not None
        send(self._child.stdin, [tuple(play) for play in plays])

    def receive(self) -> list[Outcome]:
        """Return what the clients of the child got."""
        assert self._child.stdout is not None
        if not select.select([self._child.stdout], [], [], DEADLINE_S)[0]:
            self._child.kill()
            raise AssertionError("the interpreted core does not come to an end")
        outcomes = receive(self._child.stdout)
        assert not isinstance(outcomes, str), f"in the interpreted core: {outcomes}"
        assert isinstance(outcomes, list), "the interpreted core has ended its process"
        return [Outcome(*outcome) for outcome in outcomes]

    def close(self) -> None:
        """End the child."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()
        self._folder.cleanup()


def link_interpreted(package: Path, folder: Path) -> None:
    """Fill a folder with links to all of a package but its compiled core."""
    folder.mkdir()
    for path in package.iterdir():
        if path.is_dir() and path.name != "__pycache__":
            link_interpreted(path, folder / path.name)
        elif path.is_file() and (path.suffix != ".so" or path.name.startswith("_pico.")):
            (folder / path.name).symlink_to(path)


def send(pipe: IO[bytes], value: Any) -> None:
    """Send a value."""
    data = marshal.dumps(value)
    pipe.write(len(data).to_bytes(4, "big") + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> object:
    """Return the next value; None at the end."""
    size = pipe.read(4)
    return marshal.loads(pipe.read(int.from_bytes(size, "big"))) if size else None


def serve(ins: IO[bytes], outs: IO[bytes]) -> None:
    """Be the child: play until the input ends."""
    stage = Stage()
    while True:
        plays = receive(ins)
        if not isinstance(plays, list):
            return
        try:
            outcomes = stage.play(*(Play(*play) for play in plays))
        except BaseException:
            stage = Stage()
            send(outs, traceback.format_exc())
        else:
            send(outs, [tuple(outcome) for outcome in outcomes])


if __name__ == "__main__":
    assert not COMPILED, "the child was to be interpreted"
    serve(sys.stdin.buffer, sys.stdout.buffer)
