"""Steer: `japy reload`, `scale`, `stacks` and `stop`: what a running server can be told.

Each waits until it is done, so that a script may go on with what comes next.
"""

import functools
from pathlib import Path
from typing import Any

import click

from japy.cli.group import Action
from japy.cli.server import asking, server_command
from japy.monitoring.ask import Farewell, NobodyThere, Question
from japy.supervisor.board import SLOTS

END_S = 5.0  # what a process gets to end, once it has said that it does


def reload_now(**params: Any) -> Action:
    """Be `japy reload`."""
    return asking(reload_server, params)


def reload_server(path: Path) -> int:
    """Have all workers replaced; return the exit status."""
    answer = Question(path, "reload").answer(None)
    click.echo(f"Reloaded: {counted(answer['workers'])} the new code.")
    return 0


def scale_now(workers: int, **params: Any) -> Action:
    """Be `japy scale`."""
    return asking(functools.partial(scale_server, workers=workers), params)


def scale_server(path: Path, workers: int) -> int:
    """Have another number of workers; return the exit status."""
    answer = Question(path, "scale", workers=workers).answer(None)
    click.echo(f"{counted(answer['workers'])}, {answer['before']} before.")
    return 0


def stacks_now(**params: Any) -> Action:
    """Be `japy stacks`."""
    return asking(show_stacks, params)


def show_stacks(path: Path) -> int:
    """Print where each worker is; return the exit status."""
    answer = Question(path, "stacks").answer()
    blocks = [
        f"Worker {worker['worker']} (pid {worker['pid']})\n"
        + (worker["stack"] or "  It does not say where it is.")
        for worker in answer["workers"]
    ]
    click.echo("\n\n".join(blocks))
    return 0


def stop_now(now: bool, **params: Any) -> Action:
    """Be `japy stop`."""
    return asking(functools.partial(stop_server, is_now=now), params)


def stop_server(path: Path, is_now: bool) -> int:
    """End a server and wait until it is gone; return the exit status."""
    pid = int(Question(path, "status").answer()["pid"])
    farewell = Farewell(pid)
    try:
        status = int(Question(path, "stop", now=is_now).answer(None)["status"])
    except NobodyThere:  # it has not even had the time to say so
        status = 0
    farewell.wait(END_S)
    how = "" if status == 0 or is_now else f", with exit status {status}: see its log"
    click.echo(f"Stopped (pid {pid}{how}).")
    return 0


def counted(count: int) -> str:
    """Return a number of workers."""
    return f"{count} worker serves" if count == 1 else f"{count} workers serve"


reload = server_command(
    "reload",
    "Replace all workers, one by one, by new ones with the code of now. "
    "If the new code fails, the old workers serve on, and the exit status is 1.",
    reload_now,
)
scale = server_command(
    "scale",
    "Have another number of workers.",
    scale_now,
    [click.Argument(["workers"], type=click.IntRange(1, SLOTS), metavar="N")],
)
stacks = server_command("stacks", "Show where the Python code of each worker is.", stacks_now)
stop = server_command(
    "stop",
    "Stop a server: requests under way are answered first.",
    stop_now,
    [click.Option(["--now"], is_flag=True, help="at once: requests under way are lost")],
)
