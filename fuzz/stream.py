"""A whole stream of requests, how it is cut, and every answer that its client must get.

Knows how the dues of messages make up those of a stream: what closes ends it, what breaks a rule is
answered behind all that was due before, what is not complete is owed nothing until it is ended.
"""

from itertools import pairwise
from typing import NamedTuple

from fuzz.breach import BREACHES
from fuzz.message import Due, Message, refusal, write
from fuzz.receipt import Answer, read
from fuzz.stage import DATE, LIMITS, Outcome, Play
from fuzz.supply import Supply

HEAD = 32  # bytes of choices about the stream as a whole; the second half of them is the schedule
BLOCK = 32  # bytes of choices that a message is made from
BLOCKS = 6  # messages of the longest stream
WAYS = ("random", "messages", "lines", "random", "lines", "messages", "random", "equal", "bytes")
PIECES = 128  # about the most that a stream is cut into
SIZE = HEAD + BLOCKS * BLOCK  # bytes that a stream is made from
BREACH = 240  # the first byte of a block from which on the message breaks a rule


class Stream(NamedTuple):
    """What a client sends, and what it must get."""

    data: bytes
    limits: int  # place in LIMITS
    dues: list[Due]
    is_ended: bool  # whether the server ends the connection
    awaited: int  # where the head ends whose body does not come; -1 if none is
    eof: bool
    cut: Play

    @property
    def whole(self) -> Play:
        """The stream in one read."""
        return Play(self.limits, [self.data] if self.data else [], self.eof, b"")


def make(choices: bytes) -> Stream:
    """Make a stream from at most SIZE bytes of choices."""
    supply = Supply(choices[: HEAD // 2])
    limits = supply.below(len(LIMITS))
    eof = supply.chance(2)
    blocks = [choices[i : i + BLOCK] for i in range(HEAD, SIZE, BLOCK)]
    messages = [make_message(block, limits) for block in blocks if block[:1] > b"\0"]
    rest = truncate(messages, supply) if supply.chance(4) else None
    starts, dues, is_closed = [0], list[Due](), False
    for message in messages:
        if not is_closed:
            dues.append(moved(message.due, starts[-1]))
        is_closed = is_closed or message.due.is_last
        starts.append(starts[-1] + len(message.data))
    data = b"".join([message.data for message in messages])
    awaited = -1
    if rest is not None and not is_closed:
        due = moved(rest.due, starts[-1])
        if eof:
            dues.append(due)
        awaited = due.head_end
    data += b"" if rest is None else rest.data
    is_ended = eof or is_closed
    cut = Play(limits, cut_up(data, starts, supply), eof, choices[HEAD // 2 : HEAD])
    return Stream(data, limits, dues, is_ended, awaited, eof, cut)


def make_message(block: bytes, limits: int) -> Message:
    """Return the message for a block of choices."""
    supply = Supply(block[1:])
    if block[0] < BREACH:
        return write(supply, LIMITS[limits])
    data, statuses = supply.pick(BREACHES)
    return Message(data, refusal(statuses, data))


def truncate(messages: list[Message], supply: Supply) -> Message | None:
    """Take the last message off, unless it breaks a rule, and return the beginning of it.

    What is due for that is due at the end of the stream only.
    """
    if not messages or messages[-1].due.is_breach:
        return None
    message = messages.pop()
    data = message.data[: supply.below(65536) % len(message.data)]
    head_end = message.due.head_end if message.due.head_end <= len(data) else -1
    if not data.strip(b"\r\n"):
        return None
    return Message(data, refusal((400,), data, head_end))


def moved(due: Due, start: int) -> Due:
    """Return what is due for a message that begins later in the stream."""
    return due if due.head_end < 0 else due._replace(head_end=due.head_end + start)


def cut_up(data: bytes, starts: list[int], supply: Supply) -> list[bytes]:
    """Cut the data at random, in equal pieces, at the ends of lines, or at those of messages."""
    way = supply.pick(WAYS)
    size = len(data)
    if way in ("equal", "bytes"):
        step = 1 + supply.below(60) if way == "equal" else 1
        step = max(step, size // PIECES)
        places = list(range(step, size, step))
    else:
        places = [supply.below(65536) % (size + 1) for _ in range(1 + supply.below(4))]
    if way == "lines":
        places = [data.find(b"\n", place) + supply.below(2) for place in places]
    elif way == "messages":
        places += starts
    edges = sorted({0, size, *(place for place in places if 0 < place < size)})
    return [data[start:end] for start, end in pairwise(edges)]


def require(stream: Stream, play: Play, outcome: Outcome) -> list[Answer]:
    """Raise AssertionError unless the client got what was due; return the answers.

    These are the same however the stream was cut, but for 100 Continue, which is left out.
    """
    dues = stream.dues
    receipt = read(outcome.received, [due.is_head for due in dues])
    ends, end = set[int](), 0
    for piece in play.pieces:
        end += len(piece)
        ends.add(end)
    assert receipt.rest == b"", "the last answer is not complete"
    for i, (answer, due) in enumerate(zip(receipt.answers, dues, strict=False)):
        problem = difference(answer, due, due.head_end in ends)
        assert not problem, f"answer {i}: {problem}"
    assert len(receipt.answers) == len(dues), "more or fewer answers than were due"
    is_awaited = not stream.is_ended and stream.awaited in ends
    assert receipt.interims == is_awaited, "100 Continue behind the last answer"
    assert outcome.is_ended == stream.is_ended, "whether the connection ends"
    return [answer._replace(interims=0) for answer in receipt.answers]


def difference(answer: Answer, due: Due, is_awaited: bool) -> str:
    """Return what is wrong with an answer; nothing if it is the one that was due."""
    if answer.status not in due.statuses:
        return f"status {answer.status} instead of {due.statuses}"
    if due.body is not None and answer.body != (b"" if due.is_head else due.body):
        return f"body {answer.body!r} instead of {due.body!r}"
    if answer.interims != is_awaited:
        return f"{answer.interims} times 100 Continue instead of {is_awaited:d}"
    persistence = b"close" if due.is_last else b"keep-alive" if due.is_old else None
    if answer.fields.get(b"Connection") != persistence:
        return f"Connection is {answer.fields.get(b'Connection')!r} instead of {persistence!r}"
    if answer.fields[b"Date"] != DATE.encode():
        return f"Date is {answer.fields[b'Date']!r}"
    return ""
