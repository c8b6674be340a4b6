"""Targets: every form finds its application, every failure has its message."""

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from japy import Application
from japy.serving import importer
from japy.serving.importer import LoadError, Script, Target

APP = "from japy import Application\n{} = Application()\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Return what writes a file into the current directory, an empty one for the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "argv", sys.argv[:])
    before = set(sys.modules)

    def write(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent("\n".join(lines)))
        return path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(target: str) -> Application:
    return importer.load_application(importer.parse(target))


def failure(target: str) -> str:
    """Return the message of a target that cannot be loaded; none has a line of japy's in it."""
    with pytest.raises(LoadError) as caught:
        load(target)
    text = str(caught.value)
    assert os.sep + "japy" + os.sep not in text
    assert "importlib" not in text
    return text


# What a target means.


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("app:api", Target("app", None, "api")),
        ("pkg.mod:obj.app", Target("pkg.mod", None, "obj.app")),
        ("pkg.mod.app", Target("pkg.mod", None, "app", is_dotted=True)),
        ("app", Target("app", None, "")),
        ("a/b.py:app", Target("", Path("a/b.py"), "app")),
        ("b.py", Target("", Path("b.py"), "")),
        ("./b", Target("", Path("b"), "")),
    ],
)
def test_parse(text: str, target: Target) -> None:
    assert importer.parse(text) == target


