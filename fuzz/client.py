"""One client of the machine: what it has sent, and what it must have received by now.

Knows what is due for each request (`message.py`), and how that changes when a handler fails or is
cancelled, the server drains, or time passes: it counts the ticks on its own. Looks at a connection
only through its client, and at two numbers of it: the bytes that were read and not used, and the
answers that are owed.
"""

from math import floor

from fuzz.cast import Held
from fuzz.line import Line
from fuzz.message import ERROR, Message, refusal
from fuzz.receipt import Answer, Receipt, read
from fuzz.stream import difference
from japy import Limits

CANCELLED = b"Service unavailable"
QUIET_TICKS = 3  # after which a connection is closed whose client does not end its side
LINGER_TICKS = 30  # the same for a client that goes on sending


class Client:
    """One client, and the line it has.

    Args:
        line: its connection.
        limits: what it is held to.
    """

    def __init__(self, line: Line, limits: Limits) -> None:
        self.line = line
        self.limits = limits
        self.sent: list[Message] = []  # complete requests
        self.part: Message | None = None  # a request that was sent in part
        self.part_size = 0  # how much of it was sent
        self.is_blank = False  # set while an empty line is all that it has sent of a request
        self.is_eof = False  # set once it has said that nothing more will come
        self.is_draining = False  # set once the server means to end the connection
        self.largest = 0  # bytes sent in one piece
        self.absent = 0  # ticks since it is gone without a word
        self.late = 0  # ticks that the part has taken while it was read
        self.unread = 0  # ticks that it has not read what waits for it
        self.ended = 0  # ticks since the server has ended its side, and it has read all
        self.quiet = 0  # how many of them since it has sent something
        self.idle = 0  # looks of the reaper since it has sent something or was owed something
        self.is_reaped = False  # set once the reaper has to end its connection

    # What it does.

    def send(self, data: bytes) -> None:
        """Send bytes in one piece."""
        self.largest = max(self.largest, len(data))
        self.quiet = self.idle = 0
        self.line.send([data])

    def ask(self, messages: list[Message]) -> None:
        """Send complete requests, behind the rest of one that was sent in part."""
        rest = b"" if self.part is None else self.part.data[self.part_size :]
        if not self.line.is_ended:  # else nobody listens
            self.sent += messages if self.part is None else [self.part, *messages]
        self.part, self.is_blank = None, False
        self.send(rest + b"".join(message.data for message in messages))

    def ask_in_part(self, message: Message, size: int) -> None:
        """Send the beginning of a request."""
        self.part, self.part_size, self.late, self.is_blank = message, size, 0, False
        self.send(message.data[:size])

    def send_blank(self) -> None:
        """Send an empty line, which a server has to ignore before a request (RFC 9112 §2.2)."""
        self.is_blank = True
        self.send(b"\r\n")

    def send_eof(self) -> None:
        """Say that nothing more will come."""
        self.is_eof = True
        if self.has_begun() and not self.line.is_ended:
            self._refuse_part(400)
        self.part = None
        self.line.send(eof=True)

    def read_on(self) -> None:
        """Read all that waits for it, and what follows."""
        if self.line.undelivered:  # which the server reads only now
            self.quiet = self.idle = 0
        self.line.read_on()

    def is_too_late(self) -> bool:
        """Tell whether what it sends from now on is for nobody."""
        return self.line.is_ended and not self.line.is_closed and not self.is_eof

    def vanish(self) -> None:
        """Be gone without a word."""
        self.is_eof = True
        self.line.vanish()

    def has_begun(self) -> bool:
        """Tell whether a request is on its way that is not complete."""
        return self.part is not None and bool(self.part.data[: self.part_size].strip(b"\r\n"))

    def fail(self, held: Held, status: int) -> None:
        """Take note that a handler was made to fail."""
        i = place(held)
        message = self.sent[i]
        body = ERROR if status == 500 else CANCELLED
        due = message.due._replace(statuses=(status,), body=body, is_last=message.is_final)
        self.sent[i] = message._replace(due=due)

    def _refuse_part(self, status: int) -> None:
        assert self.part is not None
        sent, head_end = self.part.data[: self.part_size], self.part.due.head_end
        self.sent.append(Message(b"", refusal((status,), sent, head_end)))
        self.part = None

    # What time does to it.

    def tick(self) -> None:
        """Take note that a second is about to pass."""
        line, limits = self.line, self.limits
        if line.is_lost:
            return
        self.absent += line.is_gone
        self.unread = self.unread + 1 if line.buffer else 0
        if line.is_ended and not line.buffer:  # else the server waits for it to read
            self.ended += 1
            self.quiet += 1
        if not self.has_begun() or line.is_ended or self.part is None:
            return
        size = self.part_size - self.part.data.index(b"\r\n\r\n") - len(b"\r\n\r\n")
        if line.is_paused:  # what was not read cannot be late
            self.late = 0 if size < 0 else self.late
            return
        self.late += 1
        patience = limits.head_s if size < 0 else limits.body_s + (size >= limits.body_rate)
        if self.late > floor(patience):
            self._refuse_part(408)

    def reap(self, idle_looks: int) -> None:
        """Take note that the reaper is about to look; after so many looks it ends what is idle."""
        line = self.line
        if line.is_ended:
            return
        is_free = not self._owed(line.written) and not self.has_begun()
        self.idle = self.idle + 1 if is_free else 0
        self.is_reaped = self.idle >= idle_looks and not line.buffer

    # What must be so.

    def require(self, waiting: list[Held]) -> None:
        """Raise AssertionError unless it has received what it must have by now.

        Args:
            waiting: handlers, of all clients.
        """
        line = self.line
        assert line.faults == []
        self._require_bounds()
        if line.is_gone:
            is_noticed = line.is_lost or self.absent < 2 or not line.is_direct
            assert is_noticed, "gone for two ticks, but nobody has noticed"
            return
        assert not line.is_aborted or self.unread > self.limits.write_s, "cut, but it has read"
        if line.is_aborted:
            return
        for i, answer in enumerate(self._receipt(line.received).answers):
            self._require_answer(i, answer)
        mine = [place(held) for held in waiting if held.transport is line]
        finals = [i for i, message in enumerate(self.sent) if message.is_final]
        # RFC 9112 §9.6: what follows such a request is not even looked at.
        assert not finals or max([0, *mine]) <= finals[0], "handled behind the last request"
        if line.is_ended:
            self._require_end()
        else:
            assert not self.is_reaped, "idle for too long, but not ended"
        if line.is_reading and not line.is_ended:
            self._require_progress(mine)
        assert self.unread <= self.limits.write_s + 1, "it does not read, but is not cut"

    def _receipt(self, data: bytes) -> Receipt:
        receipt = read(data, [message.due.is_head for message in self.sent])
        # To learn whether a client is still there, the first byte of its answer is sent early.
        is_early = receipt.rest == b"H" and len(receipt.answers) < len(self._dues())
        is_cut = data != self.line.written  # the client does not read
        assert receipt.rest == b"" or is_early or is_cut, f"half an answer: {receipt.rest!r}"
        return receipt

    def _require_answer(self, i: int, answer: Answer) -> None:
        dues = self._dues()
        assert i < len(dues), f"an answer that nobody asked for: {answer}"
        due = dues[i].due
        assert answer.interims <= (due.head_end >= 0), f"100 Continue before answer {i}"
        if self.is_draining and answer.fields.get(b"Connection") == b"close":
            due = due._replace(is_last=True)
            self.sent[i] = dues[i]._replace(due=due)
        problem = difference(answer._replace(interims=0), due, False)
        assert not problem, f"answer {i}: {problem}"

    def _dues(self) -> list[Message]:
        """Return the requests that are to be answered, up to one that ends the connection."""
        sent = self.sent
        last = next((i for i, message in enumerate(sent) if message.due.is_last), len(sent))
        return sent[: last + 1]

    def _owed(self, received: bytes) -> list[Message]:
        return self._dues()[len(self._receipt(received).answers) :]

    def _has_last(self) -> bool:
        """Tell whether it has received an answer that ends the connection."""
        answered = len(self._receipt(self.line.received).answers)
        return answered > 0 and self.sent[answered - 1].due.is_last

    def _require_bounds(self) -> None:
        connection, limits = self.line.connection, self.limits
        assert connection.pipeline.owed <= limits.pipeline + 1, "more answers owed than allowed"
        most = max(limits.head, self.largest) + limits.head
        assert len(connection.tail) <= most, f"{len(connection.tail)} bytes kept of what was read"
        # Reading stops at the limit; handlers that are under way then may still answer.
        sizes = [len(message.due.body or b"") for message in self.sent]
        most = limits.output + limits.pipeline * max([0, *sizes])
        assert connection.pipeline.held <= most, f"{connection.pipeline.held} bytes of answers kept"

    def _require_end(self) -> None:
        line = self.line
        if line.is_reading:
            has_reason = self.is_draining or self.is_eof or self._has_last() or self.is_reaped
            assert has_reason, "ended, but nobody knows why"
            assert not self._owed(line.received) or self.is_draining, "ended, but an answer is owed"
            is_late = self.quiet > QUIET_TICKS or self.ended > LINGER_TICKS
            assert line.is_lost or not is_late, "ended, but not closed for a long time"

    def _require_progress(self, mine: list[int]) -> None:
        """Require that who is not answered has a handler to wait for."""
        line = self.line
        if self._owed(line.received):
            answered = len(self._receipt(line.received).answers)
            assert answered in mine, "no answer, but nobody is waited for"
            assert line.connection.pipeline.owed > 0
            return
        assert not self.is_draining or self.part, "idle, but not ended"
        assert not self.is_eof, "nothing is owed, but the connection has not ended"
        assert not self._has_last(), "the last answer was sent, but not the end"
        assert not line.is_paused, "nothing is owed, but reading is paused"
        assert not line.undelivered
        assert line.connection.pipeline.owed == 0


def place(held: Held) -> int:
    """Return which of its client's requests a handler works on."""
    return int(held.request.headers["X-Mark"])
