"""Connection: the state machine between a transport and the handlers.

Knows when a head or a body is complete, who answers it, and what has taken too long. Knows no
socket and no event loop: the worker hands in a Service, which says how to run a handler's
awaitable, what to answer to an error, and what time it is. How answers leave is in `sender.py`.

How it works: `data_received` turns what was read into answers in one go, unless that takes so long
that others should have their turn first. Each axis has its own state: `reading` says what the next
byte belongs to, `pipeline` which answers are owed, `is_ending` whether the connection closes behind
the last of them, `is_blocked` whether reading waits for room, `is_resting` whether for its turn.

Invariants:
- No exception of a handler or of a peer leaves this module.
- One write per turn, one more per answer that became ready later, more only beyond `Limits.output`.
- Context variables that a request sets are not seen by another one (`Scratch`).
"""

from typing import Final, cast, final

from librt.strings import BytesWriter
from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

from japy.core.body import CHUNKED, ChunkedBody, LengthBody, frame
from japy.core.drive import Standin
from japy.core.errors import (
    INCOMPLETE_BODY,
    INCOMPLETE_HEADERS,
    REQUEST_TIMEOUT,
    BadRequest,
)
from japy.core.head import expects_continue, is_persistent, read_line, require_secured
from japy.core.outlet import Outlet, Socket, Transport
from japy.core.parser import (
    COLUMNS,
    END,
    FULL,
    MARK_CODING,
    MARK_HOST,
    MARK_LENGTH,
    MARK_ODD_TARGET,
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
from japy.core.pipeline import Slot
from japy.core.request import Origin, Peer, Request, put_arrival, put_body, put_match
from japy.core.response import Response
from japy.core.sender import Reading, Sender
from japy.core.service import Scratch, Service

HEAD_METHOD: Final = b"HEAD "
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
RETRY_S: Final = "1"  # seconds after which a client that was turned away may come again
MUCH: Final = 64 * 1024  # bytes of a read after which it is somebody else's turn
STEP: Final = 2048  # bytes of chunks, which may have one byte each, between looks at the clock
MAX_LINGERING: Final = 64  # of those that are turned away while more linger, some lose the answer


@final
@mypyc_attr(native_class=True)
class Connection(Sender):
    """One client. The public methods are what asyncio calls, and `drain` for the worker."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.is_quiet = False  # set by each look of the reaper, unset by each read
        self.is_resting = False  # set while others have their turn, and what was read waits
        self._is_secure = False  # whether the transport speaks TLS; set by connection_made
        self._head_s = 0.0  # for how many ticks a head has been on its way
        self._quiet_s = 0.0  # how long the reaper has seen the connection quiet
        self.tail = b""  # read, but not used yet: the beginning of a head, or what waits for room
        self._tail_pos: i64 = 0  # where in the tail that begins; 0 for the beginning of a head
        self._turn: i64 = 0  # requests that were handled since the clock was last looked at
        self._stride: i64 = service.stride  # how many may be
        self._turn_at = 0.0  # when it was first looked at in this turn; 0 before

    # What asyncio calls.

    def connection_made(self, transport: Transport) -> None:
        """Take the transport and join the worker's connections."""
        service = self.service
        self._transport = transport
        self._is_secure = transport.get_extra_info("sslcontext") is not None
        socket = cast("Socket | None", transport.get_extra_info("socket"))
        self._outlet = Outlet(transport, socket, service.write, self._is_secure)
        name = transport.get_extra_info("peername")
        address = str(name[0]) if isinstance(name, tuple) else ""
        origin = Origin(address, "https" if self._is_secure else "http")
        trace = None if name is None else service.trace  # without one it is gone, whoever it was
        self._peer = Peer(transport, service.app, origin, service.codec, trace)
        if len(service.connections) >= service.limits.connections:
            self._turn_away()
            return
        service.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Answer what was read, as far as it can be answered now."""
        self.is_quiet = False
        self._turn = 0
        self._turn_at = 0.0
        if self.service.clock is not None:
            self._note_read(self.service.clock())
        scratch = self.service.borrow()
        was_resting = self.is_resting
        scratch.turn(self, data)
        if not was_resting:
            self._await_turn()
        self.has_more = False
        if len(scratch.out) and self._transport is not None and self._outlet is not None:
            self._outlet.send(scratch.out.getvalue())
            scratch.out.truncate(0)
        self._flush(scratch.out)
        self.service.give_back(scratch)
        if len(data) >= MUCH:
            self._rest()

    def eof_received(self) -> bool:
        """Finish what is owed, then close: the peer may still read (half-close; not with TLS)."""
        self.is_eof = True
        if self.is_resting and self._is_secure:
            self._take_turn()
        elif not self.is_blocked:
            scratch = self.service.borrow()
            self._end_reading(scratch.out)
            self._flush(scratch.out)
            self.service.give_back(scratch)
        if self.pipeline.owed > 0 and self._outlet is not None:
            self._outlet.is_gone()  # asks; the next tick hears
        return self._transport is not None and not self._is_secure

    def pause_writing(self) -> None:
        """Stop reading until the peer has read what it was sent."""
        self.is_congested = True
        self._block()

    def resume_writing(self) -> None:
        """Go on where `pause_writing` stopped."""
        self.is_congested = False
        scratch = self.service.borrow()
        self._send_ready(scratch.out)
        self._flush(scratch.out)
        self.service.give_back(scratch)
        self._unblock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything and cancel the handlers that are under way.

        The connection counts as one of the worker's until the last of them has ended.
        """
        if self._outlet is not None:
            self._outlet.forget(self.service.lingering)
        self._transport = None
        self.reading = Reading.CLOSED
        self.tail = b""
        self._request = self._body = None
        self._abandon()
        if not self._waiting:
            self.service.connections.discard(self)

    # What the worker calls.

    def is_idle(self) -> bool:
        """Tell whether no request is under way; a head that is not complete does not count."""
        is_reading = self.reading is Reading.BODY or self.is_resting
        return self.pipeline.owed == 0 and not is_reading and not self._waiting

    def drain(self) -> None:
        """Close now if idle, else with the next answer."""
        self.is_draining = True
        if self.is_idle():
            self.leave()

    def tick(self) -> None:
        """Take note that another second has passed, and end what has taken too long."""
        transport, outlet = self._transport, self._outlet
        if transport is None or outlet is None:
            return
        limits = self.service.limits
        is_deaf = self.is_eof or self.is_blocked  # then no read will tell that the peer is gone
        rate = float(limits.write_rate)
        if outlet.is_stuck(limits.write_s, rate, self.service.count) or (
            is_deaf and self.pipeline.owed > 0 and outlet.is_gone()
        ):
            self._cut(transport)
            return
        error = self._lateness()
        if error is not None:
            scratch = self.service.borrow()
            self._refuse(error, self._asks_head(self.tail, 0), scratch.out)
            self._flush(scratch.out)
            self.service.give_back(scratch)

    def _cut(self, transport: Transport) -> None:
        """End the connection with a reset: what it was not told can be told from a good end."""
        socket = transport.get_extra_info("socket")
        if self.service.cut is not None and socket is not None:
            self.service.cut(socket)
        transport.abort()

    def reap(self, interval_s: float, timeout_s: float) -> None:
        """Close if no request has been under way for too long; called every interval."""
        is_free = self.is_idle() and not self.tail.strip(b"\r\n")  # an empty line is no request
        self._quiet_s = self._quiet_s + interval_s if self.is_quiet and is_free else 0.0
        self.is_quiet = is_free
        if self._quiet_s >= timeout_s and (self._outlet is None or not self._outlet.has_unsent()):
            self.close()

    # Fairness.

    def _rest(self) -> None:
        """Let others have their turn: a loop may read megabytes from one connection in a turn."""
        if self.service.call_soon is None or self._transport is None or self.is_eof:
            return
        self._transport.pause_reading()
        self.service.call_soon(self._go_on)

    def _look_at_clock(self) -> None:
        """End the turn if it takes too long: what waits is handled in the next one."""
        now = self.service.now()
        self._turn = 0
        if self._turn_at == 0.0:
            self._turn_at = now
            return
        took, most = now - self._turn_at, self.service.turn_s
        if took < most or self.service.call_soon is None or self._transport is None:
            return
        if self.is_eof and self._is_secure:  # TLS has no half-closed connections to wait on
            return
        if took > 2 * most:  # so few requests take that long that each is to be looked at
            self._stride = 1
        if not self.is_ending:
            self.is_resting = True
            self._block()

    def _await_turn(self) -> None:
        """If resting, go on in the next turn; not to be called in the context of a request."""
        if self.is_resting and self.service.call_soon is not None:
            self.service.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self.is_resting = False
        if self._transport is None or self.is_congested:
            return
        # A full pipeline has to be half empty first (`_unblock`); one that is not goes on at once.
        if self.is_blocked and not self.pipeline.is_full(self.service.limits):
            self._read_on()
        self._unblock()

    def _note_read(self, seconds: float) -> None:
        """Take note of when this read was: a request counts from its first byte on."""
        self._read_at = seconds
        if not self.tail.strip(b"\r\n"):  # an empty line is no request
            self._arrival = seconds

    def _go_on(self) -> None:
        if self._transport is None or self.is_eof:
            return
        if not self.is_blocked or self.is_ending:
            self._transport.resume_reading()

    # Bytes to requests.

    def receive(self, data: bytes, scratch: Scratch) -> None:
        pos: i64 = 0
        if self.tail:
            pos = self._tail_pos if not data else 0
            data = self.tail[self._tail_pos :] + data if data else self.tail
            self.tail = b""
        if self.is_ending:
            self._ignore()
            return
        if self.is_blocked:
            self._keep(data, pos)
            return
        size: i64 = len(data)
        try:
            while pos < size:
                if scratch.is_used or self.is_resting:
                    self._keep(data, pos)
                    return
                if self.reading is Reading.HEAD:
                    pos = self._read_heads(data, pos, scratch)
                elif self.reading is Reading.BODY:
                    pos = self._read_body(data, pos, scratch)
                else:
                    self._ignore()
                    return
        except BadRequest as error:
            self._refuse(error, self._asks_head(data, scratch.start), scratch.out)

    def _is_last(self) -> bool:
        # A client that pipelines is told the end with the answer to the last request that it has
        # sent, as no other is answered behind that.
        return not self.has_more and not self.tail

    def _keep(self, data: bytes, pos: i64) -> None:
        """Keep what waits for room as it is: the requests of one read share its bytes."""
        self.tail = data
        self._tail_pos = pos

    def _ignore(self) -> None:
        """Drop what comes behind the last request, but note that the peer still sends."""
        self.tail = b""
        if self._outlet is not None:
            self._outlet.hear()

    def _read_heads(self, data: bytes, pos: i64, scratch: Scratch) -> i64:
        """Handle every complete head from `pos` on and return the position of what follows."""
        parser = scratch.parser
        table = parser.table
        count = parser.parse(data, pos)
        is_repeat = parser.is_repeat
        outcome = table[OUTCOME]
        rest = table[NEXT]
        row: i64 = WORDS
        if count > 0:
            self._head_s = 0.0
        size: i64 = len(data)
        service = self.service
        for i in range(count):
            if self.is_blocked:
                # From where the head was looked for: an empty line before it is judged again, too.
                self._keep(data, table[row - COLUMNS + END] if i > 0 else pos)
                service.requests += i
                return size
            if self.is_draining:
                self.has_more = i < count - 1 or rest < size
            if not is_repeat:
                scratch.start = table[row + START]
                parser.lines[i] = read_line(data, table, row, service.limits.line)
                if i == count - 1 and pos == 0:
                    parser.remember(data)
            self._read_head(data, table, row, parser.lines[i], scratch)
            if self.reading is not Reading.HEAD:
                service.requests += i + 1
                return rest
            if scratch.is_used and i < count - 1:
                service.requests += i + 1
                return table[row + END]
            row += COLUMNS
        service.requests += count
        if outcome in (FULL, STOPPED):
            return rest
        if rest < size:
            scratch.start = rest
            parser.check(data)
            self.tail = data[rest:]
            self._tail_pos = 0
        return size

    def _read_head(
        self, data: bytes, table: vec[i64], row: i64, line: bytes, scratch: Scratch
    ) -> None:
        marks = table[row + MARKS]
        start = table[row + START]
        # Who is believed about clients (`trace`) may have secured theirs.
        if marks & MARK_ODD_TARGET and not self._is_secure and self.service.trace is None:
            require_secured(data, table, row)
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
        if self._is_timed:
            put_arrival(request, self._arrival)
            self._arrival = self._read_at  # the head that was begun before this read is used up
        if marks & (MARK_LENGTH | MARK_CODING):
            self._begin_body(request, data, table, row, scratch)
            return
        self._dispatch(request, scratch)

    def _begin_body(
        self, request: Request, data: bytes, table: vec[i64], row: i64, scratch: Scratch
    ) -> None:
        limits = self.service.limits
        limit = self.service.body_limit(request)
        size = frame(data, table, row, limit)
        if size == 0:
            put_body(request, b"")
            self._dispatch(request, scratch)
            return
        if size == CHUNKED:
            self._body = ChunkedBody(limit, limits.extras, limits.fields)
        else:
            self._body = LengthBody(size)
        self._request = request
        self.reading = Reading.BODY
        # RFC 9110 §10.1.1: no need to say so when the body is already coming.
        if table[row + END] == len(data) and expects_continue(data, table, row):
            self._interim(CONTINUE, scratch.out)

    def _read_body(self, data: bytes, pos: i64, scratch: Scratch) -> i64:
        body, request = self._body, self._request
        assert body is not None
        assert request is not None
        if isinstance(body, ChunkedBody) and len(data) - pos > STEP:
            if self._turn_at == 0.0:
                self._look_at_clock()
            pos += body.feed(data[pos : pos + STEP], 0)
            self._look_at_clock()
        else:
            pos = body.feed(data, pos)
        if body.done:
            if self.is_draining:
                self.has_more = pos < len(data)
            put_body(request, body.value())
            self._request = self._body = None
            self.reading = Reading.HEAD
            self._dispatch(request, scratch)
        return pos

    def _lateness(self) -> BadRequest | None:
        """Return the refusal of a request that comes too slowly (RFC 9110 §15.5.9)."""
        limits = self.service.limits
        if self.is_blocked:  # it is not the peer who makes it wait
            self._head_s = 0.0
        elif self.pipeline.holds_interim():  # nor here: it waits for 100 Continue
            return None
        elif self.reading is Reading.BODY and self._body is not None:
            if self._body.is_slow(limits.body_s, float(limits.body_rate)):
                detail = f"body under {limits.body_rate} bytes per second"
                return BadRequest(REQUEST_TIMEOUT, detail, 408)
        elif self.reading is Reading.HEAD and self.tail and self.tail.strip(b"\r\n"):
            self._head_s += 1.0
            if self._head_s > limits.head_s:
                return BadRequest(REQUEST_TIMEOUT, f"head over {limits.head_s:g} seconds", 408)
        return None

    def _end_reading(self, out: BytesWriter) -> None:
        """The peer has sent its last byte: judge what is left of it."""
        if self.reading is Reading.BODY:
            self._refuse(BadRequest(INCOMPLETE_BODY), self._asks_head(b"", 0), out)
        elif self.reading is Reading.HEAD and self.tail.strip(b"\r\n"):
            self._refuse(BadRequest(INCOMPLETE_HEADERS), self._asks_head(self.tail, 0), out)
        self.reading = Reading.CLOSED
        if self.pipeline.owed == 0:
            self.is_ending = True

    def _asks_head(self, data: bytes, pos: i64) -> bool:
        """Tell whether what is refused, and begins there in the data, is a HEAD request."""
        if self._request is not None:
            return self._request.is_head
        return data[pos : pos + 7].lstrip(b"\r\n").startswith(HEAD_METHOD)

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
        self._turn += 1
        if self._turn >= self._stride:
            self._look_at_clock()

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
        if slot.is_dropped and error is not None and not isinstance(error, Exception):
            self._drop(slot.request)  # it was cancelled, as it was to be
            return
        if error is not None:
            value = self.service.recover(slot.request, error)
        answer = self.service.resolve(slot.request, value, None)
        if not isinstance(answer, Response):
            self._await(answer, slot)
            return
        if slot.is_dropped or self._transport is None:
            self._drop(slot.request)
            return
        self.pipeline.fill(slot, answer)
        scratch = self.service.borrow()
        if self.service.answered is None:
            self._send_ready(scratch.out)
        else:  # who logs requests must not see the context variables of whose turn it was
            scratch.base.copy().run(self._send_ready, scratch.out)
        self._flush(scratch.out)
        self.service.give_back(scratch)
        if self.pipeline.is_full(self.service.limits):
            self._block()
        self._unblock()

    def _drop(self, request: Request) -> None:
        """End a request whose answer nobody waits for."""
        self.service.end(request)
        if self._transport is None and not self._waiting:
            self.service.connections.discard(self)

    def _turn_away(self) -> None:
        """Answer that there are too many connections already (RFC 9110 §15.6.4)."""
        service = self.service
        service.turned_away += 1
        scratch = service.borrow()
        response = Response("Service Unavailable", 503, headers={"Retry-After": RETRY_S})
        self._reject(response, False, scratch.out)
        self._flush(scratch.out)
        service.give_back(scratch)
        if len(service.lingering) > MAX_LINGERING:
            self.close()

    # The end, and room.

    def _unblock(self) -> None:
        """Read on once there is room: first what was read already, then from the transport."""
        while (
            self.is_blocked
            and not self.is_resting
            and not self.is_congested
            and self.pipeline.has_room(self.service.limits)
        ):
            self._read_on()

    def _read_on(self) -> None:
        """Handle what was read already; have the transport read if nothing stands against it."""
        self.is_blocked = False
        self._turn = 0
        self._turn_at = 0.0
        scratch = self.service.borrow()
        scratch.turn(self, b"")
        self._await_turn()
        self.has_more = False
        if self.is_eof and not self.is_blocked:
            scratch.base.copy().run(self._end_reading, scratch.out)
        self._flush(scratch.out)
        self.service.give_back(scratch)
        if not self.is_blocked and self._transport is not None and not self.is_eof:
            self._transport.resume_reading()