@pytest.mark.parametrize("text", ["", ":app", ".", "a..b:app", "my app:app"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(LoadError, match="names no application: write module:attribute"):
        importer.parse(text)


# What is found.


@pytest.mark.parametrize(
    "target",
    [
        "one:app",
        "one.app",
        "one",
        "one.py:app",
        "one.py",
        "./one.py",
        "pkg.two:app",
        "pkg.two.app",
        "pkg/two.py:app",
        "pkg/two.py",
        "pkg:holder.app",
        "plain.three:app",
        "plain/three.py",
        "01_four.py:app",
        "01_four:app",
    ],
)
def test_every_form_finds_the_application(target: str, write: Write) -> None:
    write("one.py", APP.format("app"))
    write("01_four.py", APP.format("app"))
    write("pkg/__init__.py", "class holder:", "    from pkg.two import app")
    write("pkg/two.py", "from . import __name__ as name", APP.format("app"))
    write("plain/three.py", "import beside", APP.format("app"))
    write("plain/beside.py")
    if target == "plain.three:app":
        write("beside.py")
    assert isinstance(load(target), Application)


def test_a_module_with_the_name_of_another_is_served_by_its_path(write: Write) -> None:
    write("json.py", APP.format("app"))
    assert isinstance(load("json.py"), Application)
    assert not hasattr(sys.modules["json"], "app")


def test_an_absolute_path_is_found_from_anywhere(write: Write, tmp_path: Path) -> None:
    path = write("far/away.py", "import near", APP.format("app"))
    write("far/near.py")
    assert isinstance(load(f"{path}:app"), Application)


def test_the_current_directory_is_searched_first(write: Write, tmp_path: Path) -> None:
    write("app.py", APP.format("app"))
    load("app:app")
    assert sys.path[0] == str(tmp_path)
    load("app:app")
    assert sys.path.count(str(tmp_path)) == 1


@pytest.mark.parametrize("name", ["app", "application", "api", "anything"])
def test_the_application_of_a_file_is_found_by_its_name_or_type(name: str, write: Write) -> None:
    write("site.py", APP.format(name))
    assert load("./site.py") is vars(sys.modules["site_served"])[name]


def test_a_usual_name_is_preferred(write: Write) -> None:
    write("main.py", APP.format("other"), APP.format("api"), "app = 'no application'")
    assert load("main.py") is sys.modules["main"].api


def test_one_application_under_two_names_is_one(write: Write) -> None:
    write("main.py", APP.format("first"), "second = first")
    assert load("main.py") is sys.modules["main"].first


# What is not.


def test_module_not_found(write: Write, tmp_path: Path) -> None:
    write("hello.py")
    text = failure("helo:app")
    assert text.startswith(f"Module 'helo' was not found; the first place searched was {tmp_path}.")
    assert "Did you mean 'hello'?" in text
    assert "Traceback" not in text


def test_module_of_a_package_not_found(write: Write, tmp_path: Path) -> None:
    write("pkg/__init__.py")
    write("pkg/views.py")
    text = failure("pkg.view:app")
    assert text.startswith("Module 'pkg.view' was not found; the first place searched was ")
    assert str(tmp_path / "pkg") in text
    assert "Did you mean 'pkg.views'?" in text


def test_a_dot_in_the_place_of_the_colon(write: Write) -> None:
    write("hello.py", APP.format("app"))
    text = failure("hello.app.x")
    assert text == (
        "Module 'hello.app' was not found, as 'hello' is a module and no package. "
        "Write a colon before the attribute: hello:app."
    )


def test_file_not_found(write: Write, tmp_path: Path) -> None:
    write("src/hello.py")
    text = failure("src/helo.py:app")
    assert text.startswith(f"File 'src/helo.py' was not found from {tmp_path}.")
    assert "Did you mean 'src/hello.py'?" in text
    assert "File 'no/such.py' was not found" in failure("no/such.py")


def test_a_folder_is_no_file(write: Write) -> None:
    write("src/hello.py")
    assert failure("src/").startswith("'src' is a folder: give the path of the file in it")


@pytest.mark.parametrize("target", ["hello:app", "hello.app", "hello.py"])
def test_module_that_raises(target: str, write: Write, tmp_path: Path) -> None:
    write("hello.py", "def f():", "    return 1 / 0", "f()")
    lines = failure(target).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{tmp_path}/hello.py", line 3, in <module>'
    assert lines[-2] == "ZeroDivisionError: division by zero"
    assert lines[-1].endswith("' raised ZeroDivisionError while it was loaded: see above.")


def test_module_with_a_syntax_error(write: Write, tmp_path: Path) -> None:
    write("hello.py", "x = (")
    lines = failure("hello.py:app").splitlines()
    assert lines[0] == f'  File "{tmp_path}/hello.py", line 1'
    assert lines[-2] == "SyntaxError: '(' was never closed"
    assert lines[-1] == "The file 'hello.py' raised SyntaxError while it was loaded: see above."


def test_a_broken_import_in_the_module_is_not_taken_for_a_missing_module(write: Write) -> None:
    write("hello.py", "import no_such_module")
    text = failure("hello:app")
    assert "No module named 'no_such_module'" in text
    assert "line 1, in <module>" in text
    assert text.endswith("raised ModuleNotFoundError while it was loaded: see above.")


def test_module_that_ends_the_process(write: Write) -> None:
    write("hello.py", "import sys", "sys.exit(0)")
    assert "'hello' ended the process while it was loaded" in failure("hello:app")


@pytest.mark.parametrize("statement", ["from one import x", "import one; one.x"])
def test_circular_import_is_named(statement: str, write: Write) -> None:
    write("one.py", "from two import y", "x = 1")
    write("two.py", statement, "y = 1")
    assert "This is a circular import (one → two → one)" in failure("one:app")


def test_attribute_missing(write: Write) -> None:
    write("hello.py", APP.format("web"), APP.format("admin"))
    assert failure("hello:app") == (
        "The module 'hello' has no attribute 'app'. Try hello:web or hello:admin."
    )
    assert failure("hello.py:web.app") == (
        "The file 'hello.py' has no attribute 'web.app'. Try hello.py:web or hello.py:admin."
    )


def test_a_module_that_was_imported_before_ones_own_is_named(write: Write) -> None:
    write("json.py", APP.format("app"))
    text = failure("json:app")
    assert text.startswith("The module 'json' is ")
    assert text.endswith("write japy run json.py:app, or rename your file.")
    assert isinstance(load("json.py:app"), Application)


def test_an_error_that_cannot_be_shown_is_named(write: Write) -> None:
    write(
        "app.py",
        "class Mute(Exception):",
        "    def __str__(self):",
        "        raise RuntimeError",
        "raise Mute",
    )
    assert "raised Mute while it was loaded" in failure("app:app")


@pytest.mark.parametrize("path", ["a/" * 3000 + "x.py", "x" * 300 + ".py"])
def test_a_path_that_is_too_long(path: str, write: Write) -> None:
    assert "cannot be looked for (File name too long)" in failure(path)


@pytest.mark.parametrize("name", ["hello", "pkg/hello", "hello.txt"])
def test_a_file_that_is_no_module(name: str, write: Write) -> None:
    write("pkg/__init__.py", "")
    write("pkg/hello.py", APP.format("app"))
    write(name, APP.format("app"))
    text = failure(f"./{name}:app")
    assert text == f"The name of '{name}' does not end in .py: name a file of Python source."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
@pytest.mark.parametrize("mode", [0, 0o100])
def test_a_folder_that_may_not_be_read(mode: int, write: Write, tmp_path: Path) -> None:
    write("closed/app.py", APP.format("app"))
    (tmp_path / "closed").chmod(mode)
    try:
        text = failure("closed/app.py") if mode == 0 else failure("closed/missing.py")
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert "cannot be looked for" in text or "was not found" in text


def test_attribute_missing_where_there_is_no_application(write: Write) -> None:
    write("hello.py", "def make_app(): ...")
    assert failure("hello:make_ap").endswith("no attribute 'make_ap'. Did you mean 'make_app'?")
    assert failure("hello:xyz") == "The module 'hello' has no attribute 'xyz'. Define it there."


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("app = 1", "of type int"),
        ("from japy import Application as app", "the class japy.application.app.Application"),
        ("class app: ...", "the class hello.app"),
    ],
)
def test_not_an_application(line: str, kind: str, write: Write) -> None:
    write("hello.py", line)
    assert failure("hello:app") == (
        f"'app' in module 'hello' is no japy.Application: it is {kind}. "
        "Name an attribute that is one."
    )


