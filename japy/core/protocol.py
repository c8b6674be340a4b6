"""Connection: the state machine between a transport and the handlers.

Knows when a head, a body or an answer is complete, in which order things leave, and when a
connection ends. Knows no socket, no clock and no event loop: the worker hands in a Service, which
says how to run a handler's awaitable, what to answer to an error, and what time it is.

How it works: `data_received` turns what was read into answers in one go. Each axis has its own
state: `reading` says what the next byte belongs to, `pipeline` which answers are owed, `is_ending`
whether the connection closes behind the last of them, `is_blocked` whether reading waits for room.

Invariants:
- What was answered is written before anything that ends the connection (an error, a close, an EOF).
- No exception of a handler or of a peer leaves this module.
- One write per read, one more per answer that became ready later, more only beyond `Limits.output`.
- Context variables that a request sets are not seen by another one (`Scratch`).
"""

from enum import Enum
from typing import Final, cast, final

from librt.strings import BytesWriter
from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

from japy.core.body import CHUNKED, Body, ChunkedBody, LengthBody, frame
from japy.core.drive import Standin
from japy.core.errors import INCOMPLETE_BODY, INCOMPLETE_HEADERS, BadRequest
from japy.core.head import expects_continue, is_persistent, read_line
from japy.core.outlet import Outlet, Socket, Transport
from japy.core.parser import (
    COLUMNS,
    END,
    FULL,
    MARK_CODING,
    MARK_HOST,
    MARK_LENGTH,
    MARK_OLD,
    MARKS,
    METHOD_END,
    NEXT,
    OUTCOME,
    PATH_END,
    START,
    STOPPED,
    TARGET_END,
    WORDS,
)
from japy.core.pipeline import Pipeline, Slot
from japy.core.request import Peer, Request, put_body, put_match
from japy.core.response import Response
from japy.core.service import Scratch, Service

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
DIRECT: Final = 32 * 1024  # PERF: bodies from here on are not copied into the output buffer


class Reading(Enum):
    """What the next byte from the peer belongs to."""

    HEAD = "head"
    BODY = "body"
    CLOSED = "closed"  # nothing: it is ignored


