"""A target such as "module:attr" to what it names, or a message that says what is wrong: to an
Application, or to services.

Knows the forms of a target, the import path and why imports fail. Knows no process and no option.

Targets: `module:attr` (attr may be dotted), `path/to/file.py:attr`, both also without the
attribute, and Japronto's `package.module.attr`, which wins over a module of that name.

Invariant: whatever the application's code does while it is imported ends here as a LoadError, whose
text holds the application's own traceback and no line of japy's.
"""

import contextlib
import difflib
import importlib
import importlib.util
import inspect
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import machinery
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import TypeVar

from japy.application.app import Application
from japy.application.frame import is_ours
from japy.serving.ensemble import Ensemble, EnsembleError, applications_of, ensemble_of

MISSING = object()
USUAL_NAMES = ("app", "application", "api")  # of an application in a file, best first
SERVICE_NAMES = ("services", "service")  # of others than applications, or of several
FACTORY = "create_app"  # the one name of a function that is called without being asked for
MACHINERY = (importlib.__file__, "<frozen ")  # of files that import, beginnings
T = TypeVar("T")


class LoadError(Exception):
    """An application that cannot be loaded; the text is for the person who started japy."""


class FinalError(LoadError):
    """One that no change of the code mends: what was typed, or the system, is in the way."""


@dataclass(frozen=True)
class Target:
    """A target taken apart.

    Args:
        module: name of the module; empty for a file.
        file: path of the file; None for a module.
        attr: dotted name in the module; empty to look for an application there.
        is_factory: whether the attribute is called, and returns the application.
        app_dir: folder that is searched first; None for none.
        is_dotted: whether a dot stood in the place of the colon; the attribute may be a module.
    """

    module: str
    file: Path | None
    attr: str
    is_factory: bool = False
    app_dir: Path | None = None
    is_dotted: bool = False

    @property
    def place(self) -> str:
        """Return what to call the module or file in a message."""
        return f"module '{self.module}'" if self.file is None else f"file '{self.file}'"

    def folders(self) -> list[Path]:
        """Return what goes to the beginning of the import path, best first.

        Raises:
            LoadError: the current directory is gone, or the file may not be looked for.
        """
        try:
            here = Path.cwd()
        except FileNotFoundError:
            raise LoadError(
                "The current directory has been removed: change to another one."
            ) from None
        first = [here] if self.app_dir is None else [self.app_dir.absolute(), here]
        if self.file is None:
            return first
        try:
            return [*first, package_of(self.file.resolve())[0]]
        except OSError as error:
            raise LoadError(self.unreachable(error)) from None

    def unreachable(self, error: OSError) -> str:
        """Return the message about a path that may not be looked for."""
        return (
            f"The {self.place[:64]} cannot be looked for ({error.strerror}): "
            "write another path, or run japy as a user who may read it."
        )


def parse(text: str, is_factory: bool = False, app_dir: Path | None = None) -> Target:
    """Take a target apart, without looking whether it exists; see `Target` for the others."""
    place, colon, attr = text.rpartition(":")
    if not colon:
        place, attr = text, ""
    if place.endswith(".py") or os.sep in place:
        return Target("", Path(place), attr, is_factory, app_dir)
    is_dotted = not colon and "." in place
    if is_dotted:
        place, _, attr = place.rpartition(".")
    if not all(place.split(".")) or any(character.isspace() for character in place):
        raise LoadError(
            f"'{text}' names no application: write module:attribute (app:app) "
            "or the path of a file (path/to/file.py:app)."
        )
    return Target(place, None, attr, is_factory, app_dir, is_dotted)