def test_a_function_is_called_only_if_that_is_asked_for(write: Write) -> None:
    write("hello.py", "def app(): ...")
    assert failure("hello:app") == (
        "'app' in module 'hello' is no japy.Application: it is of type function. "
        "If it returns one, write --factory. If it makes protocols, serve "
        "japy.ProtocolService(app). Name an attribute that is one."
    )


FACTORY = "from japy import Application\ndef {}(): return Application()\n"


@pytest.mark.parametrize(
    ("name", "target", "is_factory"),
    [
        ("make", "hello:make", True),
        ("create_app", "hello:create_app", False),
        ("create_app", "hello", False),
        ("create_app", "hello.py", True),
    ],
)
def test_factories(name: str, target: str, is_factory: bool, write: Write) -> None:
    write("hello.py", FACTORY.format(name))
    assert importer.load_application(importer.parse(target, is_factory)).router.routes == []


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("def make(): return 3", "hello:make", "'make' in module 'hello' returned no japy.App"),
        ("make = 3", "hello:make", "'make' in module 'hello' is no factory: it cannot be called."),
        ("async def make(): ...", "hello:make", "'make' in module 'hello' is asynchronous, and"),
        ("async def create_app(): ...", "hello", "'create_app' in module 'hello' is asynchronous"),
        ("def make(): 1 / 0", "hello:make", "ZeroDivisionError: division by zero"),
        ("def make(x): ...", "hello:make", "missing 1 required positional argument: 'x'"),
    ],
)
def test_factories_that_make_none(source: str, target: str, text: str, write: Write) -> None:
    write("hello.py", source)
    with pytest.raises(LoadError) as caught:
        importer.load(importer.parse(target, True))
    assert text in str(caught.value)


def test_a_folder_to_import_from(write: Write) -> None:
    write("src/house_of_cards.py", APP.format("app"))
    assert "was not found" in failure("house_of_cards:app")
    importer.load(importer.parse("house_of_cards:app", app_dir=Path("src")))


@pytest.mark.parametrize("init", ["", "from pkg import views", "import json as views"])
def test_a_module_of_a_package_in_the_place_of_an_application(init: str, write: Write) -> None:
    write("pkg/__init__.py", init)
    write("pkg/views.py", APP.format("web"))
    assert load("pkg.views") is sys.modules["pkg.views"].web


def test_an_attribute_wins_over_a_module_of_its_name(write: Write) -> None:
    write("pkg/__init__.py", APP.format("views"))
    write("pkg/views.py")
    assert load("pkg.views") is sys.modules["pkg"].views


def test_a_colon_stands_before_an_attribute(write: Write) -> None:
    write("pkg/__init__.py", "from pkg import views")
    write("pkg/views.py", APP.format("app"))
    assert failure("pkg:views").endswith("it is of type module. Try pkg.views:app.")


def test_a_module_of_a_package_that_raises(write: Write) -> None:
    write("pkg/__init__.py")
    write("pkg/views.py", "1 / 0")
    assert failure("pkg.views").endswith(
        "The module 'pkg.views' raised ZeroDivisionError while it was loaded: see above."
    )
    write("pkg/__init__.py", "def __getattr__(name):", "    raise KeyError(name)")
    del sys.modules["pkg"]
    assert "KeyError: 'web'" in failure("pkg.web")


