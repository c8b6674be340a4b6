"""Processes of clients, all on the load core.

Knows processes. Refuses to know what the clients do.

Invariants:
- No process outlives its time by much, whatever becomes of us: an alarm ends it.
- Attackers yield the core to good clients, whose latency would be theirs else.
"""

import asyncio
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import uvloop

from bench.hostile.client import Attack, Tally, Target

T = TypeVar("T")
Run = Callable[[Target], Coroutine[object, object, T]]
NICE = 10
GRACE_S = 90  # behind `until`: what was begun is brought to an end
FORK = multiprocessing.get_context("fork")


class Failed(Exception):
    """Clients that went wrong by themselves; says so for a person."""


class Party(Generic[T]):
    """Some processes that do the same, and what they return.

    Args:
        run: what each does.
        targets: one for each process.
        core: where they run.
        nice: how much they yield to others.
    """

    def __init__(self, run: Run[T], targets: Sequence[Target], core: int, nice: int = 0) -> None:
        self._members = []
        for target in targets:
            receiver, sender = FORK.Pipe(duplex=False)
            process = FORK.Process(target=be, args=(run, target, sender, core, nice), daemon=True)
            process.start()
            sender.close()
            self._members.append((process, receiver))

    def is_done(self) -> bool:
        """Tell whether all have something to return, or have ended."""
        return all(receiver.poll() or not process.is_alive() for process, receiver in self._members)

    def end(self) -> None:
        """Ask them to return what they have."""
        for process, _ in self._members:
            process.terminate()

    def results(self) -> list[T]:
        """Wait for what they return.

        Raises:
            Failed: one of them has ended without a result.
        """
        results = []
        for process, receiver in self._members:
            try:
                results.append(receiver.recv())
            except EOFError:
                process.join()
                raise Failed(f"Clients ended with status {process.exitcode}.") from None
            process.join()
        return results

    def kill(self) -> None:
        """Leave no process behind."""
        for process, receiver in self._members:
            process.kill()
            process.join()
            receiver.close()


def be(run: Run[T], target: Target, sender: Connection, core: int, nice: int) -> None:
    """Be one process of clients."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bench, which then kills us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(int(max(0.0, target.left_s)) + GRACE_S)
    os.sched_setaffinity(0, {core})
    os.nice(nice)
    try:
        sender.send(uvloop.run(run(target)))
    except Exception:
        traceback.print_exc()
        os._exit(1)


def attackers(attack: Attack, targets: Sequence[Target], core: int) -> Party[Tally]:
    """Start an attack."""
    return Party(partial(attack_with, attack), targets, core, NICE)


async def attack_with(attack: Attack, target: Target) -> Tally:
    """Attack and return what was seen; an attack that hangs is cut off."""
    tally: Tally = Tally()
    try:
        async with asyncio.timeout(max(0.0, target.left_s) + GRACE_S - 5):
            await attack(target, tally)
    except TimeoutError:
        tally["did not end"] += 1
    return tally
