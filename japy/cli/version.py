"""Version: `japy version` and `japy --version`: what runs here, in one line, for bug reports."""

import click

from japy.cli.group import HELP_NAMES


def version() -> str:
    """Return what runs here."""
    import platform

    from uvloop._version import __version__ as uvloop_version

    from japy import __version__, core
    from japy.core.parser import HAS_SIMD

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"japy {__version__} with {python}, uvloop {uvloop_version} "
        f"on {platform.system()} {platform.machine()}, "
        f"{'compiled' if core.COMPILED else 'interpreted'} core, "
        f"SSE4.2 {'in use' if HAS_SIMD else 'not in use'}"
    )


def print_version() -> None:
    """Be `japy version`."""
    click.echo(version())


command = click.Command(
    "version", callback=print_version, help="Print versions.", context_settings=HELP_NAMES
)
