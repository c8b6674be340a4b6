"""The scenarios: who attacks, with how many, and what they may see.

Knows one line for each. Refuses to know how any of it is done.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.hostile import flood, hold, slow, storm
from bench.hostile.client import Attack, Tally

MIB = 1 << 20
SLOW_S = 5  # time-outs of the servers that are told to be impatient
IMPATIENT = (
    *("--timeout-request-head", str(SLOW_S), "--timeout-request-body", str(SLOW_S)),
    *("--timeout-write", str(SLOW_S), "--timeout-keep-alive", str(SLOW_S)),
)
MOST = 300  # connections, where there are more clients than that


@dataclass(frozen=True)
class Scenario:
    """One attack.

    Attributes:
        name: what --only takes.
        title: what it is, for the table.
        attack: what each process of clients does.
        count: clients, or connections, of all processes together.
        expected: what the clients may see; anything else is a fault.
        wanted: what they have to see if there is time enough.
        options: of a server of its own; without any, one server takes scenario after scenario.
        processes: of clients.
        bound: bytes that the worker may need for it at most; None where there is no such promise.
        with_comers: whether good clients come on new connections, too.
        is_let_go: whether the server has to close all its connections while it lasts.
        enough_s: seconds from which on `wanted` and `is_let_go` count.
        printed: a pattern of what the server may print because of it.
    """

    name: str
    title: str
    attack: Attack
    count: int
    expected: frozenset[str]
    wanted: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    processes: int = 1
    bound: int | None = None
    with_comers: bool = True
    is_let_go: bool = False
    enough_s: int = 15
    printed: str = "(?!)"

    def faults(self, tally: Tally) -> Iterator[str]:
        """Return what the clients should not have seen."""
        for seen, count in tally.items():
            if count and seen not in self.expected | self.wanted:
                yield f"clients saw {count:,} x {seen}"

    def misses(self, tally: Tally, seconds: float) -> Iterator[str]:
        """Return what the clients should have seen and have not."""
        if seconds >= self.enough_s:
            for wanted in sorted(self.wanted):
                if not tally[wanted]:
                    yield f"no client saw {wanted}"


TOOL = frozenset({f"{slow.TOOL} runs", "connected", "closed"})
OPEN = "still open at the end"
SCENARIOS = (
    Scenario("slowloris", "heads, a line a second", slow.slow_heads, 1000, TOOL | {"408", OPEN}),
    Scenario(
        "slow-body", "bodies, 10 bytes a second", slow.slow_bodies, 1000, TOOL | {"408", OPEN}
    ),
    Scenario(
        "slow-read",
        "answers, 32 bytes a second",
        slow.slow_reads,
        300,
        TOOL | {"aborted by the server", "closed by the server", OPEN, "ConnectionResetError"},
        options=IMPATIENT,
    ),
    Scenario(
        "idle",
        "10,000 idle connections",
        hold.be_idle,
        10_000,
        frozenset({"open"}),
        wanted=frozenset({"open"}),
        processes=4,
    ),
    Scenario(
        "churn",
        "connect, ask, close",
        storm.churn,
        50,
        frozenset({"200"}),
        wanted=frozenset({"200"}),
        processes=2,
    ),
    Scenario(
        "resets",
        "gone at every moment",
        storm.leave_all,
        50,
        frozenset({"resets", "closes", "ConnectionResetError", "BrokenPipeError"}),
        processes=2,
    ),
    Scenario(
        "half-open",
        "nothing more will come",
        storm.hold_half_open,
        400,
        frozenset({"held", "let go by the server"}),
        options=IMPATIENT,
        is_let_go=True,
    ),
    Scenario(
        "unread",
        "1,000,000 requests, unread",
        flood.pipeline_unread,
        3,
        frozenset({"requests", "answers"}),
        bound=16 * MIB,
    ),
    Scenario(
        "big-answers",
        "64 answers of 5 MB, read slowly",
        flood.ask_for_much,
        2,
        frozenset({"200"}),
        bound=64 * MIB,
    ),
    Scenario(
        "excess",
        "endless heads, chunks, trailers",
        flood.exceed_all,
        10,
        frozenset({"400", "413", "414", "431"}),
        wanted=frozenset({"400", "413", "414", "431"}),
    ),
    Scenario(
        "too-many",
        f"1,000 clients where {MOST} may be",
        hold.be_too_many,
        1000,
        frozenset({"200", "503"}),
        wanted=frozenset({"200", "503"}),
        options=("--limit-concurrency", str(MOST)),
        with_comers=False,
        enough_s=1,
        printed=rf"connections beyond {MOST} were answered with 503",
    ),
)
