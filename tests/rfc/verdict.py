"""What came back for a row, held against what may come.

Knows how strict to be: japy is held to its promise and to what every answer of a server must be
like, any other server to what the RFC allows for this row.
"""

import re
from typing import NamedTuple

from tests.rfc.reader import Answer, Unreadable, read_answers
from tests.rfc.row import End, Outcome, Row

PROBE = b"GET /?probe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CLOSE = "Connection: close"  # not asked for where the connection stays open
DATE = re.compile(  # RFC 9110 §5.6.7
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} "
    r"[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT"
)


class Echo(NamedTuple):
    """What a client got that has sent a row."""

    received: bytes
    has_ended: bool  # whether the server has ended the connection
    is_probed: bool = False  # whether PROBE was sent behind the row: what stays open answers it
    trouble: str = ""  # a reset, or time that ran out
    is_late: bool = False  # whether the end came only when the server had lost patience


def judge(row: Row, echo: Echo, *, is_strict: bool) -> str:
    """Return what is wrong; nothing if the row is passed."""
    try:
        answers = read_answers(echo.received, row.heads)
    except Unreadable as error:
        return f"{error}{'; ' + echo.trouble if echo.trouble else ''}"
    if row.interim:
        answers = [answer for answer in answers if answer.status != 100]
    outcomes = row.outcomes[:1] if is_strict else row.outcomes
    end = matched(outcomes, answers, echo)
    statuses = [answer.status for answer in answers]
    if end is None or (echo.trouble and end is not End.WAITS):
        last = "ended" if echo.has_ended else "still open"
        return f"got {statuses}, {echo.trouble or last}"
    if echo.is_probed and end is End.OPEN:
        del answers[-1]
    if not is_strict:  # what another server writes in its answers is its own affair
        return missing_field(row, answers, end)
    faults = (missing_body(row, answers), missing_field(row, answers, end), *map(fault, answers))
    return next(filter(None, faults), "") or unannounced(row, answers, end)


def matched(outcomes: tuple[Outcome, ...], answers: list[Answer], echo: Echo) -> End | None:
    """Return how the connection went on, if that and the answers are one of the outcomes."""
    statuses = [answer.status for answer in answers]
    if not echo.is_probed:
        end = End.CLOSE if echo.has_ended else End.OPEN
        return end if any(outcome.fits(statuses, end) for outcome in outcomes) else None
    options = answers[-1].values("Connection") if answers else []
    if not echo.has_ended or (echo.is_late and "close" not in options):  # the probe is lost
        is_waiting = any(outcome.fits(statuses, End.WAITS) for outcome in outcomes)
        return End.WAITS if is_waiting else None
    if any(outcome.fits(statuses, End.CLOSE) for outcome in outcomes):
        return End.CLOSE
    if statuses[-1:] == [200] and any(o.fits(statuses[:-1], End.OPEN) for o in outcomes):
        return End.OPEN
    return None


def missing_body(row: Row, answers: list[Answer]) -> str:
    """Return what the row asks for in the bodies and did not come."""
    for answer, part in zip(answers, row.bodies, strict=False):
        if part not in answer.body:
            return f"expected {part!r} in the body; got {answer.body[:300]!r}"
    return ""


def missing_field(row: Row, answers: list[Answer], end: End) -> str:
    """Return what the row asks for in the last answer's fields and did not come, or came."""
    for wanted in row.shows:
        if wanted == CLOSE and end is End.OPEN:
            continue
        name, _, value = wanted.removeprefix("!").partition(": ")
        values = answers[-1].values(name) if answers else []
        if wanted.startswith("!"):
            if values:
                return f"expected no {name}; got {values}"
        elif not values or (value and value not in values):
            return f"expected {wanted}; got {values}"
    return ""


def fault(answer: Answer) -> str:
    """Return what no answer may be like (RFC 9110 §6.6.1, §8.6; RFC 9112 §6.1 to §6.3)."""
    lengths, codings = answer.values("Content-Length"), answer.values("Transfer-Encoding")
    if answer.status < 200:
        return "content in an interim answer" if lengths or codings else ""
    if len(answer.values("Date")) != 1 or not DATE.fullmatch(answer.values("Date")[0]):
        return f"expected one Date; got {answer.values('Date')}"
    if answer.status == 204 and (lengths or codings):
        return "framing in 204"
    if answer.status != 204 and answer.status != 304 and len(lengths) + len(codings) != 1:
        return f"expected one framing; got {lengths} and {codings}"
    if codings and answer.line.startswith(b"HTTP/1.0"):
        return "chunks in HTTP/1.0"
    return ""


def unannounced(row: Row, answers: list[Answer], end: End) -> str:
    """Return whether the connection ended without a word (RFC 9112 §9.6), or went on behind one."""
    options = [value.lower() for answer in answers for value in answer.values("Connection")]
    if end is End.CLOSE and answers and not row.eof and options[-1:] != ["close"]:
        return "the last answer does not say close"
    if "close" in options[: len(options) - (end is End.CLOSE)]:
        return "an answer says close, and another follows"
    return ""
