"""Sender: how the answers of one connection leave, in order, and what ends it.

Knows which answers are owed, what is rendered, and when nothing may follow. Knows nothing of how a
request came to be: `protocol.py` reads, and calls handlers.

Invariants:
- What was answered is written before anything that ends the connection (an error, a close, an EOF).
- Nothing is rendered while the peer does not read what it was sent before.
- A request whose answer will never leave is ended all the same, once.
"""

from enum import Enum
from typing import Final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from japy.core.body import Body
from japy.core.drive import Standin
from japy.core.errors import BadRequest
from japy.core.outlet import Outlet, Transport
from japy.core.pipeline import Pipeline, Slot
from japy.core.request import Peer, Request, put_arrival
from japy.core.response import Response
from japy.core.service import Service

DIRECT: Final = 32 * 1024  # PERF: bodies from here on are not copied into the output buffer


class Reading(Enum):
    """What the next byte from the peer belongs to."""

    HEAD = "head"
    BODY = "body"
    CLOSED = "closed"  # nothing: it is ignored


@mypyc_attr(native_class=True)
class Sender:
    """The way out of one connection."""

    def __init__(self, service: Service) -> None:
        self.service: Final = service
        self.reading = Reading.HEAD
        self.pipeline: Final = Pipeline()
        self.is_ending = False  # set once the last answer of this connection is in the output
        self.is_blocked = False  # set while reading is paused
        self.is_congested = False  # set by the transport while its buffer is over its high mark
        self.is_draining = False  # set by the worker: answer what is here, then close
        self.has_more = False  # set while draining, if another request has been read already
        self.is_eof = False  # set once the peer has sent its last byte
        self._transport: Transport | None = None  # None before connection_made and after the end
        self._outlet: Outlet | None = None  # set by connection_made
        self._peer: Peer | None = None  # set by connection_made
        self._request: Request | None = None  # whose body is being read; set with reading BODY
        self._body: Body | None = None  # collector of that body
        self._waiting: dict[Standin, Slot] | None = None  # handlers that are under way
        # PERF: a flag of its own costs a third of a look at the clock (bench/micro, plaintext).
        self._is_timed: Final = service.clock is not None
        self._read_at = 0.0  # when the last read was; both are kept only if there is a clock
        self._arrival = 0.0  # when the next request's first byte was read

    def close(self) -> None:
        """Close once what was written is sent."""
        self.reading = Reading.CLOSED
        if self._transport is not None:
            self._transport.close()

    def _is_last(self) -> bool:
        """Tell whether no request is here that is not answered yet."""
        return True

    def leave(self) -> None:
        """Close, and do not wait for the peer to say goodbye, too."""
        self.close()
        if self._outlet is not None:
            self._outlet.leave(self.service.count)

    def abandon(self) -> None:
        """Cancel the handlers that are under way; each is still answered."""
        for standin in list(self._waiting or ()):
            standin.cancel()

    def _queue(self, slot: Slot) -> None:
        self.pipeline.push(slot)
        if self.pipeline.is_full(self.service.limits):
            self._block()

    def _interim(self, data: bytes, out: BytesWriter) -> None:
        if self.pipeline.owed == 0:
            out.write(data)
        else:
            self._queue(Slot(None, None, data))

    def _send_ready(self, out: BytesWriter) -> None:
        while not self.is_ending and not self.is_congested:
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

    def _send(self, request: Request, response: Response, out: BytesWriter) -> None:
        """Render an answer whose turn it is."""
        service = self.service
        close = (
            not request.keep_alive
            or response.close
            or (self.is_draining and self.pipeline.owed == 0 and self._is_last())
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

    def _refuse(self, error: BadRequest, is_head: bool, out: BytesWriter) -> None:
        """Answer what never came to be a request, behind what is owed, and end the connection.

        Args:
            error: why.
            is_head: whether the method is HEAD: its answer has no body (RFC 9110 §9.3.2).
            out: where the answer goes.
        """
        assert self._peer is not None
        raw = self.service.refused(self._peer.origin.address, error)
        self.reading = Reading.CLOSED
        self._request = self._body = None
        if raw is not None:
            slot = Slot(None, None, raw)
            slot.is_last = True
            self.pipeline.push(slot)
            self._send_ready(out)
            return
        self._reject(Response(error.name, error.status), is_head, out)

    def _reject(self, response: Response, is_head: bool, out: BytesWriter) -> None:
        """Send or queue an answer to what is no request, the last one of the connection."""
        assert self._peer is not None
        response.close = True
        line = b"HEAD -" if is_head else b"- -"
        size: i64 = len(line)
        request = Request(self._peer, line, size - 2, line, 0, size, size, size, False, True)
        put_arrival(request, self._arrival)
        if self.pipeline.owed == 0:
            self._send(request, response, out)
        else:
            self.pipeline.push(Slot(request, response, b""))

    def _finish(self) -> None:
        """Nothing follows the answer just rendered."""
        self.is_ending = True
        self.reading = Reading.CLOSED
        self._abandon()

    def _abandon(self) -> None:
        """Forget the answers that are owed and cancel their handlers, but those that may finish."""
        for slot in self.pipeline.clear():
            slot.is_dropped = True
            if slot.request is not None and slot.response is not None:
                self.service.end(slot.request)
        for standin, slot in list((self._waiting or {}).items()):
            if slot.request is None or self.service.cancels(slot.request):
                standin.cancel()

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
        if self.service.written is not None:
            self.service.written()

    def _block(self) -> None:
        if not self.is_blocked and self._transport is not None:
            self.is_blocked = True
            if not self.is_eof:
                self._transport.pause_reading()
