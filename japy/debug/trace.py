"""An exception as HTML: where it came from, through which lines, and what was known there.

Knows exceptions, what caused them, groups of them, and their frames. Knows no request.

Invariant: however many exceptions, frames, variables or characters there are, a bounded number of
each is shown.
"""

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Final, NamedTuple

from japy.application.frame import is_ours
from japy.debug.glimpse import MASK, cut, masked, repr_of
from japy.debug.markup import Markup, joined, table, tag

MAX_ERRORS: Final = 30
MAX_PARTS: Final = 15  # of one group
FIRST_FRAMES: Final = 15
LAST_FRAMES: Final = 35
MAX_LOCALS: Final = 40
MAX_LINE: Final = 160
MAX_MESSAGE: Final = 10_000
AROUND: Final = 5  # lines before and after the one that failed
MARGIN: Final = " |"  # of a traceback, to the left of a group's parts
CAUSE: Final = "It was raised from"
CONTEXT: Final = "It was raised while this was handled"


class Step(NamedTuple):
    """A frame, and where in it the next one was called or the exception was raised."""

    frame: FrameType
    number: int
    instruction: int


class Span(NamedTuple):
    """A piece of source: lines, and columns in bytes of UTF-8."""

    start: int
    end: int
    start_column: int
    end_column: int


def message_of(error: BaseException) -> str:
    """Return type, message and notes of an exception, as a traceback ends with them, masked."""
    # What leads to the message is a type: of `KeyError: 'x'` nothing is secret.
    before, kind, message = cut(_said(error), MAX_MESSAGE).partition(
        f"{type(error).__qualname__}: "
    )
    return cut(masked(before) + kind + masked(message), MAX_MESSAGE)


def _said(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).rstrip()


def without_secrets(text: str, error: BaseException) -> str:
    """Return the traceback of an exception with the messages in it masked."""
    swaps: dict[str, str] = {}
    for part in _family(error):
        said, shown = _said(part), message_of(part)
        if said != shown:
            swaps |= _swaps(said.split("\n"), shown.split("\n"))
    if not swaps:
        return text
    lines = text.split("\n")
    for i, line in enumerate(lines):
        bare = line.lstrip(MARGIN)
        lines[i] = line[: len(line) - len(bare)] + swaps.get(bare, bare)
    return "\n".join(lines)


def _swaps(said: list[str], shown: list[str]) -> dict[str, str]:
    """Return what to write for each line of a message."""
    said, shown = ([line.lstrip(MARGIN) for line in lines] for lines in (said, shown))
    if len(said) == len(shown):
        return dict(zip(said, shown, strict=True))
    return {line: MASK for line in said if line not in shown}


