"""Metrics: what is served to Prometheus, and to who asks for the health of a server.

Knows as much HTTP as that needs: a request is a line and a head, an answer ends the connection.

Invariant: where there is so much to tell that it takes long, that costs the master a tenth of its
time at most, however many ask.
"""

import re
import time
from collections.abc import Callable

from japy.monitoring.desk import Desk, Guest
from japy.monitoring.exposition import TYPE, exposition
from japy.monitoring.report import Server, View
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import Listening

PATH = "/metrics"
LINE = re.compile(rb"([!-~]+) ([!-~]+) HTTP/1\.[01]\r?\n")
PLAIN = "text/plain; charset=utf-8"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
REASONS |= {503: "Service Unavailable"}
CHEAP_S = 0.02  # of the processor: what a text may take that is made anew for everybody
SHARE = 10  # else it serves again for so many times what it took


class Metrics:
    """What can be asked at `--metrics-bind`.

    Args:
        listening: the socket.
        server: what does not change.
        ledger: what is left of workers that are gone.
        view: returns what the master lets see.
    """

    def __init__(
        self, listening: Listening, server: Server, ledger: Ledger, view: Callable[[], View]
    ) -> None:
        self.desk = Desk(listening, self._serve)
        self._server = server
        self._ledger = ledger
        self._view = view
        self._health_path = server.config.health_path
        self._text = b""  # the last one
        self._fresh_until = 0.0  # until when it serves again

    def _serve(self, guest: Guest) -> None:
        if not guest.has_ended and not re.search(rb"\r?\n\r?\n", guest.inbox):
            return
        line = LINE.match(guest.inbox)
        if line is None:
            guest.answer(response(400, "This is no request of HTTP/1.1.\n"))
            return
        method, path = line[1], line[2].partition(b"?")[0].decode()
        if method not in (b"GET", b"HEAD"):
            guest.answer(response(405, "Ask with GET.\n", "Allow: GET, HEAD\r\n"))
            return
        whole = self._answer(path)
        head, _, _ = whole.partition(b"\r\n\r\n")
        guest.answer(whole if method == b"GET" else head + b"\r\n\r\n")

    def _answer(self, path: str) -> bytes:
        if path == PATH:
            return self._metrics()
        if path != self._health_path:
            return response(404, f"There is nothing here: see {PATH}.\n")
        trouble = ailment(self._view())
        return response(503 if trouble else 200, f"{trouble or 'ok'}\n")

    def _metrics(self) -> bytes:
        """Return the numbers; if that takes long, those of a moment ago."""
        if time.monotonic() >= self._fresh_until:
            began = time.process_time()  # not what others have taken meanwhile
            view = self._view()
            hands = [hand for slot in view.slots for hand in slot.hands()] + view.leaving
            counts = self._ledger.sum([hand.row for hand in hands])
            text = exposition(self._server.report(view, self._ledger), counts)
            self._text = response(200, text.decode(), kind=TYPE)
            took = time.process_time() - began
            self._fresh_until = time.monotonic() + took * SHARE if took > CHEAP_S else 0.0
        return self._text


def ailment(view: View) -> str:
    """Return why a server should be sent no requests; empty if it should."""
    if view.is_stopping:
        return "stopping"
    return "" if any(slot.is_serving() for slot in view.slots) else "no worker serves"


def response(status: int, text: str, fields: str = "", kind: str = PLAIN) -> bytes:
    """Return an answer."""
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n{fields}Connection: close\r\n"
    )
    return f"{head}\r\n".encode() + body
