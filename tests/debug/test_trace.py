"""Exceptions as HTML: chains, groups, frames, source and variables."""

import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from japy.debug.trace import (
    AROUND,
    FIRST_FRAMES,
    LAST_FRAMES,
    MAX_ERRORS,
    MAX_LOCALS,
    MAX_PARTS,
    show,
    without_secrets,
)
from tests.support.html import Element, read_html

EVIL = "<script>alert('x')</script>"
HERE = __file__


def caught(function: Callable[[], object]) -> BaseException:
    """Return what a function raises."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("expected an exception")


def shown(function: Callable[[], object]) -> Element:
    """Return what a function raises, as one sees it."""
    return read_html(show(caught(function)))


def messages(page: Element) -> list[str]:
    """Return the exceptions that are shown."""
    return [element.text for element in page.all("pre", "message")]


def titles(page: Element) -> list[str]:
    """Return what stands between exceptions."""
    return [element.text for element in page.all("h3")]


def marked(page: Element) -> list[str]:
    """Return the source that is marked, line by line."""
    return [element.text for element in page.all("mark")]


def module_of(source: str, path: Path) -> ModuleType:
    """Return a module with this source."""
    path.write_text(source)
    module = ModuleType(path.stem)
    exec(compile(source, path, "exec"), module.__dict__)
    return module


# Exceptions.


def fail() -> None:
    raise KeyError("on purpose")


def test_an_exception_says_its_type_and_message() -> None:
    assert messages(shown(fail)) == ["KeyError: 'on purpose'"]
    assert titles(shown(fail)) == []


def test_notes_are_part_of_it() -> None:
    def noted() -> None:
        error = ValueError("x")
        error.add_note(f"a note {EVIL}")
        raise error

    assert messages(shown(noted)) == [f"ValueError: x\na note {EVIL}"]


def test_a_syntax_error_shows_where() -> None:
    (message,) = messages(shown(lambda: compile("a = = 1", "x.py", "exec")))
    assert message.startswith('  File "x.py", line 1\n    a = = 1\n')
    assert message.endswith("SyntaxError: invalid syntax")


def test_a_message_may_fail_or_be_huge() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError("on purpose")

    def mute() -> None:
        raise Mute

    def loud() -> None:
        raise ValueError("x" * 1_000_000)

    assert "Mute" in messages(shown(mute))[0]
    assert len(messages(shown(loud))[0]) == 10_000


def test_a_message_is_masked_but_for_its_type() -> None:
    def said(error: BaseException) -> str:
        return messages(read_html(show(error)))[0]

    noted = ValueError("password=S")
    noted.add_note("Cookie: a=S; b=S")
    assert said(noted) == "ValueError: password=•••••\nCookie: •••••"
    assert said(KeyError("token")) == "KeyError: 'token'"
    assert said(RuntimeError({"key": "S", "a": 1})) == "RuntimeError: {'key': •••••, 'a': 1}"
    assert said(ExceptionGroup("pw=S", [noted])) == "ExceptionGroup: pw=••••• (1 sub-exception)"


def test_a_traceback_is_masked_where_messages_are() -> None:
    part = 'name="password"\n\nhunter2\n--b'
    try:
        raise ExceptionGroup("pw=hunter2", [KeyError("token"), ValueError(part)])
    except ExceptionGroup as error:
        error.__cause__ = TypeError("token: hunter2 x")
        error.__cause__.__cause__ = error
        text = "".join(traceback.format_exception(error)).replace(HERE, "")
        shown = without_secrets(text, error)
    code = 'raise ExceptionGroup("pw=hunter2", '
    assert "hunter2" not in shown.replace(code, "")
    for line in (
        "TypeError: token: •••••",
        "  | ExceptionGroup: pw=•••••",
        "    | KeyError: 'token'",
    ):
        assert line in shown
    assert without_secrets("KeyError: 'token'\n", KeyError("token")) == "KeyError: 'token'\n"


def test_causes_and_contexts_follow() -> None:
    def first() -> None:
        raise KeyError("first")

    def second() -> None:
        try:
            first()
        except KeyError as error:
            raise ValueError("second") from error

    def third() -> None:
        try:
            second()
        except ValueError:
            raise TypeError("third")  # noqa: B904 - the context is what is tested

    page = shown(third)
    assert messages(page) == ["TypeError: third", "ValueError: second", "KeyError: 'first'"]
    assert titles(page) == ["It was raised while this was handled", "It was raised from"]


def test_a_context_may_be_suppressed() -> None:
    def second() -> None:
        try:
            fail()
        except KeyError:
            raise ValueError("second") from None

    assert messages(shown(second)) == ["ValueError: second"]


def test_a_chain_that_is_a_ring_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert messages(read_html(show(first))) == ["ValueError: first", "ValueError: second"]


def test_a_long_chain_ends() -> None:
    error = ValueError("0")
    for i in range(1, 2000):
        following = ValueError(str(i))
        following.__cause__ = error
        error = following
    page = read_html(show(error))
    assert len(messages(page)) == MAX_ERRORS
    assert page.all("p")[-1].text == "There are more exceptions; the log has them all."


def test_a_group_has_its_parts_inside() -> None:
    inner = KeyError("on purpose")
    outer = ExceptionGroup("outer", [inner, ExceptionGroup("inner", [ValueError(EVIL)])])
    page = read_html(show(outer))
    assert messages(page) == [
        "ExceptionGroup: outer (2 sub-exceptions)",
        "KeyError: 'on purpose'",
        "ExceptionGroup: inner (1 sub-exception)",
        f"ValueError: {EVIL}",
    ]
    assert titles(page) == ["Part 1 of 2", "Part 2 of 2", "Part 1 of 1"]
    assert messages(page.all("section", "part")[1]) == messages(page)[2:]


def test_a_wide_group_and_a_deep_one_end() -> None:
    wide = ExceptionGroup("wide", [ValueError(str(i)) for i in range(100)])
    page = read_html(show(wide))
    assert len(messages(page)) == 1 + MAX_PARTS
    assert page.all("p")[-1].text == f"… and {100 - MAX_PARTS} more parts"
    deep: Exception = ValueError("deep")
    for _ in range(500):
        deep = ExceptionGroup("level", [deep])
    assert len(messages(read_html(show(deep)))) == MAX_ERRORS


# Frames.


def test_frames_are_in_the_order_of_calls() -> None:
    page = shown(lambda: fail())
    places = [element.text for element in page.all("summary")]
    number = fail.__code__.co_firstlineno + 1
    assert [place.partition(" ")[0] for place in places] == [
        "caught",
        "test_frames_are_in_the_order_of_calls.<locals>.<lambda>",
        "fail",
    ]
    assert places[-1] == f"fail {HERE}:{number}"


def test_the_failing_line_stands_among_its_neighbours() -> None:
    source = shown(fail).all("pre", "source")[-1]
    number = fail.__code__.co_firstlineno + 1
    (failed,) = source.all("span", "failed")
    assert failed.text == f'{number:>5}     raise KeyError("on purpose")\n'
    numbers = [int(element.text) for element in source.all("i")]
    assert numbers == list(range(number - AROUND, number + AROUND + 1))


def test_what_was_running_is_marked(tmp_path: Path) -> None:
    module = module_of("def f(x):\n    é = 'ü'; return x['ä'] + x['b']['c']\n", tmp_path / "a.py")
    assert marked(shown(lambda: module.f({"ä": 1, "b": {}})))[-1] == "x['b']['c']"
    assert marked(shown(lambda: module.f({})))[-1] == "x['ä']"


def test_what_runs_over_several_lines_is_marked_on_each(tmp_path: Path) -> None:
    source = "def f(g):\n    return 1 + g(\n        1,\n        2,\n    )\n"
    module = module_of(source, tmp_path / "a.py")
    page = shown(lambda: module.f(None))
    frame = page.all("details")[-1]
    assert marked(frame) == ["g(", "1,", "2,", ")"]
    assert frame.all("span", "failed")[0].text == "    2     return 1 + g(\n"


def test_a_long_line_is_shown_where_it_failed(tmp_path: Path) -> None:
    line = f"    return '{'a' * 1000}' + None.x + '{'b' * 1000}'\n"
    module = module_of("def f():\n" + line, tmp_path / "a.py")
    (failed,) = shown(module.f).all("details")[-1].all("span", "failed")
    assert "' + None.x + '" in failed.text
    assert len(failed.text) < 500


def test_without_columns_the_line_is_marked(tmp_path: Path) -> None:
    program = tmp_path / "a.py"
    program.write_text(
        "from japy.debug.trace import show\n"
        "try:\n"
        "    x = 1 + None.x\n"
        "except AttributeError as error:\n"
        "    print(show(error))\n"
    )
    command = [sys.executable, "-X", "no_debug_ranges", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert marked(read_html(done.stdout)) == ["x = 1 + None.x"]


def test_without_a_line_there_is_no_source() -> None:
    code = fail.__code__.replace(co_linetable=b"")
    frame = shown(FunctionType(code, {})).all("details")[-1]
    assert frame.text == f"fail {HERE}:0The source is not there."


def test_code_without_a_file_is_shown_without_source() -> None:
    page = shown(lambda: exec("1 / 0", {}))
    assert page.all("details")[-1].text == "<module> <string>:1The source is not there."


def test_source_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    module = module_of("def f():\n    return 1 / 0  # old\n", path)
    assert "# old" in shown(module.f).text
    path.write_text("def f():\n    return 1 / 0  # newer\n")
    assert "# newer" in shown(module.f).text


def test_what_is_japys_or_a_librarys_is_folded() -> None:
    import json

    from japy.application.codec import json_module

    def own() -> None:
        json_module(3)  # type: ignore[arg-type]  # on purpose

    kinds = [
        (element.attributes["class"], "open" in element.attributes)
        for element in shown(own).all("details")
    ]
    assert kinds == [("own", True), ("own", True), ("japy", False)]
    last = shown(lambda: json.loads("{")).all("details")[-1]
    assert (last.attributes["class"], "open" in last.attributes) == ("library", True)


def test_japys_frames_are_without_variables() -> None:
    from japy.application.codec import json_module

    page = shown(lambda: json_module("hunter2"))
    assert page.all("details")[-1].all("table") == []
    assert page.all("details")[-1].all("pre", "source") != []


def test_a_deep_recursion_is_cut() -> None:
    def deep(n: int) -> None:
        deep(n + 1)

    page = shown(lambda: deep(0))
    assert messages(page)[0].startswith("RecursionError")
    assert len(page.all("details")) == FIRST_FRAMES + LAST_FRAMES
    (gap,) = [element.text for element in page.all("li") if element.text.startswith("…")]
    assert int(gap.split()[1]) > sys.getrecursionlimit() - 200


# Variables.


def test_variables_are_shown() -> None:
    def handler() -> None:
        number, text, evil = 1, "two", EVIL
        raise ValueError(number, text, evil)

    rows = shown(handler).all("details")[-1].rows()
    assert rows == {"number": "1", "text": "'two'", "evil": repr(EVIL)}


def test_secrets_are_not() -> None:
    def handler() -> None:
        password, api_key, config = "hunter2", b"hunter2", {"db": {"password": "hunter2"}}
        url = "postgres://ann:hunter2@db/x"
        raise ValueError(len(password), len(api_key), config is None, url is None)

    rows = shown(handler).all("details")[-1].rows()
    assert rows == {
        "password": "•••••",
        "api_key": "•••••",
        "config": "{'db': {'password': •••••}}",
        "url": "'postgres://ann:•••••@db/x'",
    }


def test_variables_of_a_module_are_those_that_it_made(tmp_path: Path) -> None:
    page = shown(lambda: module_of("a = 1\nb = a / 0\n", tmp_path / "a.py"))
    rows = page.all("details")[-1].rows()
    assert rows == {"a": "1"}


def test_many_variables_are_cut() -> None:
    def handler() -> None:
        exec("1 / 0", {}, {f"v{i}": i for i in range(1000)})

    rows = shown(handler).all("details")[-1].rows()
    assert len(rows) == MAX_LOCALS + 1
    assert rows["…"] == f"and {1000 - MAX_LOCALS} more"


def test_a_variable_that_cannot_be_shown_does_no_harm() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError("on purpose")

    def handler() -> None:
        broken: Any = Broken()
        raise ValueError(broken is None)

    rows = shown(handler).all("details")[-1].rows()
    assert rows["broken"].startswith("<Broken instance at 0x")


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_whatever_there_is_the_page_stays_small(size: int) -> None:
    def handler() -> None:
        data = ["x" * size] * 10
        nested = dict.fromkeys(range(1000), data)
        raise ValueError(len(nested))

    assert len(show(caught(handler))) < 30_000


def test_nothing_comes_out_as_it_went_in() -> None:
    def handler() -> None:
        evil = {EVIL: EVIL}
        exec(compile(f"raise ValueError({EVIL!r})", EVIL, "exec"), {"evil": evil})

    assert "<script" not in show(caught(handler))
