"""The command `japy`: which commands there are, and how one of them is found.

Knows names and one line about each. What a command does is in the module of its name, imported once
it is needed, so that the list of commands is printed before anything else is loaded.
"""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
COMPLETING = "_JAPY_COMPLETE"  # the variable in which a shell asks what may come next


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
    args = list(sys.argv[1:] if argv is None else argv)
    if COMPLETING not in os.environ:
        if not args:
            print(page(), file=sys.stderr)
            return EXIT_USAGE
        if args in (
            ["--help"],
            ["-h"],
        ):  # PERF: no parser is needed for that, and click takes 40 ms
            print(page())
            return 0
    try:
        from japy.cli.group import execute

        return execute(args)
    except KeyboardInterrupt:  # while a command was imported
        return EXIT_INTERRUPTED


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
