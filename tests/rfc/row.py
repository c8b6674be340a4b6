"""One row of the table of rules: what an RFC asks, the bytes that test it, what may come back.

Knows what rows are made of and how outcomes are written. Refuses to know how bytes are sent
(`live.py`, `test_memory.py`), and imports nothing of japy: any server can be asked.

An outcome is the statuses of the answers, in order, and what becomes of the connection then: `200`,
`200 200`, `400 close`, `4xx close?`, `200*1000`. Without a word it stays open, `close?` is either,
`waits` that the message goes on for the server, `none` stands for no answer. A row has one or more,
with `|` between them: the first is what japy promises, the others are what the RFC allows as well.
"""

from enum import Enum, StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How strongly the RFC asks for it."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OUGHT = "OUGHT"  # the RFCs say "ought to" where they argue, but do not require
    MAY = "MAY"


MUST, SHOULD, OUGHT, MAY = Level


class End(Enum):
    """What becomes of the connection behind the last answer."""

    OPEN = ""
    CLOSE = "close"
    EITHER = "close?"
    WAITS = "waits"  # the server thinks that more is to come


class Outcome(NamedTuple):
    """What may come back for a row."""

    statuses: tuple[str, ...]  # "200", or "4xx" for any of them; interim ones left out
    end: End

    def fits(self, statuses: list[int], end: End) -> bool:
        """Tell whether this is what came."""
        return (
            (self.end is end or (self.end is End.EITHER and end is not End.WAITS))
            and len(self.statuses) == len(statuses)
            and all(map(is_of, self.statuses, statuses))
        )

    def __str__(self) -> str:
        """Return it as it is shown in tables."""
        runs: list[tuple[str, int]] = []
        for status in self.statuses:
            if runs and runs[-1][0] == status:
                runs[-1] = (status, runs[-1][1] + 1)
            else:
                runs.append((status, 1))
        words = [
            f"{count} x {status}" if count > 3 else ", ".join([status] * count)
            for status, count in runs
        ]
        return ", ".join([*(words or ["no answer"]), *filter(None, [self.end.value])])


ENDS = [end.value for end in End if end.value]


def is_of(pattern: str, status: int) -> bool:
    """Tell whether a status is the one named, or of the class named."""
    return pattern == str(status) or pattern == f"{status // 100}xx"


def parse(text: str) -> tuple[Outcome, ...]:
    """Return the outcomes that a text stands for."""
    return tuple(map(parse_one, text.split("|")))


def parse_one(text: str) -> Outcome:
    """Return the outcome that a text without `|` stands for."""
    words = text.split()
    end = End(words.pop()) if words[-1] in ENDS else End.OPEN
    statuses: list[str] = []
    for word in words:
        status, _, count = word.partition("*")
        if status != "none":
            statuses += [status] * int(count or 1)
    return Outcome(tuple(statuses), end)


class Row(NamedTuple):
    """One rule."""

    section: str  # of an RFC: "9112 3.2"
    level: Level
    what: str  # is sent, in a few words
    outcomes: tuple[Outcome, ...]  # the first is japy's promise, any is allowed by the RFC
    data: bytes
    then: bytes = b""  # sent once the `100` of the promise has come, or something in its place
    eof: bool = False  # whether the client ends its side behind the data
    interim: bool = False  # whether `100 Continue` may come before the answer
    heads: tuple[int, ...] = ()  # which of the answers, from 0, are to HEAD
    shows: tuple[str, ...] = ()  # "Name" or "Name: value" in the last answer, "!Name": not there
    bodies: tuple[bytes, ...] = ()  # what the bodies of the answers hold, from the first one on
    own: bool = False  # whether it takes japy, its limits or routes of `application.py`

    @property
    def rule(self) -> str:
        """Return the name of the row."""
        return f"{self.section} {self.what}"

    @property
    def promise(self) -> Outcome:
        """Return what japy answers."""
        return self.outcomes[0]


def row(
    section: str,
    level: Level,
    what: str,
    outcomes: str,
    data: bytes,
    *,
    then: bytes = b"",
    eof: bool = False,
    interim: bool = False,
    heads: tuple[int, ...] = (),
    shows: tuple[str, ...] = (),
    bodies: tuple[bytes, ...] = (),
    own: bool = False,
) -> Row:
    """Return a row; the outcomes are written as the head of this file says."""
    return Row(
        section,
        level,
        what,
        parse(outcomes),
        data,
        then=then,
        eof=eof,
        interim=interim,
        heads=heads,
        shows=shows,
        bodies=bodies,
        own=own,
    )


# Outcomes that many rows share.
OK = "200 | 200 close"  # served; whether a connection lives on is up to the server
TWO = "200 200 | 200 200 close"  # two requests, and no third
BAD = "400 close | 4xx close?"
BAD_LINE = "400 close | 4xx close? | 501 close? | 505 close?"  # nobody can know what was meant
FATAL = "400 close | 4xx close | 501 close"  # where the message ends is unknown: nothing may follow
LENIENT = "400 close | 4xx close? | 200 close?"  # a recipient may make sense of it
NOISE = "400 close | 4xx close? | 501 close? | 505 close? | none close"  # no HTTP at all

# Requests, or the beginnings of some.
HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
OLD = b"GET / HTTP/1.0\r\n"
GOOD = GET + b"\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
BEHIND = b" HTTP/1.1\r\n" + HOST + b"\r\n"  # of a request, behind its target


def length(value: bytes, body: bytes = b"") -> bytes:
    """Return a POST with this Content-Length."""
    return POST + b"Content-Length: " + value + b"\r\n\r\n" + body


def coding(value: bytes, body: bytes = LAST) -> bytes:
    """Return a POST with this Transfer-Encoding."""
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + body