def load(target: Target) -> Ensemble:
    """Import what a target names: an application, a service, or several of them.

    Raises:
        LoadError: there is nothing of the kind.
    """
    prepare_path(target)
    module = guarded(target.place, lambda: import_target(target))
    if guarded(target.place, lambda: names_module(target, module)):
        target = replace(target, module=f"{target.module}.{target.attr}", attr="", is_dotted=False)
        module = guarded(target.place, lambda: import_target(target))
    found = guarded(target.place, lambda: made(target, find(target, module), module))
    try:
        ensemble = guarded(target.place, lambda: ensemble_of(found))
    except EnsembleError as error:
        raise LoadError(str(error)) from None
    if ensemble is not None:
        return ensemble
    name = target.attr or FACTORY
    what = f"'{name}' in {target.place}"
    if target.is_factory or name == FACTORY:
        raise LoadError(f"{what} returned no japy.Application: it is {describe(found)}.")
    hint = choices(target, module) or "Name an attribute that is one."
    if isinstance(found, FunctionType):
        wrapped = f"japy.ProtocolService({found.__name__})"
        hint = f"If it returns one, write --factory. If it makes protocols, serve {wrapped}. {hint}"
    raise LoadError(f"{what} is no japy.Application: it is {describe(found)}. {hint}")


def load_application(target: Target) -> Application:
    """Import the one application that a target names, alone or among services.

    Raises:
        LoadError: there is none, or more than one.
    """
    found = applications_of(load(target))
    if len(found) == 1:
        return found[0]
    name = f"'{target.attr}' in {target.place}" if target.attr else f"The {target.place}"
    raise LoadError(
        f"{name} has several applications in it: name one of them."
        if found
        else f"{name} has no application in it."
    )


def made(target: Target, found: object, module: ModuleType) -> object:
    """Return what a target names, or what it returns where it is a factory.

    Raises:
        LoadError: it cannot be called, or only by a loop.
    """
    is_chosen = not target.attr and found is vars(module).get(FACTORY)
    is_usual = is_chosen or target.attr.rpartition(".")[2] == FACTORY
    if isinstance(found, Application) or not (target.is_factory or is_usual):
        return found
    name = f"'{target.attr or FACTORY}' in {target.place}"
    if not callable(found):
        raise LoadError(f"{name} is no factory: it cannot be called.")
    result: object = found()
    if inspect.iscoroutine(result):
        result.close()  # or Python warns of it, in a line of japy's
        raise LoadError(
            f"{name} is asynchronous, and no event loop runs while it is called: write def, and "
            "await in a function that @app.on_startup decorates."
        )
    return result


def prepare_path(target: Target) -> None:
    """Put the current directory first on the import path, and a file's folder behind it."""
    for folder in reversed(target.folders()):
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def package_of(file: Path) -> tuple[Path, str]:
    """Return the folder that a file's module is imported from, and the module's full name."""
    folder, names = file.parent, [file.stem]
    while (folder / "__init__.py").exists() and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


def import_target(target: Target) -> ModuleType:
    """Import the module or file of a target."""
    if target.file is None:
        return importlib.import_module(target.module)
    try:
        if not target.file.is_file():
            raise FinalError(missing_file(target.file))
    except OSError as error:  # its name is too long, say
        raise FinalError(target.unreachable(error)) from None
    if not target.file.name.endswith(tuple(machinery.all_suffixes())):
        raise FinalError(
            f"The name of '{target.file}' does not end in .py: name a file of Python source."
        )
    file = target.file.resolve()
    name = package_of(file)[1]
    return importlib.import_module(name) if "." in name else import_file(file, name)


def names_module(target: Target, package: ModuleType) -> bool:
    """Tell whether what stands behind the last dot of a target is a module of a package."""
    if not target.is_dotted or not hasattr(package, "__path__"):
        return False
    found = getattr(package, target.attr, MISSING)
    name = f"{target.module}.{target.attr}"
    is_module = found is MISSING or isinstance(found, ModuleType)
    return is_module and importlib.util.find_spec(name) is not None


