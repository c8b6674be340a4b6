"""What the stages of a request cost in this process: a script that prints nanoseconds as JSON.

Knows the classes of the core that the stages are, and how to call them the way a Connection does.
Refuses to know of other processes: `cli.py` starts one of these for each round and mode.

How it works: the whole path is Connection.data_received with a transport that keeps the last write,
called from a callback of the event loop, as uvloop does. Stages are calls of the same methods in a
loop. A step from this file, which is interpreted, into a compiled core costs more than one
inside of it: that step is measured, too, and taken off, as is the loop.

Invariants:
- A measured path has answered every request with 200, or there is no number.
- Times are processor time of this thread: what else runs here does not count.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from itertools import cycle, repeat
from pathlib import Path
from statistics import median
from time import thread_time_ns

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: japy is what is installed

import uvloop
from librt.strings import BytesWriter

from bench.micro.case import CASES, Case
from japy import Application, Request, Response, core
from japy.core.parser import Parser
from japy.core.pipeline import Pipeline
from japy.core.protocol import Connection
from japy.core.response import Stamp

BATCHES = 3
CHUNK = 240  # requests that are kept at once: fresh ones, but still in the processor's cache
DATE = "Thu, 01 Jan 1970 00:00:00 GMT"


class Wire:
    """A transport that keeps the last write."""

    def __init__(self) -> None:
        self.last = b""

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.last = data

    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write_eof(self) -> None: ...
    def get_extra_info(self, name: str) -> object: ...
    def is_closing(self) -> bool:
        """Tell that it is open."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait."""
        return 0


class Line:
    """One connection to an application with one route."""

    def __init__(self, pattern: str, handler: Callable[[Request], object]) -> None:
        app = Application()
        app.router.add_route(pattern, handler)
        self.limits = app.limits
        self.service = app.service()
        self.service.stamp = Stamp(DATE)
        self.wire = Wire()
        self.connection = Connection(self.service)
        self.connection.connection_made(self.wire)
        self.receive = self.connection.data_received


class Keeper:
    """A handler that keeps requests; what it answers does not matter."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Keep it."""
        self.requests.append(request)
        return request.Response()


