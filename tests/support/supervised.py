"""Real servers with any setting of Config, whether or not the command has an option for it."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import Server, launched

LAUNCH = """
import sys
from pathlib import PosixPath
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.runner import run_target
sys.exit(run_target(Config(**eval(sys.argv[1])), "app:app"))
"""
PID = """
import asyncio, os, pathlib, time
from japy import Application
app = Application()

@app.route("/")
def pid(request):
    return request.Response(text=str(os.getpid()))
"""


@contextmanager
def supervised(
    source: str = PID,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    is_announced: bool = True,
    **settings: object,
) -> Iterator[Server]:
    """Serve the `app` of a source on a free port of 127.0.0.1.

    Args:
        source: Python source.
        cwd: where to run it; by default a temporary folder.
        env: more environment variables.
        is_announced: wait until it serves.
        settings: fields of Config.
    """
    with tempfile.TemporaryDirectory(prefix="japy-test-") as folder:
        place = cwd or Path(folder)
        (place / "app.py").write_text(source, encoding="utf-8")
        command = [sys.executable, "-c", LAUNCH, repr({"port": 0, **settings})]
        with launched(command, place, env) as server:
            if is_announced and "bind" not in settings:
                server.wait_ready()
            elif is_announced:
                server.wait_for("Accepting connections on ")
            yield server