def test_a_module_that_a_package_does_not_have(write: Write) -> None:
    write("pkg/__init__.py")
    assert failure("pkg.web") == "The module 'pkg' has no attribute 'web'. Define it there."


def test_attribute_that_raises(write: Write) -> None:
    write("hello.py", "def __getattr__(name):", "    raise KeyError(name)")
    assert "KeyError: 'app'" in failure("hello:app")


def test_no_application_in_a_file(write: Write) -> None:
    write("hello.py", "app = 1")
    assert failure("hello.py").startswith("The file 'hello.py' has no japy.Application: assign one")


def test_several_applications_in_a_file(write: Write) -> None:
    write("hello.py", APP.format("one"), APP.format("two"))
    assert failure("hello.py") == (
        "The file 'hello.py' has several applications. Try hello.py:one or hello.py:two."
    )


# Scripts.


def test_a_script_runs_as_python_would_run_it(write: Write, tmp_path: Path) -> None:
    write("src/beside.py")
    path = write(
        "src/script.py",
        "import beside, json, pathlib, sys",
        "seen = json.dumps([__name__, sys.argv, sys.path[0]])",
        "pathlib.Path('seen').write_text(seen)",
    )
    script = Script(str(path), False, ["--option", "x"])
    script.execute()
    assert (tmp_path / "seen").read_text() == (
        f'["__main__", ["{path}", "--option", "x"], "{path.parent}"]'
    )
    assert script.folder == path.parent


def test_a_module_runs_as_python_m_would_run_it(write: Write, tmp_path: Path) -> None:
    write("pkg/__init__.py")
    write(
        "pkg/__main__.py",
        "import pathlib",
        "pathlib.Path('seen').write_text(__name__ + __package__)",
    )
    script = Script("pkg.__main__", True, [])
    script.execute()
    assert (tmp_path / "seen").read_text() == "__main__pkg"
    assert script.folder == tmp_path


def test_a_script_that_raises(write: Write) -> None:
    path = write("script.py", "1 / 0")
    with pytest.raises(LoadError) as caught:
        Script(str(path), False, []).execute()
    lines = str(caught.value).splitlines()
    assert lines[1] == f'  File "{path}", line 1, in <module>'
    assert lines[-1].startswith(f"The script '{path}' raised ZeroDivisionError")


# Services.

SERVICES = """
import asyncio
from japy import Application

class Echo(asyncio.Protocol):
    pass

class Own:
    def __init__(self):
        print("made")

    async def make_servers(self, sockets):
        return []

async def lines(reader, writer):
    pass

one, other = Application(), Application()
"""


@pytest.mark.parametrize(
    ("attr", "count"), [("lines", 1), ("Echo", 1), ("Own", 1), ("services", 3), ("one", 1)]
)
def test_services_are_found(attr: str, count: int, write: Write) -> None:
    write("many.py", SERVICES, "services = {'http': one, 'lines': lines, 'echo': Echo}")
    assert len(importer.load(importer.parse(f"many:{attr}"))) == count


def test_services_need_no_attribute_where_there_is_no_application(write: Write) -> None:
    write("mute.py", SERVICES, "del one, other", "service = lines")
    assert importer.load(importer.parse("mute"))[0].title == "service lines"


def test_the_one_application_among_services(write: Write) -> None:
    write("few.py", SERVICES, "services = [lines, one]", "both = {'a': one, 'b': other}")
    assert load("few:services") is vars(sys.modules["few"])["one"]
    assert failure("few:lines") == "'lines' in module 'few' has no application in it."
    text = "'both' in module 'few' has several applications in it: name one of them."
    assert failure("few:both") == text


def test_services_that_cannot_be_are_named(write: Write) -> None:
    write("bad.py", SERVICES, "services = [one, 5]", "class Fails(Own):", "    make_servers = 5")
    with pytest.raises(LoadError, match="What is to be served as 2 is no service, but of type int"):
        importer.load(importer.parse("bad:services"))
    assert "is no japy.Application: it is the class" in failure("bad:Fails")


def test_a_class_that_wants_arguments_is_told_of_with_its_traceback(write: Write) -> None:
    write("wants.py", SERVICES, "class Wants(Own):", "    def __init__(self, config): pass")
    text = failure("wants:Wants")
    assert "missing 1 required positional argument: 'config'" in text
