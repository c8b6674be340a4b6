"""The command `japy`: which commands there are, and how one of them is found.

Knows names and one line about each. What a command does is in the module of its name, imported once
it is needed, so that the list of commands is printed before anything else is loaded.
"""

import errno
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

EXIT_UNREAD = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
COMPLETING = "_JAPY_COMPLETE"  # the variable in which a shell asks what may come next
# What printing fails with, if there is a stdout: its reader is gone, a disk or a quota is full.
UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class Entry(NamedTuple):
    """A command: the module in this package that has it, as `command`, or under another name.

    Args:
        module: in this package.
        text: one line for the list of commands; empty to leave it out there.
        name: of the click command in the module.
    """

    module: str
    text: str
    name: str = "command"


COMMANDS: dict[str, Entry] = {
    "run": Entry("serve", "serve an application", "run"),
    "dev": Entry("serve", "serve it while you work on it: reload, tracebacks", "dev"),
    "check": Entry("check", "say whether it would start, and with which settings", "check_command"),
    "routes": Entry("routes", "list the routes, or say which one wins"),
    "shell": Entry("shell", "Python with the application and a client of it"),
    "status": Entry("status", "what a running server does, worker by worker"),
    "reload": Entry("steer", "replace the workers of a running server, one by one", "reload"),
    "scale": Entry("steer", "have more or fewer workers", "scale"),
    "stacks": Entry("steer", "print where the code of each worker is", "stacks"),
    "stop": Entry("steer", "stop a running server", "stop"),
    "version": Entry("version", "print versions and exit"),
    "completion": Entry("completion", "print what makes a shell complete commands and options"),
    "script": Entry("serve", "", "script"),  # for Application.run
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    if sys.platform == "win32":
        print("japy runs on Linux and macOS, as uvloop does: on Windows use WSL.", file=sys.stderr)
        return EXIT_USAGE
    try:
        status = execute(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()  # here, and not at exit, where Python would report it in its own way
        return status
    except KeyboardInterrupt:  # while a command was imported
        return EXIT_INTERRUPTED
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        from japy.logs.console import complain, drop_output

        drop_output(sys.stdout)
        if error.errno != errno.EPIPE:  # then whoever read what we print has seen enough
            complain(f"What there is to print cannot be written ({error.strerror}).")
        return EXIT_UNREAD


def execute(args: list[str]) -> int:
    """Run the command that was typed; return its exit status."""
    if COMPLETING not in os.environ:
        if not args:
            from japy.logs.console import complain

            complain(page())
            return EXIT_USAGE
        if args in (["--help"], ["-h"]):  # PERF: that needs no parser, and click takes 40 ms
            print(page())
            return 0
    from japy.cli import group

    return group.execute(args)


def page() -> str:
    """Return the help of japy itself."""
    rows = "\n".join(f"  {name:<12}{entry.text}" for name, entry in COMMANDS.items() if entry.text)
    return (
        "usage: japy COMMAND [OPTIONS] ...\n\nServe japy applications.\n\n"
        f"commands:\n{rows}\n\noptions:\n"
        f"  {'--version':<12}print versions and exit\n"
        f"  {'-h, --help':<12}print this and exit\n\n"
        "japy COMMAND --help tells more."
    )