def import_file(file: Path, name: str) -> ModuleType:
    """Import a file that belongs to no package, wherever it is."""
    if name in sys.modules:  # such as types.py, or a module of japy's own
        name = f"{name}_served"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Script:
    """A program that calls `Application.run`, to be run again.

    Args:
        name: path of its file, or name of the module given to `python -m`.
        is_module: which of the two.
        args: its command line arguments.
    """

    name: str
    is_module: bool
    args: list[str]

    @property
    def place(self) -> str:
        """Return what to call it in a message."""
        return f"module '{self.name}'" if self.is_module else f"script '{self.name}'"

    @property
    def folder(self) -> Path:
        """Return the first entry of its import path."""
        return Path.cwd() if self.is_module else Path(self.name).resolve().parent

    def execute(self) -> None:
        """Run it as Python would.

        Raises:
            LoadError: it raised.
        """
        sys.argv = [self.name, *self.args]
        if not sys.flags.safe_path:
            sys.path[0] = str(self.folder)
        if self.is_module:
            guarded(self.place, lambda: runpy.run_module(self.name, None, "__main__", True))
        else:
            guarded(self.place, lambda: runpy.run_path(self.name, None, "__main__"))


# What can be wrong.


def guarded(place: str, action: Callable[[], T]) -> T:
    """Run the application's code; whatever it raises becomes a LoadError.

    Raises:
        LoadError: the code raised, or there is none.
    """
    try:
        return action()
    except (LoadError, EnsembleError):
        raise
    except BaseException as error:
        frames = foreign_frames(error.__traceback__)
        if frames is None and isinstance(error, ModuleNotFoundError):
            raise FinalError(missing_module(error)) from None
        lines = traceback.format_exception(type(error), error, frames)
        raise LoadError("".join(lines) + reason(place, error, frames)) from error


def foreign_frames(frames: TracebackType | None) -> TracebackType | None:
    """Cut the frames of japy and of the import machinery from the beginning of a traceback."""
    while frames is not None:
        frame = frames.tb_frame
        if not is_ours(frame) and not frame.f_code.co_filename.startswith(MACHINERY):
            return frames
        frames = frames.tb_next
    return None


def reason(place: str, error: BaseException, frames: TracebackType | None) -> str:
    """Return the sentence below the traceback of code that raised while it was loaded."""
    if isinstance(error, SystemExit):
        return f"The {place} ended the process while it was loaded: remove the call, or guard it."
    if isinstance(error, (ImportError, AttributeError)):
        # Python's own words do not tell: from 3.13 on it suspects the name of a file instead.
        *modules, culprit = modules_in(frames, error)
        if culprit in modules:
            circle = " → ".join([*modules, culprit])
            return f"This is a circular import ({circle}): import later in one, or in a function."
    return f"The {place} raised {type(error).__name__} while it was loaded: see above."


def modules_in(frames: TracebackType | None, error: BaseException) -> Iterator[str]:
    """Yield the modules that were being imported, then the one that closed the circle."""
    for frame, _ in traceback.walk_tb(frames):
        if frame.f_code.co_name == "<module>":
            yield str(frame.f_globals.get("__name__"))
    culprit = getattr(error, "obj", None)  # of an AttributeError; an ImportError has a name
    yield str(getattr(culprit, "__name__", None) or getattr(error, "name", None) or "?")


def missing_module(error: ModuleNotFoundError) -> str:
    """Return the message about a module that does not exist."""
    name = error.name or "?"
    parent, _, last = name.rpartition(".")
    known = sys.modules.get(parent)
    paths = list(getattr(known, "__path__", [])) if parent else [os.getcwd()]
    if parent and not paths:
        return (
            f"Module '{name}' was not found, as '{parent}' is a module and no package. "
            f"Write a colon before the attribute: {parent}:{last}."
        )
    near = [".".join(filter(None, (parent, module))) for module in similar(last, modules_of(paths))]
    return (
        f"Module '{name}' was not found; the first place searched was {paths[0]}. "
        f"{did_you_mean(near) or 'Start japy in the folder that holds it, or give its path.'}"
    )