@final
@mypyc_attr(native_class=True)
class Connection:
    """One client. The public methods are what asyncio calls, and `drain` for the worker."""

    def __init__(self, service: Service) -> None:
        self.service: Final = service
        self.reading = Reading.HEAD
        self.pipeline: Final = Pipeline()
        self.is_ending = False  # set once the last answer of this connection is in the output
        self.is_blocked = False  # set while reading is paused
        self.is_congested = False  # set by the transport while its buffer is over its high mark
        self.is_draining = False  # set by the worker: answer what is here, then close
        self.is_eof = False  # set once the peer has sent its last byte
        self.is_quiet = False  # set by each look of the reaper, unset by each read
        self._quiet_s = 0.0  # how long the reaper has seen the connection quiet
        self.tail = b""  # read, but not used yet: the beginning of a head, or what waits for room
        self._transport: Transport | None = None  # None before connection_made and after the end
        self._outlet: Outlet | None = None  # set by connection_made
        self._peer: Peer | None = None  # set by connection_made
        self._request: Request | None = None  # whose body is being read; set with reading BODY
        self._body: Body | None = None  # collector of that body
        self._waiting: dict[Standin, Slot] | None = None  # handlers that are under way

    # What asyncio calls.

    def connection_made(self, transport: Transport) -> None:
        """Take the transport and join the worker's connections."""
        service = self.service
        self._transport = transport
        socket = None
        if transport.get_extra_info("sslcontext") is None:
            socket = cast("Socket | None", transport.get_extra_info("socket"))
        self._outlet = Outlet(transport, socket, service.write)
        name = transport.get_extra_info("peername")
        address = name[0] if isinstance(name, tuple) else ""
        self._peer = Peer(transport, service.app, str(address), service.codec)
        service.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Answer what was read, as far as it can be answered now."""
        self.is_quiet = False
        scratch = self.service.borrow()
        scratch.turn(self, data)
        if len(scratch.out) and self._transport is not None and self._outlet is not None:
            self._outlet.send(scratch.out.getvalue())
            scratch.out.truncate(0)
        self._flush(scratch.out)
        self.service.give_back(scratch)

    def eof_received(self) -> bool:
        """Finish what is owed, then close: the peer may still read (half-close)."""
        self.is_eof = True
        if not self.is_blocked:
            scratch = self.service.borrow()
            self._end_reading(scratch.out)
            self._flush(scratch.out)
            self.service.give_back(scratch)
        return self._transport is not None

    def pause_writing(self) -> None:
        """Stop reading until the peer has read what it was sent."""
        self.is_congested = True
        self._block()

    def resume_writing(self) -> None:
        """Go on where `pause_writing` stopped."""
        self.is_congested = False
        self._unblock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything and cancel the handlers that are under way."""
        self.service.connections.discard(self)
        if self._outlet is not None:
            self._outlet.forget(self.service.lingering)
        self._transport = None
        self.reading = Reading.CLOSED
        self.tail = b""
        self._request = self._body = None
        self._abandon()

    # What the worker calls.

    def is_idle(self) -> bool:
        """Tell whether no request is under way; a head that is not complete does not count."""
        return self.pipeline.owed == 0 and self.reading is not Reading.BODY

    def drain(self) -> None:
        """Close now if idle, else with the next answer."""
        self.is_draining = True
        if self.is_idle():
            self.close()

    def close(self) -> None:
        """Close once what was written is sent."""
        self.reading = Reading.CLOSED
        if self._transport is not None:
            self._transport.close()

    def abandon(self) -> None:
        """Cancel the handlers that are under way; each is still answered."""
        for standin in list(self._waiting or ()):
            standin.cancel()

    def reap(self, interval_s: float, timeout_s: float) -> None:
        """Close if nothing was read for too long and no answer is owed; called every interval."""
        is_free = self.pipeline.owed == 0
        self._quiet_s = self._quiet_s + interval_s if self.is_quiet and is_free else 0.0
        self.is_quiet = is_free
        if self._quiet_s >= timeout_s:
            self.close()

    # Bytes to requests.

    def receive(self, data: bytes, scratch: Scratch) -> None:
        if self.tail or self.is_blocked:
            data = self.tail + data
            self.tail = b""
        if self.is_blocked:
            self.tail = data
            return
        pos: i64 = 0
        size: i64 = len(data)
        try:
            while pos < size:
                if scratch.is_used:
                    self.tail = data[pos:]
                    return
                if self.reading is Reading.HEAD:
                    pos = self._read_heads(data, pos, scratch)
                elif self.reading is Reading.BODY:
                    pos = self._read_body(data, pos, scratch)
                else:
                    return
        except BadRequest as error:
            self._refuse(error, scratch.out)

    def _read_heads(self, data: bytes, pos: i64, scratch: Scratch) -> i64:
        """Handle every complete head from `pos` on and return the position of what follows."""
        parser = scratch.parser
        table = parser.table
        count = parser.parse(data, pos)
        is_repeat = parser.is_repeat
        outcome = table[OUTCOME]
        rest = table[NEXT]
        row: i64 = WORDS
        for i in range(count):
            if self.is_blocked:
                self.tail = data[table[row + START] :]
                return len(data)
            if not is_repeat:
                parser.lines[i] = read_line(data, table, row, self.service.limits.line)
                if i == count - 1 and pos == 0:
                    parser.remember(data)
            self._read_head(data, table, row, parser.lines[i], scratch)
            if self.reading is not Reading.HEAD:
                return rest
            row += COLUMNS
            if scratch.is_used and i < count - 1:
                return table[row + START]
        if outcome in (FULL, STOPPED):
            return rest
        size: i64 = len(data)
        if rest < size:
            parser.check(data)
            self.tail = data[rest:]
        return size

    def _read_head(
        self, data: bytes, table: vec[i64], row: i64, line: bytes, scratch: Scratch
    ) -> None:
        marks = table[row + MARKS]
        start = table[row + START]
        assert self._peer is not None
        request = Request(
            self._peer,
            line,
            table[row + METHOD_END] - start,
            data,
            start,
            table[row + PATH_END],
            table[row + TARGET_END],
            table[row + END],
            marks & MARK_OLD != 0,
            marks == MARK_HOST or is_persistent(data, table, row),
        )
        if marks & (MARK_LENGTH | MARK_CODING):
            self._begin_body(request, data, table, row, scratch)
            return
        self._dispatch(request, scratch)

    def _begin_body(
        self, request: Request, data: bytes, table: vec[i64], row: i64, scratch: Scratch
    ) -> None:
        limits = self.service.limits
        size = frame(data, table, row, limits)
        if size == 0:
            put_body(request, b"")
            self._dispatch(request, scratch)
            return
        self._body = ChunkedBody(limits.body) if size == CHUNKED else LengthBody(size)
        self._request = request
        self.reading = Reading.BODY
        # RFC 9110 §10.1.1: no need to say so when the body is already coming.
        if table[row + END] == len(data) and expects_continue(data, table, row):
            self._interim(CONTINUE, scratch.out)

    def _read_body(self, data: bytes, pos: i64, scratch: Scratch) -> i64:
        body, request = self._body, self._request
        assert body is not None
        assert request is not None
        pos = body.feed(data, pos)
        if body.done:
            put_body(request, body.value())
            self._request = self._body = None
            self.reading = Reading.HEAD
            self._dispatch(request, scratch)
        return pos

    def _end_reading(self, out: BytesWriter) -> None:
        """The peer has sent its last byte: judge what is left of it."""
        if self.reading is Reading.BODY:
            self._refuse(BadRequest(INCOMPLETE_BODY), out)
        elif self.reading is Reading.HEAD and self.tail.strip(b"\r\n"):
            self._refuse(BadRequest(INCOMPLETE_HEADERS), out)
        self.reading = Reading.CLOSED
        if self.pipeline.owed == 0:
            self.is_ending = True

    # Requests to answers.

    def _dispatch(self, request: Request, scratch: Scratch) -> None:
        """Call the handler and send or queue its answer."""
        service = self.service
        try:
            match = service.router.find(request.line) or service.search(request)
            if match is None:
                result = service.miss(request)
            else:
                put_match(request, match)
                result = match.route.endpoint(request)
            if not isinstance(result, Response) and type(result) is service.coroutine_type:
                result = service.driver.run(result, scratch.changed())
        except BaseException as error:
            result = service.recover(request, error)
        if isinstance(result, Response) and self.pipeline.owed == 0:
            self._send(request, result, scratch.out)
        else:
            self._settle(request, result, scratch)
        if not scratch.is_empty or len(scratch.context) > 0:
            scratch.check()

    def _settle(self, request: Request, result: object, scratch: Scratch) -> None:
        """Send an answer, queue it, or queue the place of one that a handler still works on."""
        answer = self.service.resolve(request, result, scratch)
        if isinstance(answer, Response) and self.pipeline.owed == 0:
            self._send(request, answer, scratch.out)
            return
        if isinstance(answer, Response):
            self._queue(Slot(request, answer, b""))
        else:
            slot = Slot(request, None, b"")
            self._await(answer, slot)
            self._queue(slot)
        if not request.keep_alive:
            self.reading = Reading.CLOSED  # RFC 9112 §9.6: what follows is not processed

    def _await(self, standin: Standin, slot: Slot) -> None:
        if self._waiting is None:
            self._waiting = {}
        self._waiting[standin] = slot
        standin.on_end = self._on_end

    def _on_end(self, standin: Standin, value: object, error: BaseException | None) -> None:
        """Take the answer of a handler that waited, and send every answer whose turn it is."""
        slot = None if self._waiting is None else self._waiting.pop(standin, None)
        if slot is None or slot.request is None:
            return
        if error is not None:
            value = self.service.recover(slot.request, error)
        answer = self.service.resolve(slot.request, value, None)
        if not isinstance(answer, Response):
            self._await(answer, slot)
            return
        slot.response = answer
        if slot.is_dropped:
            self.service.end(slot.request)
        if slot.is_dropped or self._transport is None:
            return
        scratch = self.service.borrow()
        if self.service.answered is None:
            self._send_ready(scratch.out)
        else:  # who logs requests must not see the context variables of whose turn it was
            scratch.base.copy().run(self._send_ready, scratch.out)
        self._flush(scratch.out)
        self.service.give_back(scratch)
        self._unblock()

    def _send_ready(self, out: BytesWriter) -> None:
        while not self.is_ending:
            slot = self.pipeline.pop()
            if slot is None:
                break
            if slot.request is not None and slot.response is not None:
                self._send(slot.request, slot.response, out)
            else:
                out.write(slot.interim)
                if slot.is_last:
                    self._finish()
        if self.is_eof and self.pipeline.owed == 0 and not self.is_blocked:
            self.is_ending = True

    def _queue(self, slot: Slot) -> None:
        self.pipeline.push(slot)
        if self.pipeline.owed >= self.service.limits.pipeline:
            self._block()

    def _interim(self, data: bytes, out: BytesWriter) -> None:
        if self.pipeline.owed == 0:
            out.write(data)
        else:
            self._queue(Slot(None, None, data))

    def _send(self, request: Request, response: Response, out: BytesWriter) -> None:
        """Render an answer whose turn it is."""
        service = self.service
        close = (
            not request.keep_alive
            or response.close
            or (self.is_draining and self.pipeline.owed == 0)
            or response.code < 200  # an interim status is no answer: the client would wait for one
        )
        mark = len(out)
        try:
            response.render_head(out, service.stamp, request.is_old, close)
        except Exception as error:  # it was made unusable after it was made
            out.truncate(mark)
            response = service.unusable(request, error)
            response.render_head(out, service.stamp, request.is_old, close)
        if not request.is_head:
            self._send_body(response.body, out)
        if close:
            self._finish()
        if request.has_callbacks:
            service.end(request)
        if service.answered is not None:
            service.answered(request, response)

    def _send_body(self, body: bytes, out: BytesWriter) -> None:
        if len(body) < DIRECT:
            out.write(body)
            if len(out) > self.service.limits.output:
                self._write(out)
            return
        self._write(out)
        if self._transport is not None and self._outlet is not None:
            self._outlet.queue(body)

    def _refuse(self, error: BadRequest, out: BytesWriter) -> None:
        """Answer what never came to be a request, behind what is owed, and end the connection."""
        assert self._peer is not None
        raw = self.service.refused(self._peer.address, error)
        self.reading = Reading.CLOSED
        self._request = self._body = None
        if raw is not None:
            slot = Slot(None, None, raw)
            slot.is_last = True
            self.pipeline.push(slot)
            self._send_ready(out)
            return
        response = Response(error.name, error.status)
        response.close = True
        line = b"- -"
        request = Request(self._peer, line, 1, line, 0, 3, 3, 3, False, True)
        if self.pipeline.owed == 0:
            self._send(request, response, out)
        else:
            self.pipeline.push(Slot(request, response, b""))

    # The end, and room.

    def _finish(self) -> None:
        """Nothing follows the answer just rendered."""
        self.is_ending = True
        self.reading = Reading.CLOSED
        self._abandon()

    def _abandon(self) -> None:
        """Forget the answers that are owed and cancel their handlers."""
        for slot in self.pipeline.clear():
            slot.is_dropped = True
            if slot.request is not None and slot.response is not None:
                self.service.end(slot.request)
        self.abandon()

    def _write(self, out: BytesWriter) -> None:
        """Have what was rendered so far written with what follows."""
        if len(out) and self._transport is not None and self._outlet is not None:
            self._outlet.queue(out.getvalue())
            out.truncate(0)

    def _flush(self, out: BytesWriter) -> None:
        self._write(out)
        if self.is_ending and self._transport is not None and self._outlet is not None:
            self._outlet.part(self.is_eof, self.service.lingering)
            if self.is_blocked and not self.is_eof:
                self._transport.resume_reading()  # to see the end of the peer; all else is ignored

    def _block(self) -> None:
        if not self.is_blocked and self._transport is not None:
            self.is_blocked = True
            if not self.is_eof:
                self._transport.pause_reading()

    def _unblock(self) -> None:
        """Read on once there is room: first what was read already, then from the transport."""
        while (
            self.is_blocked
            and not self.is_congested
            and self.pipeline.owed < self.service.limits.pipeline
        ):
            self.is_blocked = False
            scratch = self.service.borrow()
            scratch.turn(self, b"")
            if self.is_eof and not self.is_blocked:
                self._end_reading(scratch.out)
            self._flush(scratch.out)
            self.service.give_back(scratch)
            if not self.is_blocked and self._transport is not None and not self.is_eof:
                self._transport.resume_reading()
