"""What leads a Python target: atheris. Without it a target is still a check of single inputs.

Tests run the checks on all seeds, in both modes, where nobody has installed atheris.
"""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module


def has_atheris() -> bool:
    """Tell whether Python targets can search."""
    return importlib.util.find_spec("atheris") is not None


def instrumented(*modules: str) -> AbstractContextManager[object]:
    """Return a context in which these modules are imported so that atheris sees their branches."""
    if not has_atheris():
        return nullcontext()
    context: AbstractContextManager[object] = import_module("atheris").instrument_imports(
        include=list(modules)
    )
    return context


def search(check: Callable[[bytes], None]) -> None:
    """Run a check on inputs that libFuzzer thinks of, as the arguments of this process say."""
    atheris = import_module("atheris")
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