def missing_file(file: Path) -> str:
    """Return the message about a file that does not exist."""
    if file.is_dir():
        return f"'{file}' is a folder: give the path of the file in it that makes the application."
    folder = file.parent
    names: list[str] = []
    with contextlib.suppress(OSError):  # a folder that may not be listed
        names = [path.name for path in folder.glob("*.py")]
    near = [str(folder / name) for name in similar(file.name, names)]
    return (
        f"File '{file}' was not found from {os.getcwd()}. "
        f"{did_you_mean(near) or 'Check the path and the current directory.'}"
    )


def modules_of(paths: list[str]) -> Iterator[str]:
    """Yield the names of the modules and packages in some folders."""
    for folder in map(Path, paths):
        with contextlib.suppress(OSError):  # a folder that may not be listed has none to suggest
            for entry in sorted(folder.iterdir()):
                if entry.suffix == ".py" or (entry.is_dir() and any(entry.glob("*.py"))):
                    yield entry.stem


def similar(name: str, names: "Iterator[str] | list[str]") -> list[str]:
    """Return the names most like a name."""
    return difflib.get_close_matches(name, list(names))


def did_you_mean(names: list[str]) -> str:
    """Return a question, or nothing where there is nothing to suggest."""
    return f"Did you mean {' or '.join(map(repr, names))}?" if names else ""


# What is in a module.


def find(target: Target, module: ModuleType) -> object:
    """Return what the attribute of a target names, or the application where it has none.

    Raises:
        LoadError: there is no such attribute, or not one application.
    """
    if not target.attr:
        return find_application(target, module)
    found: object = module
    for name in target.attr.split("."):
        found = getattr(found, name, MISSING)
        if found is MISSING:
            raise LoadError(missing_attribute(target, module))
    return found


def missing_attribute(target: Target, module: ModuleType) -> str:
    """Return the message about an attribute that does not exist."""
    own = Path(target.module.replace(".", os.sep)).with_suffix(".py") if target.module else None
    found = getattr(module, "__file__", None)
    if own is not None and own.is_file() and (found is None or not own.samefile(found)):
        return (
            f"The module '{target.module}' is {found or 'built in'}, which was imported before "
            f"your {own}: write japy run {own}:{target.attr}, or rename your file."
        )
    hint = choices(target, module) or did_you_mean(similar(target.attr, list(vars(module))))
    return f"The {target.place} has no attribute '{target.attr}'. {hint or 'Define it there.'}"


def applications_in(module: ModuleType) -> dict[str, Application]:
    """Return the applications of a module by name, each once."""
    found: dict[str, Application] = {}
    for name, value in vars(module).items():
        if isinstance(value, Application) and value not in found.values():
            found[name] = value
    return found


def find_application(target: Target, module: ModuleType) -> object:
    """Return the application of a module where no attribute says which, or what makes one.

    Raises:
        LoadError: there is none, or more than one and none has a usual name.
    """
    for name in USUAL_NAMES:
        if isinstance(usual := vars(module).get(name), Application):
            return usual
    found = applications_in(module)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise LoadError(f"The {target.place} has several applications. {choices(target, module)}")
    if callable(factory := vars(module).get(FACTORY)):
        return factory
    for name in SERVICE_NAMES:
        if name in vars(module):
            return vars(module)[name]
    raise LoadError(
        f"The {target.place} has no japy.Application: assign one to a name in it "
        "(app = Application())."
    )


def choices(target: Target, module: ModuleType) -> str:
    """Return which applications a target could name instead; empty where there is none."""
    names = [f"{target.module or target.file}:{name}" for name in applications_in(module)]
    if not names and isinstance(vars(module).get(target.attr), ModuleType):  # a package's module
        names = [f"{target.module}.{target.attr}:{USUAL_NAMES[0]}"]
    return f"Try {' or '.join(names)}." if names else ""


def describe(value: object) -> str:
    """Return what to call a value that is no application."""
    kind = value if isinstance(value, type) else type(value)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    return f"the class {name}" if kind is value else f"of type {name}"