def clock(action: Callable[[int], object], turns: int) -> float:
    """Return the nanoseconds of a turn."""
    action(turns // 10 + 1)
    times = []
    for _ in range(BATCHES):
        begin = thread_time_ns()
        action(turns)
        times.append((thread_time_ns() - begin) / turns)
    return median(times)


def drop(requests: list[Request]) -> None:
    """Let go of one request after the other, as a connection does."""
    while requests:
        requests.pop()


class Overhead:
    """What measuring costs: a turn of a loop, and a step into the core where it is compiled."""

    def __init__(self, turns: int) -> None:
        pop = Pipeline().pop  # of nothing: it returns at once

        def spin(count: int) -> None:
            for _ in repeat(None, count):
                pass

        def step(count: int) -> None:
            for _ in repeat(None, count):
                pop()

        self.loop = clock(spin, turns)
        # An interpreted core takes such steps from module to module; they belong to its cost.
        self.step = clock(step, turns) - self.loop if core.COMPILED else 0.0


class Stages:
    """What a request of one case goes through."""

    def __init__(self, case: Case, requests: int, overhead: Overhead) -> None:
        self._case = case
        self._reads = case.reads()
        self._turns = max(1, requests // (2 * case.depth))  # of two reads each
        self._overhead = overhead
        self._line = Line(case.pattern, case.handler)

    def measure(self) -> dict[str, float]:
        """Return the nanoseconds of each stage for one request."""
        return {
            "whole": self._whole(),
            "parse": self._parse(),
            "route": self._route(),
            "handler": median(self._handler() for _ in range(BATCHES)),
            "render": self._render(),
        }

    def _whole(self) -> float:
        first, again, other = self._reads
        receive = self._line.receive

        def run(count: int) -> None:
            for _ in repeat(None, count):
                receive(again)
                receive(other)

        receive(first)
        spent = clock(run, self._turns)
        answers = self._line.wire.last.count(b"HTTP/1.1 200 OK\r\n")
        if answers != self._case.depth:
            raise SystemExit(f"{self._case.title}: {answers} answers to {self._case.depth}")
        return spent / (2 * self._case.depth)

    def _parse(self) -> float:
        first, again, other = self._reads
        parser = Parser(self._line.limits)
        parse = parser.parse
        # A head with a body behind it is the last of its call.
        is_one_call = parse(first, 0) == self._case.depth
        size = len(first) if is_one_call else len(self._case.request)
        places = range(0, len(first), size)
        if self._case.is_repeat:
            parser.remember(first)

        def run(count: int) -> None:
            for _ in repeat(None, count):
                for pos in places:
                    parse(again, pos)
                for pos in places:
                    parse(other, pos)

        calls = 2 * len(places)
        return self._net(clock(run, self._turns), calls, calls) / (2 * self._case.depth)

    def _route(self) -> float:
        request = self._keep()[0]
        line, method_size = request.line, request.method_size
        find, search = self._line.service.router.find, self._line.service.router.search
        calls = 1 if find(line) is not None else 2

        def run(count: int) -> None:
            for _ in repeat(None, count):
                if find(line) is None:
                    search(line, method_size)

        return self._net(clock(run, self._turns * 2 * self._case.depth), 1, calls)

    def _handler(self) -> float:
        answer = self._answer_async if self._is_async else self._answer
        chunks = max(1, self._turns * 2 * self._case.depth // CHUNK)
        spent = 0
        for _ in range(chunks):
            spent += self._time(answer) - self._time(drop)
        return spent / (chunks * CHUNK) - self._is_async * self._overhead.step

    def _time(self, use: Callable[[list[Request]], None]) -> int:
        requests = self._keep()
        begin = thread_time_ns()
        use(requests)
        return thread_time_ns() - begin

    @property
    def _is_async(self) -> bool:
        return asyncio.iscoroutinefunction(self._case.handler)

    def _answer(self, requests: list[Request]) -> None:
        handler = self._case.handler
        while requests:
            handler(requests.pop())

    def _answer_async(self, requests: list[Request]) -> None:
        handler, drive = self._case.handler, self._line.service.driver.run
        while requests:
            drive(handler(requests.pop()), None)

    def _render(self) -> float:
        result = self._case.handler(self._keep()[0])
        response = self._line.service.driver.run(result, None) if self._is_async else result
        assert isinstance(response, Response)
        render, body = response.render_head, response.body
        out, stamp, heads = BytesWriter(), self._line.service.stamp, range(2 * self._case.depth)
        write = out.write

        def run(count: int) -> None:
            for _ in repeat(None, count):
                for _ in heads:
                    render(out, stamp, False, False)
                    write(body)
                out.truncate(0)

        spent = clock(run, self._turns) / len(heads)
        return self._net(spent, 1, 2)

    def _keep(self) -> list[Request]:
        """Return requests that nobody has looked into, made by a connection."""
        keeper = Keeper()
        receive = Line(self._case.pattern, keeper).receive
        reads = cycle(self._reads[1:])
        while len(keeper.requests) < CHUNK:
            receive(next(reads))
        del keeper.requests[CHUNK:]
        return keeper.requests

    def _net(self, spent: float, loops: int, steps: int) -> float:
        return spent - loops * self._overhead.loop - steps * self._overhead.step


def measure(requests: int) -> dict[str, dict[str, float]]:
    """Return the stages of every case."""
    overhead = Overhead(requests)
    gc.collect()
    gc.freeze()  # as a worker does
    return {case.title: Stages(case, requests, overhead).measure() for case in CASES}


def call_from_loop(action: Callable[[], object]) -> object:
    """Return what an action returns that a callback of a loop of its own has called."""
    loop = uvloop.new_event_loop()
    outcome: Future[object] = Future()

    def call() -> None:
        try:
            outcome.set_result(action())
        except BaseException as error:
            outcome.set_exception(error)
        loop.stop()

    loop.call_soon(call)
    loop.run_forever()
    loop.close()
    return outcome.result()


def main() -> None:
    """Measure once, on one core, and print."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    parser = argparse.ArgumentParser(description="Print the cost of each stage as JSON.")
    parser.add_argument("--requests", type=int, required=True)
    requests = parser.parse_args().requests
    print(json.dumps(call_from_loop(lambda: measure(requests))))


if __name__ == "__main__":
    main()