def _family(error: BaseException) -> Iterator[BaseException]:
    """Return an exception and all that a traceback prints with it."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += part.__cause__, part.__context__
        if isinstance(part, BaseExceptionGroup):
            waiting += part.exceptions


def show(error: BaseException) -> Markup:
    """Return an exception, and those that led to it."""
    return joined(_chain(error, set()))


def _chain(error: BaseException, seen: set[int]) -> Iterator[Markup]:
    """Return an exception and what it was raised from; `seen` holds the ids of those shown."""
    link = ""
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        if len(seen) >= MAX_ERRORS:
            yield tag("p", "There are more exceptions; the log has them all.")
            return
        seen.add(id(following))
        if link:
            yield tag("h3", link)
        yield _section(following, seen)
        link = CAUSE
        if following.__cause__ is not None:
            following = following.__cause__
        elif following.__suppress_context__:
            following = None
        else:
            link, following = CONTEXT, following.__context__


def _section(error: BaseException, seen: set[int]) -> Markup:
    parts = [tag("pre", message_of(error), kind="message"), _frames(error.__traceback__)]
    if isinstance(error, BaseExceptionGroup):
        inside = error.exceptions
        for i, part in enumerate(inside[:MAX_PARTS], 1):
            title = tag("h3", f"Part {i} of {len(inside)}")
            parts.append(tag("section", title, *_chain(part, seen), kind="part"))
        if len(inside) > MAX_PARTS:
            parts.append(tag("p", f"… and {len(inside) - MAX_PARTS} more parts"))
    return tag("section", *parts)


def _frames(trace: TracebackType | None) -> Markup:
    steps = list(_steps(trace))
    left_out = len(steps) - FIRST_FRAMES - LAST_FRAMES
    items: list[Markup] = []
    for i, step in enumerate(steps):
        if left_out > 0 and FIRST_FRAMES <= i < FIRST_FRAMES + left_out:
            if i == FIRST_FRAMES:
                items.append(tag("li", f"… {left_out} more frames …"))
            continue
        items.append(tag("li", _frame(step, i == len(steps) - 1)))
    return tag("ol", *items, kind="frames")


def _steps(trace: TracebackType | None) -> Iterator[Step]:
    while trace is not None:
        yield Step(trace.tb_frame, trace.tb_lineno or 0, trace.tb_lasti)
        trace = trace.tb_next


def _frame(step: Step, is_last: bool) -> Markup:
    """Return a frame: folded if it is japy's or a library's, and without variables if japy's.

    What japy's own frames hold is what clients have sent, undecoded: no mask would find secrets.
    """
    code = step.frame.f_code
    kind = kind_of(step.frame)
    name = tag("code", code.co_qualname)
    place = tag("span", f"{code.co_filename}:{step.number}", kind="place")
    content = [tag("summary", name, " ", place), _source(step)]
    if kind != "japy":
        content.append(_locals(step.frame))
    is_open = kind == "own" or (is_last and kind != "japy")
    return tag("details", *content, kind=kind, is_open=is_open)


def kind_of(frame: FrameType) -> str:
    """Return "japy", "library" or, for what the user may have written, "own"."""
    if is_ours(frame):
        return "japy"
    name = frame.f_code.co_filename
    if name.startswith((sysconfig.get_path("stdlib"), "<frozen")) or "-packages/" in name:
        return "library"
    return "own"


def _source(step: Step) -> Markup:
    """Return the lines around the one that failed, which is marked."""
    code = step.frame.f_code
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, step.frame.f_globals)
    if not 0 < step.number <= len(lines):
        return tag("p", "The source is not there.")
    span = _span(code, step)
    first = max(step.number - AROUND, 1)
    rows: list[Markup] = []
    for number, line in enumerate(lines[first - 1 : step.number + AROUND], first):
        text = _line(line.rstrip("\n"), number, span)
        kind = "failed" if number == step.number else ""
        rows.append(tag("span", tag("i", f"{number:>5}"), " ", text, "\n", kind=kind))
    return tag("pre", tag("code", *rows), kind="source")


def _span(code: CodeType, step: Step) -> Span:
    """Return what of the source was running; the whole line if that is not known."""
    whole = Span(step.number, step.number, 0, -1)
    if step.instruction < 0:
        return whole
    for start, end, column, end_column in islice(code.co_positions(), step.instruction // 2, None):
        if start is None or end is None or column is None or end_column is None:
            return whole
        return Span(start, end, column, end_column)
    return whole


def _line(line: str, number: int, span: Span) -> Markup:
    """Return a line of source, with what was running marked."""
    if not span.start <= number <= span.end:
        return joined([cut(line, 2 * MAX_LINE)])
    data = line.encode("utf-8", "surrogatepass")
    indent = len(data) - len(data.lstrip())
    start = span.start_column if number == span.start else 0
    end = span.end_column if number == span.end and span.end_column >= 0 else len(data)
    start = max(start, indent)
    before, marked, after = (
        piece.decode("utf-8", "replace")
        for piece in (data[:start], data[start : max(start, end)], data[max(start, end) :])
    )
    if len(before) > MAX_LINE:
        before = "…" + before[-MAX_LINE:]
    return joined([before, tag("mark", cut(marked, MAX_LINE)), cut(after, MAX_LINE)])


def _locals(frame: FrameType) -> Markup:
    """Return the variables of a frame, without those that Python itself put there."""
    known = {
        name: value
        for name, value in dict(frame.f_locals).items()
        if not (name.startswith("__") and name.endswith("__"))
    }
    if not known:
        return Markup()
    rows = [(name, repr_of(name, value)) for name, value in islice(known.items(), MAX_LOCALS)]
    if len(known) > MAX_LOCALS:
        rows.append(("…", f"and {len(known) - MAX_LOCALS} more"))
    return table(rows)
